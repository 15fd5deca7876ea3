"""Every command and example of the page about downloads runs, against a server of its own."""

import shlex
import struct
from dataclasses import replace

import pytest

from darknet_torch.downloads.published import PUBLISHED, find_published
from tests.cli.command import dtorch
from tests.docs.pages import ROOT, blocks, commands, fill_folder
from tests.downloads.server import good, publish

PAGE = "docs/downloads.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files that the page assumes."""
    folder = tmp_path_factory.mktemp("downloads")
    fill_folder(folder)
    (folder / "checkout").symlink_to(ROOT)
    return folder


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("reader")


@pytest.fixture(autouse=True)
def reader(folder, shared_cache, server, monkeypatch):
    """Work in that folder, with servers that have a yolov3-tiny that detects nothing."""
    server.data = struct.pack("<3i", 0, 2, 0).ljust(find_published("yolov3-tiny").size, b"\0")
    names = ("yolov3-tiny", "yolov3-tiny.conv.15")
    publish(monkeypatch, *(replace(find_published(name), digests=()) for name in names))
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[good]))
    monkeypatch.setenv("DTORCH_CACHE", str(shared_cache))
    monkeypatch.chdir(folder)


@pytest.mark.parametrize("command", commands(PAGE))
def test_the_command_works(command):
    program, *arguments = shlex.split(command)
    assert program == "dtorch"
    result = dtorch(*arguments)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("example", blocks(PAGE, "python"))
def test_the_example_works(example):
    exec(compile(example, PAGE, "exec"), {})


def test_there_are_commands_on_the_page():
    assert len(commands(PAGE)) >= 8


def test_the_page_names_every_server():
    text = (ROOT / PAGE).read_text()
    for server in {server for published in PUBLISHED for server in published.servers}:
        repository, release, tag = server.partition("/releases/download/")
        assert repository.removeprefix("https://") in text, server
        assert not release or f"`{tag}`" in text, server

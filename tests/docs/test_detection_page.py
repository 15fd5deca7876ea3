"""Every command and example of the page about detection runs."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.command import dtorch
from tests.docs.pages import blocks, commands, fill_folder
from tests.media.sample_videos import read_video, sample_frames, write_video

PAGE = "docs/detection.md"
FRAMES = 2
# A file that a command writes, and a check of its content.
WRITTEN = {
    "found.csv": lambda path: len(path.read_text().splitlines()) == 1 + 2 * 4,
    "results.json": lambda path: len(json.loads(path.read_text())) == 2 * 4,
    "result.json": lambda path: len(json.loads(path.read_text())) == 3,
    "labels/clip_000002.txt": lambda path: len(path.read_text().splitlines()) >= 4,
    "scored/one.txt": lambda path: len(path.read_text().splitlines()[0].split()) == 6,
    "annotated/clip.mp4": lambda path: len(read_video(path)) == FRAMES,
    "crops": lambda path: len([*path.rglob("photo_*.jpg")]) == len([*path.rglob("clip_1_*")]) == 4,
    "res.avi": lambda path: len(read_video(path)) == FRAMES,
    "report/index.html": lambda path: path.read_text().count("clip.mp4, frame") >= FRAMES,
    "plots": lambda path: len([*path.glob("*.svg")]) == len([*path.glob("*.png")]) >= 2,
    "photos/one.txt": lambda path: len(path.read_text().splitlines()) == 4,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files that the page assumes."""
    folder = tmp_path_factory.mktemp("detection")
    fill_folder(folder)
    write_video(folder / "clip.mp4", sample_frames(FRAMES))
    (folder / "list.txt").write_text("photo.jpg\nphotos/one.jpg\nphotos/two.jpg\n")
    (folder / "custom.data").write_text("classes=3\nnames=custom.names\n")
    return folder


@pytest.mark.parametrize("command", commands(PAGE))
def test_the_command_works(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    words, _, lines = command.partition(" < ")
    program, *arguments = shlex.split(words)
    assert program == "dtorch"
    result = dtorch(*arguments, stdin=Path(lines).read_text() if lines else None)
    assert result.exit_code == 0
    gives_weights_alone = "custom.weights" in arguments and "custom.cfg" not in arguments
    # What was taken, and where results went.
    remarks = ("results: ", "labels of ", "annotated: ", "crops of ", "report: ", "plots: ")
    remarks += ("cfg custom.cfg, names custom.names",) if gives_weights_alone else ()
    assert all(line.startswith(remarks) for line in result.stderr.splitlines())


@pytest.mark.parametrize("name", WRITTEN)
def test_the_commands_have_written_the_file(folder, name):
    assert WRITTEN[name](folder / name)


# What the examples print, in their order.
PRINTED = [
    "",
    r"((circle|square|triangle) \d\.\d\d at -?\d+, -?\d+\n){4}",
    r"\[4, \d, 4, 4\]\n4 2 circle \(4, 6\)\n",
    "1\n" * FRAMES,
    r"\d True\n",
]


@pytest.mark.parametrize(
    ("example", "printed"), list(zip(blocks(PAGE, "python"), PRINTED, strict=True))
)
def test_the_example_works(example, printed, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    exec(compile(example, PAGE, "exec"), {})
    assert re.fullmatch(printed, capsys.readouterr().out)


def test_the_copied_weights_are_the_same_bytes(folder):
    assert (folder / "copy.weights").read_bytes() == (folder / "custom.weights").read_bytes()


def test_there_are_commands():
    assert len(commands(PAGE)) >= 10

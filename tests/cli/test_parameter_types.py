"""The types of parameters that several commands share."""

import os

import click
import pytest

from darknet_torch.cli import parameter_types
from darknet_torch.cli.parameter_types import (
    FRACTION,
    NOT_NEGATIVE,
    OUTPUT,
    OUTPUT_FILE,
    OUTPUT_FOLDER,
    PATH,
    POSITIVE,
)
from darknet_torch.errors import UsageError


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (POSITIVE, "1", 1),
        (NOT_NEGATIVE, "0", 0),
        (FRACTION, "0", 0.0),
        (FRACTION, "1", 1.0),
        (FRACTION, ".25", 0.25),
    ],
)
def test_values_at_the_bounds_are_accepted(kind, text, value):
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (POSITIVE, "0"),
        (POSITIVE, "1.5"),
        (NOT_NEGATIVE, "-1"),
        (FRACTION, "-0.1"),
        (FRACTION, "1.01"),
        (FRACTION, "half"),
    ],
)
def test_values_out_of_bounds_are_refused(kind, text):
    with pytest.raises(click.BadParameter):
        kind.convert(text, None, None)


def test_a_path_may_be_missing_or_unreadable_so_that_its_reader_reports_it(tmp_path):
    path = tmp_path / "closed"
    assert PATH.convert(str(path), None, None) == str(path)
    path.touch(mode=0)
    assert PATH.convert(str(path), None, None) == str(path)


class TestOutputPaths:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path, monkeypatch):
        """A working folder with a file, a folder, and a link to a file that does not exist."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "file").touch()
        (tmp_path / "folder").mkdir()
        (tmp_path / "link").symlink_to("folder/new")

    @pytest.mark.parametrize(
        ("kind", "paths"),
        [
            (OUTPUT_FILE, ["file", "new", "folder/new", "link", "-", os.devnull]),
            (OUTPUT_FOLDER, ["folder", "new", "new/er", "folder/new", os.devnull]),
            (OUTPUT, ["file", "folder", "new", "new/er"]),
        ],
    )
    def test_what_can_be_written_is_accepted(self, kind, paths):
        for path in paths:
            assert kind.convert(path, None, None) == path

    @pytest.mark.parametrize(
        ("kind", "path", "what", "expected", "got"),
        [
            (OUTPUT_FILE, "folder", "", "the path of a file", "a folder"),
            (OUTPUT_FOLDER, "file", "", "the path of a folder", "a file"),
            (OUTPUT_FILE, "no/new", " (No such file or directory)", "existing", "no folder"),
            (OUTPUT_FILE, "file/new", " (No such file or directory)", "existing", "no folder"),
            (OUTPUT_FOLDER, "file/new", " (No such file or directory)", "existing", "no folder"),
        ],
    )
    def test_what_cannot_be_written_is_refused(self, kind, path, what, expected, got):
        with pytest.raises(UsageError) as caught:
            kind.convert(path, None, None)
        error = caught.value
        assert (error.where, error.what) == (path, f"cannot be written{what}")
        assert expected in error.expected and got in error.got
        assert "another" in error.fix

    def test_a_folder_without_permission_is_refused(self, monkeypatch):
        monkeypatch.setattr(parameter_types.os, "access", lambda path, mode: False)
        for kind, path in ((OUTPUT_FILE, "new"), (OUTPUT_FILE, "file"), (OUTPUT_FOLDER, "a/b")):
            with pytest.raises(UsageError, match=r"cannot be written \(Permission denied\)"):
                kind.convert(path, None, None)

    def test_a_path_that_is_too_long_is_left_to_its_writer(self):
        assert OUTPUT_FILE.convert("x" * 999, None, None) == "x" * 999

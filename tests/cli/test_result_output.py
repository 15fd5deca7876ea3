"""Results of `dtorch detect` on standard output and in files."""

import os
import shutil

import pytest

from tests.cli.toy_detection import DONE, SOME_FAILED, UNUSABLE, detect, printed
from tests.toy.files import PICTURE

pytestmark = pytest.mark.usefixtures("mixed_folder")


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv", "coco"])
def test_every_format_can_be_written_to_a_file(mixed_folder, form):
    result = detect("--format", form, "--out", "results", "one.png")
    assert (result.exit_code, result.stdout, result.stderr) == (DONE, "", "results: results\n")
    written = (mixed_folder / "results").read_text()
    again = printed(form, "one.png")
    if form == "text":  # the first line has a time
        written, again = written.partition("\n")[2], again.partition("\n")[2]
    assert written == again != ""


def test_file_names_may_be_any_bytes(mixed_folder):
    name = os.fsdecode(b"h\xffuser.png")
    shutil.copy(PICTURE, name)
    result = detect("--format", "jsonl", name)
    assert (result.exit_code, result.stderr) == (DONE, "")
    assert b'"filename": "h\xffuser.png"' in result.stdout_bytes


def test_a_folder_in_place_of_the_file_is_reported(mixed_folder):
    (mixed_folder / "results").mkdir()
    result = detect("--format", "csv", "--out", "results", "one.png")
    assert result.exit_code == UNUSABLE
    assert "results: cannot be written" in result.stderr


def test_a_broken_picture_leaves_every_format_valid():
    for form in ("json", "jsonl", "csv", "coco"):
        result = detect("--format", form, "gone.png", "one.png")
        assert result.exit_code == SOME_FAILED
        assert result.stdout == printed(form, "one.png")

"""Outputs are compared with inputs as the system compares files."""

import os

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.input_files import InputFiles, refuse_overwrite_of_inputs


@pytest.fixture
def source(tmp_path, monkeypatch):
    """An input, a.txt in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.txt"
    path.write_text("kept")
    return path


def spellings(source):
    (source.parent / "soft").symlink_to(source)
    (source.parent / "hard").hardlink_to(source)
    (source.parent / "folder").symlink_to(source.parent)
    return ["a.txt", "./a.txt", source, "soft", "hard", "folder/a.txt", "folder/folder/a.txt"]


def test_every_spelling_of_an_input_is_refused_with_all_parts(source):
    for output in spellings(source):
        with pytest.raises(UsageError) as caught:
            refuse_overwrite_of_inputs(output, [source])
        error = caught.value
        assert error.what == "cannot be written over an input"
        assert error.where == output
        assert error.expected == "a file that is not read"
        assert error.got == f"{source}, which is read"
        assert error.fix == "give another path"


def test_every_spelling_of_the_input_is_found(source):
    for spelling in spellings(source):
        assert InputFiles([spelling]).find(source) == spelling


def test_new_files_other_files_devices_folders_and_urls_may_be_written(source):
    (source.parent / "other").touch()
    inputs = [source, "http://a/b.avi", "0", os.devnull, source.parent, "bad\0path", "x" * 999]
    for output in ("new", "other", os.devnull, source.parent, "bad\0path", "x" * 999):
        refuse_overwrite_of_inputs(output, [*inputs, None])


def test_inputs_are_looked_at_only_if_there_is_an_output_to_compare(source):
    def fail():
        raise AssertionError("looked at")
        yield

    files = InputFiles()
    files.add(fail())
    assert files.find("new") is None
    with pytest.raises(AssertionError, match="looked at"):
        files.find(source)


def test_inputs_can_be_added_later_and_cleared(source):
    files = InputFiles()
    assert files.find(source) is None
    files.add([source])
    assert files.find(source) == source
    files.clear()
    assert files.find(source) is None

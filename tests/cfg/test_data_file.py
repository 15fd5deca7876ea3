from pathlib import Path

import pytest

from darknet_torch.cfg.data_file import read_data_file, resolve
from darknet_torch.errors import UsageError


@pytest.fixture
def read(tmp_path):
    def read_bytes(content):
        path = tmp_path / "toy.data"
        path.write_bytes(content)
        return read_data_file(path)

    return read_bytes


def test_keys_and_values_are_read_without_white_space(read):
    content = b"classes= 3\n\ttrain  =  data/my train.txt\r\nnames = toy.names"
    assert read(content) == {
        "classes": "3",
        "train": "data/mytrain.txt",
        "names": "toy.names",
    }


def test_comments_and_lines_without_a_value_are_left_out(read):
    content = b"# classes=1\n;classes=2\n\nclasses\nclasses=\n=4\nclasses=3 # three\n"
    assert read(content)["classes"] == "3#three"


def test_the_first_of_duplicate_keys_counts(read):
    assert read(b"names=a.names\nnames=b.names\n") == {"names": "a.names"}


def test_a_value_keeps_every_equals_sign_but_the_first(read):
    assert read(b"train=lists/set=1.txt\n") == {"train": "lists/set=1.txt"}


def test_any_byte_is_legal(read):
    assert read(b"names=caf\xe9.names\n") == {"names": "caf\xe9.names"}


def test_a_byte_order_mark_is_skipped(read):
    assert read(b"\xef\xbb\xbfclasses=3\n") == {"classes": "3"}


def test_a_missing_file_is_reported_by_name(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.data: cannot be read \(No such file"):
        read_data_file(tmp_path / "gone.data")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"cannot be read \(Is a directory\)"):
        read_data_file(tmp_path)


def test_a_path_resolves_against_the_working_folder_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cfg").mkdir()
    for folder in (tmp_path, tmp_path / "cfg"):
        (folder / "toy.names").touch()
    assert resolve("cfg/toy.data", "toy.names") == Path("toy.names")


def test_a_path_resolves_against_the_folder_of_the_file_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cfg").mkdir()
    (tmp_path / "cfg" / "toy.names").touch()
    assert resolve("cfg/toy.data", "toy.names") == Path("cfg/toy.names")


def test_a_path_that_does_not_exist_stays_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve("cfg/toy.data", "toy.names") == Path("toy.names")


def test_an_absolute_path_stays_as_written(tmp_path):
    names = tmp_path / "toy.names"
    names.touch()
    assert resolve("cfg/toy.data", str(names)) == names

import os
import warnings
from pathlib import Path

import pytest

from darknet_torch.cfg.data_file import read_data_file, resolve
from darknet_torch.errors import CfgNote, UsageError


def texts(values):
    return {key: value.text for key, value in values.items()}


@pytest.fixture
def read(tmp_path):
    def read_bytes(content):
        path = tmp_path / "toy.data"
        path.write_bytes(content)
        return read_data_file(path)

    return read_bytes


def test_keys_and_values_are_read_without_white_space(read):
    found = read(b"classes= 3\n\ttrain  =  data/my train.txt\r\nnames = toy.names")
    assert texts(found) == {"classes": "3", "train": "data/mytrain.txt", "names": "toy.names"}
    assert found["train"].spelling == "data/my train.txt"
    assert str(found["train"].where).endswith("toy.data:2")


def test_comments_and_lines_without_a_value_are_left_out(read):
    content = b"# classes=1\n;classes=2\n\nclasses\nclasses=\n=4\nclasses=3 # three\n"
    assert read(content)["classes"].text == "3#three"


def test_the_first_of_duplicate_keys_counts(read):
    assert texts(read(b"names=a.names\nnames=b.names\n")) == {"names": "a.names"}


def test_a_value_keeps_every_equals_sign_but_the_first(read):
    assert texts(read(b"train=lists/set=1.txt\n")) == {"train": "lists/set=1.txt"}


def test_any_byte_is_legal(read):
    name = read(b"names=caf\xe9.names\n")["names"].text
    assert os.fsencode(name) == b"caf\xe9.names"


def test_a_byte_order_mark_is_skipped(read):
    assert texts(read(b"\xef\xbb\xbfclasses=3\n")) == {"classes": "3"}


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


@pytest.mark.parametrize("text, number", [("3", 3), ("0", 0), ("2147483647", 2**31 - 1)])
def test_a_number_is_what_an_int_of_c_holds(read, text, number):
    assert read(f"classes={text}".encode())["classes"].number == number


@pytest.mark.parametrize("text", ["two", "-1", "2147483648", "9" * 5000, "\u0663", "3#three"])
def test_other_values_are_no_numbers(read, text):
    assert read(f"classes={text}".encode())["classes"].number is None


@pytest.fixture
def path_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def path_of(line):
        Path("toy.data").write_text(line, encoding="utf-8")
        return next(iter(read_data_file("toy.data").values())).path()

    return path_of


def test_darknets_spelling_is_taken_where_it_exists(path_of):
    for folder in ("My Drive", "MyDrive"):
        Path(folder).mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert path_of("backup = My Drive") == Path("MyDrive")


def test_the_written_spelling_is_taken_with_a_note_where_only_that_exists(path_of):
    Path("My Drive").mkdir()
    with pytest.warns(CfgNote) as caught:
        assert path_of("backup = My Drive") == Path("My Drive")
    note = caught[0].message
    assert (str(note.where), note.expected) == ("toy.data:1", "backup=MyDrive")
    assert note.got == "backup=My Drive"
    assert note.fix.startswith("My Drive is taken here")


@pytest.mark.parametrize("folder", ["", "out"])
def test_a_path_to_be_created_is_the_one_with_more_folders_that_exist(path_of, folder):
    Path("My Drive", folder).mkdir(parents=True)
    with pytest.warns(CfgNote, match="My Drive/out/weights is taken here"):
        assert path_of("backup=My Drive/out/weights/") == Path("My Drive/out/weights")


def test_a_path_of_which_nothing_exists_is_darknets_with_a_note(path_of):
    with pytest.warns(CfgNote, match="myweights is taken here"):
        assert path_of("backup = my weights") == Path("myweights")


@pytest.mark.skipif(os.name == "nt", reason="there a backslash separates folders")
def test_backslashes_are_refused_where_they_make_another_path(path_of):
    with pytest.raises(UsageError) as raised:
        path_of("backup = data\\backup")
    error = raised.value
    assert (str(error.where), error.what) == ("toy.data:1", "backup= does not exist")
    assert error.got == "backup=data\\backup"
    assert "data/backup" in error.fix
    Path("data\\backup").mkdir()
    assert path_of("backup = data\\backup") == Path("data\\backup")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_path_that_the_system_refuses_is_returned_as_written(path_of, name):
    assert path_of(f"names={name}") == Path(name)


def test_a_file_much_larger_than_a_data_file_is_not_read(tmp_path):
    file = tmp_path / "a.data"
    with file.open("wb") as opened:
        opened.truncate(2**40)
    with pytest.raises(UsageError, match=r"a\.data: too large: expected a \.data file"):
        read_data_file(file)

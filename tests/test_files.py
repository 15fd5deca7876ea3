"""Writing files completely or not at all, and choosing unused paths."""

from pathlib import Path

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.files import FreePaths, atomic_path, atomic_write, make_folder, write_text


def test_atomic_write_leaves_only_the_written_file(tmp_path):
    path = tmp_path / "result.bin"
    with atomic_write(path) as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stays_until_the_block_ends(tmp_path):
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_after_a_failure_only_the_old_file_remains(tmp_path, failure):
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    with pytest.raises(failure), atomic_write(path) as file:
        file.write(b"half")
        raise failure
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_after_a_failure_no_new_file_remains(tmp_path):
    with pytest.raises(ValueError), atomic_write(tmp_path / "result.bin"):
        raise ValueError
    assert list(tmp_path.iterdir()) == []


def test_writing_into_a_missing_folder_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "no" / "result.bin"):
        pass


def test_atomic_path_keeps_the_suffix_and_replaces_the_file_as_a_whole(tmp_path):
    path = tmp_path / "result.avi"
    path.write_bytes(b"old")
    with atomic_path(path) as temporary:
        assert temporary.suffix == ".avi"
        temporary.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    with pytest.raises(ValueError), atomic_path(path) as temporary:
        temporary.write_bytes(b"half")
        raise ValueError
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_free_paths_avoid_inputs_and_results_of_the_same_run(tmp_path):
    paths = FreePaths(tmp_path / "out", [str(tmp_path / "out" / "b.png")])
    taken = [paths.take(stem, ".png", "x") for stem in ("a", "b", "a", "a", "c")]
    assert [path.name for path in taken] == ["a.png", "b-2.png", "a-2.png", "a-3.png", "c.png"]
    assert paths.take("d", ".png", str(tmp_path / "out" / "d.png")).name == "d-2.png"
    assert {path.parent for path in taken} == {tmp_path / "out"}


def test_the_error_names_a_folder_that_cannot_be_created(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"file.*: cannot be created"):
        make_folder(tmp_path / "file" / "folder")


def test_a_name_that_the_system_refuses_is_an_error():
    with pytest.raises(UsageError, match=r"cannot be written \(the system allows no such name"):
        write_text(Path("a\0b"), "text")
    with pytest.raises(UsageError, match=r"cannot be created \(the system allows no such name"):
        make_folder(Path("a\0b"))

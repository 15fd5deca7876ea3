"""Files are written whole or not at all."""

import pytest

from darknet_torch.files import replacing


def test_the_file_holds_what_was_written(tmp_path):
    path = tmp_path / "result.bin"
    with replacing(path) as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_until_the_end_the_old_file_stays(tmp_path):
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    with pytest.raises(failure), replacing(path) as file:
        file.write(b"half")
        raise failure
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_where_nothing_was_leaves_nothing(tmp_path):
    with pytest.raises(ValueError), replacing(tmp_path / "result.bin"):
        raise ValueError
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "no" / "result.bin"):
        pass

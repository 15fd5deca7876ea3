"""Writing files completely or not at all, and choosing unused paths."""

import errno
import io
import os
import stat
from pathlib import Path

import pytest

from darknet_torch import files
from darknet_torch.errors import UsageError
from darknet_torch.files import (
    FreePaths,
    append_bytes,
    atomic_path,
    atomic_write,
    make_folder,
    rewrite_input,
    write_bytes,
    write_text,
)
from darknet_torch.input_files import protected_inputs


@pytest.fixture
def protected(tmp_path):
    """An input that no output may replace."""
    path = tmp_path / "input.txt"
    path.write_text("kept")
    protected_inputs.add([path])
    yield path
    protected_inputs.clear()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


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


@pytest.mark.parametrize("writer", [atomic_write, atomic_path])
def test_the_mode_is_that_of_the_old_file_else_that_of_the_umask(writer, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.touch()
    old.chmod(0o640)
    umask = os.umask(0o027)
    try:
        for path in (old, new):
            with writer(path):
                assert mode(next(tmp_path.glob(".*.part"))) == (0o600 if path == old else 0o640)
    finally:
        os.umask(umask)
    assert (mode(old), mode(new)) == (0o640, 0o640)


@pytest.mark.parametrize("writer", [atomic_write, atomic_path])
def test_a_symbolic_link_stays_and_its_target_is_replaced(writer, tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with writer(link) as opened:
        (opened if isinstance(opened, Path) else Path(opened.name)).write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_written_directly():
    with atomic_write(Path(os.devnull)) as file:
        file.write(b"gone")
    assert not Path(os.devnull).is_file()


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    """/dev/full is a disk without room: every write to it fails when it is flushed."""
    path = tmp_path / "result.bin"
    path.write_bytes(b"old")
    with (
        pytest.raises(OSError, match="No space left"),
        Path("/dev/full").open("wb") as full,
        atomic_write(path) as file,
    ):
        os.dup2(full.fileno(), file.fileno())
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_rename_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError), atomic_path(tmp_path / "folder"):
        pass
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_a_durable_file_is_on_the_disk_before_its_name_is(tmp_path, monkeypatch):
    path, synced = tmp_path / "result.bin", []

    def record(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        content = None if is_folder else next(tmp_path.glob(".*")).read_bytes()
        synced.append((is_folder, content, path.exists()))

    monkeypatch.setattr(files.os, "fsync", record)
    write_bytes(path, b"whole", durable=True)
    assert synced == [(False, b"whole", False), (True, None, True)]
    write_bytes(path, b"whole")
    assert len(synced) == 2


def test_the_first_write_into_a_folder_removes_what_a_killed_process_left(tmp_path):
    stale = tmp_path / ".other.0123456789abcdef.part.weights"
    stale.touch()
    write_bytes(tmp_path / "result.bin", b"")
    assert not stale.exists()


def test_long_names_can_be_written(tmp_path):
    write_bytes(tmp_path / ("é" * 100 + ".weights"), b"")
    assert len(list(tmp_path.iterdir())) == 1


def test_an_input_is_not_replaced(protected, tmp_path):
    (tmp_path / "link").symlink_to(protected)
    for path in (protected, tmp_path / "link"):
        with pytest.raises(UsageError, match="cannot be written over an input"):
            write_bytes(path, b"new")
        with pytest.raises(UsageError, match="cannot be written over an input"), atomic_path(path):
            pass
    assert protected.read_text() == "kept"
    assert len(list(tmp_path.iterdir())) == 2


class TestRewriteInput:
    def test_the_old_content_is_kept_and_no_backup_is_overwritten(self, protected, tmp_path):
        protected.chmod(0o640)
        first = rewrite_input(protected, b"second")
        second = rewrite_input(protected, b"third")
        assert (first.name, second.name) == ("input.txt.bak", "input.txt.bak2")
        assert (first.read_text(), second.read_text()) == ("kept", "second")
        assert protected.read_text() == "third"
        assert {mode(path) for path in tmp_path.iterdir()} == {0o640}

    def test_a_link_at_the_name_of_the_backup_is_not_followed(self, protected, tmp_path):
        (tmp_path / "input.txt.bak").symlink_to(tmp_path / "victim")
        assert rewrite_input(protected, b"new").name == "input.txt.bak2"
        assert not (tmp_path / "victim").exists()

    def test_an_interruption_leaves_no_incomplete_backup(self, protected, tmp_path, monkeypatch):
        def interrupt(descriptor):
            raise KeyboardInterrupt

        monkeypatch.setattr(files.os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            rewrite_input(protected, b"new")
        assert protected.read_text() == "kept"
        assert list(tmp_path.iterdir()) == [protected]

    def test_without_a_backup_nothing_is_written(self, protected, tmp_path, monkeypatch):
        def full(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(files.os, "fsync", full)
        with pytest.raises(UsageError, match=r"input\.txt: cannot be rewritten \(No space left"):
            rewrite_input(protected, b"new")
        assert protected.read_text() == "kept"
        assert list(tmp_path.iterdir()) == [protected]


def test_free_paths_avoid_inputs_and_results_of_the_same_run(tmp_path):
    paths = FreePaths(tmp_path / "out", [str(tmp_path / "out" / "b.png")])
    taken = [paths.take(stem, ".png", "x") for stem in ("a", "b", "a", "a", "c")]
    assert [path.name for path in taken] == ["a.png", "b-2.png", "a-2.png", "a-3.png", "c.png"]
    assert paths.take("d", ".png", str(tmp_path / "out" / "d.png")).name == "d-2.png"
    assert {path.parent for path in taken} == {tmp_path / "out"}


def test_free_paths_take_inputs_that_the_system_cannot_look_up(tmp_path):
    loop = tmp_path / "loop.jpg"
    loop.symlink_to(loop)
    free = FreePaths(tmp_path / "out", ["a\0b.jpg", str(loop)])
    assert free.take("a", ".png", "c\0d.jpg") == tmp_path / "out" / "a.png"


def test_free_paths_avoid_protected_inputs(protected, tmp_path):
    (tmp_path / "hard.txt").hardlink_to(protected)
    paths = FreePaths(tmp_path, [])
    names = [paths.take(stem, ".txt", "x").name for stem in ("input", "hard")]
    assert names == ["input-2.txt", "hard-2.txt"]


def test_the_error_names_a_folder_that_cannot_be_created(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"file.*: cannot be created"):
        make_folder(tmp_path / "file" / "folder")


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as error:
        make_folder(tmp_path / "file")
    assert (error.value.where, error.value.expected) == (tmp_path / "file", "a folder")
    assert error.value.fix == "give another path"


def test_a_name_that_the_system_refuses_is_an_error():
    with pytest.raises(UsageError, match=r"cannot be written \(the system allows no such name"):
        write_text(Path("a\0b"), "text")
    with pytest.raises(UsageError, match=r"cannot be created \(the system allows no such name"):
        make_folder(Path("a\0b"))


def test_bytes_are_added_to_the_end(tmp_path):
    path = tmp_path / "log"
    append_bytes(path, b"one\n")
    append_bytes(path, b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    with pytest.raises(UsageError, match="cannot be written"):
        append_bytes(tmp_path / "gone" / "log", b"x")


@pytest.mark.parametrize("before", [b"one\n", b"", None])
def test_what_cannot_be_added_whole_is_not_added(before, tmp_path, monkeypatch):
    path = tmp_path / "log"
    if before is not None:
        path.write_bytes(before)

    class Full(io.FileIO):
        def write(self, data):
            super().write(data[:2])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda self, mode, buffering: Full(self, mode))
    with pytest.raises(UsageError, match=r"cannot be written .*No space left"):
        append_bytes(path, b"two\n")
    monkeypatch.undo()
    assert (path.read_bytes() if path.exists() else None) == before

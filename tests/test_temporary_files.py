"""Temporary files: never over or through another file, and removed once their process is gone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from darknet_torch import temporary_files
from darknet_torch.temporary_files import (
    create_file,
    create_temporary,
    remove_folder,
    remove_stale,
    remove_stale_folders,
    temporary_folder,
)

ROOT = Path(__file__).resolve().parents[1]
NAME = ".a.0123456789abcdef.part.txt"
WAIT = """
import sys, time
from pathlib import Path
from darknet_torch.files import atomic_write
with atomic_write(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print(file.name, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """Another process in the middle of writing result.txt, and its temporary file."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT, str(tmp_path / "result.txt")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    with process:
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_the_file_of_a_live_process_stays_and_that_of_a_killed_one_goes(writer, tmp_path):
    process, temporary = writer
    assert temporary.read_bytes() == b"half"
    assert remove_stale(tmp_path) == []
    assert temporary.exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert remove_stale(tmp_path) == [temporary]
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_use_by_this_process_stays(tmp_path):
    with create_temporary(tmp_path / "a.txt") as file:
        assert remove_stale(tmp_path) == []
    assert remove_stale(tmp_path) == [Path(file.name)]


def test_only_regular_files_with_a_temporary_name_are_removed(tmp_path):
    others = ["a.txt", ".a.part.txt", ".yolov3.weights.part", ".darknet53.conv.74.part.json"]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / NAME.replace("0", "1", 1)).symlink_to("a.txt")
    (tmp_path / NAME.replace("0", "2", 1)).mkdir()
    before = set(tmp_path.iterdir())
    (tmp_path / NAME).touch()
    assert remove_stale(tmp_path) == [tmp_path / NAME]
    assert set(tmp_path.iterdir()) == before


def test_a_folder_that_cannot_be_listed_is_left_alone(tmp_path):
    assert remove_stale(tmp_path / "missing") == []


def test_where_files_cannot_be_locked_they_are_written_and_none_is_removed(tmp_path, monkeypatch):
    def unsupported(*arguments):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(temporary_files.fcntl, "flock", unsupported)
    create_temporary(tmp_path / "a.txt").close()
    assert remove_stale(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("kind", ["file", "symlink", "dangling symlink"])
def test_a_name_that_is_taken_is_never_opened(kind, tmp_path, monkeypatch):
    """What an attacker, or another run, has put at the name of the temporary file stays."""
    victim, taken = tmp_path / "victim", tmp_path / f".a.{'00' * 8}.part.txt"
    if kind == "file":
        taken.write_text("old")
    else:
        taken.symlink_to(victim)
    if kind == "symlink":
        victim.write_text("old")
    monkeypatch.setattr(temporary_files.os, "urandom", bytes)
    with pytest.raises(FileExistsError):
        create_temporary(tmp_path / "a.txt")
    if kind == "dangling symlink":
        assert not victim.exists()
    else:
        assert taken.read_text() == "old"


def test_each_file_has_a_name_of_its_own_next_to_its_target_with_its_suffix(tmp_path):
    with create_temporary(tmp_path / "a.txt") as one, create_temporary(tmp_path / "a.txt") as two:
        paths = {Path(one.name), Path(two.name)}
    assert len(paths) == 2
    assert {(path.parent, path.suffix) for path in paths} == {(tmp_path, ".txt")}


def test_a_file_that_was_taken_for_a_stale_one_is_created_again(tmp_path, monkeypatch):
    """Another process may remove it between its creation and its lock."""
    lock, removed = temporary_files._lock, []

    def remove_first(descriptor, **more):
        if not removed:
            removed.extend(tmp_path.iterdir())
            removed[0].unlink()
        return lock(descriptor, **more)

    monkeypatch.setattr(temporary_files, "_lock", remove_first)
    with create_temporary(tmp_path / "a.txt") as file:
        assert list(tmp_path.iterdir()) == [Path(file.name)]
        assert Path(file.name) not in removed


def test_a_created_file_gets_the_mode(tmp_path):
    create_file(tmp_path / "a", 0o600).close()
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_temporary_folder_becomes_the_target_or_goes(tmp_path):
    with temporary_folder(tmp_path / "a") as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").touch()
        folder.rename(tmp_path / "a")
    with pytest.raises(KeyError), temporary_folder(tmp_path / "b") as folder:
        (folder / "file").touch()
        raise KeyError
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "file"]


def test_only_stale_folders_with_a_temporary_name_are_removed(tmp_path):
    stale = tmp_path / NAME
    (stale / "inner").mkdir(parents=True)
    (tmp_path / "kept").mkdir()
    (tmp_path / NAME.replace("0", "1", 1)).symlink_to("kept")
    (tmp_path / NAME.replace("0", "2", 1)).touch()
    with temporary_folder(tmp_path / "a") as used:
        before = set(tmp_path.iterdir())
        assert remove_stale_folders(tmp_path) == [stale]
        assert set(tmp_path.iterdir()) == before - {stale}
        assert used in before
    assert remove_stale_folders(tmp_path / "missing") == []


def test_a_folder_that_is_taken_for_stale_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    lock, rivals = temporary_files._lock, iter([True])

    def lock_late(descriptor, **more):
        if next(rivals, None):
            remove_stale_folders(tmp_path)
        return lock(descriptor, **more)

    monkeypatch.setattr(temporary_files, "_lock", lock_late)
    with temporary_folder(tmp_path / "a") as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_where_folders_cannot_be_locked_they_are_made_and_none_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(temporary_files, "fcntl", None)
    with temporary_folder(tmp_path / "a") as folder:
        assert remove_stale_folders(tmp_path) == []
        assert folder.is_dir()


def test_removing_a_folder_follows_no_link(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to("kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to("../kept")
    remove_folder(tmp_path / "link")
    remove_folder(tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "kept"]
    with pytest.raises(FileNotFoundError):
        remove_folder(tmp_path / "missing")

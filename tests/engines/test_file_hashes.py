"""Hashes of files: computed once, and again when the file changes."""

import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from darknet_torch.engines import file_hashes
from darknet_torch.engines.checked_json import to_checked_json
from darknet_torch.engines.file_hashes import engines_folder, file_hash
from darknet_torch.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
OLD = (1e9, 1e9)
HASH_ALL = """
import sys
from pathlib import Path
from darknet_torch.engines.file_hashes import file_hash
for name in sys.argv[1:]:
    file_hash(Path(name))
"""


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def write(path, data, times=OLD):
    """Write a file in place, as a program does that opens it again."""
    path.write_bytes(data)
    if times is not None:
        os.utime(path, times)
    return path


@pytest.fixture
def weights(tmp_path):
    return write(tmp_path / "a.weights", b"weights")


@pytest.fixture
def hashed(monkeypatch):
    """The paths that were hashed, rather than remembered."""
    paths = []
    compute = file_hashes.file_digest

    def count(path):
        paths.append(path.name)
        return compute(path)

    monkeypatch.setattr(file_hashes, "file_digest", count)
    return paths


def memory():
    return engines_folder() / "file_hashes.json"


def test_a_file_is_hashed_once(weights, hashed):
    assert [file_hash(weights) for _ in range(3)] == [sha256(b"weights")] * 3
    assert hashed == ["a.weights"]


def test_relative_paths_are_remembered_as_what_they_stand_for(weights, hashed, monkeypatch):
    monkeypatch.chdir(weights.parent)
    (weights.parent / "folder").mkdir()
    write(weights.parent / "folder" / "a.weights", b"another")
    assert file_hash(Path("a.weights")) == sha256(b"weights")
    monkeypatch.chdir("folder")
    assert file_hash(Path("a.weights")) == sha256(b"another")
    assert file_hash(weights) == sha256(b"weights")
    assert len(hashed) == 2


@pytest.mark.parametrize(
    ("data", "times"),
    [
        (b"changed", None),  # the same size, and another time
        (b"changed", (1e9 + 1, 1e9 + 1)),
        (b"changed", OLD),  # the time was set back
        (b"longer weights", OLD),
    ],
)
def test_a_file_changed_in_place_has_another_hash(data, times, weights):
    assert file_hash(weights) == sha256(b"weights")
    write(weights, data, times)
    assert file_hash(weights) == sha256(data)
    assert file_hash(weights) == sha256(data)


def test_a_file_that_replaces_another_has_another_hash(weights, tmp_path):
    file_hash(weights)
    write(tmp_path / "new", b"changed").replace(weights)
    assert file_hash(weights) == sha256(b"changed")


def test_a_link_to_another_file_has_another_hash(weights, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(weights)
    assert file_hash(link) == sha256(b"weights")
    link.unlink()
    link.symlink_to(write(tmp_path / "b.weights", b"changed"))
    assert file_hash(link) == sha256(b"changed")


@pytest.mark.parametrize("age", [0.0, 1.5, -3600.0])
def test_a_file_that_may_change_within_the_same_time_is_not_remembered(
    age, weights, hashed, monkeypatch
):
    monkeypatch.setattr(file_hashes.time, "time", lambda: OLD[0] + age)
    file_hash(weights)
    assert not memory().exists()
    monkeypatch.setattr(file_hashes.time, "time", lambda: OLD[0] + 2.5)
    file_hash(weights)
    file_hash(weights)
    assert len(hashed) == 2


def test_a_file_that_changes_while_it_is_hashed_is_not_remembered(weights, monkeypatch):
    compute = file_hashes.file_digest

    def change_after(path):
        digest = compute(path)
        write(path, b"changed")
        return digest

    monkeypatch.setattr(file_hashes, "file_digest", change_after)
    file_hash(weights)
    assert not memory().exists()


def test_the_memory_is_bounded_and_the_oldest_rows_go(tmp_path, hashed, monkeypatch):
    monkeypatch.setattr(file_hashes, "_MOST_ROWS", 3)
    for name in "abcd":
        file_hash(write(tmp_path / name, b"x"))
    rows = json.loads(memory().read_bytes())["files"]
    assert [Path(name).name for name in rows] == ["b", "c", "d"]
    file_hash(tmp_path / "d")
    file_hash(tmp_path / "a")
    assert hashed == ["a", "b", "c", "d", "a"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        to_checked_json({"format": 2, "files": {}}),
        to_checked_json({"format": 1, "files": []}),
        to_checked_json({"format": 1}),
    ],
)
def test_a_corrupt_memory_is_ignored_and_replaced(content, weights, hashed):
    memory().parent.mkdir(parents=True)
    memory().write_bytes(content)
    assert file_hash(weights) == sha256(b"weights")
    file_hash(weights)
    assert hashed == ["a.weights"]


@pytest.mark.parametrize("row", [None, 5, {}, [], "row"])
def test_a_row_of_another_kind_is_replaced(row, weights, hashed):
    memory().parent.mkdir(parents=True)
    memory().write_bytes(to_checked_json({"format": 1, "files": {str(weights): row}}))
    assert [file_hash(weights), file_hash(weights)] == [sha256(b"weights")] * 2
    assert hashed == ["a.weights"]


def test_a_changed_hash_in_the_memory_is_not_believed(weights):
    file_hash(weights)
    digest = sha256(b"weights").encode()
    memory().write_bytes(memory().read_bytes().replace(digest, b"0" * 64))
    assert file_hash(weights) == sha256(b"weights")


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_where_nothing_can_be_written_the_hash_is_computed(number, weights, monkeypatch):
    def refuse(*arguments, **more):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "mkdir", refuse)
    assert file_hash(weights) == sha256(b"weights")
    monkeypatch.undo()


def test_without_a_home_folder_the_hash_is_computed(weights, monkeypatch):
    def no_home():
        raise UsageError("there is no home folder")

    monkeypatch.setattr(file_hashes, "cache_folder", no_home)
    assert file_hash(weights) == sha256(b"weights")


def test_what_is_no_file_is_an_error(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing", "pipe", "."):
        with pytest.raises(OSError, match=r".+"):
            file_hash(tmp_path / name)


def test_two_processes_may_hash_at_once(tmp_path, hashed):
    paths = [write(tmp_path / f"{number}.weights", b"%d" % number) for number in range(40)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen([sys.executable, "-c", HASH_ALL, *map(str, order)], env=environment)
        for order in (paths, paths[::-1])
    ]
    assert [process.wait() for process in processes] == [0, 0]
    assert [file_hash(path) for path in paths] == [sha256(b"%d" % number) for number in range(40)]
    assert len(hashed) < len(paths)
    assert [path.name for path in memory().parent.iterdir()] == ["file_hashes.json"]


def test_a_file_much_larger_than_a_model_is_not_hashed(tmp_path, hashed):
    """Its length is compared with the cfg, which takes no time."""
    with (tmp_path / "a.weights").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(OSError, match="larger than any model"):
        file_hash(tmp_path / "a.weights")
    assert not hashed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_the_place_of_the_memory_is_left_alone(weights, tmp_path):
    pipe = tmp_path / "memory"
    os.mkfifo(pipe)
    code = f"{HASH_ALL.partition('for')[0]}file_hash(Path(sys.argv[1]), Path(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", code, weights, pipe], check=True, timeout=20)
    assert pipe.is_fifo()

"""The cache of what is prepared for engines: whole entries, several processes, a limit."""

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from darknet_torch import temporary_files
from darknet_torch.engines import cache as module
from darknet_torch.engines.cache import CacheError, EngineCache
from darknet_torch.engines.checked_json import to_checked_json
from darknet_torch.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123abcd"
DESCRIPTION = {"label": "tiny 32x32 float32", "engine": "openvino 1.2", "anchors": [[1.5, 2]]}
SAYS_WHEN_IT_WRITES = """
import sys
from pathlib import Path
from darknet_torch.engines.cache import EngineCache
def write(folder):
    (folder / "model.bin").write_bytes(sys.argv[2].encode() * 1000)
    print(folder, flush=True)
    sys.stdin.read(1)
print(EngineCache(Path(sys.argv[1])).store("0123abcd", {"by": sys.argv[2]}, write).bytes)
"""


@pytest.fixture
def engines(tmp_path):
    return EngineCache(tmp_path / "engines")


def model(data=b"weights"):
    """A function that writes a model of two files, one in a folder."""

    def write(folder):
        (folder / "model.bin").write_bytes(data)
        (folder / "parts").mkdir()
        (folder / "parts" / "graph.xml").write_text("<graph/>")

    return write


def sized(count):
    """A function that writes a model of `count` bytes."""
    return lambda folder: (folder / "model.bin").write_bytes(b"x" * count)


def touch_model(folder):
    (folder / "model.bin").touch()


def store(engines, key=KEY, count=100, used=None):
    """Store an entry that was last used `used` seconds after 1970."""
    entry = engines.store(key, DESCRIPTION, sized(count))
    if used is not None:
        os.utime(entry.folder / "entry.json", (used, used))
    return entry


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def start(engines, word):
    """Another process in the middle of storing an entry, and its temporary folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", SAYS_WHEN_IT_WRITES, str(engines.folder), word],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_is_stored_is_found(engines):
    stored = engines.store(KEY, DESCRIPTION, model())
    found = engines.find(KEY)
    assert found is not None
    assert (found.key, found.folder) == (KEY, engines.folder / KEY)
    assert found.description == stored.description == DESCRIPTION
    assert found.bytes == stored.bytes == len(b"weights<graph/>")
    assert found.last_used == pytest.approx(stored.last_used, abs=60)
    assert (found.folder / "model.bin").read_bytes() == b"weights"
    assert [entry.key for entry in engines.entries()] == [KEY]
    assert names(engines.folder) == [KEY]


def test_entry_json_says_what_the_entry_is(engines):
    engines.store(KEY, DESCRIPTION, model())
    content = json.loads((engines.folder / KEY / "entry.json").read_bytes())
    assert content["format"] == 1
    assert content["description"] == DESCRIPTION
    assert {name: file["size"] for name, file in content["files"].items()} == {
        "model.bin": 7,
        "parts/graph.xml": 8,
    }
    assert content["created"] > 1.7e9


def test_an_empty_cache_has_nothing_and_creates_nothing(engines):
    assert engines.find(KEY) is None
    assert engines.entries() == []
    assert not engines.remove(KEY)
    engines.remove_leftovers()
    assert not engines.folder.exists()


def test_the_folder_is_below_the_users_cache_and_private(cache):
    entry = EngineCache().store(KEY, {}, model())
    assert entry.folder == cache / "engines" / KEY
    for folder in (cache / "engines", entry.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_newer_entry_replaces_an_older_one(engines):
    engines.store(KEY, DESCRIPTION, model(b"old"))
    engines.store(KEY, {"label": "new"}, model(b"new"))
    found = engines.find(KEY)
    assert found is not None
    assert found.description == {"label": "new"}
    assert (found.folder / "model.bin").read_bytes() == b"new"
    assert names(engines.folder) == [KEY]


@pytest.mark.parametrize("content", ["file", "link", "folder"])
def test_an_entry_takes_the_place_of_whatever_has_its_name(content, engines, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    engines.folder.mkdir()
    place = engines.folder / KEY
    if content == "file":
        place.touch()
    elif content == "link":
        place.symlink_to(outside)
    else:
        (place / "old").mkdir(parents=True)
    engines.store(KEY, DESCRIPTION, model())
    assert engines.find(KEY) is not None
    assert names(engines.folder) == [KEY]
    assert names(outside) == ["kept"]


@pytest.mark.parametrize("key", ["", ".hidden", "a/b", "..", "a b", "x" * 129, "ä"])
def test_a_key_is_a_plain_name(key, engines):
    with pytest.raises(ValueError, match="not a key"):
        engines.store(key, {}, model())
    with pytest.raises(ValueError, match="not a key"):
        engines.find(key)


def test_what_json_does_not_know_is_refused_before_anything_is_written(engines):
    with pytest.raises(TypeError):
        engines.store(KEY, {"shape": {1, 2}}, model())
    assert not engines.folder.exists()


@pytest.mark.parametrize("error", [RuntimeError("no such operator"), KeyboardInterrupt()])
def test_a_writer_that_fails_leaves_the_older_entry_and_nothing_else(error, engines):
    def write(folder):
        (folder / "model.bin").write_bytes(b"half")
        raise error

    engines.store(KEY, DESCRIPTION, model())
    with pytest.raises(type(error)):
        engines.store(KEY, {}, write)
    found = engines.find(KEY)
    assert found is not None
    assert found.description == DESCRIPTION
    assert names(engines.folder) == [KEY]


def test_links_are_no_part_of_an_entry(engines, tmp_path):
    with pytest.raises(ValueError, match=r"cannot be part of an entry: model\.bin"):
        engines.store(KEY, {}, lambda folder: (folder / "model.bin").symlink_to(tmp_path))
    assert names(engines.folder) == []


# Damaged entries


def change_byte(path, place=0):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def rewrite(folder, **values):
    """Give entry.json other values, with the checksum that belongs to them."""
    content = json.loads((folder / "entry.json").read_bytes())
    del content["sha256"]
    (folder / "entry.json").write_bytes(to_checked_json(content | values))


def to_folder(path):
    path.unlink()
    path.mkdir()


def to_link(path):
    outside = path.parents[2] / path.name
    path.rename(outside)
    path.symlink_to(outside)


def to_pipe(path):
    path.unlink()
    os.mkfifo(path)


def file_list(name, content=b"weights"):
    return {name: {"size": len(content), "sha256": "0" * 64}}


DAMAGES = {
    "entry.json is missing": lambda at: (at / "entry.json").unlink(),
    "entry.json is empty": lambda at: (at / "entry.json").write_bytes(b""),
    "entry.json is cut": lambda at: os.truncate(at / "entry.json", 40),
    "entry.json is no JSON": lambda at: (at / "entry.json").write_bytes(b"\xff\xfe{"),
    "entry.json is a list": lambda at: (at / "entry.json").write_text("[]"),
    "entry.json is nested": lambda at: (at / "entry.json").write_text("[" * 100000),
    "entry.json is a folder": lambda at: to_folder(at / "entry.json"),
    "entry.json is a link": lambda at: to_link(at / "entry.json"),
    "entry.json is a pipe": lambda at: to_pipe(at / "entry.json"),
    "the description is changed": lambda at: (at / "entry.json").write_bytes(
        (at / "entry.json").read_bytes().replace(b"1.5", b"1.4")
    ),
    "another format": lambda at: rewrite(at, format=99),
    "files is a list": lambda at: rewrite(at, files=["model.bin"]),
    "files is null": lambda at: rewrite(at, files=None),
    "a file is a number": lambda at: rewrite(at, files={"model.bin": 7}),
    "a size is a text": lambda at: rewrite(at, files={"model.bin": {"size": "7"}}),
    "a hash is missing": lambda at: rewrite(at, files={"model.bin": {"size": 7}}),
    "the description is a number": lambda at: rewrite(at, description=3),
    "a file outside": lambda at: rewrite(at, files=file_list("../outside")),
    "an absolute path": lambda at: rewrite(at, files=file_list(str(at.parent / "outside"))),
    "a name with a NUL": lambda at: rewrite(at, files=file_list("model\0.bin")),
    "a file is missing": lambda at: (at / "model.bin").unlink(),
    "a file is cut": lambda at: os.truncate(at / "model.bin", 3),
    "a file has more": lambda at: os.truncate(at / "model.bin", 8),
    "a file has a flipped bit": lambda at: change_byte(at / "model.bin", 3),
    "a nested file has a flipped bit": lambda at: change_byte(at / "parts" / "graph.xml"),
    "a file is a folder": lambda at: to_folder(at / "model.bin"),
    "a file is a link": lambda at: to_link(at / "model.bin"),
    "a file is a pipe": lambda at: to_pipe(at / "model.bin"),
    "a folder is a link": lambda at: to_link(at / "parts"),
}
HIDDEN = {"a file has a flipped bit", "a nested file has a flipped bit", "a hash is missing"}
NOT_OURS = {"entry.json is missing"}


@pytest.fixture
def outside(tmp_path):
    """A file next to the entry, which damaged entries name."""
    (tmp_path / "engines").mkdir()
    path = tmp_path / "engines" / "outside"
    path.write_bytes(b"weights")
    return path


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_absent_and_removed(damage, engines, outside):
    DAMAGES[damage](engines.store(KEY, DESCRIPTION, model()).folder)
    assert engines.find(KEY) is None
    assert KEY not in names(engines.folder)
    assert outside.read_bytes() == b"weights"
    engines.store(KEY, DESCRIPTION, model())
    assert engines.find(KEY) is not None


@pytest.mark.parametrize("damage", sorted(DAMAGES.keys() - HIDDEN - NOT_OURS))
def test_a_damaged_entry_is_not_listed_and_removed(damage, engines, outside):
    DAMAGES[damage](engines.store(KEY, DESCRIPTION, model()).folder)
    assert engines.entries() == []
    assert names(engines.folder) == ["outside"]


@pytest.mark.parametrize("content", ["file", "link"])
def test_a_key_that_is_no_folder_is_absent(content, engines, tmp_path):
    other = EngineCache(tmp_path / "other")
    engines.folder.mkdir()
    if content == "file":
        (engines.folder / KEY).touch()
    else:
        (engines.folder / KEY).symlink_to(other.store(KEY, {}, model()).folder)
    assert engines.entries() == []
    assert engines.find(KEY) is None
    assert content == "file" or other.find(KEY) is not None


def test_an_entry_that_another_process_replaces_while_it_is_read_is_not_damaged(
    engines, monkeypatch
):
    engines.store(KEY, {}, model(b"old"))
    read, states = module._read, iter(["replaced"])

    def replaced(*arguments):
        if next(states, None):
            EngineCache(engines.folder).store(KEY, {}, model(b"new"))
            return None
        return read(*arguments)

    monkeypatch.setattr(module, "_read", replaced)
    found = engines.find(KEY)
    assert found is not None
    assert (found.folder / "model.bin").read_bytes() == b"new"


def test_sound_files_are_not_hashed_at_every_start(engines, monkeypatch):
    for path in engines.store(KEY, DESCRIPTION, model()).folder.rglob("*.*"):
        os.utime(path, (1e9, 1e9))
    assert engines.find(KEY) is not None
    monkeypatch.setattr("darknet_torch.engines.file_hashes.file_digest", None)
    assert engines.find(KEY) is not None


def test_bytes_changed_later_are_noticed_though_size_and_time_stay(engines):
    path = engines.store(KEY, DESCRIPTION, model()).folder / "model.bin"
    os.utime(path, (1e9, 1e9))
    assert engines.find(KEY) is not None
    change_byte(path)
    os.utime(path, (1e9, 1e9))
    assert engines.find(KEY) is None


# Several processes


def test_two_processes_may_store_one_key_at_once(engines):
    processes = [start(engines, word) for word in "ab"]
    for _, temporary in processes:
        assert temporary.parent == engines.folder
        assert temporary.exists()
    outputs = [process.communicate("\n")[0] for process, _ in processes]
    assert outputs == ["1000\n", "1000\n"]
    found = engines.find(KEY)
    assert found is not None
    assert found.description == {"by": "b"}
    assert (found.folder / "model.bin").read_bytes() == b"b" * 1000
    assert names(engines.folder) == [KEY]


def test_a_place_that_is_taken_at_the_last_moment_is_taken_over(engines, monkeypatch):
    engines.store(KEY, {}, model(b"first"))
    rivals = iter([model(b"second"), model(b"third")])
    remove = module.remove_folder

    def remove_slowly(folder):
        remove(folder)
        rival = next(rivals, None)
        if rival:
            engines.store(KEY, {}, rival)

    monkeypatch.setattr(module, "remove_folder", remove_slowly)
    engines.store(KEY, {"last": True}, model(b"fourth"))
    found = engines.find(KEY)
    assert found is not None
    assert found.description == {"last": True}
    assert names(engines.folder) == [KEY]


def test_a_place_that_becomes_free_at_the_last_moment_is_taken(engines, monkeypatch):
    failures, rename = iter([errno.ENOTEMPTY]), Path.rename

    def rename_late(path, target):
        number = next(failures, None)
        if number:
            raise OSError(number, os.strerror(number))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_late)
    engines.store(KEY, {}, model())
    assert names(engines.folder) == [KEY]


def test_a_failing_disk_does_not_cost_the_older_entry(engines, monkeypatch):
    def fail(path, target):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    engines.store(KEY, {"old": True}, model())
    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(CacheError):
        engines.store(KEY, {}, model())
    found = engines.find(KEY)
    assert found is not None
    assert found.description == {"old": True}


def test_what_a_killed_process_left_goes_and_what_a_live_one_fills_stays(engines):
    killed, left = start(engines, "a")
    alive, filled = start(engines, "b")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert left.exists()
    store(engines, "other")
    assert not left.exists()
    assert filled.exists()
    assert engines.remove("other")
    engines.remove_leftovers()
    assert names(engines.folder) == [filled.name]
    assert alive.communicate("\n")[0] == "1000\n"
    assert names(engines.folder) == [KEY]


# The limit


def test_entries_that_were_not_used_for_longest_make_room(engines, monkeypatch):
    monkeypatch.setenv("DTORCH_CACHE_LIMIT", "300")
    for used, key in enumerate(["c", "a", "b"], 1):
        store(engines, key, used=used)
    assert engines.find("c") is not None  # which uses it
    store(engines, "new")
    assert {entry.key for entry in engines.entries()} == {"new", "c", "b"}
    store(engines, "larger", 150)
    assert engines.entries()[0].key == "larger"
    assert sum(entry.bytes for entry in engines.entries()) <= 300


def test_the_entry_just_stored_stays_even_if_the_clock_was_set_back(engines, monkeypatch):
    monkeypatch.setenv("DTORCH_CACHE_LIMIT", "150")
    store(engines, "old", used=4e9)
    store(engines, "new")
    assert [entry.key for entry in engines.entries()] == ["new"]


def test_an_entry_larger_than_the_limit_is_refused_and_the_others_stay(engines, monkeypatch):
    monkeypatch.setenv("DTORCH_CACHE_LIMIT", "1K")
    store(engines, "old")
    with pytest.raises(CacheError) as raised:
        store(engines, "new", 1025)
    error = raised.value
    assert (error.where, error.what) == (engines.folder / "new", "is too large for the cache")
    assert (error.expected, error.got) == ("at most 1,024 bytes", "1,025")
    assert "DTORCH_CACHE_LIMIT" in str(error.fix)
    assert names(engines.folder) == ["old"]


def test_a_wrong_limit_is_refused_before_anything_is_written(engines, monkeypatch):
    monkeypatch.setenv("DTORCH_CACHE_LIMIT", "much")
    with pytest.raises(UsageError, match=r"^DTORCH_CACHE_LIMIT: not a size: ") as raised:
        engines.store(KEY, {}, None)
    assert not isinstance(raised.value, CacheError)
    assert not engines.folder.exists()


# Disks and folders that take nothing


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (
            errno.ENOSPC,
            "make room, with `dtorch cache clear` for example, or set DTORCH_CACHE to ",
        ),
        (errno.EDQUOT, "make room"),
        (errno.EROFS, "set DTORCH_CACHE to a folder that can be written"),
        (errno.EACCES, "set DTORCH_CACHE to a folder that can be written"),
    ],
)
@pytest.mark.parametrize("place", ["a file", "entry.json", "the folder", "the rename"])
def test_a_disk_that_takes_nothing_is_reported(number, fix, place, engines, monkeypatch):
    def fail(*arguments, **more):
        raise OSError(number, os.strerror(number))

    store(engines, "old")
    write = sized(3)
    if place == "a file":
        write = fail
    elif place == "entry.json":
        monkeypatch.setattr(Path, "write_bytes", fail)
        write = touch_model
    elif place == "the folder":
        monkeypatch.setattr(os, "mkdir", fail)
    else:
        monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(CacheError) as raised:
        engines.store(KEY, {}, write)
    monkeypatch.undo()
    assert raised.value.where == engines.folder
    assert raised.value.what == f"cannot be written ({os.strerror(number)})"
    assert str(raised.value.fix).startswith(fix)
    assert names(engines.folder) == ["old"]


def test_a_file_in_the_place_of_the_folder_is_reported(engines):
    engines.folder.write_text("mine")
    assert engines.find(KEY) is None
    assert engines.entries() == []
    with pytest.raises(CacheError, match="cannot be created: expected a folder") as raised:
        engines.store(KEY, {}, model())
    assert raised.value.where == engines.folder
    assert engines.folder.read_text() == "mine"


@pytest.fixture
def read_only(monkeypatch):
    """Make this process fail to write anywhere; root may write into read-only folders."""

    def refuse(*arguments, **more):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def become_read_only():
        for function in ("utime", "mkdir", "rename", "unlink", "rmdir", "replace"):
            monkeypatch.setattr(os, function, refuse)
        monkeypatch.setattr(temporary_files, "create_file", refuse)

    return become_read_only


def test_a_read_only_cache_can_be_read(engines, read_only):
    stored = engines.store(KEY, DESCRIPTION, model())
    (engines.folder / "broken").mkdir()
    (engines.folder / "broken" / "entry.json").touch()
    os.utime(stored.folder / "model.bin", (1e9, 1e9))
    read_only()
    found = engines.find(KEY)
    assert found is not None
    assert found.description == DESCRIPTION
    assert engines.find("broken") is None
    assert [entry.key for entry in engines.entries()] == [KEY]
    with pytest.raises(CacheError, match=r"engines: cannot be written \(Read-only file system\)"):
        engines.store(KEY, {}, model())
    with pytest.raises(CacheError, match=r"cannot be removed \(Read-only file system\)"):
        engines.remove(KEY)


def test_without_a_home_folder_nothing_is_found_and_nothing_stored(monkeypatch):
    def home():
        raise RuntimeError("Could not determine home directory.")

    for name in ("DTORCH_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", home)
    engines = EngineCache()
    assert engines.find(KEY) is None
    assert engines.entries() == []
    with pytest.raises(UsageError, match="there is no home folder; set DTORCH_CACHE"):
        engines.store(KEY, {}, model())


# Removing


def test_only_entries_are_removed(engines, tmp_path):
    store(engines, "a")
    others = ["notes.txt", "mine/file", ".hidden/entry.json"]
    for name in others:
        (engines.folder / name).parent.mkdir(exist_ok=True)
        (engines.folder / name).touch()
    outside = EngineCache(tmp_path / "outside")
    (engines.folder / "linked").symlink_to(store(outside, "kept").folder)
    (engines.folder / "file_hashes.json").touch()
    assert engines.remove("a")
    assert not engines.remove("a")
    assert not engines.remove("linked")
    assert not engines.remove("mine")
    assert engines.entries() == []
    engines.remove_leftovers()
    assert names(engines.folder) == [".hidden", "linked", "mine", "notes.txt"]
    assert outside.find("kept") is not None

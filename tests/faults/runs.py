"""Running `dtorch` with a fault, and what must hold afterwards."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.engines.file_hashes import FILE_HASHES
from tests.cli.command import ROOT

BLOCK = 4096  # bytes, of a small disk
OLDER = b"an older result\n"
SECONDS = 300  # after which a run hangs; machines may be busy
_TEMPORARY = re.compile(r"(.*/)?\.[^/]*\.part(\.[^./]*)?(/.*)?")  # a file, or a folder of files
_NUMBERED = re.compile(r"(.+)-\d+(\.\w+)")
_BACKUP = re.compile(r".*\.bak\d*")  # what commands keep of a file that they rewrite
_LOCK = re.compile(r"(.*/)?\.[^/]*\.lock")  # stay, as removing them would be a race


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        status: the exit status, negative for the signal that killed it.
        out, err: what it printed.
        changes: the kind of each change that it made to files, in order.
    """

    status: int
    out: str
    err: str
    changes: list[str]


class Runs:
    """Runs `dtorch` in processes that are forked from one that has imported what they need.

    Args:
        process: `tests.faults.child`, which waits for requests.
    """

    def __init__(self, process):
        self._process = process

    def run(self, folder, words, **more):
        """Run these words in a folder; `more` says what fails, see `tests.faults.child`."""
        request = {"folder": str(folder), "words": list(words), "seconds": SECONDS, **more}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))


@contextmanager
def started_runs(*modules):
    """A `Runs` whose processes have imported these modules."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.child", *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=_without_coverage() | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    with process:
        try:
            yield Runs(process)
        finally:
            process.stdin.close()
            process.wait(SECONDS)


def _without_coverage():
    """The environment, but not for coverage, whose own files would meet the faults, too."""
    return {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}


def contents(folder):
    """The files below a folder, by their names, with their bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


@contextmanager
def filled(disk, room):
    """Leave so many bytes on a disk."""
    state = os.statvfs(disk)
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, state.f_bavail * state.f_frsize - room)
    try:
        yield
    finally:
        ballast.unlink()


def _backdate(folder):
    """Let all files be an hour old: hashes of files that have just changed are not remembered."""
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - 3600,) * 2)


class Sandbox:
    """A folder that is as it was prepared before each run of a command.

    Args:
        runs: starts the processes.
        command: what runs.
        folder: for the copies, which have always the same path.

    Attributes:
        before: the files before a run.
        whole: the files after a run in which nothing fails.
        changes: what such a run changes.
        prints: whether it writes to standard output.
        varying: the names of files that differ from run to run, such as those with times.
    """

    def __init__(self, runs, command, folder):
        self._runs, self.command = runs, command
        self._prepared, self.work = folder / "prepared", folder / "work"
        self._prepared.mkdir(parents=True)
        command.prepare(self._prepared)
        _backdate(self._prepared)
        first = self.run()
        assert first.status == command.status, first.err
        self.prints = bool(first.out)
        before_second = contents(self.work)
        second = self.run()
        self.changes, self.whole = second.changes, contents(self.work)
        assert set(self.whole) == set(before_second)
        self.before = contents(self._prepared)
        self.varying = {name for name, data in self.whole.items() if before_second[name] != data}

    def run(self, *, room=None, older=False, **fault):
        """Run the command in a fresh copy of what was prepared.

        Args:
            room: so many bytes are left on the disk, which is a small one of its own.
            older: results of an earlier run are there.
            fault: see `tests.faults.child`.
        """
        self.reset()
        if older:
            self._write_older_results()
        if room is None:
            return self.run_in(self._runs, **fault)
        with filled(self.work.parent, room):
            return self.run_in(self._runs, **fault)

    def run_in(self, runs, **fault):
        """Run the command where the folder is as it is."""
        return runs.run(self.work, self.command.words, **fault)

    def reset(self):
        """Make the fresh copy."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self._prepared, self.work)

    def run_again(self):
        """Run the command where an earlier run has left its files."""
        if self.command.new_folder:
            shutil.rmtree(self.work / self.command.new_folder, ignore_errors=True)
        elif self.command.together:
            refused = self.run_in(self._runs)
            assert refused.status == 2 or self.is_complete(), "what was left is taken for all"
            self._remove_new()
        words = (*self.command.words, *self.command.again)
        return self._runs.run(self.work, words)

    def _remove_new(self):
        for name in contents(self.work).keys() - self.before.keys():
            (self.work / name).unlink()

    def _results(self):
        return {name: data for name, data in self.whole.items() if name not in self.before}

    def _write_older_results(self):
        for name in self._results():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(OLDER)

    def lost_results(self):
        """The results of an earlier run that are gone."""
        return [name for name in self._results() if not (self.work / name).exists()]

    def temporary_files(self):
        """The temporary files that are left."""
        return [
            name
            for name in contents(self.work)
            if _TEMPORARY.fullmatch(name) and not name.endswith(self.command.partial)
        ]

    def rooms(self):
        """Lengths of free space, from none to less than what all results take."""
        blocks = sum(-(-len(data) // BLOCK) for data in self._results().values())
        return [BLOCK * number for number in sorted({0, 1, blocks // 2, max(blocks - 1, 0)})]

    def problems(self, *, killed=False):
        """What is wrong with the files after a run: each must be as before, or as after all of it.

        Args:
            killed: temporary files may be there, since nobody was left to remove them.
        """
        found = contents(self.work)
        may_remain = killed or self.command.removes
        wrong = [
            name
            for name, data in found.items()
            if not (_LOCK.fullmatch(name) or (may_remain and _TEMPORARY.fullmatch(name)))
            and not self._is_whole(name, data, killed=killed)
        ]
        new = {name for name in found if name not in self.before and not _LOCK.fullmatch(name)}
        if self.command.together and not killed and new and not self.is_complete():
            wrong += [f"{name} is a part of the results" for name in new]
        lost = [name for name in self.before if name not in found and name in self.whole]
        return sorted(wrong) + [f"{name} is gone" for name in lost]

    def is_complete(self):
        """Whether the command has done all of its work."""
        found = contents(self.work)
        names = {name for name in self.whole if not _LOCK.fullmatch(name)}
        optional = (*self.command.optional, FILE_HASHES)
        names = {name for name in names if not name.endswith(optional)}
        removed = self.before.keys() - self.whole.keys()
        return (
            names <= set(found)
            and removed.isdisjoint(found)
            and all(self._is_whole(name, found[name], done=True) for name in names)
        )

    def _is_whole(self, name, data, *, done=False, killed=False):
        if data == self.whole.get(name) or (data == self.before.get(name) and not done):
            return True
        if data == OLDER and not done:
            return True
        free_name = _NUMBERED.fullmatch(name)  # what a second run writes next to the first one's
        if free_name and data == self.whole.get("".join(free_name.groups())):
            return True
        if _BACKUP.fullmatch(name) and data in self.before.values():
            return True
        if name.endswith(self.command.partial):
            return not done
        if name.endswith(self.command.grows):
            return data.endswith(b"\n") or (killed and not data)  # made, and not yet filled
        may_differ = name in self.varying or name.endswith(self.command.moments)
        return may_differ and is_well_formed(name, data)


def is_well_formed(name, data):
    """Whether a file of this name can be complete, as far as its format shows."""
    kind = Path(name).suffix
    if kind == ".json":
        try:
            return isinstance(json.loads(data), dict | list)
        except ValueError:
            return False
    if kind == ".state":
        return (
            zipfile.is_zipfile(io.BytesIO(data))
            and zipfile.ZipFile(io.BytesIO(data)).testzip() is None
        )
    if kind == ".safetensors":  # the length of the head, the head, the arrays
        head = int.from_bytes(data[:8], "little")
        ends = [
            entry["data_offsets"][1]
            for name, entry in json.loads(data[8 : 8 + head]).items()
            if name != "__metadata__"
        ]
        return len(data) == 8 + head + max(ends)
    endings = {".html": b"</html>", ".svg": b"</svg>", ".weights": b"", ".png": b"IEND\xaeB`\x82"}
    return kind in endings and data.rstrip(b"\n").endswith(endings[kind])

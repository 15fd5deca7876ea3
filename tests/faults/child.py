"""Runs `dtorch` many times, each in a process of its own in which one thing fails.

`python -m tests.faults.child [MODULE...]` imports these modules once. For every line of standard
input, a request in JSON, it starts a process, and answers in JSON how that ended.
"""

import importlib
import json
import os
import resource
import selectors
import signal
import sys
import threading
import time
from pathlib import Path

from darknet_torch.cli.main import main
from tests.faults.mirror import PUBLISHED, start_mirror

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# Events of Python's audit hooks -> which argument is the path that changes.
_CHANGES = {
    "os.rename": 1,
    "os.link": 1,
    "os.symlink": 1,
    "os.mkdir": 0,
    "os.chmod": 0,
    "os.truncate": 0,
    "os.remove": 0,
    "os.rmdir": 0,
}
_REMOVALS = ("os.remove", "os.rmdir")


def changed_path(event, arguments):
    """The path that an audit event is about to change; None if it changes none."""
    if event == "open":
        path, _, flags = arguments
        return path if isinstance(flags, int) and flags & _WRITES else None
    return arguments[_CHANGES[event]] if event in _CHANGES else None


def read_path(event, arguments):
    """The path that an audit event is about to open for reading; None if it opens none."""
    if event != "open":
        return None
    path, _, flags = arguments
    return path if isinstance(flags, int) and not flags & _WRITES else None


class Fault:
    """Lets one change of the files in the working folder fail, or a signal come just before it.

    Args:
        changes: a descriptor; the kind of every change is written there, a line each.
        at: which change, from 0.
        error: the errno with which it fails; removals never fail.
        lasting: all later changes fail, too.
        number: the signal, instead of an error.
        reading: count, and let fail, what is opened for reading instead of what changes.
    """

    def __init__(self, changes, *, at=-1, error=0, lasting=False, number=0, reading=False):
        self.find_path = read_path if reading else changed_path
        self.folder, self.changes = f"{Path.cwd()}/", changes
        self.at, self.error, self.lasting, self.number = at, error, lasting, number
        self.count, self.lock = -1, threading.Lock()
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        path = self.find_path(event, arguments)
        if path is None or isinstance(path, int) or not self._is_ours(os.fsdecode(path)):
            return
        with self.lock:
            self.count += 1
            count = self.count
            os.write(self.changes, f"{event}\n".encode())
        if self.number and count == self.at:
            os.kill(os.getpid(), self.number)
        due = count == self.at or (self.lasting and count > self.at)
        if self.error and due and event not in _REMOVALS:
            raise OSError(self.error, os.strerror(self.error), os.fsdecode(path))

    def _is_ours(self, path):
        return not Path(path).is_absolute() or path.startswith(self.folder)


def change_when_opened(opened, changed, content, at=0):
    """Let a file vanish, or get other content, when this process opens a file.

    Args:
        opened, changed: names of files in the working folder, perhaps the same.
        content: text; or a number of bytes, to which it is cut; or None to remove the file.
        at: which time `opened` is opened, from 0.
    """
    count = 0

    def hook(event, arguments):
        nonlocal count
        if event != "open" or not str(arguments[0]).endswith(opened):
            return
        count += 1
        if count != at + 1:
            return
        if content is None:
            Path(changed).unlink()
        elif isinstance(content, int):
            os.truncate(changed, content)
        else:
            Path(changed).write_text(content)

    sys.addaudithook(hook)


def set_clock_back(seconds, after):
    """Let `time.time` jump back by so many seconds, forward by -seconds, after so many calls."""
    real, calls = time.time, 0

    def jumped():
        nonlocal calls
        calls += 1
        return real() - (seconds if calls > after else 0)

    time.time = jumped


def limit_files(largest):
    """Let no file of this process grow beyond `largest` bytes."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))


def _connect(request, pipes):
    """Give this process the standard streams of a request."""
    for target, pipe in zip((1, 2), pipes, strict=False):
        os.dup2(pipe, target)
    if request.get("stdout") == "no reader":
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
    elif request.get("stdout", "head") != "head":
        os.dup2(os.open(request["stdout"], os.O_WRONLY), 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if request.get("stdin") == "closed":
        os.close(0)
        sys.stdin = None


def _become(request, pipes):
    """Turn this new process into the run of a request."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # `pytest &` ignores it
    _connect(request, pipes)
    os.chdir(request["folder"])
    os.environ["DTORCH_CACHE"] = str(Path.cwd() / "cache")
    if Path(PUBLISHED).exists():
        start_mirror(PUBLISHED)
    if "largest_file" in request:
        limit_files(request["largest_file"])
    if "clock" in request:
        set_clock_back(*request["clock"])
    if "change" in request:
        change_when_opened(*request["change"])
    Fault(pipes[2], **request.get("fault", {}))


def _watch(process, readers, seconds, *, as_head):
    """Wait for a process; return its status, negative for a signal, and what it wrote.

    Args:
        process: its id.
        readers: ends of pipes, first that of its standard output.
        seconds: after which it is aborted.
        as_head: close the standard output after its first line, as ``| head -1``.
    """
    texts = dict.fromkeys(readers, b"")
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < end:
            for key, _ in selector.select(0.2):
                data = os.read(key.fd, 65536)
                texts[key.fd] += data
                is_enough = as_head and key.fd == readers[0] and b"\n" in data
                if not data or is_enough:
                    selector.unregister(key.fd)
                    os.close(key.fd)
        for descriptor in [*selector.get_map()]:
            os.close(descriptor)
        if selector.get_map():
            os.kill(process, signal.SIGABRT)  # faulthandler shows where it hangs
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return status, [texts[reader].decode(errors="replace") for reader in readers]


def _serve(request):
    """Start the run of a request; return True in the new process."""
    pipes = [os.pipe() for _ in range(3)]
    process = os.fork()
    if process == 0:
        for reader, _ in pipes:
            os.close(reader)
        _become(request, [writer for _, writer in pipes])
        return True
    for _, writer in pipes:
        os.close(writer)
    readers = [reader for reader, _ in pipes]
    as_head = request.get("stdout") == "head"
    status, (out, err, changes) = _watch(process, readers, request["seconds"], as_head=as_head)
    answer = {"status": status, "out": out, "err": err, "changes": changes.split()}
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()
    return False


def run_requests(modules):
    """Answer the requests on standard input; in the process of a run, return its words."""
    for module in modules:
        importlib.import_module(module)
    while line := sys.stdin.readline():
        request = json.loads(line)
        if _serve(request):
            return request["words"]
    return None


if __name__ == "__main__":
    WORDS = run_requests(sys.argv[1:])
    if WORDS is not None:
        main(WORDS, prog_name="dtorch")

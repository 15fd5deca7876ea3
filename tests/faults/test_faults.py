"""Whatever fails while a command writes: it ends, says why, and leaves no half of a file.

`make test` has a few moments of two commands; `make fault-test` has many of all commands.
"""

import errno
import signal

import pytest

from tests.faults.commands import HEAVY, LIGHT
from tests.faults.runs import Sandbox

_MOST_MOMENTS = 6  # of a command in the long form, evenly spread over its changes
_OLDER_MOMENTS = 3  # of a command that finds results of an earlier run
_STATUS = {
    signal.SIGKILL: -signal.SIGKILL,
    signal.SIGINT: 130,
    signal.SIGTERM: 143,
    signal.SIGHUP: 129,
}
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_REMOVALS = ("os.remove", "os.rmdir")
_ANY_ERROR = (errno.EACCES, errno.EROFS)
_RENAME_ERRORS = (errno.EXDEV, errno.EACCES)

SHORT = [command for command in LIGHT if command.name in ("kmeans", "download")]


@pytest.fixture(scope="module")
def sandbox(request, tmp_path_factory):
    """A command of LIGHT or HEAVY in its folder, the same for all tests of that command."""
    command = request.param
    runs = request.getfixturevalue("light_runs" if command in LIGHT else "heavy_runs")
    return Sandbox(runs, command, tmp_path_factory.mktemp("sandbox"))


def all_of(commands):
    return pytest.mark.parametrize(
        "sandbox", commands, indirect=True, ids=[command.name for command in commands]
    )


def moments(changes, most):
    """The numbers of so many changes, the first and the last, and of the first of each kind."""
    last = len(changes) - 1
    spread = {round(last * step / (most - 1)) for step in range(most)}
    return sorted(spread | {changes.index(kind) for kind in changes})


def last_result(sandbox):
    """The number of the last change that is not a removal: what comes later changes no result."""
    kinds = list(enumerate(sandbox.changes))
    return max(number for number, kind in kinds if kind not in _REMOVALS)


def check_failed(sandbox, ended):
    """After an error: everything is whole; the command has said so, or has done all of it."""
    assert "Traceback" not in ended.err
    assert "Exception ignored" not in ended.err
    assert sandbox.problems() == []
    if "dtorch: " in ended.err:
        assert ended.status in (1, 2)
    else:
        assert ended.status == sandbox.command.status
        assert sandbox.is_complete()


def check_stopped(sandbox, ended, number, *, at):
    """After a signal: everything is whole, and a run that was killed can be made again.

    A signal that comes with the last result or later is without effect; a training, once its
    iterations are done, saves all that it has to save.
    """
    if ended.status != _STATUS[number]:
        assert ended.status == sandbox.command.status
        done = at >= last_result(sandbox) or "train" in sandbox.command.words
        assert done, f"change {at} comes before the last result"
        assert sandbox.is_complete()
    assert "Traceback" not in ended.err
    killed = number == signal.SIGKILL
    assert sandbox.problems(killed=killed) == []
    if killed:
        again = sandbox.run_again()
        assert again.status == sandbox.command.status, again.err
        assert sandbox.problems() == []
        assert sandbox.is_complete()


def check_full_disk(sandbox, at):
    fault = {"at": at, "error": errno.ENOSPC, "lasting": True}
    check_failed(sandbox, sandbox.run(fault=fault))


def check_signals(sandbox, at, numbers):
    for number in numbers:
        check_stopped(sandbox, sandbox.run(fault={"at": at, "number": number}), number, at=at)


def check_limits(sandbox, most):
    """No file can grow beyond some length: half of a result, or one byte less than all of it."""
    lengths = sorted({len(data) for name, data in sandbox.whole.items() if data})
    limits = sorted({limit for length in lengths for limit in (length // 2, length - 1)})
    for limit in [0, *limits[:: max(1, -(-len(limits) // most))]]:
        check_failed(sandbox, sandbox.run(largest_file=limit))


@all_of(SHORT)
def test_a_few_faults_of_a_light_command(sandbox):
    check_full_disk(sandbox, 1)
    middle = len(sandbox.changes) // 2
    check_failed(sandbox, sandbox.run(fault={"at": middle, "error": errno.EACCES}))
    check_signals(sandbox, middle, (signal.SIGTERM, signal.SIGKILL))
    check_limits(sandbox, 1)


@pytest.mark.fault
@all_of([*LIGHT, *HEAVY])
def test_a_full_disk_at_any_change(sandbox):
    for at in moments(sandbox.changes, _MOST_MOMENTS):
        check_full_disk(sandbox, at)
    check_limits(sandbox, _MOST_MOMENTS)


@pytest.mark.fault
@all_of([*LIGHT, *HEAVY])
def test_no_permission_at_any_change(sandbox):
    for turn, at in enumerate(moments(sandbox.changes, _MOST_MOMENTS)):
        errors = _RENAME_ERRORS if sandbox.changes[at] == "os.rename" else _ANY_ERROR
        check_failed(sandbox, sandbox.run(fault={"at": at, "error": errors[turn % 2]}))


@pytest.mark.fault
@all_of([*LIGHT, *HEAVY])
def test_an_input_that_cannot_be_read(sandbox):
    """The command says so, or does all of its work without it, and leaves no temporary file."""
    opened = sandbox.run(fault={"reading": True}).changes
    for turn, at in enumerate(moments(opened, _MOST_MOMENTS)):
        error = (errno.EACCES, errno.EIO)[turn % 2]
        ended = sandbox.run(fault={"at": at, "error": error, "reading": True})
        assert ended.status in (0, 1, 2)
        assert "Traceback" not in ended.err
        assert "Exception ignored" not in ended.err
        said = ("dtorch: ", "warning: ", "left out: ", "cannot be read")
        was_said = any(words in ended.err + ended.out for words in said)
        if ended.status == sandbox.command.status == 0 and not was_said:
            assert sandbox.is_complete()
        assert not sandbox.temporary_files()


@pytest.mark.fault
@all_of([*LIGHT, *HEAVY])
def test_signals_at_any_change(sandbox):
    for turn, at in enumerate(moments(sandbox.changes, _MOST_MOMENTS)):
        check_signals(sandbox, at, (signal.SIGKILL, _STOPS[turn % len(_STOPS)]))


@pytest.mark.fault
@all_of([*LIGHT, *HEAVY])
def test_a_closed_standard_input_and_a_clock_that_is_set(sandbox):
    for more in ({"stdin": "closed"}, {"clock": (7200, 3)}, {"clock": (-7200, 30)}):
        ended = sandbox.run(**more)
        assert ended.status == sandbox.command.status, ended.err
        assert sandbox.is_complete()


@pytest.mark.fault
@all_of([*LIGHT, *HEAVY])
def test_an_output_that_has_no_reader_or_no_room(sandbox):
    """A command that prints nothing there succeeds."""
    for stdout, status in (("no reader", 141), ("/dev/full", 2)):
        ended = sandbox.run(stdout=stdout)
        assert ended.status == (status if sandbox.prints else sandbox.command.status), ended.err
        assert "Traceback" not in ended.err
        assert "Exception ignored" not in ended.err
        assert sandbox.problems() == []
        assert sandbox.prints or sandbox.is_complete()


@pytest.mark.fault
@all_of([command for command in [*LIGHT, *HEAVY] if command.replaces])
def test_older_results_stay_until_the_new_ones_are_whole(sandbox):
    assert sandbox.run(older=True).status == sandbox.command.status
    assert sandbox.is_complete()
    for at in moments(sandbox.changes, _OLDER_MOMENTS):
        for fault in ({"error": errno.ENOSPC, "lasting": True}, {"number": signal.SIGTERM}):
            ended = sandbox.run(older=True, fault={"at": at, **fault})
            assert "Traceback" not in ended.err
            assert sandbox.problems() == []
            assert sandbox.lost_results() == []


@pytest.mark.fault
@pytest.mark.parametrize("command", [*LIGHT, *HEAVY], ids=lambda command: command.name)
def test_a_small_disk_that_is_full(command, small_disk, request):
    runs = request.getfixturevalue("light_runs" if command in LIGHT else "heavy_runs")
    sandbox = Sandbox(runs, command, small_disk)
    for room in sandbox.rooms():
        check_failed(sandbox, sandbox.run(room=room))

"""Whatever fails while a command writes: it ends, says why, and leaves no half of a file.

`make test` has a few moments of one command; `make fault-test` has many of all commands.
"""

import errno
import signal

import pytest

from tests.faults.commands import HEAVY, LIGHT
from tests.faults.runs import Sandbox

_MOST_MOMENTS = 12  # of a command in the long form, evenly spread over its changes
_STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}
_ERRORS = {"os.rename": (errno.EXDEV, errno.EACCES)}  # of others:
_ANY_ERROR = (errno.EACCES, errno.EROFS)

SHORT = [command for command in LIGHT if command.name == "kmeans"]


@pytest.fixture
def sandbox(request, tmp_path):
    """A command of LIGHT or HEAVY in its folder."""
    command = request.param
    runs = request.getfixturevalue("light_runs" if command in LIGHT else "heavy_runs")
    return Sandbox(runs, command, tmp_path)


def all_of(commands):
    return pytest.mark.parametrize(
        "sandbox", commands, indirect=True, ids=[command.name for command in commands]
    )


def moments(sandbox, most):
    """The numbers of at most so many changes, the first and the last among them."""
    last = len(sandbox.changes) - 1
    return sorted({round(last * step / (most - 1)) for step in range(most)})


def check_failed(sandbox, ended):
    """After an error: everything is whole; the command has said so, or has done all of it."""
    assert ended.status in (0, 1, 2)
    assert "Traceback" not in ended.err
    assert "Exception ignored" not in ended.err
    assert sandbox.problems() == []
    if ended.status == 0:
        assert sandbox.is_complete()
    else:
        assert "dtorch: " in ended.err


def check_stopped(sandbox, ended, number):
    """After a signal: everything is whole, and a run that was killed can be made again.

    A signal that comes after the last result is without effect.
    """
    assert ended.status == _STATUS[number] or (ended.status == 0 and sandbox.is_complete())
    assert "Traceback" not in ended.err
    killed = number == signal.SIGKILL
    assert sandbox.problems(killed=killed) == []
    if killed:
        again = sandbox.run_again()
        assert again.status == 0, again.err
        assert sandbox.problems() == []
        assert sandbox.is_complete()


def check_full_disk(sandbox, at):
    fault = {"at": at, "error": errno.ENOSPC, "lasting": True}
    check_failed(sandbox, sandbox.run(fault=fault))


def check_signals(sandbox, at, numbers):
    for number in numbers:
        check_stopped(sandbox, sandbox.run(fault={"at": at, "number": number}), number)


def check_limits(sandbox, most):
    """No file can grow beyond some length: half of a result, or one byte less than all of it."""
    lengths = sorted({len(data) for name, data in sandbox.whole.items() if data})
    limits = sorted({limit for length in lengths for limit in (length // 2, length - 1)})
    for limit in [0, *limits[:: -(-len(limits) // most)]]:
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
    for at in moments(sandbox, _MOST_MOMENTS):
        check_full_disk(sandbox, at)
    check_limits(sandbox, _MOST_MOMENTS)


@pytest.mark.fault
@all_of([*LIGHT, *HEAVY])
def test_no_permission_at_any_change(sandbox):
    for at in moments(sandbox, _MOST_MOMENTS):
        for error in _ERRORS.get(sandbox.changes[at], _ANY_ERROR):
            check_failed(sandbox, sandbox.run(fault={"at": at, "error": error}))


@pytest.mark.fault
@all_of([*LIGHT, *HEAVY])
def test_signals_at_any_change(sandbox):
    for at in moments(sandbox, _MOST_MOMENTS):
        check_signals(sandbox, at, _STATUS)


@pytest.mark.fault
@all_of([*LIGHT, *HEAVY])
def test_a_closed_standard_input_and_a_clock_that_is_set_back(sandbox):
    for more in ({"stdin": "closed"}, {"clock": (7200, 3)}, {"clock": (7200, 30)}):
        ended = sandbox.run(**more)
        assert ended.status == 0, ended.err
        assert sandbox.is_complete()

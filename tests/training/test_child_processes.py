"""How child processes end, and what is said of it."""

import multiprocessing
import os
import signal

import pytest

from darknet_torch.training.child_processes import (
    advice_after_end,
    describe_end,
    describe_error,
    end_with_parent,
    ignore_terminal_signals,
)


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (0, "exit status 0"),
        (3, "exit status 3"),
        (-9, "SIGKILL (killed from outside, as the system does when memory runs out)"),
        (-11, "SIGSEGV (it crashed)"),
        (-int(signal.SIGUSR1), "SIGUSR1"),
        (-99, "signal 99"),
        (None, "an unknown end"),
    ],
)
def test_ends_are_described(exit_code, words):
    assert describe_end(exit_code) == words


def test_advice_speaks_of_memory_after_a_kill_alone():
    assert "memory" in advice_after_end(-9)
    assert "memory" not in advice_after_end(3)
    assert "--workers 0" in advice_after_end(3)


def test_errors_are_described_with_their_place():
    assert describe_error(KeyError("x")) == "KeyError: 'x'"
    try:
        int("no")
    except ValueError as error:
        text = describe_error(error)
    assert text.startswith("ValueError: invalid literal")
    assert "test_child_processes.py:" in text


def wait_for_ever(started):
    """A child that would never end by itself: nothing is written to the pipe."""
    ignore_terminal_signals()
    end_with_parent()
    started.send(os.getpid())
    os.read(os.pipe()[0], 1)


def parent_of_two(started):
    for _ in range(2):
        multiprocessing.get_context("fork").Process(target=wait_for_ever, args=(started,)).start()
    os.read(os.pipe()[0], 1)


def test_children_end_when_their_parent_is_killed():
    ours, its = multiprocessing.Pipe()
    parent = multiprocessing.get_context("fork").Process(target=parent_of_two, args=(its,))
    parent.start()
    its.close()
    children = {ours.recv(), ours.recv()}
    assert len(children) == 2
    for number in children:
        os.kill(number, signal.SIGTERM)  # ignored
    parent.kill()
    parent.join()
    with pytest.raises(EOFError):  # once no child holds the other end any more
        ours.recv()

"""Signals that ask to stop."""

import os
import signal
import threading

import pytest

from darknet_torch.interruption import (
    Interrupted,
    StopRequests,
    find_interruption,
    raising_interrupted,
)


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "terminated"),
        (signal.SIGHUP, 129, "hung up"),
        (signal.SIGPIPE, 141, "the reader of the output is gone"),
    ],
)
def test_each_has_its_exit_status_and_message(number, status, message):
    error = Interrupted(number)
    assert (error.exit_status, str(error)) == (status, message)
    assert find_interruption(status).number == number


@pytest.mark.parametrize("status", [0, 1, 2, 137])
def test_other_statuses_are_no_interruptions(status):
    assert find_interruption(status) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_waits_for_a_place_to_stop(number):
    requests, before = StopRequests(), signal.getsignal(number)
    with requests.listening():
        requests.check()
        os.kill(os.getpid(), number)
        assert requests.number == number
        with pytest.raises(Interrupted) as caught:
            requests.check()
        assert caught.value.number == number
    assert signal.getsignal(number) is before


def test_a_signal_stops_an_interruptible_block_at_once():
    requests, reached = StopRequests(), []
    with requests.listening(), pytest.raises(Interrupted), requests.interruptible():
        os.kill(os.getpid(), signal.SIGTERM)
        reached.append("the next line")
    assert not reached


def test_an_interruptible_block_is_not_entered_after_a_signal():
    requests = StopRequests()
    with requests.listening():
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted), requests.interruptible():
            pytest.fail("entered")


def test_repeated_hangups_wait_as_well():
    """A shell that closes sends SIGHUP twice."""
    requests = StopRequests()
    with requests.listening():
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM):
            os.kill(os.getpid(), number)
        assert requests.number == signal.SIGHUP


def test_a_second_ctrl_c_ends_at_once(monkeypatch):
    statuses = []
    monkeypatch.setattr(os, "_exit", statuses.append)
    requests = StopRequests()
    with requests.listening():
        os.kill(os.getpid(), signal.SIGTERM)
        assert not statuses
        os.kill(os.getpid(), signal.SIGINT)
    assert statuses == [130]


def test_an_ignored_signal_stays_ignored():
    """Under nohup SIGHUP is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        requests = StopRequests()
        with requests.listening():
            os.kill(os.getpid(), signal.SIGHUP)
            assert requests.number == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_listen_to_nothing():
    found = []

    def listen():
        with StopRequests().listening():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGTERM)]


def test_commands_are_stopped_by_an_exception():
    with pytest.raises(Interrupted, match="terminated"), raising_interrupted():
        os.kill(os.getpid(), signal.SIGTERM)

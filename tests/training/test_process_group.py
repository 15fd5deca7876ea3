"""Processes that train together, as their parent sees them; forked, so that they start at once."""

import multiprocessing
import os
import signal
import time

import pytest

from darknet_torch.training.channel import Channel
from darknet_torch.training.process_group import (
    LOST_CONTACT,
    Member,
    Position,
    PositionReporter,
    ProcessGroup,
)


def sleep_for_ever():
    while True:
        time.sleep(60)


def answering(position):
    """What a process does that is at a position for ever; the channel is its first argument."""

    def run(channel):
        while True:
            channel.receive()
            channel.send(position)

    return run


@pytest.fixture
def group():
    """Makes a group of processes, each of which runs a function of its channel."""
    groups = []

    def make(*functions, patience=30.0, on_wait=lambda text: None):
        members = []
        for rank, function in enumerate(functions):
            ours, its = Channel.pair()
            context = multiprocessing.get_context("fork")
            process = context.Process(target=function, args=(its,), daemon=True)
            process.start()
            its.close()
            members.append(Member(f"process {rank}", process, ours))
        made = ProcessGroup(members, on_wait, patience)
        groups.append(made)
        return made

    yield make
    for made in groups:
        made.kill()


def test_all_succeed(group):
    assert group(lambda channel: None, lambda channel: None).wait() is None


def test_the_cause_is_the_one_that_did_not_lose_contact(group):
    """One is killed; the other notices that it is gone, and ends with an error of its own."""
    cause = group(
        lambda channel: os._exit(LOST_CONTACT),
        lambda channel: os.kill(os.getpid(), signal.SIGKILL),
    ).wait()
    assert (cause.name, cause.process.exitcode) == ("process 1", -signal.SIGKILL)


def test_those_that_cannot_go_on_are_not_waited_for(group, monkeypatch):
    monkeypatch.setattr("darknet_torch.training.process_group._FAREWELL", 0.01)
    made = group(lambda channel: os._exit(2), lambda channel: sleep_for_ever(), patience=0.03)
    assert made.wait().name == "process 0"


def test_the_first_process_may_save_after_an_interruption(group, monkeypatch):
    monkeypatch.setattr("darknet_torch.training.process_group._FAREWELL", 0.01)
    ends = multiprocessing.get_context("fork").Pipe()
    made = group(
        lambda channel: (ends[1].recv(), time.sleep(0.2), os._exit(143)),
        lambda channel: (ends[0].send("now"), os._exit(143)),
        patience=0.03,
    )
    assert made.wait().process.exitcode == 143
    assert all(one.process.exitcode == 143 for one in made._members)


def test_a_wait_names_the_process_that_is_waited_for(group):
    said = []

    def on_wait(text):
        said.append(text)
        if len(said) == 2:
            for one in made._members:
                one.process.kill()

    made = group(
        answering(Position(3, True, "sum_gradients (distributed.py:47)")),
        answering(Position(2, False, "read_image (images.py:88)")),
        patience=0.03,
        on_wait=on_wait,
    )
    made.wait()
    assert said[:2] == ["waiting for process 1, at read_image (images.py:88): 0 s"] * 2


def test_one_that_does_not_answer_is_named(group):
    """As a process that was stopped by SIGSTOP, or is stuck in a driver."""
    said = []

    def answer_once(channel):
        channel.receive()
        channel.send(Position(2, False, "forward (network.py:12)"))
        sleep_for_ever()

    def on_wait(text):
        said.append(text)
        if "not answer" in text:
            made._members[0].process.kill()
            made._members[1].process.kill()

    made = group(
        answering(Position(2, True, "mean (distributed.py:62)")),
        answer_once,
        patience=0.2,  # enough for the other one to answer on a busy machine
        on_wait=on_wait,
    )
    made.wait()
    assert said[-1].startswith("waiting for process 1, which does not answer, after forward (net")


def test_a_signal_reaches_those_that_train_and_kills_the_others(group):
    def train(channel):
        signal.signal(signal.SIGTERM, lambda number, frame: os._exit(143))
        answering(Position(0, False, "somewhere"))(channel)

    made = group(train, lambda channel: sleep_for_ever(), patience=0.03)
    while made._members[0].position is None:
        made._wait_a_moment(list)
    made.stop(signal.SIGTERM)
    assert [one.process.exitcode for one in made._members] == [143, -signal.SIGKILL]


def test_a_process_answers_where_it_is():
    ours, its = Channel.pair()
    reporter = PositionReporter(its)
    reporter.on_mini_batch(None, None)
    for _ in range(1000):
        ours.send("where?")
        found = ours.receive()
        assert (found.mini_batches, found.waits) == (1, False)
        if found.place.startswith("_read (channel.py:"):  # of this test, once it waits
            break
    else:
        pytest.fail("it never waited")
    ours.shut_down()
    reporter._thread.join()
    ours.close()
    its.close()

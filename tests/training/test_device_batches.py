"""Mini-batches on a device; a copier that writes down its calls stands for a GPU's."""

import weakref
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest
import torch

from darknet_torch.augment.source import as_floats
from darknet_torch.datasets.examples import Problem
from darknet_torch.interruption import Interrupted
from darknet_torch.training import loop as loop_module
from darknet_torch.training.batches import TrainBatch
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.device_batches import (
    CudaCopier,
    DirectCopier,
    copier_for,
    device_batches,
)
from darknet_torch.training.loop import TrainingLoop
from tests.training.small_networks import arrays, network

CPU = torch.device("cpu")


class LoggedCopier:
    """Leaves mini-batches where they are, and writes down when it copies and waits."""

    def __init__(self, log, ahead=1):
        self.log, self.ahead = log, ahead

    def start(self, batch):
        self.log.append(f"copy {batch.iteration}")
        return partial(self.finish, batch)

    def finish(self, batch):
        self.log.append(f"wait {batch.iteration}")
        return batch


def numbered(count, log=(), error=None):
    """`count` mini-batches, then `error`; the log says when each of them is fetched."""
    for number in range(count):
        if log != ():
            log.append(f"fetch {number}")
        images = torch.full((2, 1, 1, 1), number, dtype=torch.uint8)
        yield TrainBatch(images, torch.zeros(2, 1), iteration=number)
    if error is not None:
        raise error


def noted(count, held):
    """`count` mini-batches; `held` gets a weak reference to each."""
    for number in range(count):
        batch = TrainBatch(torch.zeros(1, 1, 1, 1), torch.zeros(1, 1), iteration=number)
        held.append(weakref.ref(batch))
        yield batch
        del batch


def test_the_next_mini_batch_is_copied_before_one_is_used():
    log = []
    for batch in device_batches(numbered(3, log), LoggedCopier(log)):
        log.append(f"use {batch.iteration}")
    assert ", ".join(log) == (
        "fetch 0, copy 0, fetch 1, copy 1, wait 0, use 0, fetch 2, copy 2, wait 1, use 1, "
        "wait 2, use 2"
    )


def test_without_streams_each_mini_batch_is_copied_when_it_is_used():
    log = []
    for batch in device_batches(numbered(2, log), LoggedCopier(log, ahead=0)):
        log.append(f"use {batch.iteration}")
    assert ", ".join(log) == "fetch 0, copy 0, wait 0, use 0, fetch 1, copy 1, wait 1, use 1"
    assert isinstance(copier_for(CPU), DirectCopier)
    assert copier_for(CPU).ahead == 0


@pytest.mark.parametrize("ahead", [0, 1, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_none_is_lost_or_doubled(count, ahead):
    found = device_batches(numbered(count), LoggedCopier([], ahead))
    assert [batch.iteration for batch in found] == list(range(count))


def test_the_bytes_are_given_up_when_they_are_floats():
    held = []
    found = device_batches(noted(4, held), LoggedCopier([]))
    for number in range(3):
        next(found)
        assert [ref() is not None for ref in held] == [False] * (number + 1) + [True]


def test_what_was_fetched_in_advance_is_given_up_when_they_are_closed():
    held = []
    with closing(device_batches(noted(3, held), LoggedCopier([]))) as found:
        next(found)
    assert [ref() for ref in held] == [None, None]


@pytest.mark.parametrize("ahead", [0, 1])
def test_an_error_comes_after_the_mini_batches_before_it(ahead):
    batches = numbered(2, error=ValueError("broken"))
    found = device_batches(batches, LoggedCopier([], ahead))
    assert [next(found).iteration for _ in range(2)] == [0, 1]
    with pytest.raises(ValueError, match="broken"):
        next(found)


def test_a_signal_ends_the_wait_at_once():
    waits = []

    @contextmanager
    def waiting():
        waits.append(len(waits))
        yield

    batches = numbered(1, error=Interrupted())
    with pytest.raises(Interrupted):
        next(device_batches(batches, LoggedCopier([]), waiting=waiting))
    assert waits == [0, 1]


def test_bytes_become_the_same_floats_as_in_numpy_in_the_given_format():
    values = np.arange(2 * 2 * 8 * 8, dtype=np.uint8).reshape(2, 2, 8, 8)
    bytes_, floats = torch.from_numpy(values), torch.from_numpy(as_floats(values))
    for images in (bytes_, floats):
        for layout in (torch.contiguous_format, torch.channels_last):
            batches = [TrainBatch(images, torch.zeros(2, 1))]
            (found,) = device_batches(batches, DirectCopier(CPU), memory_format=layout)
            assert torch.equal(found.images, floats)
            assert found.images.is_contiguous(memory_format=layout)
    assert torch.equal(bytes_, torch.from_numpy(values))


def test_a_text_is_left_as_it_is():
    text = torch.rand(3, 5)
    batches = [TrainBatch(text, torch.zeros(3, 5))]
    (found,) = device_batches(batches, DirectCopier(CPU), memory_format=torch.channels_last)
    assert found.images is text


@dataclass(frozen=True)
class Pair:
    first: torch.Tensor
    name: str = "pair"


@dataclass(frozen=True)
class WithMore(TrainBatch):
    """A mini-batch with tensors in other fields."""

    more: dict = field(default_factory=dict)


def test_all_tensors_of_a_mini_batch_are_moved():
    one = torch.zeros(1)
    batch = WithMore(
        one, one, ["a.png"], [Problem("what", "where", "how")], restarts=[1], iteration=4,
        more={3: (one, [Pair(one)]), 5: None},
    )  # fmt: skip
    assert len(batch.tensors()) == 4
    moved = batch.to(torch.device("meta"))
    assert [tensor.device.type for tensor in moved.tensors()] == ["meta"] * 4
    assert (moved.paths, moved.problems, moved.restarts) == (["a.png"], batch.problems, [1])
    assert (moved.iteration, moved.more[3][1][0].name, moved.more[5]) == (4, "pair", None)
    assert not one.is_meta


class FakeCuda:
    """The streams and events of torch.cuda, which write down their calls."""

    def __init__(self, monkeypatch, log):
        self.log, self.events = log, 0
        monkeypatch.setattr(torch.cuda, "Stream", lambda device: FakeStream(self, "copies"))
        monkeypatch.setattr(torch.cuda, "stream", self.inside)
        computing = FakeStream(self, "computing")
        monkeypatch.setattr(torch.cuda, "current_stream", lambda device: computing)
        monkeypatch.setattr(
            torch.Tensor, "record_stream", lambda tensor, stream: log.append(f"for {stream.name}")
        )

    @contextmanager
    def inside(self, stream):
        self.log.append(f"on {stream.name}")
        yield


class FakeStream:
    def __init__(self, cuda, name):
        self.cuda, self.name = cuda, name

    def record_event(self):
        self.cuda.events += 1
        self.cuda.log.append(f"event {self.cuda.events} of {self.name}")
        return self.cuda.events

    def wait_event(self, event):
        self.cuda.log.append(f"{self.name} waits for {event}")


def test_computing_waits_for_the_copy_it_uses_and_not_for_the_next_one(monkeypatch):
    log = []
    FakeCuda(monkeypatch, log)
    for batch in device_batches(numbered(2), CudaCopier(CPU)):
        log.append(f"use {batch.iteration}")
    copies = ["on copies, event 1 of copies", "on copies, event 2 of copies"]
    used = [
        f"computing waits for {number + 1}, for computing, for computing, use {number}"
        for number in (0, 1)
    ]
    assert ", ".join(log) == ", ".join((*copies, *used))


CFG = """[net]
width=4
height=4
channels=2
batch=2
subdivisions=2
learning_rate=.1
max_batches=3
[convolutional]
filters=3
size=3
pad=1
activation=leaky
[avgpool]
[softmax]"""


def small_batches():
    make = torch.Generator().manual_seed(0)
    for number in range(6):
        images = torch.randint(256, (1, 2, 4, 4), generator=make, dtype=torch.uint8)
        problem = Problem("unreadable picture", f"{number}.jpg", "gone")
        yield TrainBatch(images, torch.eye(3)[[number % 3]], problems=[problem], restarts=[number])


class Log(Callback):
    def __init__(self, log):
        self.log = log

    def on_problem(self, loop, problem):
        self.log.append(problem.where)

    def on_mini_batch(self, loop, result):
        self.log.append("mini-batch")


def trained(monkeypatch, ahead, log):
    made = network(CFG, "alexeyab-cuda")
    monkeypatch.setattr(
        made.layers[0], "reset_stream_state", lambda stream: log.append(f"reset {stream}")
    )
    monkeypatch.setattr(loop_module, "copier_for", lambda device: LoggedCopier([], ahead))
    loop = TrainingLoop(made, callbacks=[Log(log)])
    loop.run(small_batches())
    assert loop.iteration == 3
    return arrays(made, 0)["weights"]


def test_faults_and_restarts_come_when_their_mini_batch_is_used(monkeypatch):
    plain, log = [], []
    expected = trained(monkeypatch, 0, plain)
    assert torch.equal(trained(monkeypatch, 1, log), expected)
    assert log == plain
    assert log[:6] == ["0.jpg", "reset 0", "mini-batch", "1.jpg", "reset 1", "mini-batch"]
    assert log.count("mini-batch") == 6

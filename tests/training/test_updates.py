"""Updates whose numbers stay on the device for a few iterations, as on a GPU."""

import pytest
import torch

from darknet_torch.errors import TrainingError
from darknet_torch.training.batches import TrainBatch
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.loop import TrainingLoop
from tests.training.small_networks import network

CFG = """[net]
width=4
height=4
channels=2
batch=2
subdivisions=2
momentum=.9
decay=.001
learning_rate=.1
max_batches=50
{net}
[convolutional]
batch_normalize=1
filters=3
size=3
pad=1
activation=leaky
[avgpool]
[softmax]"""


class Log(Callback):
    """Keeps the updates; is due in some iterations alone."""

    def __init__(self, due=()):
        self.due, self.seen = due, []

    def on_iteration(self, loop, update):
        self.seen.append((update.iteration, update.loss, update.average_loss, update.parts))

    def is_due(self, loop):
        return loop.iteration in self.due


def batches(broken=None):
    make = torch.Generator().manual_seed(3)
    for number in range(26):
        images = torch.rand(1, 2, 4, 4, generator=make)
        if number == broken:
            images[0, 0, 0, 0] = float("nan")
        yield TrainBatch(images, torch.eye(3)[[number % 3]], [f"{number}.jpg"])


def loop_of(log, late, net=""):
    torch.manual_seed(0)
    loop = TrainingLoop(network(CFG.format(net=net)), callbacks=[log])
    assert not loop.reads_late  # the numbers of a CPU are there at once
    loop.reads_late = late
    return loop


def trained(log, late, iterations, net="", broken=None):
    loop = loop_of(log, late, net)
    made = batches(broken)
    for _ in range(iterations):
        loop.train_iteration([next(made), next(made)])
    return loop


def arrays(loop):
    return [tensor.clone() for tensor in loop.network.state_dict().values()]


def assert_equal(some, others):
    for one, other in zip(some, others, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("net", ["", "adam=1"])
def test_late_numbers_are_those_of_each_iteration(net):
    early, late = Log(), Log()
    expected = trained(early, False, 12, net)
    loop = trained(late, True, 12, net)
    assert [row[0] for row in late.seen] == list(range(1, 11))  # ten at most wait
    loop.settle()
    assert late.seen == early.seen
    assert_equal(arrays(loop), arrays(expected))


def test_a_due_callback_gets_them_before_the_next_iteration():
    log = Log(due=[2, 5])
    trained(log, True, 6)
    assert [row[0] for row in log.seen] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("net", ["", "adam=1"])
def test_what_came_after_a_broken_loss_is_taken_back(net):
    expected = trained(Log(), False, 3, net)
    log = Log()
    loop = trained(log, True, 6, net, broken=7)  # in iteration 4
    with pytest.raises(TrainingError, match=r"iteration 4: .*softmax\], layer 2 on 7\.jpg"):
        loop.settle()
    loop._take_back_unfinished()  # as `run` does
    assert (loop.iteration, loop.seen, loop.network.header.seen) == (3, 6, 6)
    assert_equal(arrays(loop), arrays(expected))
    moments, others = (
        [value for state in each.optimizer.inner.state.values() for value in state.values()]
        for each in (loop, expected)
    )
    assert_equal(moments, others)


def test_a_run_stops_at_a_broken_loss_without_an_event_for_it():
    log = Log()
    loop = loop_of(log, True)
    with pytest.raises(TrainingError, match="iteration 4"):
        loop.run(batches(broken=6))
    assert log.seen == []
    assert loop.iteration == 3


def test_a_stop_reads_what_is_left():
    log = Log()
    loop = trained(log, True, 3)
    loop.stop_requests.number = 2
    with pytest.raises(KeyboardInterrupt):
        loop.train_iteration(batches())
    assert [row[0] for row in log.seen] == [1, 2, 3]

"""Updates whose numbers stay on the device for a few iterations, as on a GPU."""

import gc
import itertools
import weakref

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
    early, log = Log(), Log()
    expected = trained(early, False, 3, net)
    loop = trained(log, True, 6, net, broken=7)  # in iteration 4
    with pytest.raises(TrainingError, match=r"iteration 4: .*softmax\], layer 2 on 7\.jpg"):
        loop.settle()
    assert (loop.iteration, loop.seen, loop.network.header.seen) == (3, 6, 6)
    assert loop.average_loss == expected.average_loss
    assert log.seen == early.seen
    assert_equal(arrays(loop), arrays(expected))
    moments, others = (
        [value for state in each.optimizer.inner.state.values() for value in state.values()]
        for each in (loop, expected)
    )
    assert_equal(moments, others)


def test_a_loop_goes_on_after_a_broken_loss():
    loop = trained(Log(), True, 2, broken=2)
    with pytest.raises(TrainingError, match="iteration 2"):
        loop.settle()
    before = [array.clone() for array in loop.optimizer.parameters()]
    made = batches()
    loop.train_iteration([next(made), next(made)])
    assert loop.settle().iteration == 2
    assert not all(map(torch.equal, loop.optimizer.parameters(), before))


def test_a_run_stops_at_a_broken_loss_without_an_event_for_it():
    log = Log()
    loop = loop_of(log, True)
    with pytest.raises(TrainingError, match="iteration 4"):
        loop.run(batches(broken=6))
    assert [row[0] for row in log.seen] == [1, 2, 3]
    assert loop.iteration == 3


class End(Log):
    """Keeps what the loop had when the training ended before its time."""

    def on_interrupt(self, loop):
        self.seen.append((loop.iteration, loop.average_loss, arrays(loop)))

    def on_error(self, loop, error):
        self.on_interrupt(loop)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_whatever_ends_a_run_the_complete_updates_are_reported_first(error):
    def ending():
        yield from itertools.islice(batches(), 7)  # one mini-batch of iteration 4
        raise error

    def run(late):
        log = End()
        with pytest.raises(error):
            loop_of(log, late).run(ending())
        return log.seen

    *rows, (iteration, average, found) = run(late=True)
    *expected_rows, (*expected, expected_arrays) = run(late=False)
    assert rows == expected_rows
    assert len(rows) == 3
    assert [iteration, average] == expected
    assert_equal(found, expected_arrays)


def test_an_end_by_a_broken_loss_is_not_hidden_by_what_comes_later():
    def ending():
        yield from itertools.islice(batches(broken=2), 7)
        raise KeyboardInterrupt

    log = End()
    loop = loop_of(log, True)
    with pytest.raises(TrainingError, match="iteration 2"):
        loop.run(ending())
    assert log.seen[0][0] == 1
    assert log.seen[1][0] == 1  # the event of the error
    assert loop.iteration == 1


def test_numbers_that_wait_keep_no_deltas():
    kept = []

    class Deltas(Log):
        def on_mini_batch(self, loop, result):
            kept.extend(weakref.ref(record) for record in result.deltas.values())
            kept.extend(weakref.ref(loss) for loss in result.losses.values())

    loop = trained(Deltas(), True, 2)
    gc.collect()
    assert kept
    assert [each() for each in kept] == [None] * len(kept)
    assert loop.settle().iteration == 2


def test_a_stop_reads_what_is_left():
    log = Log()
    loop = loop_of(log, True)

    def stopping():
        yield from itertools.islice(batches(), 6)
        loop.stop_requests.number = 2

    with pytest.raises(KeyboardInterrupt):
        loop.run(stopping())
    assert [row[0] for row in log.seen] == [1, 2, 3]

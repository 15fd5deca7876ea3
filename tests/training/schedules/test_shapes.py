"""Each schedule against torch.optim.lr_scheduler, or its formula in a plain loop."""

import math

import pytest
import torch
from torch.optim import lr_scheduler

from darknet_torch.errors import CfgError, UsageError
from darknet_torch.training.learning_rate import learning_rate
from tests.training.schedules.runs_to_plan import net_of, plan_of

RATE, UPDATES, EPOCH = 0.5, 40, 4


def rates(schedule, epoch=EPOCH):
    found = learning_rate(plan_of(schedule=schedule), net_of(), epoch=epoch)
    return [found(update) for update in range(1, UPDATES + 1)]


def rates_of_torch(make):
    """The rates that a scheduler of PyTorch gives, stepped after every update."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
    scheduler, found = make(optimizer), []
    for _ in range(UPDATES):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        ("cosine", lambda sgd: lr_scheduler.CosineAnnealingLR(sgd, UPDATES)),
        ("cosine:min=.2", lambda sgd: lr_scheduler.CosineAnnealingLR(sgd, UPDATES, RATE * 0.2)),
        (
            "cosine-restarts:iterations=5",
            lambda sgd: lr_scheduler.CosineAnnealingWarmRestarts(sgd, 5, 2),
        ),
        (
            "cosine-restarts:epochs=2,mult=1,min=.1",
            lambda sgd: lr_scheduler.CosineAnnealingWarmRestarts(sgd, 2 * EPOCH, 1, RATE * 0.1),
        ),
        (
            "step-epochs:epochs=3+6,factor=.3",
            lambda sgd: lr_scheduler.MultiStepLR(sgd, [3 * EPOCH, 6 * EPOCH], 0.3),
        ),
        ("step-epochs:3+6", lambda sgd: lr_scheduler.MultiStepLR(sgd, [12, 24], 0.1)),
        ("step-epochs", lambda sgd: lr_scheduler.MultiStepLR(sgd, [32, 36], 0.1)),
        (
            "exponential:gamma=.9,per=iteration",
            lambda sgd: lr_scheduler.ExponentialLR(sgd, 0.9),
        ),
        ("exponential:gamma=.9", lambda sgd: lr_scheduler.ExponentialLR(sgd, 0.9 ** (1 / EPOCH))),
        ("exponential", lambda sgd: lr_scheduler.ExponentialLR(sgd, 0.01 ** (1 / UPDATES))),
        (
            "inverse:gamma=.5,power=.75,per=iteration",
            lambda sgd: lr_scheduler.LambdaLR(sgd, lambda t: (1 + 0.5 * t) ** -0.75),
        ),
        (
            "inverse:gamma=.5",
            lambda sgd: lr_scheduler.LambdaLR(sgd, lambda t: 1 / (1 + 0.5 * t / EPOCH)),
        ),
    ],
)
def test_the_rates_are_those_of_torch(schedule, make):
    assert rates(schedule) == pytest.approx(rates_of_torch(make), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("schedule", "end"), [("exponential:end=.2", 0.2), ("inverse", 0.1)])
def test_the_end_is_the_part_that_is_left(schedule, end):
    rate = learning_rate(plan_of(schedule=schedule), net_of())
    assert rate(UPDATES + 1) == pytest.approx(RATE * end)


def test_cycles_fill_the_run():
    lengths, found = [UPDATES / 7 * 2**cycle for cycle in range(3)], rates("cosine-restarts")
    for made in range(UPDATES):
        start = max(sum(lengths[:cycle]) for cycle in range(3) if sum(lengths[:cycle]) <= made)
        length = next(each for cycle, each in enumerate(lengths) if sum(lengths[:cycle]) == start)
        turn = math.pi * (made - start) / length
        assert found[made] == pytest.approx(RATE * (1 + math.cos(turn)) / 2)


def test_many_short_cycles_take_no_time():
    found = rates("cosine-restarts:iterations=1,mult=1")
    assert found == [RATE] * UPDATES
    for many in ("cycles=999999999,mult=1", "cycles=999999999"):
        assert rates(f"cosine-restarts:{many}")[0] == RATE


def test_a_rate_that_cannot_be_computed_is_an_error():
    with pytest.raises(CfgError, match=r"iteration 3 cannot be used: .* out of range"):
        rates("exponential:gamma=1e308,per=iteration")


@pytest.mark.parametrize(
    "schedule", ["step-epochs:epochs=3", "exponential:gamma=.9", "cosine-restarts:epochs=2"]
)
def test_epochs_need_a_number_of_pictures(schedule):
    with pytest.raises(UsageError, match=r"length of an epoch is not known: .*--pictures N"):
        rates(schedule, epoch=None)


def test_epochs_that_are_whole_iterations_end_there():
    found = rates("step-epochs:epochs=21", epoch=9 / 7)  # 27.000000000000004 in floats
    assert found[26:28] == pytest.approx([RATE, RATE * 0.1])

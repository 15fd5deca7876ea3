"""The plateau against torch.optim.lr_scheduler.ReduceLROnPlateau, and its state."""

import random
from types import SimpleNamespace

import pytest
import torch

from darknet_torch.errors import UsageError
from darknet_torch.training.distributed import Processes
from darknet_torch.training.learning_rate import learning_rate
from tests.training.schedules.runs_to_plan import net_of, plan_of


def make(schedule, *, evaluates, warmup=None):
    plan = plan_of(schedule=schedule, warmup=warmup)
    rate = learning_rate(plan, net_of(), evaluates=evaluates)
    [follower] = rate.followers
    return rate, follower


def loop_at(iteration):
    events = SimpleNamespace(on_message=lambda loop, text: None)
    return SimpleNamespace(iteration=iteration, processes=Processes(), events=events)


def update_of(iteration, loss=0.0):
    return SimpleNamespace(iteration=iteration, loss=loss)


def rates_of_torch(mode, values, **options):
    """The rate after each of the values."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode, eps=0, **options)
    found = []
    for value in values:
        scheduler.step(value)
        found.append(optimizer.param_groups[0]["lr"])
    return found


OPTIONS = {"factor": 0.5, "patience": 1, "cooldown": 2, "threshold": 0.05}
TEXT = "plateau:factor=.5,patience=1,cooldown=2,threshold=.05,min=.1"
VALUES = [random.Random(1).uniform(0.2, 0.9) for _ in range(60)]


def test_scores_lower_the_rate_as_in_torch():
    rate, follower = make(TEXT, evaluates=True)
    found = []
    for index, value in enumerate(VALUES):
        loop = loop_at(10 * index + 10)
        follower.on_evaluation(loop, SimpleNamespace(value=value))
        follower.on_iteration(loop_at(loop.iteration + 1), update_of(loop.iteration + 1))
        found.append(rate(loop.iteration + 2))
    assert found == pytest.approx(rates_of_torch("max", VALUES, min_lr=0.05, **OPTIONS))
    assert len(set(found)) == 5


def test_mean_losses_lower_the_rate_as_in_torch():
    rate, follower = make(f"{TEXT},every=2", evaluates=False)
    found = []
    for index, value in enumerate(VALUES):
        for iteration, loss in ((2 * index + 1, value - 0.1), (2 * index + 2, value + 0.1)):
            follower.on_iteration(loop_at(iteration), update_of(iteration, loss))
        found.append(follower.state_dict()["falls_found"])
    expected = rates_of_torch("min", VALUES, min_lr=0, **OPTIONS)
    assert [0.5 * 0.5**falls for falls in found] == pytest.approx(expected)
    assert rate(200) == pytest.approx(max(0.05, expected[-1]))


def test_a_copy_goes_on_from_the_state_at_any_time():
    _, whole = make(f"{TEXT},every=3", evaluates=False)
    _, part = make(f"{TEXT},every=3", evaluates=False)
    for index, value in enumerate(VALUES, 1):
        whole.on_iteration(loop_at(index), update_of(index, value))
        part.on_iteration(loop_at(index), update_of(index, value))
        state = part.state_dict()
        _, part = make(f"{TEXT},every=3", evaluates=False)
        part.load_state_dict(state)
        assert part.state_dict() == whole.state_dict()
        assert part.factor_at(index + 1) == whole.factor_at(index + 1)
    assert whole.state_dict()["falls"] > 0


def test_it_is_due_when_it_reads_and_when_the_rate_falls():
    _, follower = make("plateau:patience=0,every=2", evaluates=False)
    due = []
    for iteration in range(1, 6):
        due.append(follower.is_due(loop_at(iteration)))
        follower.on_iteration(loop_at(iteration), update_of(iteration, 1.0))
        if iteration == 4:
            assert follower.is_due(loop_at(5))
    assert due == [False, True, False, True, True]


def test_nothing_is_read_in_the_warm_up():
    _, follower = make("plateau:patience=0,every=1", evaluates=False, warmup="linear:9")
    for iteration in range(1, 10):
        follower.on_iteration(loop_at(iteration), update_of(iteration, 1.0))
    assert follower.state_dict()["best"] is None


def test_scores_are_read_where_there_are_some():
    assert make("plateau", evaluates=True)[1].every is None
    assert make("plateau:follow=loss", evaluates=True)[1].every == 100
    assert make("plateau", evaluates=False)[1].every == 100
    with pytest.raises(UsageError, match=r"nothing is evaluated: expected --map, .* add --map"):
        make("plateau:follow=score", evaluates=False)


def test_all_processes_follow_the_first():
    """Only the first one evaluates."""
    _, follower = make("plateau:patience=0", evaluates=True)
    others = SimpleNamespace(largest=lambda value: max(value, 2), is_first=False)
    loop = SimpleNamespace(iteration=3, processes=others)
    follower.on_iteration(loop, update_of(3))
    assert follower.factor_at(4) == pytest.approx(0.01)

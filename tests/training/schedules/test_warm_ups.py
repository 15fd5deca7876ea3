"""Each warm-up against its formula, with every schedule."""

import pytest

from darknet_torch.training.learning_rate import learning_rate
from darknet_torch.training.schedules.registry import SCHEDULES
from tests.training.schedules.runs_to_plan import net_of, plan_of

RISES = {
    "linear:iterations=8": lambda done: done,
    "linear:8": lambda done: done,
    "linear:epochs=2": lambda done: done,
    "linear": lambda done: done,
    "power:8": lambda done: done**4,
    "power:iterations=8,power=2": lambda done: done**2,
    "exponential:8": lambda done: 0.001 ** (1 - done),
    "exponential:8,start=.1": lambda done: 0.1 ** (1 - done),
}


@pytest.mark.parametrize("warmup", RISES)
@pytest.mark.parametrize("schedule", [name for name in SCHEDULES.members if name != "callable"])
def test_it_is_a_factor_on_the_rate_of_the_schedule(warmup, schedule):
    plan = plan_of(schedule=schedule, warmup=warmup)
    rate = learning_rate(plan, net_of("burn_in=8"), epoch=4)
    whole = learning_rate(plan_of(schedule=schedule, warmup="none"), net_of(), epoch=4)
    for update in range(1, 12):
        factor = RISES[warmup](update / 8) if update < 8 else 1
        assert rate(update) == pytest.approx(whole(update) * factor, rel=1e-9)


def test_it_is_the_burn_in_of_the_cfg_by_default():
    rate = learning_rate(plan_of(schedule="cosine"), net_of("burn_in=8", "power=2"))
    whole = learning_rate(plan_of(schedule="cosine"), net_of())
    assert rate(4) == whole(4) * 0.25
    assert rate(8) == whole(8)


def test_none_ends_the_burn_in_of_the_cfg():
    assert learning_rate(plan_of(warmup="none"), net_of("burn_in=8"))(1) == 0.5

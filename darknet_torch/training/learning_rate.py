"""The learning rate of each update of a training."""

from __future__ import annotations

from collections.abc import Callable

from darknet_torch.cfg.net import NetOptions
from darknet_torch.training.phases import Phases
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.schedule import rate_of_run


def learning_rate(plan: TrainPlan, net: NetOptions, phases: Phases) -> Callable[[int], float]:
    """The rate by the number of an update, from 1.

    Args:
        plan: says the seed.
        net: the schedule, which runs over all phases.
        phases: their factors multiply it.
    """

    def rate(update: int) -> float:
        return rate_of_run(net, update, plan.seed) * phases.factor_at(update)

    return rate

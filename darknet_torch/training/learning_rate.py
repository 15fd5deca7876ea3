"""The learning rate of each update of a run, by its plan. No torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from darknet_torch.cfg.net import NetOptions
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.schedules.base import RateFollower, Run, Schedule, WarmUp, finite_rate
from darknet_torch.training.schedules.given import Given, RateFunction
from darknet_torch.training.schedules.registry import SCHEDULES, WARM_UPS
from darknet_torch.training.schedules.shapes import FromCfg
from darknet_torch.training.schedules.warm_ups import NoWarmUp, Power

Factor = Callable[[int], float]  # takes the number of an update, from 1


@dataclass(frozen=True)
class LearningRate:
    """The learning rate of a run: its schedule's, times the factors of its warm-up and others.

    Attributes:
        run: what the schedule knows of the run.
        schedule: gives the rate.
        warm_up: its rise in the first updates.
        followers: callbacks that change the rate by how the training goes; the loop calls them.
        factor: a further factor on the rate, None for none.
    """

    run: Run
    schedule: Schedule
    warm_up: WarmUp
    followers: tuple[RateFollower, ...] = ()
    factor: Factor | None = None

    def __call__(self, update: int) -> float:
        """The learning rate of an update.

        Args:
            update: its number, 1 for the first. Of an update to come, followers say what they
                would now.

        Raises:
            UsageError: there is no function for schedule="callable".
            CfgError: the rate is not finite.
        """
        return finite_rate(lambda: self._rate(update), update, self.run.net.where)

    def _rate(self, update: int) -> float:
        rate = self.schedule.rate(update, self.run) * self.warm_up.factor_at(update, self.run)
        for follower in self.followers:
            rate *= follower.factor_at(update)
        return rate * self.factor(update) if self.factor else rate

    @property
    def is_cfgs(self) -> bool:
        """Whether it is that of the cfg, without any other choice."""
        return isinstance(self.schedule, FromCfg) and isinstance(self.warm_up, NoWarmUp)


def learning_rate(
    plan: TrainPlan,
    net: NetOptions,
    *,
    epoch: float | None = None,
    evaluates: bool = False,
    function: RateFunction | None = None,
    factor: Factor | None = None,
) -> LearningRate:
    """The learning rate of a plan.

    Args:
        plan: its `schedule` and `warmup`; by default the rates are exactly those of the cfg.
        net: the options of [net] that the training runs with.
        epoch: updates in which each picture is seen once; None if that is not known.
        evaluates: the network is evaluated at intervals.
        function: what schedule="callable" stands for.
        factor: a further factor on the rate of each update.

    Raises:
        UsageError: a length is given in epochs, and `epoch` is not known; the schedule follows
            a score, and nothing is evaluated; or it is a function, and there is none.
        CfgError: the first rate is not finite.
    """
    schedule = SCHEDULES.member(plan.schedule)
    if isinstance(schedule, Given):
        schedule = replace(schedule, function=function)
    burn_in = net.burn_in
    if plan.warmup is not None:
        # Also in the place of the burn-in that is a part of the cfg's policy.
        warm_up, net = WARM_UPS.member(plan.warmup), replace(net, burn_in=0)
    else:
        warm_up = NoWarmUp() if schedule.warms_up else Power()
    run = Run(net, burn_in, epoch, plan.seed, evaluates)
    follower = schedule.follower(run, int(warm_up.length(run)))
    rate = LearningRate(run, schedule, warm_up, (follower,) if follower else (), factor)
    rate(1)  # what is missing is known now
    return rate

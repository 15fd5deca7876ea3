"""Rules for the options of [net] that decide over the learning rate. No torch.

`dtorch check` applies them to a cfg, a training to the values that it will run with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgWarning
from darknet_torch.training.learning_rate import LearningRate
from darknet_torch.training.scaling import fitting_burn_in
from darknet_torch.training.schedule import rate_at
from darknet_torch.training.schedules.given import Given
from darknet_torch.training.schedules.shapes import FromCfg, StepEpochs

_SAMPLES = 200  # batches from which the average rate of a training is estimated
_LOW = 0.01  # an average below this part of learning_rate is reported

Where = Callable[[str], object]  # the place of an option, for messages
ScheduleRule = Callable[[NetOptions, Where], Iterator[CfgWarning]]


def learning_rate(net: NetOptions, where: Where) -> Iterator[CfgWarning]:
    """Report a learning rate with which nothing is learned, or which is very large."""
    if not 0 < net.learning_rate <= 1:
        yield CfgWarning(
            "nothing is learned with this learning_rate"
            if net.learning_rate <= 0
            else "this learning_rate is very large",
            where=where("learning_rate"),
            expected="a number above 0 and at most 1",
            got=f"{net.learning_rate:g}",
            fix="take 0.001 to begin with",
        )


def burn_in(net: NetOptions, where: Where) -> Iterator[CfgWarning]:
    """Report a burn_in that takes more than half of the training."""
    most = net.max_batches
    if 0 < most < 2 * net.burn_in:
        advised = fitting_burn_in(net.burn_in, most)
        yield CfgWarning(
            "training ends before burn_in does"
            if most <= net.burn_in
            else "burn_in takes more than half of the training",
            where=where("burn_in"),
            expected=f"burn_in far below max_batches={most}, {advised} at most as a rule",
            got=f"burn_in={net.burn_in}",
            fix=f"write burn_in={advised}",
        )


def steps(net: NetOptions, where: Where) -> Iterator[CfgWarning]:
    """Report steps that are never reached, that do not increase, or that lack a scale.

    Source: network.c get_current_rate, where a step only has an effect after those before it.
    """
    if net.policy != "steps":
        return
    shown = ",".join(map(str, net.steps))
    late = [step for step in net.steps if step >= net.max_batches > 0]
    if late:
        first, second = net.max_batches * 8 // 10, net.max_batches * 9 // 10
        can_advise = len(net.steps) == 2 and first < second
        yield CfgWarning(
            f"steps come after the end of training: {','.join(map(str, late))}",
            where=where("steps"),
            expected=f"numbers below max_batches={net.max_batches}",
            got=shown,
            fix=f"write steps={first},{second}"
            if can_advise
            else "move them, or raise max_batches=",
        )
    if any(second <= first for first, second in zip(net.steps, net.steps[1:], strict=False)):
        yield CfgWarning(
            "steps do not increase",
            where=where("steps"),
            expected="each larger than the one before",
            got=shown,
        )
    if len(net.scales) > len(net.steps):
        yield CfgWarning(
            "there are more scales than steps; the last ones have no effect",
            where=where("scales"),
            expected=f"{len(net.steps)} numbers",
            got=len(net.scales),
        )


def average_rate(net: NetOptions, where: Where) -> Iterator[CfgWarning]:
    """Report a policy that lowers the rate to nearly nothing for most of the training."""
    most = net.max_batches
    known = most < 2 * net.burn_in or net.learning_rate <= 0  # other rules report these
    if most <= 0 or known or net.policy == "random":
        return
    average = _average(lambda batch: rate_at(net, batch), most)
    if average < _LOW * net.learning_rate:
        fix = "change the options of the policy, or max_batches="
        yield _low_average(net, average, where("policy"), f"policy={net.policy}", fix)


def _average(rate: Callable[[int], float], most: int) -> float:
    """The average of the rates of some of the updates, the first and the last included."""
    batches = [1 + (most - 1) * part // _SAMPLES for part in range(_SAMPLES + 1)]
    return sum(map(rate, batches)) / len(batches)


def _low_average(
    net: NetOptions, average: float, where: object, origin: str, fix: str
) -> CfgWarning:
    return CfgWarning(
        "the learning rate is nearly 0 in most of the training",
        where=where,
        expected=f"an average of {_LOW:g} * learning_rate={net.learning_rate:g} or more",
        got=f"{average:.3g} with {origin} over max_batches={net.max_batches}",
        fix=fix,
    )


SCHEDULE_RULES: tuple[ScheduleRule, ...] = (learning_rate, burn_in, steps, average_rate)


def warm_up_of_run(rate: LearningRate, where: Where) -> Iterator[CfgWarning]:
    """Report a --warmup that takes more than half of the training."""
    length, most = rate.warm_up.length(rate.run), rate.run.updates
    if rate.run.net.burn_in == 0 and most < 2 * length:
        yield CfgWarning(
            "--warmup takes more than half of the training",
            where=where("burn_in"),
            expected=f"{fitting_burn_in(math.ceil(length), most)} iterations at most as a rule",
            got=f"{length:g} of {most}",
            fix="give a shorter one, or train for longer",
        )


def steps_of_run(rate: LearningRate, where: Where) -> Iterator[CfgWarning]:
    """Report epochs of --schedule step-epochs that the training does not reach."""
    schedule, run = rate.schedule, rate.run
    if not isinstance(schedule, StepEpochs):
        return
    late = [step for step in schedule.steps(run) if step >= run.updates]
    if late:
        yield CfgWarning(
            "--schedule step-epochs lowers the rate after the end of training",
            where=where("policy"),
            expected=f"epochs below {run.epochs(run.updates):g}, in which training ends",
            got="+".join(f"{run.epochs(step):g}" for step in late),
            fix="give smaller ones, or train for longer",
        )


def average_of_run(rate: LearningRate, where: Where) -> Iterator[CfgWarning]:
    """Report rates that are nearly nothing for most of the training."""
    net = rate.run.net
    if net.learning_rate > 0 and not isinstance(rate.schedule, Given):
        average = _average(rate, rate.run.updates)
        if average < _LOW * net.learning_rate:
            origin = f"--schedule {rate.schedule.name}"
            fix = "give it other parameters"
            yield _low_average(net, average, where("policy"), origin, fix)


_RUN_RULES = (warm_up_of_run, steps_of_run, average_of_run)


def schedule_warnings(rate: LearningRate, where: Where) -> Iterator[CfgWarning]:
    """What is to be reported of the learning rate of a run.

    What its options replace in the cfg is not reported.
    """
    net = rate.run.net
    if not isinstance(rate.schedule, FromCfg):
        net = replace(net, policy="constant")
    for rule in SCHEDULE_RULES:
        yield from rule(net, where)
    for run_rule in () if rate.is_cfgs else _RUN_RULES:
        yield from run_rule(rate, where)

"""Rules for the options of [net] that decide over the learning rate. No torch.

`dtorch check` applies them to a cfg, a training to the values that it will run with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgWarning
from darknet_torch.training.scaling import fitting_burn_in
from darknet_torch.training.schedule import rate_at

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
    batches = [1 + (most - 1) * part // _SAMPLES for part in range(_SAMPLES + 1)]
    average = sum(rate_at(net, batch) for batch in batches) / len(batches)
    if average < _LOW * net.learning_rate:
        yield CfgWarning(
            "the learning rate is nearly 0 in most of the training",
            where=where("policy"),
            expected=f"an average of {_LOW:g} * learning_rate={net.learning_rate:g} or more",
            got=f"{average:.3g} with policy={net.policy} over max_batches={most}",
            fix="change the options of the policy, or max_batches=",
        )


SCHEDULE_RULES: tuple[ScheduleRule, ...] = (learning_rate, burn_in, steps, average_rate)

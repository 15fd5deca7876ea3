"""The phases of a training: which layers learn when, at which rate and size. No torch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from darknet_torch.errors import UsageError
from darknet_torch.training.phase_option import parse_phase
from darknet_torch.training.plan import TrainPlan


@dataclass(frozen=True)
class Phase:
    """A part of a training.

    Attributes:
        number: 1 for the first one.
        first: updates made before it: it begins with update ``first + 1``.
        iterations: its length in updates; None for a training without --phase.
        freeze: how many layers do not learn, from the first, or "backbone".
        unfreeze: instead, how many layers learn, from the last; None if `freeze` counts.
        freeze_bn: normalisation learns in no layer.
        factor: on the learning rate of the one schedule that runs over all phases.
        width, height: size of the network's input in pixels; None for that of the training.
    """

    number: int = 1
    first: int = 0
    iterations: int | None = None
    freeze: int | str = 0
    unfreeze: int | None = None
    freeze_bn: bool = False
    factor: float = 1.0
    width: int | None = None
    height: int | None = None

    @property
    def description(self) -> str:
        """What is special about it in a few words, such as "freeze=backbone, lr x 0.1"."""
        size = " x ".join(str(side or "?") for side in (self.width, self.height))
        parts = (
            f"freeze={self.freeze}" if self.freeze else "",
            f"unfreeze={self.unfreeze}" if self.unfreeze else "",
            "freeze_bn" if self.freeze_bn else "",
            f"lr x {self.factor:g}" if self.factor != 1 else "",
            f"input {size}" if self.width or self.height else "",
        )
        return ", ".join(filter(None, parts)) or "all layers learn"


@dataclass(frozen=True)
class Phases:
    """The phases of a training, one after the other; one alone without --phase.

    Attributes:
        parts: the phases.
    """

    parts: tuple[Phase, ...] = (Phase(),)

    def __iter__(self) -> Iterator[Phase]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def length(self) -> int | None:
        """Iterations of all phases; None where other options set the length."""
        last = self.parts[-1]
        return None if last.iterations is None else last.first + last.iterations

    def at(self, iteration: int) -> Phase:
        """The phase of an iteration, from 0; the last one after the end."""
        return self.parts[max(0, bisect_right([one.first for one in self.parts], iteration) - 1)]

    def factor_at(self, update: int) -> float:
        """The factor on the learning rate of an update, from 1."""
        return self.at(update - 1).factor


def phases_of(plan: TrainPlan) -> Phases:
    """The phases that a plan describes.

    What a phase does not say is as the options of the whole training say, whatever the phase
    before it said.

    Raises:
        UsageError: options contradict each other.
    """
    _check(plan)
    whole = Phase(freeze=plan.freeze or 0, unfreeze=plan.unfreeze, freeze_bn=plan.freeze_bn)
    if not plan.phase:
        return Phases((whole,))
    parts, first = [], 0
    for number, text in enumerate(plan.phase, 1):
        iterations, options = parse_phase(text)
        size = options.get("width"), options.get("height")
        frozen = whole.freeze, whole.unfreeze
        if "freeze" in options or "unfreeze" in options:
            frozen = options.get("freeze", 0), options.get("unfreeze")
        freeze_bn, factor = options.get("freeze_bn", whole.freeze_bn), options.get("lr", 1.0)
        parts.append(Phase(number, first, iterations, *frozen, freeze_bn, factor, *size))
        first += iterations
    return Phases(tuple(parts))


def lengthened(plan: TrainPlan) -> str:
    """What to give so that a training goes on after its end, for messages."""
    if plan.phase:
        return "giving all of --phase again, with more iterations in the last one or one more,"
    return "a larger --max-batches"


def _check(plan: TrainPlan) -> None:
    if plan.freeze is not None and plan.unfreeze is not None:
        raise UsageError(
            "--freeze and --unfreeze exclude each other",
            expected="one of them",
            got=f"--freeze {plan.freeze} --unfreeze {plan.unfreeze}",
            fix="--freeze counts layers that do not learn from the first one, --unfreeze layers "
            "that learn from the last one",
        )
    lengths = {"--max-batches": plan.max_batches, "--epochs": plan.epochs}
    for name, value in lengths.items():
        if plan.phase and value is not None:
            raise UsageError(
                f"--phase and {name} exclude each other",
                expected="one of them: the iterations of all phases are the length",
                got=f"--phase {' --phase '.join(plan.phase)} {name} {value}",
                fix=f"leave {name} out, or change the iterations of a phase",
            )

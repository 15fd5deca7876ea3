"""A schedule that a Python function gives. No torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Real

from darknet_torch.errors import ArgumentError, UsageError
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.schedules.base import Run, Schedule

# Takes the number of an update, 1 for the first, and returns its learning rate.
RateFunction = Callable[[int], float]


@dataclass(frozen=True)
class Given(Schedule):
    """The rates that a function returns.

    Attributes:
        function: the function. It is not saved with a plan, whose text is "callable".
    """

    name = "callable"
    is_listed = False  # a text cannot give the function
    warms_up = True

    function: RateFunction | None = None

    def rate(self, update: int, run: Run) -> float:
        """The learning rate of an update.

        Raises:
            UsageError: there is no function.
            ArgumentError: it returns something else than a rate.
        """
        if self.function is None:
            raise UsageError(
                "the learning rates of this run come from a Python function, which is not saved",
                where=f"--schedule {self.name}",
                expected="schedule=FUNCTION in darknet_torch.train, as when the run started",
                got="no function",
                fix="give it again there, or choose another --schedule",
            )
        rate = self.function(update)
        # A number of NumPy or a tensor is taken, too.
        number = float(rate) if isinstance(rate, Real) or hasattr(rate, "__float__") else math.nan
        if not 0 <= number < math.inf:
            raise ArgumentError(
                "the function of schedule= returns no learning rate",
                where=f"update {update}",
                expected="a number, 0 or more",
                got=repr(rate),
            )
        return number


class GivenSchedule(Callback):
    """Brings a function to where the training is prepared, with the callbacks of the user.

    Args:
        function: to be sent to other processes it must be one that pickle takes.
    """

    def __init__(self, function: RateFunction) -> None:
        self.function = function


def given_function(callbacks: Iterable[Callback]) -> RateFunction | None:
    """The function that came with the callbacks, if one did."""
    return next((one.function for one in callbacks if isinstance(one, GivenSchedule)), None)

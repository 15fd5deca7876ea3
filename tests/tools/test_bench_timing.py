"""Programs that are timed in turn."""

import math

import pytest
import torch

from darknet_torch.errors import DivergenceError
from tools.bench_timing import NotFiniteError, interleaved

CPU = torch.device("cpu")


def test_the_programs_take_turns_after_a_warm_up_and_are_checked_at_the_end():
    order = []

    def program(name):
        return lambda: order.append(name) or 1.0

    spent = interleaved({"a": program("a"), "b": program("b")}, CPU, repeats=2)
    assert order == ["a", "b", "a", "b", "a", "b", "a", "b"]
    assert set(spent) == {"a", "b"}
    assert all(one.clock > 0 and one.cpu >= 0 for one in spent.values())


def diverge():
    raise DivergenceError("the loss is not a finite number any more")


@pytest.mark.parametrize(
    "program", [lambda: math.nan, lambda: torch.tensor([1, math.inf]), diverge]
)
def test_numbers_that_are_not_finite_are_not_timed(program):
    with pytest.raises(NotFiniteError, match=r"^theirs: .*not finite"):
        interleaved({"ours": lambda: 1.0, "theirs": program}, CPU, repeats=1)


def test_a_program_that_ends_with_nan_is_an_error():
    values = iter([1.0, 1.0, math.nan])
    with pytest.raises(NotFiniteError):
        interleaved({"ours": lambda: next(values)}, CPU, repeats=1)

"""Checks of arguments: what passes, and what the messages say of what does not."""

from pathlib import Path

import numpy as np
import pytest

from darknet_torch.arguments import (
    check_count,
    check_flag,
    check_fraction,
    check_path,
    described,
)
from darknet_torch.errors import UsageError

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.5", "'0.5' (str)"),
        (5, "5 (int)"),
        (None, "None"),
        (True, "True"),
        ([1, 2], "list"),
        (np.zeros(3), "numpy.ndarray"),
        (UsageError("x"), "darknet_torch.errors.UsageError"),
    ],
)
def test_a_value_is_shown_with_its_type(value, text):
    assert described(value) == text


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.25), np.float64(1), np.int64(0)])
def test_fractions_pass_as_floats(value):
    found = check_fraction("threshold", value)
    assert (type(found), found) == (float, float(value))


@pytest.mark.parametrize("value", ["0.5", None, True, [0.5], 1j, np.zeros(1)])
def test_what_is_no_number_is_no_fraction(value):
    with pytest.raises(UsageError, match=r"^threshold is not a number: expected a number from 0"):
        check_fraction("threshold", value)


@pytest.mark.parametrize("value", [-0.1, 1.1, NAN, 25])
def test_numbers_outside_0_to_1_are_no_fractions(value):
    with pytest.raises(UsageError, match=r"^threshold is out of its bounds: expected 0 to 1, got"):
        check_fraction("threshold", value)


def test_whole_numbers_pass_as_ints():
    assert [check_count("top", value, least=1) for value in (1, np.int64(7))] == [1, 7]


@pytest.mark.parametrize("value", ["5", 5.0, None, False, [5]])
def test_what_is_no_whole_number_is_no_count(value):
    with pytest.raises(UsageError, match=r"^top is not a whole number: expected a whole"):
        check_count("top", value, least=1)


def test_a_count_has_a_lowest_value():
    with pytest.raises(UsageError, match=r"^top is out of its bounds: expected 1 or more, got 0"):
        check_count("top", 0, least=1)


@pytest.mark.parametrize("value", [True, False, np.True_, np.bool_(False)])
def test_booleans_pass_as_switches(value):
    assert check_flag("letterbox", value) is bool(value)


@pytest.mark.parametrize("value", ["yes", 1, 0, None, []])
def test_other_values_are_no_switches(value):
    with pytest.raises(UsageError, match=r"^letterbox is not a switch: expected True or False"):
        check_flag("letterbox", value)


def test_text_and_paths_pass_as_paths():
    assert check_path("cfg", "a.cfg", expected="a cfg") == "a.cfg"
    assert check_path("cfg", Path("a.cfg"), expected="a cfg") == Path("a.cfg")


@pytest.mark.parametrize("value", [b"a.cfg", 5, None, ["a.cfg"]])
def test_other_values_are_no_paths(value):
    with pytest.raises(UsageError, match=r"^cfg is not a path: expected a cfg, got"):
        check_path("cfg", value, expected="a cfg")

"""Deviations from records."""

from tools.deviation import Deviation, worst


def test_an_error_equal_to_the_tolerance_passes():
    assert Deviation(1.0, "here").passed
    assert not Deviation(1.001, "here").passed


def test_nan_fails_and_is_the_worst():
    nan = Deviation(float("nan"), "there")
    assert not nan.passed
    assert worst([Deviation(7.0, "here"), nan, Deviation(9.0, "here")]) is nan

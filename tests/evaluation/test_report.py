"""Lines of text on an evaluation."""

from darknet_torch.evaluation.report import percent, table


def test_columns_are_aligned_with_the_first_one_left():
    assert table([["class", "AP"], ["a", "12.50"]]) == ["class     AP", "a      12.50"]


def test_values_are_in_per_cent_with_two_digits_and_missing_ones_a_dash():
    assert [percent(value) for value in (0.125, None, float("nan"))] == ["12.50", "-", "-"]

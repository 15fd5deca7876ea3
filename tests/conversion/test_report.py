"""The report of a conversion says what was written and how much it differs."""

from darknet_torch.conversion.comparison import Difference
from darknet_torch.conversion.report import ConversionReport


def report(*differences, **details):
    return ConversionReport(
        "a.weights", "a.pt", "PyTorch state_dict", None, differences, **details
    )


def test_the_worst_difference_is_reported_with_all_others():
    found = report(Difference(1e-6, "1 x 32x32", 5), Difference(2e-6, "3 x 32x32", 15))
    assert found.worst == 2e-6
    assert found.lines() == [
        "a.weights -> a.pt: PyTorch state_dict",
        "worst difference 2e-06 (1 x 32x32: 1e-06 of 5 values, 3 x 32x32: 2e-06 of 15 values)",
    ]


def test_notes_come_before_the_differences():
    found = report(Difference(0, "all arrays", 1), notes=("also wrote a.cfg",), restores=True)
    assert found.lines()[1:] == [
        "also wrote a.cfg",
        "worst difference 0 (all arrays: 0 of 1 values)",
        "converted back to .weights, it restores the original byte for byte",
    ]


def test_a_comparison_of_no_values_is_reported():
    lines = report(Difference(0, "1 x 32x32", 0)).lines()
    assert lines[1:] == ["nothing could be compared: no boxes in the bundled picture"]

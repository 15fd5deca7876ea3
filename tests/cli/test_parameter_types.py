"""The types of parameters that several commands share."""

import click
import pytest

from darknet_torch.cli.parameter_types import FRACTION, NOT_NEGATIVE, PATH, POSITIVE


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (POSITIVE, "1", 1),
        (NOT_NEGATIVE, "0", 0),
        (FRACTION, "0", 0.0),
        (FRACTION, "1", 1.0),
        (FRACTION, ".25", 0.25),
    ],
)
def test_values_at_the_bounds_are_accepted(kind, text, value):
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (POSITIVE, "0"),
        (POSITIVE, "1.5"),
        (NOT_NEGATIVE, "-1"),
        (FRACTION, "-0.1"),
        (FRACTION, "1.01"),
        (FRACTION, "half"),
    ],
)
def test_values_out_of_bounds_are_refused(kind, text):
    with pytest.raises(click.BadParameter):
        kind.convert(text, None, None)


def test_a_path_may_be_missing_or_unreadable_so_that_its_reader_reports_it(tmp_path):
    path = tmp_path / "closed"
    assert PATH.convert(str(path), None, None) == str(path)
    path.touch(mode=0)
    assert PATH.convert(str(path), None, None) == str(path)

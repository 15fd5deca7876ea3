"""Times in words."""

import pytest

from darknet_torch.training.durations import describe_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (35.4, "35 s"),
        (59.6, "1 min"),
        (240, "4 min"),
        (3599, "1 h"),
        (4800, "1 h 20 min"),
        (47.9 * 3600, "47 h 54 min"),
        (48 * 3600, "2 d"),
        (76 * 3600, "3 d 4 h"),
    ],
)
def test_a_time_is_said_in_one_or_two_units(seconds, text):
    assert describe_duration(seconds) == text

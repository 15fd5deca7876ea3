"""Times in words."""

import pytest

from darknet_torch.training.durations import Duration, describe_duration


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


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        *(("2h", 7200), ("90m", 5400), ("3600", 3600), ("1h30m", 5400), ("1.5h", 5400)),
        *(("1d 2h", 93600), (" 20S ", 20), (0.5, 0.5), (3, 3)),
    ],
)
def test_a_time_in_words_or_seconds(given, seconds):
    parsed = Duration().parse(given)
    assert parsed == seconds
    assert Duration().parse(parsed) == seconds


@pytest.mark.parametrize(
    "given", ["", "h", "2h5", "5x", "0", "0m", "-3", "nan", float("inf"), float("nan"), -1, 0]
)
def test_what_is_no_time_is_refused(given):
    with pytest.raises(ValueError):
        Duration().parse(given)


@pytest.mark.parametrize("given", [True, None, ("2h",)])
def test_a_time_is_text_or_a_number(given):
    with pytest.raises(TypeError):
        Duration().parse(given)

"""Names and numbers as they stand in plots."""

import pytest

from darknet_torch.plots.labels import short_count, shown_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("person", "person"),
        ("", ""),
        ("$x_1$", "$x_1$"),
        ("12345678901234567890", "12345678901234567890"),
        ("123456789012345678901", "1234567890123456789…"),
        ("汉字汉字汉字汉字汉字", "汉字汉字汉字汉字汉字"),
        ("汉字汉字汉字汉字汉字汉", "汉字汉字汉字汉字汉…"),
        ("a\nb\x00\x1b[0m\udc80", "a\ufffdb\ufffd\ufffd[0m\ufffd"),
    ],
)
def test_names_are_short_and_printable(name, shown):
    assert shown_name(name) == shown


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (9999, "9999"),
        (10_000, "10k"),
        (999_999, "999k"),
        (10**6, "1M"),
        (10**13, "10000G"),
    ],
)
def test_counts_are_short(count, text):
    assert short_count(count) == text

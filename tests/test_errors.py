"""The form of the messages, and suggestions for misspelled words."""

import pytest

from darknet_torch.errors import (
    CfgError,
    CfgNote,
    CfgWarning,
    UsageError,
    format_message,
    nearest,
    warn,
)

PARTS = {"where": "x.cfg:3", "expected": "1 or more", "got": 0, "fix": "write batch=1"}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "batch is too small"),
        ({"where": "x.cfg:3"}, "x.cfg:3: batch is too small"),
        ({"expected": 1}, "batch is too small: expected 1"),
        ({"got": 0}, "batch is too small: got 0"),
        ({"fix": "write batch=1"}, "batch is too small; write batch=1"),
        (PARTS, "x.cfg:3: batch is too small: expected 1 or more, got 0; write batch=1"),
    ],
)
def test_a_message_joins_the_parts_that_are_given(parts, message):
    assert format_message("batch is too small", **parts) == message


def test_an_error_has_its_message_and_its_parts():
    error = UsageError("batch is too small", **PARTS)
    assert str(error) == format_message("batch is too small", **PARTS)
    assert error.what == "batch is too small"
    assert {name: getattr(error, name) for name in PARTS} == PARTS


@pytest.mark.parametrize("category", [CfgWarning, CfgNote])
def test_a_warning_has_the_form_of_an_error(category):
    with pytest.warns(category) as caught:
        warn("batch is too small", **PARTS, category=category)
    (warning,) = caught
    assert str(warning.message) == str(UsageError("batch is too small", **PARTS))
    assert warning.filename == __file__


def test_nearest_suggests_a_similar_word_only():
    assert nearest("burnin", ["batch", "burn_in"]) == "burn_in"
    assert nearest("burnin", ["width", "height"]) is None
    assert nearest("burnin", []) is None


@pytest.mark.parametrize("part", ["what", "where", "expected", "got", "fix"])
def test_the_start_of_a_part_of_any_length_is_shown(part):
    error = CfgError(**{"what": "wrong", part: "x" * 10**6})
    assert getattr(error, part) == "x" * 10**6
    assert "xxx... (1000000 characters)" in str(error)
    assert len(str(error)) < 700

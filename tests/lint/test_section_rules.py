"""Rules for one section: each on a small cfg that breaks it."""

import pytest

from tests.lint.cfgs import assert_change_is_reported

# What is replaced in a sound cfg, by what, and what is then found: severity, line, words.
RULES = [
    ("policy=steps", "policy=constant", "note:11", "steps has no effect without policy=steps"),
    ("burn_in=100", "burn_in=0\npower=2", "note:10", "power has no effect without burn_in"),
    ("burn_in=100", "B1=.5", "note:9", "B1 has no effect without adam=1"),
    ("burn_in=100", "momentum=1.5", "warning:9", r"momentum makes no sense.*expected 0\.\.1"),
    ("classes=2", "classes=2\nignore_thresh=7", "warning:20", "ignore_thresh makes no sense"),
    ("classes=2", "classes=2\ntruth_thresh=.2", "warning:17", "below ignore_thresh"),
    ("classes=2", "classes=2\nbeta_nms=.9", "note:20", "no effect without nms_kind=diounms"),
    ("classes=2", "classes=2\niou_thresh_kind=giou", "note:20", "without iou_thresh below 1"),
    (
        "stride=32",
        "stride=32\npad=1\npadding=3",
        "note:17",
        "padding has no effect without pad=0",
    ),
    (
        "stride=32",
        "stride=32\ndilation=2",
        "note:16",
        "dilation has no effect without size above",
    ),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), RULES)
def test_each_rule_reports_what_breaks_it(old, new, place, words, tmp_path):
    assert_change_is_reported(tmp_path, old, new, place, words)

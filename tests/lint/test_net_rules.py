"""Rules for [net]: each on a small cfg that breaks it."""

import pytest

from tests.lint.cfgs import CLASSIFIER, HEADS, NET, assert_change_is_reported, check, described

# What is replaced in a sound cfg, by what, and what is then found: severity, line, words.
RULES = [
    (
        "subdivisions=2",
        "subdivisions=3",
        "warning:3",
        "trains with 3 pictures at a time, not 4",
    ),
    (
        "subdivisions=2",
        "subdivisions=8",
        "error:3",
        "has no pictures in Darknet.*write subdivisions=4",
    ),
    ("learning_rate=0.001", "learning_rate=0", "warning:7", "nothing is learned"),
    ("learning_rate=0.001", "learning_rate=10", "warning:7", "very large"),
    ("max_batches=6000", "max_batches=0", "warning:8", "nothing is trained"),
    ("max_batches=6000\n", "", "note:1", "has no max_batches"),
    ("max_batches=6000", "max_batches=5600", "", None),
    ("max_batches=6000", "max_batches=3999\nseen=1", "note:8", "4000 for 2 classes, got 3999"),
    ("max_batches=6000", "max_batches=5000", "warning:11", "after the end.*5400.*4000,4500"),
    ("burn_in=100", "burn_in=6000", "warning:9", "ends before burn_in"),
    ("4800,5400", "5400,4800", "warning:11", "steps do not increase"),
    ("scales=.1,.1", "scales=.1,.1,.1", "warning:12", "more scales than steps"),
    ("scales=.1,.1", "scales=1e38,1e38", "error:1", "rate of iteration 5400 cannot be used"),
    ("burn_in=100", "cutmix=1", "error:9", "cutmix is for classifiers"),
    ("burn_in=100", "mosaic=1\nletter_box=1", "error:10", "mosaic and letter_box"),
    ("channels=3", "channels=6", "error:6", "cannot be a picture.*channels=6; write channels=3"),
    ("burn_in=100", "mixup=7", "error:1", "mixup is out of its bounds"),
    (
        "batch=4",
        "batch=1\ncontrastive=1",
        "error:1",
        "should be higher than 1 for Contrastive",
    ),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), RULES)
def test_each_rule_reports_what_breaks_it(old, new, place, words, tmp_path):
    assert_change_is_reported(tmp_path, old, new, place, words)


def test_sizes_that_a_stride_above_32_does_not_divide_are_reported(tmp_path):
    text = (NET + HEADS).replace("stride=32", "stride=64").replace("width=64", "width=96")
    text = text.replace("classes=2", "classes=2\nrandom=1")
    found = described(check(tmp_path, text))
    assert any("warning::4: " in item and "write width=128" in item for item in found), found
    assert any("expected resize_step=64" in item for item in found), found


def test_a_classifier_may_train_without_end_unless_policy_is_poly(tmp_path):
    (found,) = described(check(tmp_path, CLASSIFIER))
    assert found.startswith("note::5: ")
    (found,) = described(check(tmp_path, CLASSIFIER.replace("max_b", "policy=poly\nmax_b")))
    assert found.startswith("warning::6: ")
    assert "policy=poly divides by it" in found

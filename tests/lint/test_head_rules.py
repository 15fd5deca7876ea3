"""Rules for detection heads: each on a small cfg that breaks it."""

import pytest

from tests.lint.cfgs import HEADS, NET, assert_change_is_reported, check, described

# What is replaced in a sound cfg, by what, and what is then found: severity, line, words.
RULES = [
    ("classes=2", "classes=2\nrandom=1", "warning:17", "random has no effect.*got random=1"),
    ("mask=2,3", "mask=2,2", "warning:17", "names an anchor twice: 2"),
    ("mask=2,3", "mask=2,1", "note:17", "several heads use anchor 1"),
    ("mask=2,3", "mask=2,1", "note:17", "no head uses anchor 3"),
    ("50,60", "55,60", "warning:29", "different anchors than the first head"),
    ("activation=linear", "activation=leaky", "warning:13", "expected activation=linear"),
    (
        "activation=linear",
        "batch_normalize=1\nactivation=linear",
        "warning:13",
        "normalises what",
    ),
    ("classes=2", "classes=2\nnew_coords=1", "warning:13", "activation=logistic"),
    ("classes=2", "classes=2\nmap=no.map", "error:17", "file of map=no.map does not exist"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), RULES)
def test_each_rule_reports_what_breaks_it(old, new, place, words, tmp_path):
    assert_change_is_reported(tmp_path, old, new, place, words)


def test_heads_with_different_numbers_of_classes_are_reported(tmp_path):
    text = NET + HEADS.replace("filters=14\nstride", "filters=16\nstride").replace(
        "classes=2", "classes=3", 1
    )
    (found,) = described(check(tmp_path, text))
    assert found.startswith("error::17: ")
    assert "write classes=2 and filters=14 before it" in found


def test_swapped_masks_are_reported(tmp_path):
    text = HEADS.replace("2,3", "x").replace("0,1", "2,3").replace("x", "0,1")
    (found,) = described(check(tmp_path, NET + text))
    assert "[yolo] has stride 16 and larger anchors than the head with stride 32" in found

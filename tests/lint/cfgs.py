"""Small cfgs for the tests of the rules, and how their findings are compared."""

import re

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.lint.cfg import lint_cfg
from darknet_torch.lint.finding import Severity

NET = """[net]
batch=4
subdivisions=2
width=64
height=64
channels=3
learning_rate=0.001
max_batches=6000
burn_in=100
policy=steps
steps=4800,5400
scales=.1,.1
"""
HEADS = """[convolutional]
filters=14
stride=32
activation=linear
[yolo]
mask=2,3
classes=2
num=4
anchors=1,2, 3,4, 50,60, 70,80
[route]
layers=0
[upsample]
stride=2
[convolutional]
filters=14
activation=linear
[yolo]
mask=0,1
classes=2
num=4
anchors=1,2, 3,4, 50,60, 70,80
"""
CLASSIFIER = """[net]
width=8
height=8
channels=3
max_batches=0
[connected]
output=3
activation=linear
[softmax]
"""

# What `dtorch check` reports of the shipped definitions; docs/custom-models.md gives the reasons.
_RANDOM = r"\[yolo\] random has no effect"
_MOSAIC = "mosaic and letter_box together"
KNOWN_FINDINGS = {
    "yolov4": [_RANDOM, _RANDOM],
    "yolov4-custom": [_RANDOM, _RANDOM],
    "yolov4-csp": [_MOSAIC],
    "yolov4-p5": [_MOSAIC],
    "yolov4x-mish": [_MOSAIC],
    "resnet18": [r"\[shortcut\] adds a layer of another height"],
    "resnet50": [r"\[shortcut\] adds a layer of another height"],
}


def check(folder, text, dialect=ALEXEYAB):
    """Check the text of a cfg."""
    path = folder / "x.cfg"
    path.write_text(text)
    return lint_cfg(path, dialect)


def described(checked):
    """``severity::line: text`` of each finding, but for the keys that pjreddie's code ignores."""
    return [
        f"{item.severity.value}:{item.where.rpartition('x.cfg')[2]}: {item}"
        for item in checked.findings
        if "pjreddie/darknet ignores" not in item.what
    ]


def assert_change_is_reported(folder, old, new, place, words):
    """Replace `old` in a sound cfg and look for one finding.

    Args:
        place: ``severity:line`` of the finding.
        words: a pattern that it matches; None if there must not be any finding.
    """
    text = (NET + HEADS).replace(old, new, 1)
    assert text != NET + HEADS
    found = described(check(folder, text))
    if words is None:
        assert found == []
        return
    severity, _, line = place.partition(":")
    candidates = [item for item in found if item.startswith(f"{severity}::{line}: ")]
    assert any(re.search(words, item) for item in candidates), found


def problems(findings):
    """The findings that are errors or warnings."""
    return [item for item in findings if item.severity is not Severity.NOTE]

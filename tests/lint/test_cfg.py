"""Checking cfgs: each rule on a small cfg that breaks it, and none on the shipped ones."""

import re

import pytest

from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE
from darknet_torch.cfg.zoo import shipped
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


def check(folder, text, dialect=ALEXEYAB):
    path = folder / "x.cfg"
    path.write_text(text)
    return lint_cfg(path, dialect)


def told(checked):
    """Severity, line and text of the findings that are no notes on the other code base."""
    return [
        f"{item.severity.value}:{item.where.rpartition('x.cfg')[2]}: {item}"
        for item in checked.findings
        if "pjreddie/darknet ignores" not in item.what
    ]


def test_a_sound_cfg_has_no_findings(tmp_path):
    checked = check(tmp_path, NET + HEADS)
    assert checked.findings == []
    assert len(checked.network.heads) == 2


# What is replaced, by what, and what is then found: severity, line, words.
RULES = [
    # [net]
    ("subdivisions=2", "subdivisions=3", "warning:3", "trains with 3 pictures at a time, not 4"),
    ("subdivisions=2", "subdivisions=8", "error:3", "of no pictures.*write subdivisions=4"),
    ("learning_rate=0.001", "learning_rate=0", "warning:7", "nothing is learned"),
    ("learning_rate=0.001", "learning_rate=10", "warning:7", "very large"),
    ("max_batches=6000", "max_batches=0", "warning:8", "nothing is trained"),
    ("max_batches=6000\n", "", "note:1", "says no max_batches"),
    ("max_batches=6000", "max_batches=5600", "", None),
    ("max_batches=6000", "max_batches=3999\nseen=1", "note:8", "4000 for 2 classes, got 3999"),
    ("max_batches=6000", "max_batches=5000", "warning:11", "behind the end.*5400.*4000,4500"),
    ("burn_in=100", "burn_in=6000", "warning:9", "ends before burn_in"),
    ("4800,5400", "5400,4800", "warning:11", "steps do not rise"),
    ("scales=.1,.1", "scales=.1,.1,.1", "warning:12", "more scales than steps"),
    ("steps=4800,5400\nscales=.1,.1\n", "", "error:1", "policy=steps needs steps="),
    ("policy=steps", "policy=constant", "note:11", "steps has no effect without policy=steps"),
    ("burn_in=100", "burn_in=0\npower=2", "note:10", "power has no effect without burn_in"),
    ("burn_in=100", "B1=.5", "note:9", "B1 has no effect without adam=1"),
    ("burn_in=100", "cutmix=1", "error:9", "cutmix is for classifiers"),
    ("burn_in=100", "mosaic=1\nletter_box=1", "error:10", "mosaic and letter_box"),
    ("burn_in=100", "mixup=7", "error:1", "mixup is out of its bounds"),
    ("batch=4", "batch=1\ncontrastive=1", "error:1", "should be higher than 1 for Contrastive"),
    ("burn_in=100", "momentum=1.5", "warning:9", r"momentum makes no sense.*expected 0\.\.1"),
    ("width=64", "width=72", "warning:1", "divisible by 32"),
    ("burn_in=100", "burnin=100", "warning:9", "unknown key 'burnin'.*did you mean 'burn_in'"),
    ("batch=4", "batch=many", "error:2", "'batch' is not an integer"),
    # heads
    ("classes=2", "classes=3", "error:17", "needs filters=16.*set filters=16 at .*x.cfg:13"),
    ("filters=14\nactivation", "filters=15\nactivation", "error:29", "needs filters=14"),
    ("classes=2", "classes=2\nrandom=1", "warning:17", "random does not count.*got random=1"),
    ("mask=2,3", "mask=2,2", "warning:17", "names an anchor twice: 2"),
    ("mask=2,3", "mask=2,1", "note:17", "several heads have anchor 1"),
    ("mask=2,3", "mask=2,1", "note:17", "no head has anchor 3"),
    ("mask=2,3", "mask=2,9", "warning:17", "mask= names an anchor beyond num=4"),
    ("50,60", "55,60", "warning:29", "other anchors than the first head"),
    ("70,80\n", "70\n", "warning:17", "anchors do not fit num=4"),
    ("activation=linear", "activation=leaky", "warning:13", "expected activation=linear"),
    ("activation=linear", "batch_normalize=1\nactivation=linear", "warning:13", "normalises what"),
    ("classes=2", "classes=2\nnew_coords=1", "warning:13", "activation=logistic"),
    ("classes=2", "classes=2\nignore_thresh=7", "warning:20", "ignore_thresh makes no sense"),
    ("classes=2", "classes=2\ntruth_thresh=.2", "warning:17", "below ignore_thresh"),
    ("classes=2", "classes=2\nbeta_nms=.9", "note:20", "no effect without nms_kind=diounms"),
    ("classes=2", "classes=2\niou_thresh_kind=giou", "note:20", "without iou_thresh below 1"),
    ("classes=2", "classes=2\nmap=no.map", "error:17", "map=no.map is not there"),
    ("classes=2", "classes=2\ncounters_per_class=1", "error:17", "counters_per_class does not"),
    # layers
    ("stride=32", "stride=32\npad=1\npadding=3", "note:17", "padding has no effect without pad=0"),
    ("stride=32", "stride=32\ndilation=2", "note:16", "dilation has no effect without size above"),
    ("stride=32", "stride=32\nstep=3", "warning:16", "unknown key 'step'"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), RULES)
def test_each_rule_finds_what_breaks_it(old, new, place, words, tmp_path):
    text = (NET + HEADS).replace(old, new, 1)
    assert text != NET + HEADS
    found = told(check(tmp_path, text))
    if words is None:
        assert found == []
    else:
        severity, _, line = place.partition(":")
        wanted = [item for item in found if item.startswith(f"{severity}::{line}: ")]
        assert any(re.search(words, item) for item in wanted), found


def test_classes_of_other_heads(tmp_path):
    text = NET + HEADS.replace("filters=14\nstride", "filters=16\nstride").replace(
        "classes=2", "classes=3", 1
    )
    (found,) = told(check(tmp_path, text))
    assert found.startswith("error::17: ")
    assert "write classes=2 and filters=14 before it" in found


def test_exchanged_masks(tmp_path):
    text = HEADS.replace("2,3", "x").replace("0,1", "2,3").replace("x", "0,1")
    (found,) = told(check(tmp_path, NET + text))
    assert "[yolo] has stride 16 and larger anchors than the head with stride 32" in found


def test_all_heads_are_looked_at(tmp_path):
    found = told(check(tmp_path, NET + HEADS.replace("filters=14", "filters=15")))
    assert [item.partition(" ")[0] for item in found] == ["error::17:", "error::29:"]


def test_a_layer_that_does_not_fit_hides_no_other_section(tmp_path):
    text = NET + HEADS.replace("layers=0", "layers=9").replace("stride=2", "stride=two")
    text = text.replace("classes=2", "classes=2\nclases=2", 1)
    places = [item.partition(" ")[0] for item in told(check(tmp_path, text))]
    assert places == ["warning::20:", "error::23:", "error::26:"]


def test_a_stride_above_32(tmp_path):
    text = (NET + HEADS).replace("stride=32", "stride=64").replace("width=64", "width=96")
    text = text.replace("classes=2", "classes=2\nrandom=1")
    found = told(check(tmp_path, text))
    assert any("warning::4: " in item and "write width=128" in item for item in found), found
    assert any("expected resize_step=64" in item for item in found), found


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


def test_a_classifier_without_an_end(tmp_path):
    (found,) = told(check(tmp_path, CLASSIFIER))
    assert found.startswith("note::5: ")
    (found,) = told(check(tmp_path, CLASSIFIER.replace("max_b", "policy=poly\nmax_b")))
    assert found.startswith("warning::6: ")
    assert "policy=poly divides by it" in found


def test_what_is_no_cfg_is_one_finding(tmp_path):
    checked = check(tmp_path, "<html>")
    assert [item.severity for item in checked.findings] == [Severity.ERROR]
    assert checked.network is None


def test_an_unknown_section(tmp_path):
    found = told(check(tmp_path, NET + "[convolutionl]\n"))
    assert "did you mean [convolutional]?" in found[-1]


def test_what_the_other_code_base_makes_of_it(tmp_path):
    checked = check(tmp_path, NET + HEADS.replace("mask=2,3", "mask=2,3\nscale_x_y=1.1"))
    (finding,) = checked.findings
    assert finding.what == "pjreddie/darknet ignores keys that it does not know: scale_x_y"
    checked = check(tmp_path, NET + HEADS.replace("mask=2,3", "mask=2,3\nscale_x_y=1.1"), PJREDDIE)
    assert "is an option of alexeyab/darknet" in checked.findings[0].what


def test_a_cfg_for_the_other_code_base(tmp_path):
    text = "[conv]\nfilters=4\nstride=2\n[conv]\nfilters=4\nstride=2\n[shortcut]\nfrom=0\n"
    checked = check(tmp_path, NET + text)
    assert checked.findings[0].what == "pjreddie/darknet can load this"
    assert checked.findings[0].fix == "say --dialect pjreddie"
    checked = check(tmp_path, NET + text, PJREDDIE)
    assert "alexeyab/darknet cannot load this" in str(checked.findings[0])


# docs/custom-models.md says why.
_RANDOM = r"\[yolo\] random does not count"
_MOSAIC = "mosaic and letter_box together"
KNOWN = {
    "yolov4": [_RANDOM, _RANDOM],
    "yolov4-custom": [_RANDOM, _RANDOM],
    "yolov4-csp": [_MOSAIC],
    "yolov4-p5": [_MOSAIC],
    "yolov4x-mish": [_MOSAIC],
    "resnet18": [r"\[shortcut\] adds a layer of another height"],
    "resnet50": [r"\[shortcut\] adds a layer of another height"],
}


@pytest.mark.parametrize("name", shipped(".cfg"))
def test_the_shipped_definitions_have_only_the_known_faults(name):
    checked = lint_cfg(shipped(".cfg")[name])
    faults = [str(item) for item in checked.findings if item.severity is not Severity.NOTE]
    assert len(faults) == len(KNOWN.get(name, []))
    for fault, words in zip(faults, KNOWN.get(name, []), strict=True):
        assert re.search(words, fault)

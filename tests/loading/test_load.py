"""The names of classes that `load` finds, and their use without further words."""

import shutil
from pathlib import Path

import pytest

from darknet_torch import Classifier, Detector, convert, load
from darknet_torch.errors import CfgWarning
from tests.toy.files import CFG, WEIGHTS

NAMES = ("circle", "square", "triangle")
DETECTOR = """[net]
width=32
height=32
channels=3
[convolutional]
filters=85
size=1
stride=1
[yolo]
classes=80
num=1
anchors=8,8
"""
CLASSIFIER = "[net]\nwidth=4\nheight=4\nchannels=3\n[connected]\noutput={}\n[softmax]\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with the toy's cfg and weights, and no names."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(CFG, "toy.cfg")
    shutil.copy(WEIGHTS, "toy_best.weights")


def write_names(*names, file="toy.names"):
    Path(file).write_text("".join(f"{name}\n" for name in names))


@pytest.mark.parametrize(
    "files", [("toy.cfg",), ("toy.cfg", "toy_best.weights"), ("toy_best.weights",)]
)
def test_a_detector_takes_the_names_next_to_the_model(files):
    write_names(*NAMES)
    network = load(*files)
    assert network.names == NAMES
    assert Detector(network).names == NAMES


def test_names_inside_a_file_come_before_those_next_to_it():
    convert("toy_best.weights", "x.pt", names=list(NAMES))
    write_names("a", "b", "c", file="x.names")
    assert load("x.pt").names == NAMES
    convert("toy_best.weights", "y.pt")
    write_names("a", "b", "c", file="y.names")
    assert load("y.pt").names == ("a", "b", "c")


def test_given_names_are_taken_instead_and_an_empty_list_takes_none():
    write_names(*NAMES)
    network = load("toy_best.weights")
    assert Detector(network, names=["a", "b", "c"]).names == ("a", "b", "c")
    assert Detector(network, names=[]).names == ()


def test_without_a_file_classes_have_no_names():
    assert load("toy_best.weights").names == ()


def test_names_that_do_not_fit_are_reported_and_not_taken():
    write_names("circle", "square")
    with pytest.warns(CfgWarning) as caught:
        network = load("toy_best.weights")
    assert str(caught[0].message) == (
        "toy.names: no names of the classes are taken: the names do not fit the network: expected "
        "3 names, as the network has classes, got 2 names; pass the right ones: "
        "Detector(network, names=...)"
    )
    assert Detector(network).names == ()


def test_of_two_files_that_fit_none_is_guessed():
    write_names(*NAMES)
    write_names("a", "b", "c", file="toy_best.names")
    with pytest.warns(CfgWarning, match="several names files"):
        assert load("toy_best.weights").names == ()


def test_80_classes_of_a_detector_are_those_of_coco():
    Path("coco.cfg").write_text(DETECTOR)
    assert load("coco.cfg").names[:2] == ("person", "bicycle")


def test_a_classifier_takes_a_file_of_more_names_but_no_list_by_its_number_of_outputs():
    Path("x.cfg").write_text(CLASSIFIER.format(20))
    assert load("x.cfg").names == ()
    write_names(*range(25), file="x.names")
    assert Classifier(load("x.cfg")).names[:2] == ("0", "1")

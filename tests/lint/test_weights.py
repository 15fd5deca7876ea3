"""Checking weight files."""

import re
import struct

import numpy as np
import pytest

from darknet_torch import convert
from darknet_torch.cfg.dialect import PJREDDIE
from darknet_torch.lint.cfg import lint_cfg
from darknet_torch.lint.finding import Severity
from darknet_torch.lint.weights import lint_weights
from darknet_torch.loading.load import load
from darknet_torch.model.network import WeightsHeader
from darknet_torch.model.weights import write_weights

CFG = """[net]
width=32
height=32
channels=3
batch=4
max_batches=100
[convolutional]
batch_normalize=1
filters=2
size=1
activation=linear
[convolutional]
filters=7
size=1
activation=linear
[yolo]
classes=2
num=1
anchors=1,2
"""


@pytest.fixture
def model(tmp_path):
    """A cfg, and a function that writes weights for it, changed by what it is given."""
    cfg = tmp_path / "x.cfg"
    cfg.write_text(CFG)

    def write(change=lambda network: None, name="x.weights", **options):
        network = load(cfg)
        change(network)
        path = tmp_path / name
        write_weights(network, path, **options)
        return path

    return cfg, write


def found(path, cfg, **options):
    return lint_weights(path, lint_cfg(cfg, **options))


def one(findings, severity, words):
    """The one finding of a severity, which must say `words`."""
    (finding,) = [item for item in findings if item.severity is severity]
    assert re.search(words, str(finding)), finding
    return finding


def test_sound_weights_only_get_a_note_of_the_pictures_seen(model):
    cfg, write = model

    def train(network):
        network.header = WeightsHeader(0, 2, 5, 80)

    finding = one(found(write(train), cfg), Severity.NOTE, "has seen 80 pictures, 20 batches of 4")
    assert finding.where.endswith("x.weights")


def test_a_training_that_would_stop_at_once_is_noted(model):
    cfg, write = model

    def train(network):
        network.header = WeightsHeader(0, 2, 5, 400)

    notes = found(write(train), cfg)
    assert [item.severity for item in notes] == [Severity.NOTE] * 2
    assert "stop at once" in str(notes[1])
    assert "-clear" in notes[1].fix


def _nan(network):
    network.layers[0].arrays.weights.data[1, 0] = np.nan


def _negative(network):
    network.layers[0].arrays.normalization.rolling_variance[1] = -2


def _huge(network):
    network.layers[1].arrays.biases.data[3] = 1e9


def _zero(network):
    network.layers[1].arrays.weights.data.zero_()


@pytest.mark.parametrize(
    ("change", "severity", "words"),
    [
        (
            _nan,
            Severity.ERROR,
            r"weights of layer 0 \[convolutional\] \(.*x\.cfg:7\) are not finite: "
            "expected 6 numbers, got 1 that",
        ),
        (_negative, Severity.ERROR, "rolling_variance of layer 0 .*negative.*got -2;"),
        (_huge, Severity.WARNING, "biases of layer 1 .*very large"),
        (_zero, Severity.WARNING, "weights of layer 1 .*all 0.*got 14 zeros"),
    ],
)
def test_implausible_values_are_reported(change, severity, words, model):
    cfg, write = model
    findings = found(write(change), cfg)
    one(findings, severity, words)
    assert len([item for item in findings if item.severity is not Severity.NOTE]) == 1


@pytest.mark.parametrize(
    ("name", "severity"), [("x.weights", Severity.WARNING), ("x.conv.1", Severity.NOTE)]
)
def test_a_partial_file_is_a_warning_unless_its_name_says_so(name, severity, model):
    cfg, write = model
    findings = found(write(name=name, cutoff=1), cfg)
    assert findings[0].severity is severity
    assert "holds 1 of 3 layers, up to layer 0 [convolutional]" in findings[0].what


def test_a_file_for_another_number_of_classes_is_explained(model, tmp_path):
    cfg, write = model
    path = write()
    cfg.write_text(CFG.replace("classes=2", "classes=4").replace("filters=7", "filters=9"))
    one(
        found(path, cfg), Severity.ERROR, "ends inside layer 1 .*probably 2 classes in the file, 4"
    )


def test_leftover_bytes_are_an_error(model):
    cfg, write = model
    path = write()
    path.write_bytes(path.read_bytes() + b"\0" * 4)
    one(found(path, cfg), Severity.ERROR, "has 4 bytes left over")


def test_a_file_for_the_other_dialect_is_recognised(tmp_path):
    cfg = tmp_path / "x.cfg"
    cfg.write_text(CFG.replace("[yolo]", "[batchnorm]\n[yolo]"))
    write_weights(load(cfg, dialect="pjreddie"), tmp_path / "x.weights")
    findings = found(tmp_path / "x.weights", cfg)
    one(findings, Severity.ERROR, "ends inside layer 2")
    assert "use --dialect pjreddie" in str(findings[-1])
    findings = found(tmp_path / "x.weights", cfg, dialect=PJREDDIE)
    assert all(item.severity is Severity.NOTE for item in findings)


def test_a_file_that_is_not_a_weight_file_is_an_error(tmp_path, model):
    cfg, _ = model
    path = tmp_path / "x.weights"
    path.write_text("<!DOCTYPE html> " + "x" * 100)
    one(found(path, cfg), Severity.ERROR, "a web page")
    path.write_bytes(b"")
    one(found(path, cfg), Severity.ERROR, "is empty")


def test_an_unknown_version_is_a_warning(tmp_path):
    path = tmp_path / "x.weights"
    path.write_bytes(struct.pack("<3iQ", 7, 7, 7, 0))
    findings = lint_weights(path, None)
    one(findings, Severity.WARNING, r"expected 0\.1\.0 or 0\.2\.0 or 0\.2\.5, got 7\.7\.7")
    one(findings, Severity.NOTE, "only the header is checked, since no cfg was given")


def test_transposed_matrices_are_noted(tmp_path):
    path = tmp_path / "x.weights"
    path.write_bytes(struct.pack("<3iQ", 0, 1001, 0, 0))
    assert "transposed" in str(lint_weights(path, None)[0])


def test_only_the_header_is_checked_if_the_cfg_cannot_be_built(model):
    cfg, write = model
    path = write()
    cfg.write_text(CFG.replace("filters=7", "filters=8"))
    one(
        found(path, cfg),
        Severity.NOTE,
        "only the header is checked, since the cfg cannot be",
    )


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_file_that_contains_its_cfg_is_checked_without_one(model, tmp_path, suffix):
    def broken(network):
        network.layers[0].weight_slots()[0].tensor.data[0] = float("nan")

    cfg, write = model
    path = tmp_path / f"x{suffix}"
    convert(write(broken), path, cfg=cfg)
    for given in (None, lint_cfg(cfg)):
        one(lint_weights(path, given), Severity.ERROR, "biases of layer 0 .* are not finite")
    other = tmp_path / "other.cfg"
    other.write_text(CFG.replace("filters=2", "filters=3"))
    one(found(path, other), Severity.ERROR, "do not fit the cfg")
    other.write_text(CFG.replace("filters=7", "filters=8"))
    one(found(path, other), Severity.NOTE, "is not checked, since the cfg cannot be built")

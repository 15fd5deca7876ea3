"""`convert` to graphs: what is checked and kept with them, and what is refused."""

import json
import sys

import pytest
import torch

from darknet_torch.conversion.convert import convert
from darknet_torch.errors import UsageError, WeightsError
from darknet_torch.export.graphs import GraphOptions
from darknet_torch.loading.model import METADATA_KEY, decode_cfg
from darknet_torch.model.network import Network
from tests.conversion.small_models import DETECTOR, NET, write_model

LAST = "[convolutional]\nfilters=2\nactivation=linear\n"
ODD = NET.replace("32", "29") + "[convolutional]\nfilters=8\n[reorg]\nstride=2\n"


def test_a_folded_graph_is_compared_with_the_unfolded_network(tmp_path, monkeypatch):
    _, weights = write_model(tmp_path)
    right = Network.fold_normalization

    def wrong(network):
        right(network)
        with torch.no_grad():
            network.layers[0].arrays.weights.mul_(2)

    monkeypatch.setattr(Network, "fold_normalization", wrong)
    with pytest.raises(WeightsError, match="was not written: it would differ from its source"):
        convert(weights, tmp_path / "a.torchscript", graph=GraphOptions(fold=True))
    assert not (tmp_path / "a.torchscript").exists()


def test_a_partial_file_is_refused(tmp_path):
    _, weights = write_model(tmp_path, cutoff=1)
    with pytest.raises(WeightsError) as caught:
        convert(weights, tmp_path / "a.onnx")
    assert str(caught.value) == (
        f"{weights}: is a partial file, and a graph needs every layer: expected all 3 layers, "
        "got nothing for layer 1 [convolutional] and the layers after it"
    )


def test_an_opset_that_onnx_does_not_know_is_refused(tmp_path):
    cfg, weights = write_model(tmp_path, NET + LAST)
    with pytest.raises(UsageError, match=r"cannot write that opset.* got --opset 99"):
        convert(weights, tmp_path / "a.onnx", graph=GraphOptions(opset=99))
    assert {*tmp_path.iterdir()} == {cfg, weights}


@pytest.mark.parametrize(
    ("suffix", "graph", "message"),
    [
        ("pt2", GraphOptions(opset=20), "--opset is for .onnx"),
        ("onnx", GraphOptions(threshold=0.3), "apply only together with --nms"),
        ("onnx", GraphOptions("boxes", nms_threshold=0.3), "apply only together with --nms"),
    ],
)
def test_options_that_would_have_no_effect_are_refused(suffix, graph, message, tmp_path):
    _, weights = write_model(tmp_path)
    with pytest.raises(UsageError, match=message):
        convert(weights, tmp_path / f"a.{suffix}", graph=graph)


def test_a_size_that_a_layer_computes_with_is_fixed_and_reported(tmp_path):
    """A [reorg] whose stride does not divide its input computes a table of indices from it."""
    _, weights = write_model(tmp_path, ODD)
    with pytest.warns(match="values are lost"):
        report = convert(weights, tmp_path / "a.torchscript")
    assert "height and width are fixed, because a layer computes with them" in report.notes
    assert len(report.differences) == 2


@pytest.mark.long
def test_without_boxes_at_its_threshold_a_graph_is_compared_at_a_lower_one(tmp_path):
    _, weights = write_model(tmp_path, DETECTOR)
    graph = GraphOptions("detections", threshold=1.0)
    report = convert(weights, tmp_path / "a.pt2", graph=graph)
    assert all(one.values and " at threshold 0." in one.what for one in report.differences)
    assert report.worst < 1e-4  # the default tolerance


def test_suppression_in_a_graph_is_checked_at_two_batches_and_two_sizes(tmp_path):
    _, weights = write_model(tmp_path)
    options = GraphOptions("detections", threshold=0.1)
    report = convert(weights, tmp_path / "a.pt2", graph=options)
    assert report.worst < 1e-4  # the default tolerance
    assert [one.what for one in report.differences] == ["1 x 32x32", "3 x 32x32", "1 x 64x64"]
    assert all(one.values for one in report.differences)
    assert report.notes[0] == "returns detections"


def test_the_cfg_and_the_names_are_kept_in_the_file(tmp_path):
    cfg, weights = write_model(tmp_path)
    cfg.write_bytes(DETECTOR.encode() + b"# \xe4\xff\r\n")
    path = tmp_path / "a.pt2"
    convert(weights, path, names=["cat", "dög"])
    files = {METADATA_KEY: ""}
    with path.open("rb") as file:
        torch.export.load(file, extra_files=files)
    metadata = json.loads(files[METADATA_KEY])
    assert metadata["cfg"] == decode_cfg(cfg.read_bytes())
    assert metadata["names"] == ["cat", "dög"]


def test_torchscript_with_suppression_is_refused_and_not_written(tmp_path):
    _, weights = write_model(tmp_path)
    with pytest.raises(UsageError, match="TorchScript cannot contain non-maximum suppression"):
        convert(weights, tmp_path / "a.ts", graph=GraphOptions("detections"))
    assert not (tmp_path / "a.ts").exists()


@pytest.mark.parametrize("missing", ["onnx", "onnxscript"])
def test_without_a_package_that_onnx_needs_nothing_is_written(missing, monkeypatch, tmp_path):
    _, weights = write_model(tmp_path)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UsageError, match=rf"package {missing}, .*pip install onnx "):
        convert(weights, tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()

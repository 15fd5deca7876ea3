"""Graphs that are not written, or not as wide as they might be."""

import pytest
import torch

from darknet_torch.conversion.convert import convert
from darknet_torch.errors import UsageError, WeightsError
from darknet_torch.export.graphs import GraphOptions
from darknet_torch.model.network import Network
from tests.conversion.models import DETECTOR, NET, TOY_CFG, TOY_WEIGHTS, model_in

ODD = NET.replace("32", "29") + "[convolutional]\nfilters=8\n[reorg]\nstride=2\n"


def test_folding_is_compared_with_the_network_as_it_was(tmp_path, monkeypatch):
    _, weights = model_in(tmp_path)
    right = Network.fold_normalization

    def wrong(network):
        right(network)
        with torch.no_grad():
            network.layers[0].arrays.weights.mul_(2)

    monkeypatch.setattr(Network, "fold_normalization", wrong)
    with pytest.raises(WeightsError, match="would not be equal to its source"):
        convert(weights, tmp_path / "a.torchscript", graph=GraphOptions(fold=True))
    assert not (tmp_path / "a.torchscript").exists()


def test_a_partial_file_makes_no_graph(tmp_path):
    _, weights = model_in(tmp_path, cutoff=1)
    with pytest.raises(WeightsError) as caught:
        convert(weights, tmp_path / "a.onnx")
    assert str(caught.value) == (
        f"{weights}: is a partial file, and a graph needs every layer: expected all 3 layers, "
        "got nothing for layer 1 [convolutional] and those behind it"
    )


def test_an_opset_that_onnx_does_not_know_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"cannot write that opset.* got --opset 99"):
        convert(TOY_WEIGHTS, tmp_path / "a.onnx", cfg=TOY_CFG, graph=GraphOptions(opset=99))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("suffix", "graph", "message"),
    [
        ("pt2", GraphOptions(opset=20), "--opset is for .onnx"),
        ("onnx", GraphOptions(threshold=0.3), "are of the boxes that --nms chooses"),
        ("onnx", GraphOptions("boxes", nms_threshold=0.3), "are of the boxes that --nms"),
    ],
)
def test_options_without_effect_are_refused(suffix, graph, message, tmp_path):
    _, weights = model_in(tmp_path)
    with pytest.raises(UsageError, match=message):
        convert(weights, tmp_path / f"a.{suffix}", graph=graph)


def test_sizes_that_a_layer_computes_with_are_fixed(tmp_path):
    """Values are lost where stride does not divide the sizes: a table of them is made."""
    _, weights = model_in(tmp_path, ODD)
    with pytest.warns(match="values are lost"):
        report = convert(weights, tmp_path / "a.torchscript")
    assert "its height and width are fixed: a layer computes with them" in report.notes
    assert len(report.differences) == 2


def test_a_check_of_no_boxes_says_so(tmp_path):
    _, weights = model_in(tmp_path, DETECTOR)
    graph = GraphOptions("detections", threshold=1.0)
    report = convert(weights, tmp_path / "a.pt2", graph=graph)
    assert "nothing was compared: no boxes in the random pictures" in report.lines()

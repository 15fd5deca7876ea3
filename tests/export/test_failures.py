"""Errors of PyTorch's exporters name the layer that cannot be exported."""

import pytest

from darknet_torch.errors import CfgError
from darknet_torch.export import failures
from darknet_torch.export.failures import first_line, naming_the_layer
from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.export.torch_export import export_program
from tests.conversion.small_models import DETECTOR, trained_network


def test_a_layer_that_pytorch_cannot_export_is_named(monkeypatch):
    network = trained_network(DETECTOR)

    def depends_on_values(x):
        return x if x.sum().item() > 0 else -x

    monkeypatch.setattr(network.layers[1], "activation", depends_on_values)
    expected = r"^small\.cfg:12: \[convolutional\] layer 1 cannot be exported: got .+$"
    with pytest.raises(CfgError, match=expected):
        export_program(Graph(network, GraphOptions()), {})


@pytest.mark.parametrize(
    ("outputs", "index", "message"),
    [
        (
            "boxes",
            3,
            r"small\.cfg:15: \[yolo\] the boxes of layer 2 cannot be exported: got why; leave",
        ),
        (
            "boxes",
            None,
            r"small\.cfg:1: PyTorch cannot export this network: got mine; give another",
        ),
        ("raw", 3, r"small\.cfg:1: PyTorch cannot export this network"),
    ],
)
def test_what_comes_after_the_layers_is_named_too(outputs, index, message, monkeypatch):
    tried = []

    def export(module, example, *, dynamic):
        module(*example)
        tried.append(module)
        return "why" if len(tried) - 1 == index else None

    monkeypatch.setattr(failures, "_try_export", export)
    graph = Graph(trained_network(DETECTOR), GraphOptions(outputs))
    with pytest.raises(CfgError, match=message), naming_the_layer(graph):
        raise NotImplementedError("mine")


def test_an_error_outside_pytorch_is_passed_on():
    graph = Graph(trained_network(DETECTOR), GraphOptions())
    with pytest.raises(KeyError), naming_the_layer(graph):
        raise KeyError("mine")


def test_the_first_line_is_that_of_the_root_cause():
    error = RuntimeError("outer")
    error.__cause__ = ValueError("\n  inner \nmore")
    assert first_line(error) == "inner"
    assert first_line(KeyboardInterrupt()) == "KeyboardInterrupt"

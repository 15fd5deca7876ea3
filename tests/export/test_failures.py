"""Errors of PyTorch's exporters name the layer that cannot be exported."""

import pytest

from darknet_torch.errors import CfgError
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


def test_an_error_outside_pytorch_is_passed_on():
    graph = Graph(trained_network(DETECTOR), GraphOptions())
    with pytest.raises(KeyError), naming_the_layer(graph):
        raise KeyError("mine")


def test_the_first_line_is_that_of_the_root_cause():
    error = RuntimeError("outer")
    error.__cause__ = ValueError("\n  inner \nmore")
    assert first_line(error) == "inner"
    assert first_line(KeyboardInterrupt()) == "KeyboardInterrupt"

"""A network as a graph: its outputs, its input sizes, and what cannot become one."""

import pytest
import torch

from darknet_torch.errors import CfgError
from darknet_torch.export.graphs import Graph, GraphOptions, find_second_size
from darknet_torch.export.tracing import dynamic_sizes
from tests.checkpoints.port_modules import CFG as TWO_HEADS
from tests.conversion.small_models import DETECTOR, NET, pictures, trained_network
from tests.export.cases import (
    HEADS,
    NMS_KINDS,
    NO_DETECTIONS,
    assert_close,
    assert_detections_of_batch,
    grey_input,
    raw_outputs,
    toy_graph,
)


class TestSecondSize:
    @pytest.mark.parametrize(
        ("width", "height", "second"),
        [(32, 32, (64, 64)), (416, 320, (160, 192)), (64, 32, (32, 32))],
    )
    def test_a_network_of_convolutions_accepts_one(self, width, height, second):
        assert find_second_size(trained_network(DETECTOR, width=width, height=height)) == second

    @pytest.mark.parametrize(
        "cfg", [HEADS["detection"], "[net]\ninputs=4\n[connected]\noutput=2\n"]
    )
    def test_a_network_with_connected_layers_accepts_none(self, cfg):
        assert find_second_size(trained_network(cfg)) is None

    def test_a_convolution_with_few_channels_does_not_fix_the_size(self):
        assert find_second_size(trained_network(TWO_HEADS)) == (64, 64)

    def test_a_graph_may_be_fixed_to_the_networks_own_size(self):
        graph = Graph(trained_network(DETECTOR), GraphOptions())
        assert graph.second_size == (64, 64)
        graph.fix_size()
        assert graph.second_size is None


@pytest.mark.parametrize("kind", NMS_KINDS, ids=["default", "greedynms", "diounms"])
def test_detections_equal_those_of_the_detector(kind, tmp_path):
    network, graph = toy_graph(tmp_path, kind)
    assert_detections_of_batch(network, graph)
    assert [list(part.shape) for part in graph(grey_input(network))] == NO_DETECTIONS


class TestRefusals:
    @pytest.mark.parametrize("section", ["rnn", "lstm", "gru"])
    def test_a_layer_with_a_state_is_named(self, section):
        cfg = f"[net]\ninputs=4\n[connected]\noutput=4\n[{section}]\noutput=2\n"
        expected = (
            rf"^small\.cfg:5: layer 1 \[{section}\] keeps a state between steps, which a graph "
            r"cannot hold; convert to \.pt or \.safetensors instead$"
        )
        with pytest.raises(CfgError, match=expected):
            Graph(trained_network(cfg), GraphOptions())

    @pytest.mark.parametrize("outputs", ["boxes", "detections"])
    def test_boxes_without_a_head_are_refused(self, outputs):
        expected = (
            r"^small\.cfg:5: there are no boxes: layer 0 \[convolutional\] is not a detection "
            "head; leave out --decode and --nms$"
        )
        with pytest.raises(CfgError, match=expected):
            Graph(trained_network(f"{NET}[convolutional]\nfilters=2\n"), GraphOptions(outputs))


def test_the_network_itself_is_not_folded():
    network = trained_network(DETECTOR)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    images = pictures(1, 3, 32, 32)
    expected = raw_outputs(network, images)
    graph = Graph(network, GraphOptions(fold=True))
    assert_close(graph(images), expected)
    assert len(graph.network.state_dict()) < len(before)
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


@pytest.mark.parametrize(("cells", "decides"), [(12, False), (13, True)])
def test_a_graph_of_one_size_holds_only_the_maxpool_blocks_of_its_width(cells, decides):
    """AlexeyAB's blocks of a window of 5 change the borders of maps wider than 12 alone."""
    cfg = f"{NET}[maxpool]\nsize=5\nstride=1\n"
    network = trained_network(cfg, width=cells, height=cells)
    graph = Graph(network, GraphOptions())
    graph.fix_size()
    images = pictures(2, 3, cells, cells)
    program = torch.export.export(graph, (images,), dynamic_shapes=(dynamic_sizes(graph),))
    assert ("aten.where" in str(program.graph)) == decides
    assert_close(program.module()(images), raw_outputs(network, images))

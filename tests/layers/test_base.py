"""What all layers share: references to other layers, and the defaults of a plain layer."""

import pytest
import torch

from darknet_torch.cfg.grammar import Location, parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.layers.base import BuildContext, ReceptiveWindow
from darknet_torch.model.network import build_network

WHERE = Location("some.cfg", 9)
CFG = (
    "[net]\nwidth=4\nheight=4\nchannels=2\n[convolutional]\nfilters=3\n[maxpool]\nsize=2\n[cost]\n"
)


def context(index=2):
    """The build context of the layer at `index` in a network of three layers."""
    network = build_network(parse_cfg(CFG))
    shape = network.layers[index - 1].output_shape if index else network.net.input_shape
    built = list(network.layers)[:index]
    return BuildContext(index, "toy", shape, built, network.net, network.dialect)


@pytest.mark.parametrize(("reference", "index"), [(0, 0), (1, 1), (-1, 1), (-2, 0)])
def test_references_are_absolute_or_relative_if_negative(reference, index):
    assert context().layer(reference, WHERE, "from").index == index


@pytest.mark.parametrize("reference", [2, 5, -3])
def test_a_reference_to_a_later_layer_or_none_is_refused(reference):
    message = rf"some.cfg:9: \[toy\] from={reference} means layer .*expected -2..-1 or 0..1"
    with pytest.raises(CfgError, match=message):
        context().layer(reference, WHERE, "from")


def test_the_first_layer_can_refer_to_no_other():
    with pytest.raises(CfgError, match="from=-1 means another layer, but this is the first"):
        context(index=0).layer(-1, WHERE, "from")


def test_the_nearest_layer_with_filters_may_be_further_back():
    assert context().nearest_layer_with_filters().section == "convolutional"
    assert context(index=0).nearest_layer_with_filters() is None


def test_no_tree_is_read_without_a_name():
    assert context().read_tree("", WHERE, classes=3) is None


def test_a_plain_layer_answers_with_defaults():
    layer = build_network(parse_cfg(CFG)).layers[2]
    assert layer.weight_slots() == []
    assert layer.buffer_shape == layer.output_shape == layer.input_shape
    assert layer.receptive_window == ReceptiveWindow(size=1, stride=1, dilation=1, upscale=1)
    assert layer.sources == (1,)
    assert layer.sources_with_overwritten_delta == ()
    assert not layer.loads_partially


def test_a_plain_layer_records_the_delta_at_its_output():
    layer = build_network(parse_cfg(CFG)).layers[1]
    recorded = []

    def record(x):
        recorded.append(x)
        return x

    out = layer.forward_recording_delta(torch.rand(1, 3, 4, 4), record=record)
    assert recorded[0] is out

"""Layers by name and number."""

import numpy as np
import pytest

import darknet_torch as dt
from darknet_torch.compat import opencv as dnn
from tests.compat.opencv.nets import NAMES_PREFIX


def test_layers_have_the_names_and_numbers_of_opencv(net):
    names = net.getLayerNames()
    assert names[:6] == NAMES_PREFIX
    assert names[-2:] == ("permute_7", "yolo_7")
    assert net.getUnconnectedOutLayersNames() == ("yolo_7",)
    numbers = net.getUnconnectedOutLayers()
    assert numbers.dtype == np.int32
    assert numbers.tolist() == [len(names)]
    assert [names[number - 1] for number in numbers.flatten()] == ["yolo_7"]
    assert (net.getLayerId("bn_0"), net.getLayerId("none"), net.getLayerId("_input")) == (2, -1, 0)
    assert (net.getLayer(0).name, net.getLayer(0).type) == ("_input", "")
    assert net.getLayer("bn_0") == net.getLayer(2) == dnn.Layer("bn_0", "BatchNorm")
    indices = [net.getLayer(layer).outputNameToIndex("im_info") for layer in (0, 1)]
    assert indices == [-1, 0]
    assert net.getLayer(0).outputNameToIndex("data") == 0
    assert net.getLayersCount("Region") == 1
    assert "__NetInputLayer__" in net.getLayerTypes()
    assert not net.empty()


def test_a_missing_layer_is_an_error_with_the_nearest_name(net):
    with pytest.raises(dt.UsageError, match=r"no such layer.*got 'leaky_9'; did you mean 'leaky_"):
        net.forward("leaky_9")
    with pytest.raises(dt.UsageError, match=r"no such layer.*got 99"):
        net.getLayer(99)


def test_a_part_of_a_darknet_layer_cannot_be_computed(net):
    with pytest.raises(dt.UnsupportedError, match=r"'bn_0' is a part .*; use 'leaky_1'"):
        net.forward("bn_0")

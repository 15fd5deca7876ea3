"""The layers that produce the channels that a head or a classifier reads."""

import pytest

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network
from darknet_torch.model.output_layers import (
    check_classes_replaceable,
    count_classifier_outputs,
    find_channel_producer,
)

NET = "[net]\nwidth=32\nheight=32\nchannels=3\n"
FED = "[convolutional]\nfilters=14\n[convolutional]\nfilters=5\n"
YOLO = "[yolo]\nclasses=2\nnum=2\nanchors=1,2,3,4\n"


def build(text):
    return build_network(parse_cfg(NET + text, "x.cfg"))


@pytest.mark.parametrize(
    "between",
    [
        "[route]\nlayers=0\n",
        "[route]\nlayers=-2\n[maxpool]\nsize=2\nstride=2\n[dropout]\n[activation]\n",
        "[route]\nlayers=0\n[upsample]\n[batchnorm]\n[route]\nlayers=-1\n",
    ],
)
def test_channels_are_followed_through_the_graph(between):
    network = build(FED + between + YOLO)
    found = find_channel_producer(network, network.heads[0])
    assert (found.index, found.key) == (0, "filters")


def test_the_producer_of_a_classifier_is_found():
    network = build("[connected]\noutput=7\n[dropout]\n[softmax]\n[cost]\n")
    assert find_channel_producer(network, network.output_layer).key == "output"
    assert count_classifier_outputs(network) == 7
    check_classes_replaceable(network)


@pytest.mark.parametrize(
    "between",
    [
        "[convolutional]\nfilters=14\n[shortcut]\nfrom=0\n",
        "[convolutional]\nfilters=9\n[route]\nlayers=1,-1\n",
        "[convolutional]\nfilters=28\n[route]\nlayers=-1\ngroups=2\ngroup_id=1\n",
    ],
)
def test_joined_channels_have_no_single_producer(between):
    network = build(FED + between + YOLO)
    with pytest.raises(CfgError, match=r"x\.cfg:\d+: \[yolo\] does not get its channels from one"):
        find_channel_producer(network, network.heads[0])


def test_a_map_of_positions_is_not_a_classifiers_output():
    with pytest.raises(CfgError, match="does not give one value per class"):
        count_classifier_outputs(build("[convolutional]\nfilters=7\n"))


def test_groups_of_classes_are_refused():
    with pytest.raises(CfgError, match="does not give one value per class"):
        count_classifier_outputs(build("[connected]\noutput=8\n[softmax]\ngroups=2\n"))


@pytest.mark.parametrize("key", ["map", "tree"])
def test_class_maps_and_trees_are_refused(key, tmp_path):
    (tmp_path / "x").write_text("a -1\nb -1\n")
    region = f"[convolutional]\nfilters=7\n[region]\nclasses=2\nnum=1\nanchors=1,1\n{key}=x\n"
    network = build_network(parse_cfg(NET + region, str(tmp_path / "x.cfg")))
    with pytest.raises(CfgError, match=rf"x\.cfg:7: \[region\] {key}=x is made for other classes"):
        check_classes_replaceable(network)

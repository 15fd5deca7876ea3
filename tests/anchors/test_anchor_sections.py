"""What a cfg's text says of its heads, beside the network that is built of it."""

import warnings

import pytest

from darknet_torch.anchors.anchor_sections import (
    find_anchor_sections,
    parse_anchor_sections,
    read_anchor_cfg,
)
from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.grammar import parse_cfg, read_cfg
from darknet_torch.cfg.zoo import shipped
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.loading import build

HEAD_NAMES = ("[yolo]", "[Gaussian_yolo]", "[region]")
WITH_HEADS = {
    name: path
    for name, path in shipped(".cfg").items()
    if any(head in path.read_text("latin-1") for head in HEAD_NAMES)
}


@pytest.mark.parametrize("name", WITH_HEADS)
def test_strides_and_channels_are_those_of_the_built_network(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        found = read_anchor_cfg(WITH_HEADS[name], ALEXEYAB)
        network = build(WITH_HEADS[name])
    assert len(found.heads) == len(network.heads)
    for head, built in zip(found.heads, network.heads, strict=True):
        assert head.stride == network.net.width / built.input_shape.width
        channels = len(built.mask) if head.has_mask else built.boxes_per_position
        assert channels * head.values_per_box == built.input_shape.channels
        assert head.section.where == built.options.where


TOY = """[net]
width=64
height=64
channels=3
{layers}
[convolutional]
filters=18
[yolo]
classes=1
num=3
anchors=1,2, 3,4, 5,6
"""


def toy(layers):
    return TOY.format(layers=layers)


@pytest.mark.parametrize(
    "layers",
    [
        "[maxpool]\nstride=4\nsize=2",
        "[conv]\nfilters=4\nstride=1\nstride_x=2\nstride_y=2\n[max]\nstride_x=4\nstride_y=4\nsize=4",
        "[conv]\nfilters=4\nstride=8\nsize=1\n[upsample]",
        "[conv]\nfilters=4\nstride=8\nsize=1\n[upsample]\nstride=4",
        "[conv]\nfilters=4\nsize=1\n[upsample]\nstride=-4",
        "[conv]\nfilters=4\nstride=2\nsize=1\n[reorg]\nstride=2",
        "[conv]\nfilters=16\nstride=8\nsize=1\n[reorg]\nstride=2\nreverse=1",
        "[conv]\nfilters=16\nstride=8\nsize=1\n[reorg3d]\nstride=2\nreverse=1",
        "[conv]\nfilters=4\nstride=8\nsize=1\n[deconv]\nstride=2\nsize=2\nfilters=2",
        "[max]\nstride=2\n[max]\nstride=2\n[route]\nlayers=-2",
        "[max]\nstride=2\n[max]\nstride=2\n[route]\nlayers=0,0",
        "[conv]\nfilters=4\nstride=4\nsize=1\n[avg]\n[scale_channels]\nfrom=-2",
    ],
    ids=lambda text: text.replace("\n", " "),
)
def test_what_changes_the_size_of_a_map_is_followed(layers, tmp_path):
    path = tmp_path / "toy.cfg"
    path.write_text(toy(layers))
    (head,) = find_anchor_sections(read_cfg(path), str(path))
    width = build(path).heads[0].input_shape.width
    assert width < 64
    assert head.stride == 64 / width


def count(*heads):
    text = "[net]\nwidth=8\nheight=8\nchannels=3\n"
    for anchors, num in heads:
        text += f"[convolutional]\n[yolo]\nanchors={anchors}\nnum={num}\n"
    return text


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        ([("1,2, 3,4", 2)], 2),
        ([("1,2, 3,4", 2), ("1, 2,  3, 4 # the same", 2)], 2),
        ([("1,2, 3,4", 2), ("5,6", 1)], 3),
    ],
)
def test_a_list_of_anchors_that_heads_share_counts_once(heads, expected, tmp_path):
    path = tmp_path / "a.cfg"
    path.write_text(count(*heads))
    assert read_anchor_cfg(path, ALEXEYAB).count == expected


def test_a_head_without_num_is_told_apart(tmp_path):
    path = tmp_path / "a.cfg"
    path.write_text("[net]\nwidth=8\nheight=8\nchannels=3\n[convolutional]\n[yolo]\nclasses=1\n")
    with pytest.raises(CfgError, match=rf"{path}:6: \[yolo\] does not say num="):
        _ = read_anchor_cfg(path, ALEXEYAB).count


def test_a_cfg_without_heads_is_refused():
    with pytest.raises(CfgError, match=r"x\.cfg: no head with anchors: expected \[yolo\]"):
        parse_anchor_sections("[net]\n[convolutional]\n", "x.cfg")


def test_the_producer_is_the_nearest_section_with_filters():
    text = "[net]\n[conv]\nfilters=3\n[conv]\nfilters=18\n[dropout]\n[yolo]\nclasses=1\n"
    (head,) = find_anchor_sections(parse_cfg(text), "x")
    assert head.producer.where.line == 4

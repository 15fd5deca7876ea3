"""Sections with anchors, read from the text of a cfg and compared with the built network."""

import warnings

import pytest

from darknet_torch.anchors.anchor_sections import (
    find_anchor_sections,
    parse_anchor_sections,
    read_anchor_cfg,
)
from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.grammar import parse_cfg
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
def test_strides_and_channels_match_the_built_network(name):
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


def test_a_head_without_num_is_an_error(tmp_path):
    path = tmp_path / "a.cfg"
    path.write_text("[net]\nwidth=8\nheight=8\nchannels=3\n[convolutional]\n[yolo]\nclasses=1\n")
    with pytest.raises(
        CfgError, match=rf"{path}:6: \[yolo\] has no num=: expected num= with a number above 0"
    ):
        _ = read_anchor_cfg(path, ALEXEYAB).count


def test_a_cfg_without_heads_is_an_error():
    with pytest.raises(CfgError, match=r"x\.cfg: no head with anchors: expected \[yolo\]"):
        parse_anchor_sections("[net]\n[convolutional]\n", "x.cfg")


def test_the_producer_is_the_nearest_section_with_filters():
    text = "[net]\n[conv]\nfilters=3\n[conv]\nfilters=18\n[dropout]\n[yolo]\nclasses=1\n"
    (head,) = find_anchor_sections(parse_cfg(text), "x")
    assert head.producer.where.line == 4

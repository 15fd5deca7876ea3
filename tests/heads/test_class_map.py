"""The classes that labels may have, with and without a map= file."""

import pytest

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.heads.class_map import count_known_labels
from darknet_torch.model.network import build_network


@pytest.fixture
def head(tmp_path):
    """A [yolo] of 3 classes whose map= file maps 5 classes to them."""
    (tmp_path / "of.map").write_text("0\n1\n2\n0\n1\n")
    cfg = "[net]\nwidth=32\nheight=32\nchannels=3\n[convolutional]\nfilters=8\n"
    cfg += "[yolo]\nclasses=3\nanchors=1,2\nmap=of.map\n"
    return build_network(parse_cfg(cfg, str(tmp_path / "x.cfg"))).heads[0]


def test_a_map_has_the_heads_class_for_each_class_of_the_labels(head):
    assert head.class_map == (0, 1, 2, 0, 1)


def test_labels_may_have_every_class_of_the_map_unless_checked_before(head):
    assert count_known_labels(head, checked=False) == 5
    assert count_known_labels(head, checked=True) == 3


def test_without_a_map_labels_have_the_heads_classes():
    cfg = "[net]\nwidth=32\nheight=32\nchannels=3\n[convolutional]\nfilters=8\n"
    head = build_network(parse_cfg(f"{cfg}[yolo]\nclasses=3\nanchors=1,2\n")).heads[0]
    assert head.class_map is None
    assert count_known_labels(head, checked=False) == 3

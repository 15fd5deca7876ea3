"""Strides read from the text of a cfg, compared with the built network."""

import pytest

from darknet_torch.anchors.anchor_sections import find_anchor_sections
from darknet_torch.anchors.strides import integer_option
from darknet_torch.cfg.grammar import parse_cfg, read_cfg
from darknet_torch.model.loading import build

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
def test_strides_match_the_built_network(layers, tmp_path):
    path = tmp_path / "toy.cfg"
    path.write_text(toy(layers))
    (head,) = find_anchor_sections(read_cfg(path), str(path))
    width = build(path).heads[0].input_shape.width
    assert width < 64
    assert head.stride == 64 / width


@pytest.mark.parametrize(("value", "expected"), [("3", 3), ("3x # three", 3), ("three", 7)])
def test_an_integer_option_reads_the_start_of_the_value(value, expected):
    (_, section) = parse_cfg(f"[net]\n[maxpool]\nstride={value}\n", "x")
    assert integer_option(section, "stride", 7) == expected
    assert integer_option(section, "size", 7) == 7

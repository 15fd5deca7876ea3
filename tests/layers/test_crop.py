"""[crop] against plain loops."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network
from tests.layers.single import build, check_output, picture


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize(("height", "width"), [(4, 5), (3, 2), (2, 3), (1, 1)])
def test_it_takes_the_middle_and_maps_it_to_minus_1_to_1(height, width, dialect):
    options = f"crop_height={height} crop_width={width}"
    x = picture()
    top, left = (4 - height) // 2, (5 - width) // 2
    part = x.double().numpy()[:, :, top : top + height, left : left + width]
    check_output(build(f"crop {options}", dialect=dialect), x, part * 2 - 1)
    check_output(build(f"crop {options} noadjust=1 flip=1", dialect=dialect), x, part)


@pytest.mark.parametrize("flip", [0, 1])
def test_training_takes_any_part_and_mirrors_it_if_flip_is_set(flip):
    network = build(f"crop crop_height=3 crop_width=4 noadjust=1 flip={flip}").train()
    x = picture()
    parts = {
        (top, left, mirrored): part.flip(-1) if mirrored else part
        for top, left, mirrored in np.ndindex(2, 2, 1 + flip)
        for part in [x[..., top : top + 3, left : left + 4]]
    }
    torch.manual_seed(0)
    seen = {
        place
        for _ in range(100)
        for out in network(x)
        for place, part in parts.items()
        if torch.equal(out, part)
    }
    assert seen == set(parts)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("crop crop_height=5", r"\[crop\] is larger than its input: expected at most 3x4x5"),
        ("crop crop_width=6", r"\[crop\] is larger than its input.*got 3x1x6"),
    ],
)
def test_a_part_larger_than_its_input_is_refused(section, message):
    with pytest.raises(CfgError, match=message):
        build(section)


def test_an_input_that_is_not_a_picture_is_refused():
    with pytest.raises(CfgError, match=r"\[crop\] needs a picture.*got inputs=8"):
        build_network(parse_cfg("[net]\ninputs=8\n[crop]"))

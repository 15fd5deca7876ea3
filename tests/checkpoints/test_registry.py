"""Each kind of checkpoint is recognised only if both its keys and its shapes fit."""

import pytest
import torch

from darknet_torch.checkpoints.registry import LAYOUTS, find_layout
from darknet_torch.errors import WeightsError

KERNEL = torch.zeros(32, 3, 3, 3)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("module_list.0.conv_0.weight", "eriklindernoren"),
        ("module_list.12.Conv2d.weight", "ultralytics"),
        ("models.0.conv1.weight", "darknet2pytorch"),
        ("down1.conv1.conv.0.weight", "class Yolov4"),
        ("0.conv1.conv.0.weight", "class Yolov4"),
    ],
)
def test_exactly_one_layout_recognises_a_key(key, name):
    (layout,) = [layout for layout in LAYOUTS if layout.recognises({key: KERNEL})]
    assert name in layout.name
    assert find_layout({key: KERNEL}, "some.pt") is layout


@pytest.mark.parametrize(
    "state",
    [
        {"module_list.0.conv_0.weight": torch.zeros(3)},
        {"models.0.weight": KERNEL},
        {"down1.conv1.conv.0.weight": torch.zeros(16, 3, 3, 3)},
    ],
)
def test_the_right_key_with_the_wrong_shape_is_not_recognised(state):
    assert not any(layout.recognises(state) for layout in LAYOUTS)


def test_an_unknown_checkpoint_is_refused_with_the_known_programs():
    state = {f"backbone.{index}.weight": KERNEL for index in range(9)}
    with pytest.raises(WeightsError) as caught:
        find_layout(state, "some.pt")
    message = str(caught.value)
    assert message.startswith(
        "some.pt: is not a checkpoint of a known program: expected the keys of "
    )
    assert all(layout.name in message for layout in LAYOUTS)
    assert message.endswith(
        "got backbone.0.weight, backbone.1.weight, backbone.2.weight, backbone.3.weight, "
        "... (9 keys)"
    )


def test_every_layout_has_a_name_of_its_own():
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)

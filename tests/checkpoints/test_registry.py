"""Which kind of checkpoint is which."""

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
def test_one_layout_recognises_a_key(key, name):
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
def test_alike_is_not_enough(state):
    assert not any(layout.recognises(state) for layout in LAYOUTS)


def test_unknown_layout():
    state = {f"backbone.{index}.weight": KERNEL for index in range(9)}
    with pytest.raises(WeightsError) as caught:
        find_layout(state, "some.pt")
    message = str(caught.value)
    assert message.startswith("some.pt: is of no known kind: expected the keys of ")
    assert all(layout.name in message for layout in LAYOUTS)
    assert message.endswith(
        "got backbone.0.weight, backbone.1.weight, backbone.2.weight, backbone.3.weight, "
        "... (9 keys)"
    )

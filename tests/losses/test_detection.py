"""The loss of [detection] compared with reference loops."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.losses.detection import detection_loss
from darknet_torch.model.network import build_network
from tests.losses.cases import assert_near, loss_context
from tests.losses.reference_detection import detection_delta

SIDE, CLASSES, BOXES = 3, 4, 2
OPTIONS = [
    "sqrt=1 softmax=1 rescore=1 coord_scale=5 noobject_scale=.5",
    "",
    "sqrt=1 object_scale=2 class_scale=3",
    "forced=1 rescore=1",
    "softmax=1 coords=5",
]


def build_detection(options, dialect="alexeyab", coords=4):
    values = SIDE**2 * (CLASSES + BOXES * (1 + coords))
    lines = [f"side={SIDE}", f"classes={CLASSES}", f"num={BOXES}", *options.split()]
    if "coords" not in options:
        lines.append("coords=4")
    cfg = f"[net]\ninputs={values}\n[dropout]\n[detection]\n" + "\n".join(lines)
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect)).layers[1]


def random_case(seed, coords=4, count=3):
    """Inputs and truths; some boxes are near their truth, some far from every truth."""
    random = np.random.default_rng(seed)
    cells = np.zeros((count, SIDE**2, 1 + CLASSES + coords), np.float32)
    x = random.normal(0, 0.6, (count, SIDE**2 * (CLASSES + BOXES * (1 + coords))))
    boxes = x[:, SIDE**2 * (CLASSES + BOXES) :].reshape(count, SIDE**2, BOXES, coords)
    boxes[..., 2:4] = random.uniform(0.2, 0.8, boxes[..., 2:4].shape)
    for cell in cells.reshape(-1, cells.shape[-1])[::2]:
        cell[0] = cell[1 + random.integers(0, CLASSES)] = 1
        cell[1 + CLASSES : 5 + CLASSES] = random.uniform(0.05, 0.9, 4)
    boxes[:, ::3, :, :2] += 5
    return torch.from_numpy(x.astype(np.float32)), cells


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("options", OPTIONS)
def test_delta_and_cost_equal_the_loops_of_c(options, dialect, seed):
    coords = 5 if "coords=5" in options else 4
    head = build_detection(options, dialect, coords)
    x, cells = random_case(seed, coords)
    output = head(x)
    truths = torch.from_numpy(cells)
    loss = detection_loss(head, x, output, truths, loss_context(head, dialect))
    delta, cost, chosen = detection_delta(head, output.numpy(), cells)
    assert_near(loss.delta, delta)
    assert loss.cost.item() == pytest.approx(cost, rel=1e-5)  # a sum over float32
    assert set(chosen) == {0, 1}
    assert loss.parts["count"].item() == len(chosen)


def test_random_takes_any_box_of_a_cell_during_the_first_64000_pictures():
    head = build_detection("random=1 noobject_scale=0")
    x, cells = random_case(4)
    losses = []
    for seed in range(20):
        torch.manual_seed(seed)
        context = loss_context(head, seen=63_999)
        losses.append(detection_loss(head, x, head(x), torch.from_numpy(cells), context))
    assert len({loss.cost.item() for loss in losses}) > 10
    later = detection_loss(
        head, x, head(x), torch.from_numpy(cells), loss_context(head, seen=64_000)
    )
    delta, _, _ = detection_delta(head, head(x).numpy(), cells)
    assert_near(later.delta, delta)

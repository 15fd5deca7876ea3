"""The loss of [Gaussian_yolo] compared with reference loops."""

import pytest

from tests.losses.cases import (
    HEIGHT,
    WIDTH,
    assert_near,
    build,
    compute_loss,
    loss_context,
    random_inputs,
    truth_rows,
)
from tests.losses.reference_gaussian_yolo import ReferenceGaussianYolo

OPTIONS = [
    "iou_loss=mse",
    "iou_loss=mse yolo_point=left_top uc_normalizer=.3",
    "iou_loss=giou yolo_point=right_bottom",
    "iou_loss=ciou uc_normalizer=.07 iou_normalizer=.07 max_delta=5",
    "iou_loss=diou yolo_point=left_top scale_x_y=1.1",
    "iou_loss=iou iou_thresh=.213",
    "iou_thresh=.1 iou_thresh_kind=ciou",
    "objectness_smooth=1 iou_loss=ciou",
    "objectness_smooth=1 truth_thresh=.5 label_smooth_eps=.1",
    "truth_thresh=.4 counters_per_class=3,100,7 cls_normalizer=.5 iou_loss=giou",
    "obj_normalizer=.4 label_smooth_eps=.1 counters_per_class=0,100,7",
]


def build_gaussian_yolo(options):
    lines = ["anchors=6,9,15,12,20,30,41,28", "num=4", "classes=3", "mask=3,1,0"]
    return build("[Gaussian_yolo]\n" + "\n".join([*lines, *options.split()]), 36)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("options", OPTIONS)
def test_delta_and_cost_equal_alexeyabs_loops(options, seed):
    head = build_gaussian_yolo(f"{options} ignore_thresh=.4")
    x = random_inputs(head, seed)
    rows = truth_rows(head, x, seed)
    output, loss = compute_loss(head, x, rows, loss_context(head))
    out = output.numpy().reshape(2, 3, 12, *output.shape[2:])
    reference = ReferenceGaussianYolo(head, out, rows, (HEIGHT, WIDTH))
    delta, cost = reference.compute()
    # The delta of an uncertainty grows with the square of a difference over sigma.
    assert_near(loss.delta, delta.reshape(output.shape), rtol=1e-4)
    assert loss.cost.item() == pytest.approx(cost, rel=1e-5)  # a sum over float32
    assert loss.parts["count"].item() == len(reference.matches) > 5
    assert loss.parts["iou"].item() == pytest.approx(reference.logged_iou(), rel=1e-5)


def test_the_logged_parts_are_those_that_c_prints():
    """C prints the share of x and y as iou_loss and that of w and h as uc_loss."""
    head = build_gaussian_yolo("iou_loss=mse")
    x = random_inputs(head, 1)
    _, loss = compute_loss(head, x, truth_rows(head, x, 1), loss_context(head))
    squares = loss.delta.reshape(2, 3, 12, -1).double() ** 2
    printed = [squares[:, :, part].sum().item() / 2 for part in (slice(8, 12), slice(0, 4))]
    assert loss.parts["class_loss"].item() == pytest.approx(printed[0], rel=1e-4)
    # Differences of sums in float32.
    assert loss.parts["iou_loss"].item() == pytest.approx(printed[1], rel=1e-3)
    assert loss.parts["uc_loss"].item() == pytest.approx(
        squares[:, :, 4:8].sum().item() / 2, rel=1e-3
    )

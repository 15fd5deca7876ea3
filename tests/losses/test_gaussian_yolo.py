"""[Gaussian_yolo]'s loss against plain loops."""

import pytest

from tests.losses.cases import (
    HEIGHT,
    WIDTH,
    assert_near,
    build,
    computed,
    context,
    raw,
    truth_rows,
)
from tests.losses.plain_gaussian import PlainGaussian

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


def head_of(options):
    lines = ["anchors=6,9,15,12,20,30,41,28", "num=4", "classes=3", "mask=3,1,0"]
    return build("[Gaussian_yolo]\n" + "\n".join([*lines, *options.split()]), 36)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("options", OPTIONS)
def test_delta_and_cost_are_those_of_alexeyabs_loops(options, seed):
    head = head_of(f"{options} ignore_thresh=.4")
    x = raw(head, seed)
    rows = truth_rows(head, x, seed)
    output, loss = computed(head, x, rows, context(head))
    out = output.numpy().reshape(2, 3, 12, *output.shape[2:])
    plain = PlainGaussian(head, out, rows, (HEIGHT, WIDTH))
    delta, cost = plain.compute()
    # The uncertainty's delta goes with the square of a difference over its sigma.
    assert_near(loss.delta, delta.reshape(output.shape), rtol=1e-4)
    assert loss.cost.item() == pytest.approx(cost, rel=1e-5)  # a sum over float32
    assert loss.parts["count"].item() == len(plain.matches) > 5
    assert loss.parts["iou"].item() == pytest.approx(plain.logged(), rel=1e-5)


def test_the_parts_of_the_cost_are_those_that_c_prints():
    """Printed as `iou_loss` are the places, as `uc_loss` the sizes, whatever the names say."""
    head = head_of("iou_loss=mse")
    x = raw(head, 1)
    _, loss = computed(head, x, truth_rows(head, x, 1), context(head))
    squares = loss.delta.reshape(2, 3, 12, -1).double() ** 2
    of_each = [squares[:, :, part].sum().item() / 2 for part in (slice(8, 12), slice(0, 4))]
    assert loss.parts["class_loss"].item() == pytest.approx(of_each[0], rel=1e-4)
    # Differences of sums in float32.
    assert loss.parts["iou_loss"].item() == pytest.approx(of_each[1], rel=1e-3)
    assert loss.parts["uc_loss"].item() == pytest.approx(
        squares[:, :, 4:8].sum().item() / 2, rel=1e-3
    )

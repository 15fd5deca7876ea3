"""The loss of [yolo] compared with reference loops, for both code bases."""

import numpy as np
import pytest
import torch

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
from tests.losses.reference_yolo import PjreddieYolo, ReferenceYolo

ANCHORS = "anchors=6,9,15,12,20,30,41,28"
USUAL = "ignore_thresh=.4"

OPTIONS = [
    "iou_loss=mse",
    "iou_loss=iou",
    "iou_loss=giou iou_normalizer=.5 obj_normalizer=.4",
    "iou_loss=diou",
    "iou_loss=ciou max_delta=2",
    "iou_loss=ciou truth_thresh=.6 iou_normalizer=.07",
    "iou_loss=mse iou_normalizer=1.5 truth_thresh=.5",
    "iou_loss=ciou show_details=0",
    "iou_thresh=.2 iou_loss=ciou",
    "iou_thresh=.1 iou_loss=giou iou_thresh_kind=giou",
    "iou_thresh=.1 iou_loss=diou iou_thresh_kind=diou",
    "iou_thresh=.1 iou_loss=mse iou_thresh_kind=ciou objectness_smooth=1",
    "objectness_smooth=1 iou_loss=mse",
    "objectness_smooth=1 truth_thresh=.5 iou_loss=ciou counters_per_class=3,100,7",
    "label_smooth_eps=.1",
    "focal_loss=1",
    "focal_loss=1 label_smooth_eps=.1 truth_thresh=.6",
    "counters_per_class=3,100,0 cls_normalizer=.7 iou_loss=ciou max_delta=5",
    "counters_per_class=3,100,7 label_smooth_eps=.2 iou_thresh=.3",
    "scale_x_y=1.2 iou_loss=ciou iou_thresh=.213",
    "scale_x_y=2 new_coords=1 iou_loss=ciou objectness_smooth=1 max_delta=5",
    "new_coords=1 iou_loss=mse",
]


def build_yolo(options, dialect="alexeyab", mask="3,1,0"):
    lines = [ANCHORS, "num=4", "classes=3", f"mask={mask}", *options.split()]
    return build("[yolo]\n" + "\n".join(lines), len(mask.split(",")) * 8, dialect)


def yolo_inputs(head, seed):
    return random_inputs(head, seed, low=0.02 if head.options.new_coords else None)


def run_reference(kind, head, output, rows, class_map=None):
    count, _, height, width = output.shape
    out = output.numpy().reshape(count, len(head.mask), -1, height, width)
    reference = kind(head, out, rows, (HEIGHT, WIDTH), class_map)
    delta, cost = reference.compute()
    return reference, delta.reshape(output.shape), cost


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("options", OPTIONS)
def test_delta_and_cost_equal_alexeyabs_loops(options, seed):
    head = build_yolo(options if "ignore" in options else f"{options} {USUAL}")
    x = yolo_inputs(head, seed)
    rows = truth_rows(head, x, seed)
    output, loss = compute_loss(head, x, rows, loss_context(head))
    reference, delta, cost = run_reference(ReferenceYolo, head, output, rows)
    assert_near(loss.delta, delta)
    assert loss.cost.item() == pytest.approx(cost, rel=1e-5)  # a sum over float32
    assert loss.parts["count"].item() == len(reference.matches) > 5
    ious = [pair[0] for pair in reference.matches]
    assert loss.parts["iou"].item() == pytest.approx(np.mean(ious), rel=1e-5)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("options", ["", "ignore_thresh=.2", "truth_thresh=.4"])
def test_delta_and_cost_equal_pjreddies_loops(options, seed):
    head = build_yolo(options, "pjreddie")
    x = yolo_inputs(head, seed)
    rows = truth_rows(head, x, seed)
    output, loss = compute_loss(head, x, rows, loss_context(head, "pjreddie"))
    _, delta, cost = run_reference(PjreddieYolo, head, output, rows)
    assert_near(loss.delta, delta)
    assert loss.cost.item() == pytest.approx(cost, rel=1e-5)


@pytest.mark.parametrize(
    ("dialect", "kind"), [("alexeyab", ReferenceYolo), ("pjreddie", PjreddieYolo)]
)
def test_map_file_translates_labels_to_classes(tmp_path, monkeypatch, dialect, kind):
    (tmp_path / "classes.map").write_text("2\n0\n0\n")
    monkeypatch.chdir(tmp_path)
    head = build_yolo("map=classes.map truth_thresh=.5", dialect)
    x = yolo_inputs(head, 4)
    rows = truth_rows(head, x, 4)
    output, loss = compute_loss(head, x, rows, loss_context(head, dialect))
    _, delta, _ = run_reference(kind, head, output, rows, [2, 0, 0])
    assert_near(loss.delta, delta)


def test_labels_outside_the_map_are_left_out(tmp_path, monkeypatch):
    (tmp_path / "short.map").write_text("1\n0\n")
    monkeypatch.chdir(tmp_path)
    head = build_yolo("map=short.map")
    x = yolo_inputs(head, 4)
    rows = truth_rows(head, x, 4)
    _, loss = compute_loss(head, x, rows, loss_context(head))
    ended = np.cumprod(rows[..., 0] != 0, 1)
    without = rows.copy()
    without[(rows[..., 4] == 2) & (ended == 1), 4] = -1
    assert not np.array_equal(rows, without)
    _, expected = compute_loss(head, x, without, loss_context(head))
    assert torch.equal(loss.delta, expected.delta)


def test_map_may_hold_more_labels_than_classes_in_the_pjreddie_dialect(tmp_path, monkeypatch):
    (tmp_path / "long.map").write_text("2\n0\n0\n1\n2\n1\n")
    monkeypatch.chdir(tmp_path)
    head = build_yolo("map=long.map", "pjreddie")
    x = yolo_inputs(head, 4)
    rows = truth_rows(head, x, 4)
    rows[:, :6, 4] = np.arange(6)
    _, loss = compute_loss(head, x, rows, loss_context(head, "pjreddie"))
    plain_head, mapped = build_yolo("", "pjreddie"), rows.copy()
    mapped[..., 4] = np.array([2, 0, 0, 1, 2, 1])[rows[..., 4].astype(int)]
    _, expected = compute_loss(plain_head, x, mapped, loss_context(plain_head, "pjreddie"))
    assert torch.equal(loss.delta, expected.delta)


def test_without_truths_only_objectness_has_a_delta_towards_zero():
    head = build_yolo("obj_normalizer=.5")
    x = yolo_inputs(head, 5)
    output, loss = compute_loss(head, x, np.zeros((2, 4, 5), np.float32), loss_context(head))
    delta = loss.delta.reshape(2, 3, 8, 4, 6)
    assert torch.equal(delta[:, :, 4], -0.5 * output.reshape(2, 3, 8, 4, 6)[:, :, 4])
    delta[:, :, 4] = 0
    assert not delta.any()
    assert loss.parts["count"] == 0


def test_a_truth_centre_on_the_edge_is_assigned_to_the_last_cell():
    """C writes into the memory of the next row."""
    head = build_yolo("")
    x = yolo_inputs(head, 6)
    rows = np.zeros((2, 1, 5), np.float32)
    rows[:, 0] = 1, 1, 0.2, 0.2, 1
    _, loss = compute_loss(head, x, rows, loss_context(head))
    assigned = loss.delta.reshape(2, 3, 8, 4, 6)[:, :, 6].nonzero()
    assert assigned[:, 2:].tolist() == [[3, 5], [3, 5]]


def test_delta_normalizer_is_the_scale_and_does_not_change_the_cost():
    one, other = build_yolo("iou_loss=ciou"), build_yolo("iou_loss=ciou delta_normalizer=.5")
    x = yolo_inputs(one, 7)
    rows = truth_rows(one, x, 7)
    losses = [compute_loss(head, x, rows, loss_context(head))[1] for head in (one, other)]
    assert torch.equal(losses[0].delta, losses[1].delta)
    assert losses[0].cost == losses[1].cost
    assert [loss.scale for loss in losses] == [1, 0.5]


@pytest.mark.parametrize("options", ["", "iou_thresh=.1"])
def test_cell_labels_hold_the_track_of_the_best_anchor_only(options):
    head = build_yolo(options)
    x = yolo_inputs(head, 8)
    rows = np.concatenate((truth_rows(head, x, 8), np.zeros((2, 12, 1), np.float32)), -1)
    rows[..., 5] = np.arange(24).reshape(2, 12)
    output, loss = compute_loss(head, x, rows, loss_context(head))
    reference, _, _ = run_reference(ReferenceYolo, head, output, rows)
    labels, tracks = loss.cell_labels, reference.track_ids.flatten()
    assert labels.boxes.tolist() == np.flatnonzero(tracks >= 0).tolist()
    assert labels.track_ids.tolist() == tracks[tracks >= 0].tolist()
    classes = reference.track_class_ids.flatten()[tracks >= 0]
    assert labels.class_ids.tolist() == classes.tolist()

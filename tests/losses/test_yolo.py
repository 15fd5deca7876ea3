"""[yolo]'s loss against plain loops, for both code bases."""

import numpy as np
import pytest
import torch

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
from tests.losses.plain_yolo import OfPjreddie, PlainYolo

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


def head_of(options, dialect="alexeyab", mask="3,1,0"):
    lines = [ANCHORS, "num=4", "classes=3", f"mask={mask}", *options.split()]
    return build("[yolo]\n" + "\n".join(lines), len(mask.split(",")) * 8, dialect)


def inputs(head, seed):
    return raw(head, seed, low=0.02 if head.options.new_coords else None)


def plain(kind, head, output, rows, class_map=None):
    count, _, height, width = output.shape
    out = output.numpy().reshape(count, len(head.mask), -1, height, width)
    worker = kind(head, out, rows, (HEIGHT, WIDTH), class_map)
    delta, cost = worker.compute()
    return worker, delta.reshape(output.shape), cost


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("options", OPTIONS)
def test_delta_and_cost_are_those_of_alexeyabs_loops(options, seed):
    head = head_of(options if "ignore" in options else f"{options} {USUAL}")
    x = inputs(head, seed)
    rows = truth_rows(head, x, seed)
    output, loss = computed(head, x, rows, context(head))
    worker, delta, cost = plain(PlainYolo, head, output, rows)
    assert_near(loss.delta, delta)
    assert loss.cost.item() == pytest.approx(cost, rel=1e-5)  # a sum over float32
    assert loss.parts["count"].item() == len(worker.matches) > 5
    overlaps = [pair[0] for pair in worker.matches]
    assert loss.parts["iou"].item() == pytest.approx(np.mean(overlaps), rel=1e-5)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("options", ["", "ignore_thresh=.2", "truth_thresh=.4"])
def test_delta_and_cost_are_those_of_pjreddies_loops(options, seed):
    head = head_of(options, "pjreddie")
    x = inputs(head, seed)
    rows = truth_rows(head, x, seed)
    output, loss = computed(head, x, rows, context(head, "pjreddie"))
    _, delta, cost = plain(OfPjreddie, head, output, rows)
    assert_near(loss.delta, delta)
    assert loss.cost.item() == pytest.approx(cost, rel=1e-5)


@pytest.mark.parametrize(("dialect", "kind"), [("alexeyab", PlainYolo), ("pjreddie", OfPjreddie)])
def test_a_map_says_which_class_a_label_means(tmp_path, monkeypatch, dialect, kind):
    (tmp_path / "of.map").write_text("2\n0\n0\n")
    monkeypatch.chdir(tmp_path)
    head = head_of("map=of.map truth_thresh=.5", dialect)
    x = inputs(head, 4)
    rows = truth_rows(head, x, 4)
    output, loss = computed(head, x, rows, context(head, dialect))
    _, delta, _ = plain(kind, head, output, rows, [2, 0, 0])
    assert_near(loss.delta, delta)


def test_labels_that_a_map_does_not_know_are_left_out(tmp_path, monkeypatch):
    (tmp_path / "short.map").write_text("1\n0\n")
    monkeypatch.chdir(tmp_path)
    head = head_of("map=short.map")
    x = inputs(head, 4)
    rows = truth_rows(head, x, 4)
    _, loss = computed(head, x, rows, context(head))
    ended = np.cumprod(rows[..., 0] != 0, 1)
    without = rows.copy()
    without[(rows[..., 4] == 2) & (ended == 1), 4] = -1
    assert not np.array_equal(rows, without)
    _, expected = computed(head, x, without, context(head))
    assert torch.equal(loss.delta, expected.delta)


def test_pjreddies_map_may_know_more_labels_than_there_are_classes(tmp_path, monkeypatch):
    (tmp_path / "long.map").write_text("2\n0\n0\n1\n2\n1\n")
    monkeypatch.chdir(tmp_path)
    head = head_of("map=long.map", "pjreddie")
    x = inputs(head, 4)
    rows = truth_rows(head, x, 4)
    rows[:, :6, 4] = np.arange(6)
    _, loss = computed(head, x, rows, context(head, "pjreddie"))
    plain_head, mapped = head_of("", "pjreddie"), rows.copy()
    mapped[..., 4] = np.array([2, 0, 0, 1, 2, 1])[rows[..., 4].astype(int)]
    _, expected = computed(plain_head, x, mapped, context(plain_head, "pjreddie"))
    assert torch.equal(loss.delta, expected.delta)


def test_without_truths_every_box_learns_that_there_is_nothing():
    head = head_of("obj_normalizer=.5")
    x = inputs(head, 5)
    output, loss = computed(head, x, np.zeros((2, 4, 5), np.float32), context(head))
    delta = loss.delta.reshape(2, 3, 8, 4, 6)
    assert torch.equal(delta[:, :, 4], -0.5 * output.reshape(2, 3, 8, 4, 6)[:, :, 4])
    delta[:, :, 4] = 0
    assert not delta.any()
    assert loss.parts["count"] == 0


def test_a_centre_on_the_edge_is_in_the_last_cell():
    """Where the C code writes into the memory of the next row."""
    head = head_of("")
    x = inputs(head, 6)
    rows = np.zeros((2, 1, 5), np.float32)
    rows[:, 0] = 1, 1, 0.2, 0.2, 1
    _, loss = computed(head, x, rows, context(head))
    learned = loss.delta.reshape(2, 3, 8, 4, 6)[:, :, 6].nonzero()
    assert learned[:, 2:].tolist() == [[3, 5], [3, 5]]


def test_delta_normalizer_scales_what_goes_back_but_not_the_cost():
    one, other = head_of("iou_loss=ciou"), head_of("iou_loss=ciou delta_normalizer=.5")
    x = inputs(one, 7)
    rows = truth_rows(one, x, 7)
    losses = [computed(head, x, rows, context(head))[1] for head in (one, other)]
    assert torch.equal(losses[0].delta, losses[1].delta)
    assert losses[0].cost == losses[1].cost
    assert [loss.scale for loss in losses] == [1, 0.5]


@pytest.mark.parametrize("options", ["", "iou_thresh=.1"])
def test_cell_labels_hold_the_track_of_the_best_anchor_only(options):
    head = head_of(options)
    x = inputs(head, 8)
    rows = np.concatenate((truth_rows(head, x, 8), np.zeros((2, 12, 1), np.float32)), -1)
    rows[..., 5] = np.arange(24).reshape(2, 12)
    output, loss = computed(head, x, rows, context(head))
    worker, _, _ = plain(PlainYolo, head, output, rows)
    assert loss.cell_labels.track_ids.tolist() == worker.labels.flatten().tolist()
    assert loss.cell_labels.class_ids.tolist() == worker.label_classes.flatten().tolist()

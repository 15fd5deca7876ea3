"""Reference for `losses.detection`: delta and cost cell by cell, as detection_layer.c loops."""

import math

import numpy as np

from tests.losses.reference_boxes import F, box, iou


def detection_delta(head, out, truths):
    """Delta, cost and the responsible box of each object.

    Args:
        head: the [detection].
        out: [N, values], its output.
        truths: [N, cells, 1 + classes + 4].
    """
    o = head.options
    cells, classes, boxes = o.side * o.side, o.classes, o.num
    delta = np.zeros_like(out)
    chosen = []
    for v, d, picture in zip(out, delta, truths, strict=True):
        for cell in range(cells):
            confidence_at = [cells * classes + cell * boxes + n for n in range(boxes)]
            for at in confidence_at:
                d[at] = F(o.noobject_scale) * -v[at]
            if not int(picture[cell, 0]):
                continue
            for k in range(classes):
                at = cell * classes + k
                d[at] = F(o.class_scale) * (picture[cell, 1 + k] - v[at])
            truth_values = picture[cell, 1 + classes :]
            truth = box(
                (truth_values[0] / F(o.side), truth_values[1] / F(o.side), *truth_values[2:4])
            )
            starts = [
                cells * (classes + boxes) + (cell * boxes + n) * o.coords for n in range(boxes)
            ]
            predicted = [_box(v[at : at + 4], o) for at in starts]
            best = _responsible(predicted, truth, o)
            chosen.append(best)
            at = confidence_at[best]
            overlap = iou(predicted[best], truth)
            target = overlap if o.rescore else F(1)
            d[at] = F(o.object_scale) * (target - v[at])
            for k in range(4):
                box_target = F(math.sqrt(truth_values[k])) if o.sqrt and k > 1 else truth_values[k]
                d[starts[best] + k] = F(o.coord_scale) * (box_target - v[starts[best] + k])
    return delta, (delta.astype(np.float64) ** 2).sum(), chosen


def _box(values, o):
    x, y, w, h = values
    if o.sqrt:
        w, h = w * w, h * h
    return box((x / F(o.side), y / F(o.side), w, h))


def _responsible(predicted, truth, o):
    best, nearest, chosen = F(0), F(20), -1
    for n, one in enumerate(predicted):
        overlap = iou(one, truth)
        squares = sum(float(F(a - b)) ** 2 for a, b in zip(one, truth, strict=True))
        if best > 0 or overlap > 0:
            if overlap > best:
                best, chosen = overlap, n
        elif F(math.sqrt(squares)) < nearest:
            nearest, chosen = F(math.sqrt(squares)), n
    if o.forced:
        return 1 if truth[2] * truth[3] < 0.1 else 0
    return chosen

"""Reference for `losses.iou`: IoU of two boxes and its gradient, value by value as in box.c.

A box is four float32: centre x, centre y, width, height. What C stores in a float is
rounded to float32 here.
"""

import math

import numpy as np

F = np.float32


def box(values):
    return tuple(F(value) for value in values)


def edges(one):
    """Left, top, right, bottom."""
    x, y, w, h = one
    return F(x - w / F(2)), F(y - h / F(2)), F(x + w / F(2)), F(y + h / F(2))


def intersection_area(a, b):
    al, at, ar, ab = edges(a)
    bl, bt, br, bb = edges(b)
    w = F(min(ar, br) - max(al, bl))
    h = F(min(ab, bb) - max(at, bt))
    return F(0) if w < 0 or h < 0 else F(w * h)


def union_area(a, b):
    return F(F(F(a[2] * a[3]) + F(b[2] * b[3])) - intersection_area(a, b))


def iou(a, b):
    intersection, union = intersection_area(a, b), union_area(a, b)
    return F(0) if intersection == 0 or union == 0 else F(intersection / union)


def enclosing_size(a, b):
    """Width and height of the smallest box around both."""
    al, at, ar, ab = edges(a)
    bl, bt, br, bb = edges(b)
    return F(max(ar, br) - min(al, bl)), F(max(ab, bb) - min(at, bt))


def giou(a, b):
    w, h = enclosing_size(a, b)
    area = F(w * h)
    if area == 0:
        return iou(a, b)
    return F(iou(a, b) - F(F(area - union_area(a, b)) / area))


def squared_distances(a, b):
    """Squared distance of the centres, and the squared diagonal of the box around both."""
    w, h = enclosing_size(a, b)
    dx, dy = F(a[0] - b[0]), F(a[1] - b[1])
    return F(F(dx * dx) + F(dy * dy)), F(F(w * w) + F(h * h))


def diou(a, b):
    distance, diagonal = squared_distances(a, b)
    if diagonal == 0:
        return iou(a, b)
    return F(iou(a, b) - F(math.pow(F(distance / diagonal), 0.6)))


def angle_difference(pred, truth):
    return math.atan(F(truth[2] / truth[3])) - math.atan(F(pred[2] / pred[3]))


def ciou(a, b):
    distance, diagonal = squared_distances(a, b)
    plain_iou = iou(a, b)
    if diagonal == 0:
        return plain_iou
    aspect = F(4 / (math.pi * math.pi) * angle_difference(a, b) * angle_difference(a, b))
    alpha = F(float(aspect) / (float(1 - plain_iou + aspect) + 0.000001))
    return F(plain_iou - F(F(distance / diagonal) + F(alpha * aspect)))


IOU_FUNCTIONS = {"iou": iou, "giou": giou, "diou": diou, "ciou": ciou}


def iou_gradient(pred, truth, kind):
    """Gradient for x, y, width and height. Source: box.c dx_box_iou."""
    left, top, right, bottom = edges(pred)
    swapped_x, swapped_y = not left < right, not top < bottom
    (left, right), (top, bottom) = sorted((left, right)), sorted((top, bottom))
    tl, tt, tr, tb = edges(truth)
    area = F(F(bottom - top) * F(right - left))
    truth_area = F(F(tb - tt) * F(tr - tl))
    ih, iw = F(min(bottom, tb) - max(top, tt)), F(min(right, tr) - max(left, tl))
    intersection = F(iw * ih)
    union = F(F(area + truth_area) - intersection)
    cw, ch = F(max(right, tr) - min(left, tl)), F(max(bottom, tb) - min(top, tt))
    enclosing = F(cw * ch)

    width, height, zero = F(right - left), F(bottom - top), F(0)
    # Derivatives by top, bottom, left and right.
    area_by = (-width, width, -height, height)
    intersection_by = (
        -iw if top > tt else zero,
        iw if bottom < tb else zero,
        -ih if left > tl else zero,
        ih if right < tr else zero,
    )
    union_by = [F(x - i) for x, i in zip(area_by, intersection_by, strict=True)]
    enclosing_by = (
        -cw if top < tt else zero,
        cw if bottom > tb else zero,
        -ch if left < tl else zero,
        ch if right > tr else zero,
    )
    gradient = [zero] * 4
    if union > 0:
        gradient = [
            F(F(F(union * i) - F(intersection * u)) / F(union * union))
            for i, u in zip(intersection_by, union_by, strict=True)
        ]
    if swapped_y:
        gradient[0] = gradient[1]
    if swapped_x:
        gradient[2] = gradient[3]
    disjoint = iw <= 0 or ih <= 0
    if kind == "giou":
        penalty = [
            F(F(F(enclosing * u) - F(union * c)) / F(enclosing * enclosing))
            for u, c in zip(union_by, enclosing_by, strict=True)
        ]
        if enclosing > 0:
            gradient = [F(p + m) for p, m in zip(gradient, penalty, strict=True)]
        if disjoint:
            gradient = penalty
    x, y = F(gradient[2] + gradient[3]), F(gradient[0] + gradient[1])
    w, h = F(gradient[3] - gradient[2]), F(gradient[1] - gradient[0])
    if kind not in ("diou", "ciou"):
        return x, y, w, h
    penalty = penalty_gradient(
        pred, truth, (left, top, right, bottom), F(intersection / union), kind
    )
    if disjoint:
        return tuple(F(m) for m in penalty)
    if squared_distances(pred, truth)[1] > 0:
        return tuple(F(float(p) + m) for p, m in zip((x, y, w, h), penalty, strict=True))
    return x, y, w, h


def penalty_gradient(pred, truth, sides, plain_iou, kind):
    """What DIoU and CIoU add to the gradient of the IoU.

    Args:
        sides: left, top, right and bottom of `pred`.
        plain_iou: IoU of both boxes.
    """
    left, top, right, bottom = sides
    tl, tt, tr, tb = edges(truth)
    left_is_outer, right_is_outer = float(left < tl), float(right > tr)
    top_is_outer, bottom_is_outer = float(top < tt), float(bottom > tb)
    distance, _ = squared_distances(pred, truth)
    cw, ch = enclosing_size(pred, truth)
    diagonal = F(F(cw * cw) + F(ch * ch))
    cw, ch, distance = float(cw), float(ch), float(distance)
    square = float(F(diagonal * diagonal))
    dx, dy = float(F(truth[0] - pred[0])), float(F(truth[1] - pred[1]))
    penalty = [
        (2 * dx * float(diagonal) - 2 * cw * (right_is_outer - left_is_outer) * distance) / square,
        (2 * dy * float(diagonal) - 2 * ch * (bottom_is_outer - top_is_outer) * distance) / square,
        2 * cw * (0.5 * right_is_outer + 0.5 * left_is_outer) * distance / square,
        2 * ch * (0.5 * bottom_is_outer + 0.5 * top_is_outer) * distance / square,
    ]
    if kind == "ciou":
        angle = angle_difference(pred, truth)
        aspect = F(4 / (math.pi * math.pi) * angle * angle)
        alpha = F(float(aspect) / (float(1 - plain_iou + aspect) + 0.000001))
        penalty[2] += float(alpha) * (8 / (math.pi * math.pi) * angle * float(pred[3]))
        penalty[3] -= float(alpha) * (8 / (math.pi * math.pi) * angle * float(pred[2]))
    return penalty

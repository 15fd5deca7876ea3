"""Overlaps of two boxes and their slopes, number by number, as box.c has them.

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


def shared_area(a, b):
    al, at, ar, ab = edges(a)
    bl, bt, br, bb = edges(b)
    w = F(min(ar, br) - max(al, bl))
    h = F(min(ab, bb) - max(at, bt))
    return F(0) if w < 0 or h < 0 else F(w * h)


def union_area(a, b):
    return F(F(F(a[2] * a[3]) + F(b[2] * b[3])) - shared_area(a, b))


def iou(a, b):
    inside, union = shared_area(a, b), union_area(a, b)
    return F(0) if inside == 0 or union == 0 else F(inside / union)


def around(a, b):
    """Width and height of the smallest box around both."""
    al, at, ar, ab = edges(a)
    bl, bt, br, bb = edges(b)
    return F(max(ar, br) - min(al, bl)), F(max(ab, bb) - min(at, bt))


def giou(a, b):
    w, h = around(a, b)
    area = F(w * h)
    if area == 0:
        return iou(a, b)
    return F(iou(a, b) - F(F(area - union_area(a, b)) / area))


def apart(a, b):
    """Squared distance of the centres, and the squared diagonal around both."""
    w, h = around(a, b)
    dx, dy = F(a[0] - b[0]), F(a[1] - b[1])
    return F(F(dx * dx) + F(dy * dy)), F(F(w * w) + F(h * h))


def diou(a, b):
    distance, diagonal = apart(a, b)
    if diagonal == 0:
        return iou(a, b)
    return F(iou(a, b) - F(math.pow(F(distance / diagonal), 0.6)))


def turn(pred, truth):
    return math.atan(F(truth[2] / truth[3])) - math.atan(F(pred[2] / pred[3]))


def ciou(a, b):
    distance, diagonal = apart(a, b)
    plain = iou(a, b)
    if diagonal == 0:
        return plain
    aspect = F(4 / (math.pi * math.pi) * turn(a, b) * turn(a, b))
    alpha = F(float(aspect) / (float(1 - plain + aspect) + 0.000001))
    return F(plain - F(F(distance / diagonal) + F(alpha * aspect)))


KINDS = {"iou": iou, "giou": giou, "diou": diou, "ciou": ciou}


def slope(pred, truth, kind):
    """x, y, width and height of box.c's dx_box_iou."""
    left, top, right, bottom = edges(pred)
    turned_x, turned_y = not left < right, not top < bottom
    (left, right), (top, bottom) = sorted((left, right)), sorted((top, bottom))
    tl, tt, tr, tb = edges(truth)
    area = F(F(bottom - top) * F(right - left))
    truth_area = F(F(tb - tt) * F(tr - tl))
    ih, iw = F(min(bottom, tb) - max(top, tt)), F(min(right, tr) - max(left, tl))
    inside = F(iw * ih)
    union = F(F(area + truth_area) - inside)
    cw, ch = F(max(right, tr) - min(left, tl)), F(max(bottom, tb) - min(top, tt))
    hull = F(cw * ch)

    width, height, none = F(right - left), F(bottom - top), F(0)
    # Each of top, bottom, left, right.
    area_by = (-width, width, -height, height)
    inside_by = (
        -iw if top > tt else none,
        iw if bottom < tb else none,
        -ih if left > tl else none,
        ih if right < tr else none,
    )
    union_by = [F(x - i) for x, i in zip(area_by, inside_by, strict=True)]
    hull_by = (
        -cw if top < tt else none,
        cw if bottom > tb else none,
        -ch if left < tl else none,
        ch if right > tr else none,
    )
    by = [none] * 4
    if union > 0:
        by = [
            F(F(F(union * i) - F(inside * u)) / F(union * union))
            for i, u in zip(inside_by, union_by, strict=True)
        ]
    if turned_y:
        by[0] = by[1]
    if turned_x:
        by[2] = by[3]
    disjoint = iw <= 0 or ih <= 0
    if kind == "giou":
        more = [
            F(F(F(hull * u) - F(union * c)) / F(hull * hull))
            for u, c in zip(union_by, hull_by, strict=True)
        ]
        if hull > 0:
            by = [F(p + m) for p, m in zip(by, more, strict=True)]
        if disjoint:
            by = more
    x, y = F(by[2] + by[3]), F(by[0] + by[1])
    w, h = F(by[3] - by[2]), F(by[1] - by[0])
    if kind not in ("diou", "ciou"):
        return x, y, w, h
    more = distance_slope(pred, truth, (left, top, right, bottom), F(inside / union), kind)
    if disjoint:
        return tuple(F(m) for m in more)
    if apart(pred, truth)[1] > 0:
        return tuple(F(float(p) + m) for p, m in zip((x, y, w, h), more, strict=True))
    return x, y, w, h


def distance_slope(pred, truth, sides, plain, kind):
    """What diou and ciou add to it; `sides` are the prediction's, `plain` its iou."""
    left, top, right, bottom = sides
    tl, tt, tr, tb = edges(truth)
    before_x, behind_x = float(left < tl), float(right > tr)
    before_y, behind_y = float(top < tt), float(bottom > tb)
    distance, _ = apart(pred, truth)
    cw, ch = around(pred, truth)
    diagonal = F(F(cw * cw) + F(ch * ch))
    cw, ch, distance = float(cw), float(ch), float(distance)
    square = float(F(diagonal * diagonal))
    dx, dy = float(F(truth[0] - pred[0])), float(F(truth[1] - pred[1]))
    more = [
        (2 * dx * float(diagonal) - 2 * cw * (behind_x - before_x) * distance) / square,
        (2 * dy * float(diagonal) - 2 * ch * (behind_y - before_y) * distance) / square,
        2 * cw * (0.5 * behind_x + 0.5 * before_x) * distance / square,
        2 * ch * (0.5 * behind_y + 0.5 * before_y) * distance / square,
    ]
    if kind == "ciou":
        aspect = F(4 / (math.pi * math.pi) * turn(pred, truth) * turn(pred, truth))
        alpha = F(float(aspect) / (float(1 - plain + aspect) + 0.000001))
        more[2] += float(alpha) * (8 / (math.pi * math.pi) * turn(pred, truth) * float(pred[3]))
        more[3] -= float(alpha) * (8 / (math.pi * math.pi) * turn(pred, truth) * float(pred[2]))
    return more

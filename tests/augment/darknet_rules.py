"""Darknet's functions for boxes and colours, written as plain loops in float32."""

import numpy as np

F = np.float32
NOWHERE = F(999999)


def constrain(low, high, value):
    return min(max(value, low), high)


def correct_boxes(boxes, dx, dy, sx, sy, flip):
    """data.c correct_boxes (AlexeyAB): [K, 4] x, y, w, h, moved and clipped."""
    found = []
    for x, y, w, h in np.asarray(boxes, F):
        left, right = F(x - w / 2), F(x + w / 2)
        top, bottom = F(y - h / 2), F(y + h / 2)
        if (x == 0 and y == 0) or right < 0 or bottom < 0 or left > 1 or top > 1:
            found.append((NOWHERE,) * 4)
            continue
        left, right = F(left * F(sx) - F(dx)), F(right * F(sx) - F(dx))
        top, bottom = F(top * F(sy) - F(dy)), F(bottom * F(sy) - F(dy))
        if flip:
            left, right = F(1) - right, F(1) - left
        left, right = constrain(F(0), F(1), left), constrain(F(0), F(1), right)
        top, bottom = constrain(F(0), F(1), top), constrain(F(0), F(1), bottom)
        found.append(((left + right) / 2, (top + bottom) / 2, right - left, bottom - top))
    return np.array(found, F).reshape(-1, 4)


def fill_truth_detection(ids, boxes, most, classes, smallest):
    """data.c fill_truth_detection: rows of x, y, w, h, class from corrected boxes in order."""
    truth = np.zeros((most, 5), F)
    count = min(len(boxes), most)
    filled = 0
    for i in range(count):
        x, y, w, h = boxes[i]
        if not 0 <= ids[i] < classes:
            continue
        if w < F(smallest[0]) or h < F(smallest[1]):
            continue
        if x == NOWHERE or y == NOWHERE or x <= 0 or x > 1 or y <= 0 or y > 1:
            continue
        truth[filled] = x, y, min(w, F(1)), min(h, F(1)), ids[i]
        filled += 1
    return truth


def fill_truth_region(ids, boxes, classes, side, smallest):
    """data.c fill_truth_region: cells of 1, class, x, y, w, h from corrected boxes in order."""
    truth = np.zeros(side * side * (5 + classes), F)
    for class_id, (x, y, w, h) in zip(ids, boxes, strict=True):
        if x == NOWHERE or not 0 <= class_id < classes or w < F(smallest) or h < F(smallest):
            continue
        column, row = int(x * F(side)), int(y * F(side))
        x, y = x * F(side) - column, y * F(side) - row
        index = (column + row * side) * (5 + classes)
        if truth[index]:
            continue
        truth[index] = truth[index + 1 + class_id] = 1
        truth[index + 1 + classes : index + 5 + classes] = x, y, w, h
    return truth


def blend_truth_mosaic(new, old, w, h, cut, part, shifts, bound):
    """data.c blend_truth_mosaic: append `old` rows, moved to a quarter, to those of `new`.

    Args:
        cut: cut_x, cut_y.
        shifts: left, right, top, bottom.
    """
    cut_x, cut_y = cut
    left_shift, right_shift, top_shift, bot_shift = shifts
    start = next((t for t, row in enumerate(new) if not row[0]), len(new))
    place = start
    for t in range(start, len(new)):
        row = old[t - start]
        if not row[0]:
            break
        xb, yb, wb, hb = row[:4]
        if part in (0, 2):
            xb = xb - F(w - cut_x - right_shift) / F(w)
        else:
            xb = xb + F(cut_x - left_shift) / F(w)
        if part in (0, 1):
            yb = yb - F(h - cut_y - bot_shift) / F(h)
        else:
            yb = yb + F(cut_y - top_shift) / F(h)

        def corners(xb, yb, wb, hb):
            half_w, half_h = wb / F(2), hb / F(2)
            edges = (xb - half_w) * F(w), (xb + half_w) * F(w), (yb - half_h) * F(h)
            return [int(edge) for edge in (*edges, (yb + half_h) * F(h))]

        left, right, top, bot = corners(xb, yb, wb, hb)
        if bound:
            left = max(left, 0 if part in (0, 2) else cut_x)
            right = min(right, cut_x if part in (0, 2) else w)
            top = max(top, 0 if part in (0, 1) else cut_y)
            bot = min(bot, cut_y if part in (0, 1) else h)
            xb, wb = F(right + left) / F(2) / F(w), F(right - left) / F(w)
            yb, hb = F(bot + top) / F(2) / F(h), F(bot - top) / F(h)
        else:
            if left < 0:
                xb, wb = xb - F(left) / F(w) / F(2), wb + F(left) / F(w)
            if right > w:
                xb, wb = xb - F(right - w) / F(w) / F(2), wb - F(right - w) / F(w)
            if top < 0:
                yb, hb = yb - F(top) / F(h) / F(2), hb + F(top) / F(h)
            if bot > h:
                yb, hb = yb - F(bot - h) / F(h) / F(2), hb - F(bot - h) / F(h)
            left, right, top, bot = corners(xb, yb, wb, hb)
        inside = left >= 0 and right <= w and top >= 0 and bot <= h
        if not inside or not all(0 < value < 1 for value in (xb, yb, wb, hb)):
            continue
        if wb > F(1) / F(w) and hb > F(1) / F(h):
            new[place, :4] = xb, yb, wb, hb
            new[place, 4] = row[4]
            place += 1
    return new


def rgb_to_hsv(r, g, b):
    """image.c rgb_to_hsv, of one pixel."""
    most, least = max(r, g, b), min(r, g, b)
    delta = most - least
    if most == 0 or delta == 0:
        return 0.0, 0.0 if most == 0 else delta / most, most
    if r == most:
        h = (g - b) / delta
    elif g == most:
        h = 2 + (b - r) / delta
    else:
        h = 4 + (r - g) / delta
    return (h + 6 if h < 0 else h) / 6, delta / most, most


def hsv_to_rgb(h, s, v):
    """image.c hsv_to_rgb, of one pixel."""
    if s == 0:
        return v, v, v
    index = int(np.floor(6 * h))
    f = 6 * h - index
    p, q, t = v * (1 - s), v * (1 - s * f), v * (1 - s * (1 - f))
    order = {0: (v, t, p), 1: (q, v, p), 2: (p, v, t), 3: (p, q, v), 4: (t, p, v)}
    return order.get(index, (v, p, q))


def distort_pixel(rgb, hue, saturation, exposure):
    """image.c distort_image, of one pixel."""
    h, s, v = rgb_to_hsv(*rgb)
    h += hue
    h = h - 1 if h > 1 else h + 1 if h < 0 else h
    return [constrain(0, 1, x) for x in hsv_to_rgb(h, s * saturation, v * exposure)]

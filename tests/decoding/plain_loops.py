"""What Darknet's loops make of the input of each head, value by value, in float64."""

import math

import numpy as np


def logistic(x):
    return 1 / (1 + math.exp(-x))


def softmax(values):
    raised = [math.exp(value - max(values)) for value in values]
    return [one / sum(raised) for one in raised]


def positions(case, x):
    """Row, column, box and its values, for one picture [C, H, W]."""
    boxes = len(case.anchors)
    for i, j, box in np.ndindex(*x.shape[1:], boxes):
        yield i, j, box, [float(v) for v in x.reshape(boxes, -1, *x.shape[1:])[box, :, i, j]]


def yolo(case, x):
    """yolo_layer.c forward_yolo_layer, get_yolo_box, get_yolo_detections."""
    rows, columns = x.shape[1:]
    scale, new_coords = case.number("scale_x_y", 1.0), case.number("new_coords", 0)
    for i, j, box, (x0, y0, w, h, *rest) in positions(case, x):
        if not new_coords:
            x0, y0, *rest = map(logistic, (x0, y0, *rest))
        x0, y0 = (value * scale - 0.5 * (scale - 1) for value in (x0, y0))
        wide, high = (w * w * 4, h * h * 4) if new_coords else (math.exp(w), math.exp(h))
        width, height = case.anchors[box]
        size = wide * width / case.width, high * height / case.height
        certain, *classes = rest
        centre = (j + x0) / columns, (i + y0) / rows
        yield (*centre, *size), certain, [certain * one for one in classes]


def gaussian(case, x):
    """gaussian_yolo_layer.c forward_gaussian_yolo_layer, get_gaussian_yolo_detections."""
    rows, columns = x.shape[1:]
    scale = case.number("scale_x_y", 1.0)
    shift = {"left_top": 0.5, "right_bottom": -0.5}.get(case.options.get("yolo_point"), 0)
    for i, j, box, values in positions(case, x):
        out = [logistic(value) for value in values]
        x0, y0 = (out[at] * scale - 0.5 * (scale - 1) for at in (0, 2))
        width, height = case.anchors[box]
        wide = math.exp(values[4]) * width / case.width
        high = math.exp(values[6]) * height / case.height
        centre = (j + x0) / columns + shift * wide, (i + y0) / rows + shift * high
        certainty = 1 - (out[1] + out[3] + out[5] + out[7]) / 4
        scores = [out[8] * one * certainty for one in out[9:]]
        yield (*centre, wide, high), out[8], scores


def region(case, x):
    """region_layer.c, AlexeyAB's or pjreddie's."""
    return (_region_alexeyab if case.dialect == "alexeyab" else _region_pjreddie)(case, x)


def _region_classes(case, classes):
    if "tree" in case.options:
        return [
            one
            for first, size in case.tree_groups
            for one in softmax(classes[first : first + size])
        ]
    if case.number("softmax", 0):
        return softmax(classes)
    return classes if case.dialect == "alexeyab" else [logistic(one) for one in classes]


def _chain(case, classes):
    """tree.c hierarchy_predictions."""
    out = list(classes)
    for child, parent in enumerate(case.tree_parents):
        if parent >= 0:
            out[child] *= out[parent]
    return out


def _region_alexeyab(case, x):
    """forward_region_layer and get_region_boxes, which reads as if coords were 4."""
    rows, columns = x.shape[1:]
    memory = []
    for *_, values in positions(case, x):
        end = 5 + case.classes
        certain = logistic(values[4])
        memory += [*values[:4], certain, *_region_classes(case, values[5:end]), *values[end:]]
    for at, (i, j, box) in enumerate(np.ndindex(rows, columns, len(case.anchors))):
        x0, y0, w, h, certain, *classes = memory[at * (5 + case.classes) :][: 5 + case.classes]
        width, height = case.anchors[box]
        centre = (j + logistic(x0)) / columns, (i + logistic(y0)) / rows
        size = math.exp(w) * width / columns, math.exp(h) * height / rows
        if case.number("classfix", 0) == -1 and certain < 0.5:
            certain = 0
        if "tree" not in case.options:
            yield (*centre, *size), 1, [certain * one for one in classes]
            continue
        chained = _chain(case, classes)
        above = [index for index, one in enumerate(chained) if one > 0.5]
        last = above[-1] if above else None
        scores = [one if index == last else 0 for index, one in enumerate(chained)]
        yield (*centre, *size), certain, scores


def _region_pjreddie(case, x):
    """forward_region_layer, get_region_detections."""
    rows, columns = x.shape[1:]
    coords, background = case.number("coords", 4), case.number("background", 0)
    for i, j, box, values in positions(case, x):
        certain, classes = values[coords], values[coords + 1 :]
        if background and case.number("softmax", 0):
            _, *classes = softmax([certain, *classes])
        elif background:
            classes = [logistic(one) for one in classes]
        else:
            certain, classes = logistic(certain), _region_classes(case, classes)
        certain = 1 if background else certain
        width, height = case.anchors[box]
        centre = (j + logistic(values[0])) / columns, (i + logistic(values[1])) / rows
        size = math.exp(values[2]) * width / columns, math.exp(values[3]) * height / rows
        if "tree" in case.options:
            top = _top(case, _chain(case, classes))
            scores = [certain if index == top else 0 for index in range(case.classes)]
        else:
            scores = [certain * one for one in classes]
        yield (*centre, *size), certain, scores


def _top(case, chained):
    """tree.c hierarchy_top_prediction at 0.5."""
    group, product = 0, 1
    while True:
        first, size = case.tree_groups[group]
        best = max(range(first, first + size), key=lambda index: chained[index])
        if product * chained[best] <= 0.5:
            return best if group == 0 else case.tree_parents[first]
        product *= chained[best]
        below = [
            at
            for at, (start, _) in enumerate(case.tree_groups)
            if case.tree_parents[start] == best
        ]
        if not below:
            return best
        (group,) = below


def detection(case, x):
    """detection_layer.c forward_detection_layer, get_detection_detections."""
    memory, number = x.reshape(-1).tolist(), len(case.anchors)
    side = int(case.number("side", 7))
    cells = side * side
    for cell in range(cells):
        classes = memory[cell * case.classes :][: case.classes]
        if case.number("softmax", 0):
            classes = softmax(classes)
        for n in range(number):
            certain = memory[cells * case.classes + cell * number + n]
            at = cells * (case.classes + number) + (cell * number + n) * 4
            x0, y0, w, h = memory[at : at + 4]
            size = (w * w, h * h) if case.number("sqrt", 0) else (w, h)
            centre = (cell % side + x0) / side, (cell // side + y0) / side
            yield (*centre, *size), 1, [certain * one for one in classes]

"""The classic losses in plain loops over pictures, truths and boxes, in Python's floats."""

import math

from tests.losses.cases import HEIGHT, WIDTH

SMALL = 1e-7


def logistic(value):
    return 1 / (1 + math.exp(-value))


def cross_entropy(logit, target):
    score = logistic(logit)
    return -target * math.log(score) - (1 - target) * math.log(1 - score)


def overlap(a, b):
    """Intersection, union, and the size of the smallest box around both."""
    sides, around = [], []
    for axis in (0, 1):
        low = [box[axis] - box[axis + 2] / 2 for box in (a, b)]
        high = [box[axis] + box[axis + 2] / 2 for box in (a, b)]
        sides.append(max(0.0, min(high) - max(low)))
        around.append(max(high) - min(low))
    intersection = sides[0] * sides[1]
    return intersection, a[2] * a[3] + b[2] * b[3] - intersection, around


def iou(a, b):
    intersection, union, _ = overlap(a, b)
    return intersection / union


def box_loss(kind, predicted, truth, encoded, target):
    """The loss of one box; alpha of CIoU is computed like the rest."""
    if kind == "mse":
        return sum((one - other) ** 2 for one, other in zip(encoded, target, strict=True))
    intersection, union, around = overlap(predicted, truth)
    loss = 1 - intersection / union
    if kind == "giou":
        area = around[0] * around[1]
        loss += (area - union) / area
    if kind in ("diou", "ciou"):
        distance = (predicted[0] - truth[0]) ** 2 + (predicted[1] - truth[1]) ** 2
        loss += distance / (around[0] ** 2 + around[1] ** 2)
    if kind == "ciou":
        angles = [math.atan(box[2] / box[3]) for box in (truth, predicted)]
        v = 4 / math.pi**2 * (angles[0] - angles[1]) ** 2
        loss += v * v / (1 - intersection / union + v + SMALL)
    return loss


class Box:
    """A predicted box of a head.

    Args:
        head: a [yolo] or [region].
        x: its input, [N, C, H, W], as nested floats.
        at: picture, box, row, column.
    """

    def __init__(self, head, x, at):
        self.head, self.at = head, at
        picture, box, row, column = at
        start = box * head.values_per_box
        values = [float(x[picture][start + k][row][column]) for k in range(head.values_per_box)]
        self.values = values
        rows, columns = len(x[0][0]), len(x[0][0][0])
        self.activated = getattr(head.options, "new_coords", False)
        scale = getattr(head.options, "scale_x_y", 1.0)
        width, height = head.anchor_pairs[box]
        self.anchor = (width, height)
        if hasattr(head, "tree"):  # a [region], whose anchors are in cells
            self.anchor = (width * WIDTH / columns, height * HEIGHT / rows)
        xy = values[:2] if self.activated else [logistic(value) for value in values[:2]]
        self.offset = [value * scale - 0.5 * (scale - 1) for value in xy]
        self.cell = (column, row)
        self.map = (columns, rows)
        sizes = [4 * v * v if self.activated else math.exp(v) for v in values[2:4]]
        self.pixels = [
            (self.offset[0] + column) / columns * WIDTH,
            (self.offset[1] + row) / rows * HEIGHT,
            *(size * anchor for size, anchor in zip(sizes, self.anchor, strict=True)),
        ]

    def logit(self, index):
        value = self.values[index]
        return math.log(value / (1 - value)) if self.activated else value

    def encoded(self):
        return [*self.offset, *self.values[2:4]]

    def target(self, truth):
        """The encoded truth, given in pixels."""
        size = [side / anchor for side, anchor in zip(truth[2:], self.anchor, strict=True)]
        raw = [math.sqrt(s / 4) if self.activated else math.log(s) for s in size]
        cell = [
            truth[axis] / (WIDTH, HEIGHT)[axis] * self.map[axis] - self.cell[axis]
            for axis in (0, 1)
        ]
        return [*cell, *raw]


def truths_of(rows, classes):
    """(picture, box in pixels, class) of the truths that count."""
    found = []
    for picture, each in enumerate(rows):
        for row in each:
            if row[0] == 0:
                break
            box = [float(v) * (WIDTH, HEIGHT)[axis % 2] for axis, v in enumerate(row[:4])]
            if 0 <= row[4] < classes and box[2] > 0 and box[3] > 0:
                found.append((picture, box, int(row[4])))
    return found


def score_of_shape(kind, anchor, truth):
    ratios = [anchor[axis] / truth[2 + axis] for axis in (0, 1)]
    if kind == "shape-ratio":
        return 1 / max(max(ratio, 1 / ratio) for ratio in ratios)
    return iou([0, 0, *anchor], [0, 0, *truth[2:]])


def assign(heads, inputs, truths, settings):
    """For each truth the boxes that it gets, as (head number, at)."""
    bound = settings.assign_several
    if bound is not None and settings.assign == "shape-ratio":
        bound = 1 / bound
    assigned = []
    for picture, truth, _ in truths:
        scores, shapes = {}, {}
        anchors = heads[0].all_anchors if hasattr(heads[0], "all_anchors") else None
        for number, (head, x) in enumerate(zip(heads, inputs, strict=True)):
            rows, columns = len(x[0][0]), len(x[0][0][0])
            cell = (int(truth[1] / HEIGHT * rows), int(truth[0] / WIDTH * columns))
            masks = getattr(head, "mask", tuple(range(head.boxes_per_position)))
            for box in range(len(masks)):
                at = (picture, box, *cell)
                one = Box(head, x, at)
                if settings.assign == "predicted-iou":
                    scores[(number, at)] = iou(one.pixels, truth)
                    shapes[(number, at)] = score_of_shape("shape-iou", one.anchor, truth)
                else:
                    scores[(number, at)] = score_of_shape(settings.assign, one.anchor, truth)
        chosen = {key for key, score in scores.items() if bound is not None and score > bound}
        if settings.assign == "predicted-iou" and not any(scores.values()):
            scores = shapes
        best = max(scores, key=scores.get)
        elsewhere = [score_of_shape(settings.assign, a, truth) for a in anchors or ()]
        if settings.assign == "predicted-iou" or max(elsewhere, default=0) <= scores[best] + 1e-6:
            chosen.add(best)
        assigned.append(chosen)
    return assigned


def head_loss(head, x, truths, assigned, settings, *, ignore, target, class_loss):
    """(box, objectness, class) sums of one head, weighted.

    Args:
        assigned: for each truth the boxes of this head that it gets.
        ignore: IoU above which a box without a truth is ignored.
        target: of the objectness, "one" or "iou".
    """
    weights, counters = settings.weights, getattr(head.options, "counters_per_class", ())
    owners, box_sum = {}, 0.0
    for (_, truth, class_id), boxes in zip(truths, assigned, strict=True):
        weight = 1.0
        if counters:
            weight = max(max(counters), 1) / max(counters[class_id], 1)
            weight = min(weight, head.options.max_delta)
        for at in boxes:
            box = Box(head, x, at)
            one = box_loss(settings.box_loss, box.pixels, truth, box.encoded(), box.target(truth))
            box_sum += weight * one
            owners.setdefault(at, []).append((truth, class_id, weight))
    positive, negative, empty, class_sum = 0.0, 0.0, 0, 0.0
    for picture in range(len(x)):
        for box_index in range(head.boxes_per_position):
            for row in range(len(x[0][0])):
                for column in range(len(x[0][0][0])):
                    at = (picture, box_index, row, column)
                    box, own = Box(head, x, at), owners.get(at)
                    if own is None:
                        near = [iou(box.pixels, t) for p, t, _ in truths if p == picture]
                        if max(near, default=0) <= ignore:
                            negative += cross_entropy(box.logit(4), 0)
                            empty += 1
                        continue
                    weight = max(w for _, _, w in own)
                    wanted = max(iou(box.pixels, t) for t, _, _ in own) if target == "iou" else 1
                    positive += weight * cross_entropy(box.logit(4), wanted)
                    class_sum += weight * class_term(head, box, own, class_loss)
    factor = settings.positive_weight
    if factor == "auto":
        factor = empty / max(1, len(owners))
    objectness = weights.obj * factor * positive + weights.noobj * negative
    return weights.box * box_sum, objectness, weights.cls * class_sum


def class_term(head, box, own, class_loss):
    """The class loss of a box with these truths; the last one counts for ce."""
    smoothing = getattr(head.options, "label_smooth_eps", 0.0)
    logits = [box.logit(5 + index) for index in range(head.classes)]
    if class_loss == "bce":
        classes = {class_id for _, class_id, _ in own}
        targets = [
            (index in classes) * (1 - smoothing) + 0.5 * smoothing for index in range(len(logits))
        ]
        return sum(cross_entropy(z, t) for z, t in zip(logits, targets, strict=True))
    total = math.log(sum(math.exp(z) for z in logits))
    of_class = total - logits[own[-1][1]]
    of_all = sum(total - z for z in logits) / len(logits)
    return (1 - smoothing) * of_class + smoothing * of_all

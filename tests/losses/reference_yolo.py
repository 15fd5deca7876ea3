"""Reference for `losses.yolo`: delta and cost box by box and truth by truth, as in C."""

import math

import numpy as np

from tests.losses.reference_boxes import IOU_FUNCTIONS, F, box, giou, iou, iou_gradient

FLT_MAX = 3.4e38
MIN_CLASS_SCORE = F(0.25)


def class_multipliers(options):
    """Source: parser.c get_classes_multipliers."""
    counters = [max(1, count) for count in options.counters_per_class]
    if not counters:
        return None
    return [min(F(max(counters) / F(count)), F(options.max_delta)) for count in counters]


def clip(value, bound):
    value = F(value)
    if math.isnan(value) or math.isinf(value):
        value = F(0)
    return value if bound > FLT_MAX else max(min(value, F(bound)), F(-bound))


class ReferenceYolo:
    """Source: yolo_layer.c process_batch, forward_yolo_layer (AlexeyAB).

    Args:
        head: the [yolo].
        out: [N, boxes, 5 + classes, H, W], its output.
        rows: [N, T, 5 or more] truths.
        size: height and width of the network's input.
        class_map: class of each label, from a map= file.
    """

    c = 4  # values of a box before its objectness

    def __init__(self, head, out, rows, size, class_map=None):
        self.o, self.out, self.rows, self.map = head.options, out, rows, class_map
        self.anchors = [tuple(F(v) for v in pair) for pair in head.all_anchors]
        self.mask, self.classes = list(head.mask), head.classes
        self.height, self.width = size
        self.delta = np.zeros_like(out)
        self.multipliers = class_multipliers(self.o)
        self.matches = []  # IoU and GIoU of each match, for the cost
        self.track_ids = np.full(out.shape[:2] + out.shape[3:], -1)
        self.track_class_ids = np.full_like(self.track_ids, -1)

    def truths(self, picture):
        """Number, box and class of each valid truth."""
        for number, row in enumerate(self.rows[picture]):
            if row[0] == 0:
                return
            if 0 <= int(row[4]) < self.classes:
                yield number, box(row[:4]), int(row[4])

    def mapped(self, class_id):
        return class_id if self.map is None else self.map[class_id]

    def weight(self, class_id):
        return F(1) if self.multipliers is None else self.multipliers[class_id]

    def predicted(self, at, anchor):
        b, n, j, i = at
        v = self.out[b, n, :, j, i]
        rows, columns = self.out.shape[3:]
        wide, high = self.anchors[anchor]
        if self.o.new_coords:
            w, h = F(v[2] * v[2]) * F(4) * wide, F(v[3] * v[3]) * F(4) * high
        else:
            w, h = math.exp(v[2]) * float(wide), math.exp(v[3]) * float(high)
        return box((F(i + v[0]) / columns, F(j + v[1]) / rows, w / self.width, h / self.height))

    def add_box_delta(self, truth, at, anchor, weight):
        b, n, j, i = at
        v, d = self.out[b, n, :, j, i], self.delta[b, n, :, j, i]
        pred = self.predicted(at, anchor)
        self.last_pair = pred, truth
        weight = F(weight)
        if self.o.iou_loss == "mse":
            for k, target in enumerate(self.target(truth, at, anchor)):
                scale = F(2 - F(truth[2] * truth[3]))
                d[k] = self.sum_or_new(d[k], F(F(scale * F(target - v[k])) * weight))
            return
        pred = (*pred[:2], pred[2] or F(1), pred[3] or F(1))
        gradient = list(iou_gradient(pred, truth, self.o.iou_loss))
        if not self.o.new_coords:
            gradient[2] = F(float(gradient[2]) * math.exp(v[2]))
            gradient[3] = F(float(gradient[3]) * math.exp(v[3]))
        for k, value in enumerate(gradient):
            d[k] += clip(F(value * weight), self.o.max_delta)

    def sum_or_new(self, before, new):
        return F(before + new)

    def target(self, truth, at, anchor):
        _, _, j, i = at
        rows, columns = self.out.shape[3:]
        wide, high = self.anchors[anchor]
        yield F(truth[0] * F(columns)) - F(i)
        yield F(truth[1] * F(rows)) - F(j)
        for side, length, of_anchor in (
            (truth[2], self.width, wide),
            (truth[3], self.height, high),
        ):
            if self.o.new_coords:
                yield F(math.sqrt(F(side * F(length)) / (F(4) * of_anchor)))
            else:
                yield F(math.log(F(side * F(length)) / of_anchor))

    def set_class_delta(self, at, class_id):
        b, n, j, i = at
        scores, d = self.out[b, n, self.c + 1 :, j, i], self.delta[b, n, self.c + 1 :, j, i]
        smooth = F(self.o.label_smooth_eps)

        def target(k):
            one_hot = F(k == class_id)
            return F(one_hot * (1 - smooth) + 0.5 * smooth) if smooth else one_hot

        if self.has_target(d, class_id):
            d[class_id] = target(class_id) - scores[class_id]
            if self.multipliers is not None:
                d[class_id] *= self.multipliers[class_id]
            return
        for k in range(self.classes):
            if getattr(self.o, "focal_loss", False):
                pt = F(scores[class_id] + F(1e-15))
                grad = -(1 - pt) * (2 * pt * F(math.log(pt)) + pt - 1)
                d[k] = (F(k == class_id) - scores[k]) * F(F(0.5) * grad)
            else:
                d[k] = target(k) - scores[k]
                if self.multipliers is not None and k == class_id:
                    d[k] *= F(self.multipliers[k] * F(self.o.cls_normalizer))

    def has_target(self, classes, class_id):
        return classes[class_id] != 0

    def best_anchor(self, truth):
        shape = box((0, 0, *truth[2:]))
        best, chosen = F(0), 0
        for n, (wide, high) in enumerate(self.anchors):
            overlap = iou(box((0, 0, wide / F(self.width), high / F(self.height))), shape)
            if overlap > best:
                best, chosen = overlap, n
        return chosen

    def compute(self):
        for picture in range(len(self.out)):
            self.set_background(picture)
            for number, truth, class_id in self.truths(picture):
                self.assign_truth(picture, number, truth, class_id)
            if self.o.iou_thresh < 1:
                self.average(picture)
        return self.delta, self.cost()

    def each_box(self, picture):
        rows, columns = self.out.shape[3:]
        for j in range(rows):
            for i in range(columns):
                for n in range(len(self.mask)):
                    yield picture, n, j, i

    def set_background(self, picture):
        o = self.o
        for at in self.each_box(picture):
            b, n, j, i = at
            d, v = self.delta[b, n, :, j, i], self.out[b, n, :, j, i]
            pred = self.predicted(at, self.mask[n])
            best, matching, chosen, matched = F(0), F(0), None, None
            for _, truth, class_id in self.truths(picture):
                overlap = iou(pred, truth)
                if overlap > matching and (v[self.c + 1 :] > MIN_CLASS_SCORE).any():
                    matching, matched = overlap, (truth, class_id)
                if overlap > best:
                    best, chosen = overlap, (truth, class_id)
            d[self.c] = F(o.obj_normalizer) * -v[self.c]
            if matching > F(o.ignore_thresh):
                d[self.c] = (
                    self.ignore_overlapping(at, matching, *matched) if o.objectness_smooth else 0
                )
            if best > F(o.truth_thresh):
                self.assign_overlapping(at, best, *chosen)

    def ignore_overlapping(self, at, overlap, truth, class_id):
        b, n, j, i = at
        target = F(self.o.obj_normalizer) * (overlap - self.out[b, n, self.c, j, i])
        return max(self.delta[b, n, self.c, j, i], target)

    def assign_overlapping(self, at, best, truth, class_id):
        b, n, j, i = at
        o, d, v = self.o, self.delta[b, n, :, j, i], self.out[b, n, :, j, i]
        target = F(best * best) if o.objectness_smooth else F(1)
        d[self.c] = F(o.obj_normalizer) * (target - v[self.c])
        class_id = self.mapped(class_id)
        self.set_class_delta(at, class_id)
        if o.objectness_smooth:
            d[self.c + 1 + class_id] = self.weight(class_id) * (target - v[self.c + 1 + class_id])
        weight = F(o.iou_normalizer) * self.weight(class_id)
        self.add_box_delta(truth, at, self.mask[n], weight)

    def cell(self, truth):
        rows, columns = self.out.shape[3:]
        return int(F(truth[1] * F(rows))), int(F(truth[0] * F(columns)))

    def assign_truth(self, picture, number, truth, class_id):
        class_id, best = self.mapped(class_id), self.best_anchor(truth)
        j, i = self.cell(truth)
        if best in self.mask:
            at = (picture, self.mask.index(best), j, i)
            self.assign(at, best, truth, class_id)
            if self.rows.shape[2] > 5:
                self.track_ids[at] = int(self.rows[picture, number, 5])
                self.track_class_ids[at] = class_id
        shape = box((0, 0, *truth[2:]))
        for n, (wide, high) in enumerate(self.anchors):
            if n == best or n not in self.mask or not self.o.iou_thresh < 1:
                continue
            prior = box((0, 0, wide / F(self.width), high / F(self.height)))
            if IOU_FUNCTIONS[self.o.iou_thresh_kind](prior, shape) > F(self.o.iou_thresh):
                self.assign((picture, self.mask.index(n), j, i), n, truth, class_id)

    def assign(self, at, anchor, truth, class_id):
        b, n, j, i = at
        d, v = self.delta[b, n, :, j, i], self.out[b, n, :, j, i]
        weight = self.weight(class_id)
        self.add_box_delta(truth, at, anchor, F(self.o.iou_normalizer) * weight)
        self.matches.append((iou(*self.last_pair), giou(*self.last_pair)))
        if not self.keeps_smoothed_objectness() or d[self.c] == 0:
            d[self.c] = weight * F(self.o.obj_normalizer) * (1 - v[self.c])
        self.set_class_delta(at, class_id)

    def keeps_smoothed_objectness(self):
        return self.o.objectness_smooth

    def average(self, picture):
        for b, n, j, i in self.each_box(picture):
            d = self.delta[b, n, :, j, i]
            classes = sum(value > 0 for value in d[self.c + 1 :])
            if d[self.c] != 0 and classes:
                d[:4] /= F(classes)

    def cost(self):
        total = (self.delta.astype(np.float64) ** 2).sum()
        if not self.o.show_details or self.o.iou_loss == "mse":
            return total
        classification = (self.delta[:, :, self.c :].astype(np.float64) ** 2).sum()
        kind = 1 if self.o.iou_loss == "giou" else 0
        mean_iou_loss = sum(1 - float(pair[kind]) for pair in self.matches) / max(
            1, len(self.matches)
        )
        return self.o.iou_normalizer * mean_iou_loss + self.o.obj_normalizer * classification


class PjreddieYolo(ReferenceYolo):
    """Source: yolo_layer.c forward_yolo_layer (pjreddie)."""

    def set_background(self, picture):
        for at in self.each_box(picture):
            b, n, j, i = at
            d, v = self.delta[b, n, :, j, i], self.out[b, n, :, j, i]
            pred = self.predicted(at, self.mask[n])
            best, chosen = F(0), None
            for _, truth, class_id in self.truths(picture):
                overlap = iou(pred, truth)
                if overlap > best:
                    best, chosen = overlap, (truth, class_id)
            d[4] = 0 if best > F(self.o.ignore_thresh) else -v[4]
            if best > F(self.o.truth_thresh):
                d[4] = 1 - v[4]
                self.set_class_delta(at, self.mapped(chosen[1]))
                self.add_box_delta(chosen[0], at, self.mask[n], 1)

    def assign_truth(self, picture, number, truth, class_id):
        best = self.best_anchor(truth)
        if best not in self.mask:
            return
        j, i = self.cell(truth)
        n = self.mask.index(best)
        at = (picture, n, j, i)
        self.add_box_delta(truth, at, best, 1)
        self.delta[picture, n, 4, j, i] = 1 - self.out[picture, n, 4, j, i]
        self.set_class_delta(at, self.mapped(class_id))

    def sum_or_new(self, before, new):
        return new

    def has_target(self, classes, class_id):
        return classes[0] != 0

    def cost(self):
        return (self.delta.astype(np.float64) ** 2).sum()

"""[yolo]'s delta and cost, box by box and truth by truth, in the order of yolo_layer.c."""

import math

import numpy as np

from tests.losses.plain_boxes import KINDS, F, box, giou, iou, slope

FLT_MAX = 3.4e38
CONFIDENT = F(0.25)


def multipliers(options):
    """Source: parser.c get_classes_multipliers."""
    counters = [max(1, count) for count in options.counters_per_class]
    if not counters:
        return None
    return [min(F(max(counters) / F(count)), F(options.max_delta)) for count in counters]


def tidy(value, most):
    value = F(value)
    if math.isnan(value) or math.isinf(value):
        value = F(0)
    return value if most > FLT_MAX else max(min(value, F(most)), F(-most))


class PlainYolo:
    """AlexeyAB's process_batch and forward_yolo_layer; `of_pjreddie` for the other's.

    Args:
        head: whose options count.
        out: [N, boxes, 5 + classes, H, W], its output.
        rows: [N, T, 5 or more] truths.
        size: height and width of the network's input.
        classes: through a map= file, if there is one.
    """

    c = 4  # values of a box before its objectness

    def __init__(self, head, out, rows, size, class_map=None):
        self.o, self.out, self.rows, self.map = head.options, out, rows, class_map
        self.anchors = [tuple(F(v) for v in pair) for pair in head.all_anchors.tolist()]
        self.mask, self.classes = list(head.mask), head.classes
        self.height, self.width = size
        self.delta = np.zeros_like(out)
        self.each = multipliers(self.o)
        self.matches = []  # what overlaps each match had, for the cost
        self.labels = np.full(out.shape[:2] + out.shape[3:], -1)
        self.label_classes = np.full_like(self.labels, -1)

    def truths(self, picture):
        """Number, box and class of each truth that counts."""
        for number, row in enumerate(self.rows[picture]):
            if row[0] == 0:
                return
            if 0 <= int(row[4]) < self.classes:
                yield number, box(row[:4]), int(row[4])

    def named(self, class_id):
        return class_id if self.map is None else self.map[class_id]

    def weight(self, class_id):
        return F(1) if self.each is None else self.each[class_id]

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

    def add_box(self, truth, at, anchor, weight):
        b, n, j, i = at
        v, d = self.out[b, n, :, j, i], self.delta[b, n, :, j, i]
        pred = self.predicted(at, anchor)
        self.last = pred, truth
        weight = F(weight)
        if self.o.iou_loss == "mse":
            for k, wanted in enumerate(self.wanted(truth, at, anchor)):
                scale = F(2 - F(truth[2] * truth[3]))
                d[k] = self.summed(d[k], F(F(scale * F(wanted - v[k])) * weight))
            return
        pred = (*pred[:2], pred[2] or F(1), pred[3] or F(1))
        moved = list(slope(pred, truth, self.o.iou_loss))
        if not self.o.new_coords:
            moved[2] = F(float(moved[2]) * math.exp(v[2]))
            moved[3] = F(float(moved[3]) * math.exp(v[3]))
        for k, value in enumerate(moved):
            d[k] += tidy(F(value * weight), self.o.max_delta)

    def summed(self, before, new):
        return F(before + new)

    def wanted(self, truth, at, anchor):
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

    def add_class(self, at, class_id):
        b, n, j, i = at
        scores, d = self.out[b, n, self.c + 1 :, j, i], self.delta[b, n, self.c + 1 :, j, i]
        smooth = F(self.o.label_smooth_eps)

        def wanted(k):
            one = F(k == class_id)
            return F(one * (1 - smooth) + 0.5 * smooth) if smooth else one

        if self.met(d, class_id):
            d[class_id] = wanted(class_id) - scores[class_id]
            if self.each is not None:
                d[class_id] *= self.each[class_id]
            return
        for k in range(self.classes):
            if getattr(self.o, "focal_loss", False):
                sure = F(scores[class_id] + F(1e-15))
                steep = -(1 - sure) * (2 * sure * F(math.log(sure)) + sure - 1)
                d[k] = (F(k == class_id) - scores[k]) * F(F(0.5) * steep)
            else:
                d[k] = wanted(k) - scores[k]
                if self.each is not None and k == class_id:
                    d[k] *= F(self.each[k] * F(self.o.cls_normalizer))

    def met(self, classes, class_id):
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
            self.boxes_of(picture)
            for number, truth, class_id in self.truths(picture):
                self.truth_of(picture, number, truth, class_id)
            if self.o.iou_thresh < 1:
                self.average(picture)
        return self.delta, self.cost()

    def each_place(self, picture):
        rows, columns = self.out.shape[3:]
        for j in range(rows):
            for i in range(columns):
                for n in range(len(self.mask)):
                    yield picture, n, j, i

    def boxes_of(self, picture):
        o = self.o
        for at in self.each_place(picture):
            b, n, j, i = at
            d, v = self.delta[b, n, :, j, i], self.out[b, n, :, j, i]
            pred = self.predicted(at, self.mask[n])
            best, matching, chosen, matched = F(0), F(0), None, None
            for _, truth, class_id in self.truths(picture):
                overlap = iou(pred, truth)
                if overlap > matching and (v[self.c + 1 :] > CONFIDENT).any():
                    matching, matched = overlap, (truth, class_id)
                if overlap > best:
                    best, chosen = overlap, (truth, class_id)
            d[self.c] = F(o.obj_normalizer) * -v[self.c]
            if matching > F(o.ignore_thresh):
                d[self.c] = (
                    self.ignore_overlapping(at, matching, *matched) if o.objectness_smooth else 0
                )
            if best > F(o.truth_thresh):
                self.learn_overlapped(at, best, *chosen)

    def ignore_overlapping(self, at, overlap, truth, class_id):
        b, n, j, i = at
        wanted = F(self.o.obj_normalizer) * (overlap - self.out[b, n, self.c, j, i])
        return max(self.delta[b, n, self.c, j, i], wanted)

    def learn_overlapped(self, at, best, truth, class_id):
        b, n, j, i = at
        o, d, v = self.o, self.delta[b, n, :, j, i], self.out[b, n, :, j, i]
        wanted = F(best * best) if o.objectness_smooth else F(1)
        d[self.c] = F(o.obj_normalizer) * (wanted - v[self.c])
        class_id = self.named(class_id)
        self.add_class(at, class_id)
        if o.objectness_smooth:
            d[self.c + 1 + class_id] = self.weight(class_id) * (wanted - v[self.c + 1 + class_id])
        weight = F(o.iou_normalizer) * self.weight(class_id)
        self.add_box(truth, at, self.mask[n], weight)

    def cell(self, truth):
        rows, columns = self.out.shape[3:]
        return int(F(truth[1] * F(rows))), int(F(truth[0] * F(columns)))

    def truth_of(self, picture, number, truth, class_id):
        class_id, best = self.named(class_id), self.best_anchor(truth)
        j, i = self.cell(truth)
        if best in self.mask:
            at = (picture, self.mask.index(best), j, i)
            self.learn(at, best, truth, class_id)
            if self.rows.shape[2] > 5:
                self.labels[at] = int(self.rows[picture, number, 5])
                self.label_classes[at] = class_id
        shape = box((0, 0, *truth[2:]))
        for n, (wide, high) in enumerate(self.anchors):
            if n == best or n not in self.mask or not self.o.iou_thresh < 1:
                continue
            prior = box((0, 0, wide / F(self.width), high / F(self.height)))
            if KINDS[self.o.iou_thresh_kind](prior, shape) > F(self.o.iou_thresh):
                self.learn((picture, self.mask.index(n), j, i), n, truth, class_id)

    def learn(self, at, anchor, truth, class_id):
        b, n, j, i = at
        d, v = self.delta[b, n, :, j, i], self.out[b, n, :, j, i]
        weight = self.weight(class_id)
        self.add_box(truth, at, anchor, F(self.o.iou_normalizer) * weight)
        self.matches.append((iou(*self.last), giou(*self.last)))
        if not self.keeps_smoothed() or d[self.c] == 0:
            d[self.c] = weight * F(self.o.obj_normalizer) * (1 - v[self.c])
        self.add_class(at, class_id)

    def keeps_smoothed(self):
        return self.o.objectness_smooth

    def average(self, picture):
        for b, n, j, i in self.each_place(picture):
            d = self.delta[b, n, :, j, i]
            learned = sum(value > 0 for value in d[self.c + 1 :])
            if d[self.c] != 0 and learned:
                d[:4] /= F(learned)

    def cost(self):
        everything = (self.delta.astype(np.float64) ** 2).sum()
        if not self.o.show_details or self.o.iou_loss == "mse":
            return everything
        rest = (self.delta[:, :, self.c :].astype(np.float64) ** 2).sum()
        kind = 1 if self.o.iou_loss == "giou" else 0
        missed = sum(1 - float(pair[kind]) for pair in self.matches) / max(1, len(self.matches))
        return self.o.iou_normalizer * missed + self.o.obj_normalizer * rest


class OfPjreddie(PlainYolo):
    """forward_yolo_layer of pjreddie's yolo_layer.c."""

    def boxes_of(self, picture):
        for at in self.each_place(picture):
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
                self.add_class(at, self.named(chosen[1]))
                self.add_box(chosen[0], at, self.mask[n], 1)

    def truth_of(self, picture, number, truth, class_id):
        best = self.best_anchor(truth)
        if best not in self.mask:
            return
        j, i = self.cell(truth)
        n = self.mask.index(best)
        at = (picture, n, j, i)
        self.add_box(truth, at, best, 1)
        self.delta[picture, n, 4, j, i] = 1 - self.out[picture, n, 4, j, i]
        self.add_class(at, self.named(class_id))

    def summed(self, before, new):
        return new

    def met(self, classes, class_id):
        return classes[0] != 0

    def cost(self):
        return (self.delta.astype(np.float64) ** 2).sum()

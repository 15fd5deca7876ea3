"""Reference for `losses.region`: delta and cost box by box, as either region_layer.c loops."""

import math

import numpy as np

from tests.losses.reference_boxes import F, box, iou

ANCHOR_WARMUP = 12800


def logistic(x):
    return F(1 / (1 + math.exp(-x)))


class ReferenceRegion:
    """Source: region_layer.c forward_region_layer (AlexeyAB).

    Args:
        head: the [region].
        out: [N, H, W, boxes, values], its output.
        rows: [N, T, values] truths.
        seen: pictures seen, this mini-batch included.
        parents: of each class in a tree of classes.
        class_map: class of each label, from a map= file.
    """

    def __init__(self, head, out, rows, seen, parents=None, class_map=None):
        self.o, self.out, self.rows, self.seen = head.options, out, rows, seen
        self.anchors = [tuple(F(v) for v in pair) for pair in head.anchors.tolist()]
        self.classes, self.parents, self.map = head.classes, parents, class_map
        self.delta = np.zeros_like(out)
        self.objectness_at, self.class_at = self.indices_in_box_and_row()
        self.ious = []

    def indices_in_box_and_row(self):
        """Index of the objectness in a box, and of the class in a truth row."""
        return 4, 4

    def objectness_slope(self, objectness):
        """Slope of the logistic function, a factor of the delta."""
        return F(F(1 - objectness) * objectness)

    def centre(self, values):
        return logistic(values[0]), logistic(values[1])

    def truths(self, picture):
        for row in self.rows[picture]:
            class_id = int(row[self.class_at])
            if row[0] == 0:
                return
            if 0 <= class_id < self.classes:
                yield row, box(row[:4]), class_id

    def predicted(self, b, j, i, n):
        v, (wide, high) = self.out[b, j, i, n], self.anchors[n]
        rows, columns = self.out.shape[1:3]
        x, y = self.centre(v)
        w = math.exp(v[2]) * float(wide) / columns
        h = math.exp(v[3]) * float(high) / rows
        return box((F(i + x) / F(columns), F(j + y) / F(rows), w, h))

    def set_box_delta(self, truth, b, j, i, n, scale):
        v, d, (wide, high) = self.out[b, j, i, n], self.delta[b, j, i, n], self.anchors[n]
        rows, columns = self.out.shape[1:3]
        scale = F(scale)
        x, y = self.centre(v)
        for k, (target, predicted) in enumerate(
            ((F(truth[0] * F(columns)) - F(i), x), (F(truth[1] * F(rows)) - F(j), y))
        ):
            d[k] = F(scale * F(target - predicted)) * self.centre_slope(predicted)
        d[2] = scale * F(F(math.log(F(truth[2] * F(columns)) / wide)) - v[2])
        d[3] = scale * F(F(math.log(F(truth[3] * F(rows)) / high)) - v[3])
        return iou(self.predicted(b, j, i, n), truth)

    def centre_slope(self, activated):
        return F(F(1 - activated) * activated)

    def set_class_delta(self, b, j, i, n, class_id, scale):
        start, scale = self.objectness_at + 1, F(scale)
        v, d = self.out[b, j, i, n, start:], self.delta[b, j, i, n, start:]
        if self.parents is not None:
            while class_id >= 0:
                for other in range(self.classes):
                    if self.parents[other] == self.parents[class_id]:
                        d[other] = scale * -v[other]
                d[class_id] = scale * (1 - v[class_id])
                class_id = self.parents[class_id]
            return
        if self.sets_one_class(d):
            d[class_id] = scale * (1 - v[class_id])
            return
        factor = F(1)
        if getattr(self.o, "focal_loss", False):
            pt = F(v[class_id] + F(1e-15))
            grad = -(1 - pt) * (2 * pt * F(math.log(pt)) + pt - 1)
            factor = F(F(0.5) * grad)
        for k in range(self.classes):
            d[k] = F(scale * (F(k == class_id) - v[k])) * factor

    def sets_one_class(self, classes):
        return False

    def each_box(self, b):
        _, rows, columns, boxes, _ = self.out.shape
        for j in range(rows):
            for i in range(columns):
                for n in range(boxes):
                    yield b, j, i, n

    def probability(self, index, class_id):
        value = self.out[index][self.objectness_at]
        while class_id >= 0:
            value = F(value * self.out[index][self.objectness_at + 1 + class_id])
            class_id = self.parents[class_id]
        return value

    def assign_class_only(self, b):
        """Assign a truth without a box to the most probable box; whether there is one."""
        for _, truth, class_id in self.truths(b) if self.parents is not None else ():
            if truth[0] > 100000 and truth[1] > 100000:
                best, chosen = F(0), (b, 0, 0, 0)
                for index in self.each_box(b):
                    self.without_object(index)
                    if self.probability(index, class_id) > best:
                        best, chosen = self.probability(index, class_id), index
                self.set_class_delta(*chosen, class_id, self.o.class_scale)
                self.assigned_class_only(chosen)
                return True
        return False

    def without_object(self, index):
        pass

    def assigned_class_only(self, index):
        pass

    def compute(self):
        for b in range(len(self.out)):
            if self.assign_class_only(b):
                continue
            for index in self.each_box(b):
                self.assign_no_object(index)
            for row, truth, class_id in self.truths(b):
                self.assign_truth(b, row, truth, class_id)
        return self.delta, (self.delta.astype(np.float64) ** 2).sum()

    def assign_no_object(self, index):
        o, v, d = self.o, self.out[index], self.delta[index]
        best, class_of_best = F(0), -1
        for _, truth, class_id in self.truths(index[0]):
            overlap = iou(self.predicted(*index), truth)
            if overlap > best:
                best, class_of_best = overlap, class_id
        slope = self.objectness_slope(v[4])
        d[4] = F(o.noobject_scale) * -v[4] * slope
        if o.classfix == -1:
            d[4] = F(o.noobject_scale) * (best - v[4]) * slope
        elif best > F(o.thresh):
            d[4] = 0
            if o.classfix > 0:
                objectness = v[4] if o.classfix == 2 else F(1)
                self.set_class_delta(*index, class_of_best, F(o.class_scale) * objectness)
        self.assign_anchor_early(index)

    def assign_anchor_early(self, index):
        if self.seen >= ANCHOR_WARMUP:
            return
        _, j, i, n = index
        rows, columns = self.out.shape[1:3]
        wide, high = self.anchors[n]
        anchor_box = box(((i + 0.5) / columns, (j + 0.5) / rows, wide / columns, high / rows))
        self.set_box_delta(anchor_box, *index, 0.01)

    def responsible(self, b, truth):
        rows, columns = self.out.shape[1:3]
        i, j = int(F(truth[0] * F(columns))), int(F(truth[1] * F(rows)))
        best, chosen = F(0), 0
        for n, (wide, high) in enumerate(self.anchors):
            shape = self.predicted(b, j, i, n)[2:]
            if self.o.bias_match:
                shape = wide / F(columns), high / F(rows)
            overlap = iou(box((0, 0, *shape)), box((0, 0, *truth[2:])))
            if overlap > best:
                best, chosen = overlap, n
        return b, j, i, chosen

    def assign_truth(self, b, row, truth, class_id):
        o = self.o
        index = self.responsible(b, truth)
        overlap = self.set_box_delta(truth, *index, self.box_scale(truth))
        self.ious.append(overlap)
        self.set_mask_delta(index, row)
        objectness = self.out[index][self.objectness_at]
        target = overlap if o.rescore else F(1)
        if o.background:
            target = F(0)
        scaled = F(o.object_scale) * (target - objectness)
        self.delta[index][self.objectness_at] = scaled * self.objectness_slope(objectness)
        mapped = class_id if self.map is None else self.map[class_id]
        self.set_class_delta(*index, mapped, o.class_scale)

    def box_scale(self, truth):
        return self.o.coord_scale

    def set_mask_delta(self, index, row):
        pass


class PjreddieRegion(ReferenceRegion):
    """Source: region_layer.c forward_region_layer (pjreddie)."""

    def indices_in_box_and_row(self):
        return self.o.coords, self.o.coords

    def objectness_slope(self, objectness):
        return F(1)

    def centre(self, values):
        return values[0], values[1]

    def centre_slope(self, activated):
        return F(1)

    def sets_one_class(self, classes):
        return classes[0] != 0 and not self.o.softmax

    def without_object(self, index):
        at = self.objectness_at
        self.delta[index][at] = F(self.o.noobject_scale) * -self.out[index][at]

    def assigned_class_only(self, index):
        self.delta[index][self.objectness_at] = 0

    def assign_no_object(self, index):
        o, v, d = self.o, self.out[index], self.delta[index]
        best = F(0)
        for _, truth, _ in self.truths(index[0]):
            best = max(best, iou(self.predicted(*index), truth))
        target = F(1) if o.background else F(0)
        d[self.objectness_at] = F(o.noobject_scale) * (target - v[self.objectness_at])
        if best > F(o.thresh):
            d[self.objectness_at] = 0
        self.assign_anchor_early(index)

    def box_scale(self, truth):
        return F(self.o.coord_scale) * F(2 - F(truth[2] * truth[3]))

    def set_mask_delta(self, index, row):
        more = self.o.coords - 4
        for k in range(more):
            target = row[5 + k] - self.out[index][4 + k]
            self.delta[index][4 + k] = F(int(self.o.mask_scale)) * target

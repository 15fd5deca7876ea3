"""[region]'s delta and cost, box by box, in the order of either region_layer.c."""

import math

import numpy as np

from tests.losses.plain_boxes import F, box, iou

WARM_UP = 12800


def logistic(x):
    return F(1 / (1 + math.exp(-x)))


class PlainRegion:
    """AlexeyAB's forward_region_layer.

    Args:
        head: whose options count.
        out: [N, H, W, boxes, values], its output.
        rows: [N, T, values] truths.
        seen: pictures seen, this mini-batch included.
        parents: of a tree of classes.
        class_map: through which labels go.
    """

    def __init__(self, head, out, rows, seen, parents=None, class_map=None):
        self.o, self.out, self.rows, self.seen = head.options, out, rows, seen
        self.anchors = [tuple(F(v) for v in pair) for pair in head.anchors.tolist()]
        self.classes, self.parents, self.map = head.classes, parents, class_map
        self.delta = np.zeros_like(out)
        self.at, self.class_at = self.places()
        self.overlaps = []

    def places(self):
        """Of the objectness in a box, and of the class in a row of truths."""
        return 4, 4

    def steep(self, objectness):
        """The slope of the logistic function, which the delta goes through here already."""
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

    def learn_box(self, truth, b, j, i, n, scale):
        v, d, (wide, high) = self.out[b, j, i, n], self.delta[b, j, i, n], self.anchors[n]
        rows, columns = self.out.shape[1:3]
        scale = F(scale)
        x, y = self.centre(v)
        for k, (wanted, is_now) in enumerate(
            ((F(truth[0] * F(columns)) - F(i), x), (F(truth[1] * F(rows)) - F(j), y))
        ):
            d[k] = F(scale * F(wanted - is_now)) * self.centre_slope(is_now)
        d[2] = scale * F(F(math.log(F(truth[2] * F(columns)) / wide)) - v[2])
        d[3] = scale * F(F(math.log(F(truth[3] * F(rows)) / high)) - v[3])
        return iou(self.predicted(b, j, i, n), truth)

    def centre_slope(self, activated):
        return F(F(1 - activated) * activated)

    def learn_class(self, b, j, i, n, class_id, scale):
        start, scale = self.at + 1, F(scale)
        v, d = self.out[b, j, i, n, start:], self.delta[b, j, i, n, start:]
        if self.parents is not None:
            while class_id >= 0:
                for other in range(self.classes):
                    if self.parents[other] == self.parents[class_id]:
                        d[other] = scale * -v[other]
                d[class_id] = scale * (1 - v[class_id])
                class_id = self.parents[class_id]
            return
        if self.learns_one_more(d):
            d[class_id] = scale * (1 - v[class_id])
            return
        factor = F(1)
        if getattr(self.o, "focal_loss", False):
            sure = F(v[class_id] + F(1e-15))
            steep = -(1 - sure) * (2 * sure * F(math.log(sure)) + sure - 1)
            factor = F(F(0.5) * steep)
        for k in range(self.classes):
            d[k] = F(scale * (F(k == class_id) - v[k])) * factor

    def learns_one_more(self, classes):
        return False

    def each_place(self, b):
        _, rows, columns, boxes, _ = self.out.shape
        for j in range(rows):
            for i in range(columns):
                for n in range(boxes):
                    yield b, j, i, n

    def belief(self, place, class_id):
        value = self.out[place][self.at]
        while class_id >= 0:
            value = F(value * self.out[place][self.at + 1 + class_id])
            class_id = self.parents[class_id]
        return value

    def of_class_alone(self, b):
        """Whether a truth says a class but no place; then the surest box learns it."""
        for _, truth, class_id in self.truths(b) if self.parents is not None else ():
            if truth[0] > 100000 and truth[1] > 100000:
                best, chosen = F(0), (b, 0, 0, 0)
                for place in self.each_place(b):
                    self.passed_over(place)
                    if self.belief(place, class_id) > best:
                        best, chosen = self.belief(place, class_id), place
                self.learn_class(*chosen, class_id, self.o.class_scale)
                self.found_alone(chosen)
                return True
        return False

    def passed_over(self, place):
        pass

    def found_alone(self, place):
        pass

    def compute(self):
        for b in range(len(self.out)):
            if self.of_class_alone(b):
                continue
            for place in self.each_place(b):
                self.learn_nothing(place)
            for row, truth, class_id in self.truths(b):
                self.learn_truth(b, row, truth, class_id)
        return self.delta, (self.delta.astype(np.float64) ** 2).sum()

    def learn_nothing(self, place):
        o, v, d = self.o, self.out[place], self.delta[place]
        best, class_of_best = F(0), -1
        for _, truth, class_id in self.truths(place[0]):
            overlap = iou(self.predicted(*place), truth)
            if overlap > best:
                best, class_of_best = overlap, class_id
        slope = self.steep(v[4])
        d[4] = F(o.noobject_scale) * -v[4] * slope
        if o.classfix == -1:
            d[4] = F(o.noobject_scale) * (best - v[4]) * slope
        elif best > F(o.thresh):
            d[4] = 0
            if o.classfix > 0:
                sure = v[4] if o.classfix == 2 else F(1)
                self.learn_class(*place, class_of_best, F(o.class_scale) * sure)
        self.warm_up(place)

    def warm_up(self, place):
        if self.seen >= WARM_UP:
            return
        _, j, i, n = place
        rows, columns = self.out.shape[1:3]
        wide, high = self.anchors[n]
        middle = box(((i + 0.5) / columns, (j + 0.5) / rows, wide / columns, high / rows))
        self.learn_box(middle, *place, 0.01)

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

    def learn_truth(self, b, row, truth, class_id):
        o = self.o
        place = self.responsible(b, truth)
        overlap = self.learn_box(truth, *place, self.box_scale(truth))
        self.overlaps.append(overlap)
        self.learn_mask(place, row)
        sure = self.out[place][self.at]
        wanted = overlap if o.rescore else F(1)
        if o.background:
            wanted = F(0)
        self.delta[place][self.at] = F(o.object_scale) * (wanted - sure) * self.steep(sure)
        named = class_id if self.map is None else self.map[class_id]
        self.learn_class(*place, named, o.class_scale)

    def box_scale(self, truth):
        return self.o.coord_scale

    def learn_mask(self, place, row):
        pass


class OfPjreddie(PlainRegion):
    """pjreddie's forward_region_layer; `out` as for the other."""

    def places(self):
        return self.o.coords, self.o.coords

    def steep(self, objectness):
        return F(1)

    def centre(self, values):
        return values[0], values[1]

    def centre_slope(self, activated):
        return F(1)

    def learns_one_more(self, classes):
        return classes[0] != 0 and not self.o.softmax

    def passed_over(self, place):
        self.delta[place][self.at] = F(self.o.noobject_scale) * -self.out[place][self.at]

    def found_alone(self, place):
        self.delta[place][self.at] = 0

    def learn_nothing(self, place):
        o, v, d = self.o, self.out[place], self.delta[place]
        best = F(0)
        for _, truth, _ in self.truths(place[0]):
            best = max(best, iou(self.predicted(*place), truth))
        wanted = F(1) if o.background else F(0)
        d[self.at] = F(o.noobject_scale) * (wanted - v[self.at])
        if best > F(o.thresh):
            d[self.at] = 0
        self.warm_up(place)

    def box_scale(self, truth):
        return F(self.o.coord_scale) * F(2 - F(truth[2] * truth[3]))

    def learn_mask(self, place, row):
        more = self.o.coords - 4
        for k in range(more):
            wanted = row[5 + k] - self.out[place][4 + k]
            self.delta[place][4 + k] = F(int(self.o.mask_scale)) * wanted

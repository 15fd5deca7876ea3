"""Reference for `losses.gaussian_yolo`: delta and cost as gaussian_yolo_layer.c loops."""

import math

import numpy as np

from tests.losses.reference_boxes import F, box, giou, iou, iou_gradient
from tests.losses.reference_yolo import ReferenceYolo, clip

TOWARDS_CENTRE = {"center": 0.0, "left_top": 0.5, "right_bottom": -0.5}


class ReferenceGaussianYolo(ReferenceYolo):
    """Source: gaussian_yolo_layer.c forward_gaussian_yolo_layer (AlexeyAB).

    Like [yolo], with a mean and an uncertainty for each coordinate.
    """

    c = 8

    def predicted(self, at, anchor):
        b, n, j, i = at
        v, (wide, high) = self.out[b, n, :, j, i], self.anchors[anchor]
        rows, columns = self.out.shape[3:]
        w = F(math.exp(v[4]) * float(wide) / self.width)
        h = F(math.exp(v[6]) * float(high) / self.height)
        shift = F(TOWARDS_CENTRE[self.o.yolo_point])
        x, y = F(i + v[0]) / F(columns) + shift * w, F(j + v[2]) / F(rows) + shift * h
        return box((x, y, w, h))

    def point(self, truth):
        shift = F(TOWARDS_CENTRE[self.o.yolo_point])
        return F(truth[0] - shift * truth[2]), F(truth[1] - shift * truth[3])

    def cell(self, truth):
        x, y = self.point(truth)
        rows, columns = self.out.shape[3:]
        return (
            min(rows - 1, max(0, int(F(y * F(rows))))),
            min(columns - 1, max(0, int(F(x * F(columns))))),
        )

    def target(self, truth, at, anchor):
        _, _, j, i = at
        rows, columns = self.out.shape[3:]
        (x, y), (wide, high) = self.point(truth), self.anchors[anchor]
        yield F(x * F(columns)) - F(i)
        yield F(y * F(rows)) - F(j)
        yield F(math.log(F(truth[2] * F(self.width)) / wide))
        yield F(math.log(F(truth[3] * F(self.height)) / high))

    def add_box_delta(self, truth, at, anchor, weight):
        b, n, j, i = at
        v, d = self.out[b, n, :, j, i], self.delta[b, n, :, j, i]
        pred = self.predicted(at, anchor)
        self.last_pair = pred, truth
        scale = F(2 - F(truth[2] * truth[3]))
        mean_delta, sigma_delta = [], []
        for k, target in enumerate(self.target(truth, at, anchor)):
            sigma = float(v[2 * k + 1])
            normalized = F(F(target - v[2 * k]) / F(sigma))
            square = F(float(normalized) ** 2)
            density = F(math.exp(-0.5 * float(square)) / (math.sqrt(2 * math.pi) * (sigma + 0.3)))
            factor = F(0.5 / (float(density) + 1e-9) * float(density) * float(scale))
            mean_delta.append(F(float(factor) * float(normalized) / sigma))
            sigma_delta.append(F(float(factor) * (float(square) / sigma - 1 / (sigma + 0.3))))
        if self.o.iou_loss != "mse":
            mean_delta = self.iou_delta(pred, truth, v)
        for k in range(4):
            d[2 * k] += clip(F(mean_delta[k] * F(weight)), self.o.max_delta)
            d[2 * k + 1] += clip(F(sigma_delta[k] * F(self.o.uc_normalizer)), self.o.max_delta)

    def iou_delta(self, pred, truth, v):
        x, y, w, h = iou_gradient(
            (*pred[:2], pred[2] or F(1), pred[3] or F(1)), truth, self.o.iou_loss
        )
        shift = F(TOWARDS_CENTRE[self.o.yolo_point])
        return (
            F(x - shift * w),
            F(y - shift * h),
            F(float(w) * math.exp(v[4])),
            F(float(h) * math.exp(v[6])),
        )

    def ignore_overlapping(self, at, overlap, truth, class_id):
        self.set_class_delta(at, self.mapped(class_id))
        b, n, j, i = at
        return F(self.o.obj_normalizer) * (F(overlap * overlap) - self.out[b, n, self.c, j, i])

    def keeps_smoothed_objectness(self):
        return False

    def has_target(self, classes, class_id):
        return classes[0] != 0

    def compute(self):
        for picture in range(len(self.out)):
            self.set_background(picture)
            for number, truth, class_id in self.truths(picture):
                self.assign_truth(picture, number, truth, class_id)
            self.average(picture)
        return self.delta, self.cost()

    def average(self, picture):
        for b, n, j, i in self.each_box(picture):
            d = self.delta[b, n, :, j, i]
            classes = sum(value > 0 for value in d[9:])
            if classes:
                d[:8] /= F(classes)

    def cost(self):
        return (self.delta.astype(np.float64) ** 2).sum()

    def logged_iou(self):
        """The mean IoU or GIoU that is printed."""
        kind = iou if self.o.iou_loss == "mse" else giou
        return np.mean([pair[1 if kind is giou else 0] for pair in self.matches])

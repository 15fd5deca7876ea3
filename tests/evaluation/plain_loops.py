"""Random data sets, and plain loops that compute average precision as the programs do."""

from pathlib import Path

import numpy as np

from darknet_torch.datasets.examples import DataSet, Example, Labels
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.records import DetectionTable

NAMES = ("cat", "dog", "eel")
HEIGHT, WIDTH = 120, 160


def random_case(seed, pictures=12, difficult=0.2, names=NAMES):
    """Make a data set with objects, and detections: some near objects, some anywhere.

    The scores have few different values, so that many are equal.
    """
    random = np.random.default_rng(seed)
    examples, parts = [], []
    for place in range(pictures):
        count = int(random.integers(0, 6))
        boxes = np.concatenate(
            (random.uniform(0.2, 0.8, (count, 2)), random.uniform(0.1, 0.4, (count, 2))), 1
        )
        labels = Labels.from_arrays(
            random.integers(0, 2, count), boxes, random.random(count) < difficult
        )
        examples.append(Example(Path(f"pictures/one{place:03}.jpg"), labels, (HEIGHT, WIDTH)))
        near = np.repeat(boxes, 3, 0) + random.normal(0, 0.01, (count * 3, 4))
        far = random.uniform(0.1, 0.5, (4, 4))
        guesses = np.concatenate((near, far)).clip(0.01, 1)
        scores = random.integers(0, 40, (len(guesses), len(names))) / 40
        # Two of three detections near an object have the right class.
        right = np.repeat(labels.class_ids, 3)
        scores[np.arange(len(right)), right] += 0.3
        scores *= random.random(scores.shape) < 0.7
        parts.append(DetectionTable.from_picture(place, guesses, scores.clip(0, 1)))
    data_set = DataSet(tuple(examples), names, "made up")
    return DetectionTable.join(parts), GroundTruth.from_data_set(data_set)


def iou(one, other):
    """Compute the IoU of two boxes, centre x, centre y, width, height, in float32."""
    one, other = np.float32(one), np.float32(other)
    sides = []
    for axis in (0, 1):
        first = max(one[axis] - one[axis + 2] / 2, other[axis] - other[axis + 2] / 2)
        last = min(one[axis] + one[axis + 2] / 2, other[axis] + other[axis + 2] / 2)
        sides.append(last - first)
    if min(sides) <= 0:
        return np.float32(0)
    inside = sides[0] * sides[1]
    return inside / (one[2] * one[3] + other[2] * other[3] - inside)


def darknet_map(found, truths, classes, limit, confidence, points):
    """Compute Darknet's map, detection by detection.

    Returns:
        The AP of each class; (tp, fp) of each class above `confidence`; the average IoU.
    """
    records, per_class, overlap_sum = [], np.zeros((classes, 2), int), 0.0
    for row in range(len(found)):
        picture, kind = found.pictures[row], found.class_ids[row]
        best, matched = 0, None
        for place in range(len(truths)):
            if truths.difficult[place] or truths.pictures[place] != picture:
                continue
            overlap = iou(found.boxes[row], truths.boxes[place])
            if truths.class_ids[place] == kind and overlap > limit and overlap > best:
                best, matched = overlap, place
        near_difficult = matched is None and any(
            truths.difficult[place]
            and truths.pictures[place] == picture
            and truths.class_ids[place] == kind
            and iou(found.boxes[row], truths.boxes[place]) > limit
            for place in range(len(truths))
        )
        if found.scores[row] > confidence:
            before = [record[2] for record in records]
            if matched is not None and matched not in before:
                per_class[kind][0] += 1
                overlap_sum += best
            else:
                per_class[kind][1] += 1
        if not near_difficult:
            records.append((found.scores[row], kind, matched))
    records.sort(key=lambda record: -record[0])
    totals = [sum((truths.class_ids == i) & ~truths.difficult) for i in range(classes)]
    aps = [_darknet_ap(records, i, totals[i], points) for i in range(classes)]
    return aps, per_class.tolist(), overlap_sum / max(1, per_class.sum())


def _darknet_ap(records, kind, total, points):
    """Compute one class's AP from its curve over the detections of all classes, as C keeps it."""
    tp = fp = 0
    taken, curve = set(), []
    for _, other, matched in records:
        if other == kind:
            if matched is not None and matched not in taken:
                taken.add(matched)
                tp += 1
            else:
                fp += 1
        curve.append((tp / (tp + fp) if tp + fp else 0, tp / total if total else 0))
    if points:
        steps = [point / (points - 1) for point in range(points)]
        return sum(max((p for p, r in curve if r >= s), default=0) for s in steps) / points
    area, (high, last) = 0.0, curve[-1]
    for precision, recall in reversed(curve[:-1]):
        high, step, last = max(high, precision), last - recall, recall
        area += step * high
    return area + last * high


def voc_ap(found, ground_truth, kind, limit):
    """Compute Pascal VOC's APs of 2007 and of 2010 for one class; None without objects.

    As VOCevaldet.m, with boxes that include the pixels at both of their ends.
    """
    truths, scale = ground_truth.truths, np.array([WIDTH, HEIGHT, WIDTH, HEIGHT])

    def corners(box):
        box = np.float64(box)
        return np.concatenate((box[:2] - box[2:] / 2, box[:2] + box[2:] / 2)) * scale

    objects = [row for row in range(len(truths)) if truths.class_ids[row] == kind]
    total = sum(not truths.difficult[row] for row in objects)
    if not total:
        return None
    rows = [row for row in range(len(found)) if found.class_ids[row] == kind]
    rows.sort(key=lambda row: -found.scores[row])
    taken, right, wrong = set(), [], []
    for row in rows:
        box, best, matched = corners(found.boxes[row]).clip(0, scale), -np.inf, None
        for place in objects:
            if truths.pictures[place] != found.pictures[row]:
                continue
            other = corners(truths.boxes[place])
            width = min(box[2], other[2]) - max(box[0], other[0]) + 1
            height = min(box[3], other[3]) - max(box[1], other[1]) + 1
            if width > 0 and height > 0:
                union = np.prod(box[2:] - box[:2] + 1) + np.prod(other[2:] - other[:2] + 1)
                overlap = width * height / (union - width * height)
                if overlap > best:
                    best, matched = overlap, place
        hit = best >= limit
        difficult = hit and truths.difficult[matched]
        right.append(hit and not difficult and matched not in taken)
        wrong.append(not right[-1] and not difficult)
        if right[-1]:
            taken.add(matched)
    hits, misses = np.cumsum(right), np.cumsum(wrong)
    recall, precision = hits / total, hits / np.maximum(hits + misses, 1)
    seven = np.mean([max(precision[recall >= t], default=0) for t in np.linspace(0, 1, 11)])
    recalls, highs = [0, *recall, 1], [0, *precision, 0]
    for place in range(len(highs) - 2, -1, -1):
        highs[place] = max(highs[place], highs[place + 1])
    ten = sum((recalls[i] - recalls[i - 1]) * highs[i] for i in range(1, len(recalls)))
    return float(seven), float(ten)

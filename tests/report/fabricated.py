"""Analyses of invented detections, whose counts agree with each other."""

import numpy as np

from darknet_torch.evaluation.analysis import (
    KINDS,
    MISSED,
    Analysis,
    CalibrationBin,
    ClassCurve,
    Outcomes,
    SizeCounts,
)
from darknet_torch.evaluation.records import DetectionTable, TruthTable
from darknet_torch.report.detection_summary import DetectionSummary

THRESHOLDS = np.arange(101) / 100
STRANGE_NAMES = ("<script>alert(1)</script>", "$x_1$ & $\\frac", "行人 und Fußgänger " * 9)
_PER_CLASS = 40  # objects
_FOUND, _DIFFICULT = 0.7, 0.05  # parts of the objects
# Errors for each object, and the overlap with the object that makes the kind.
_ERRORS = {"class": (0.2, 0.6), "place": (0.3, 0.3), "duplicate": (0.2, 0.7), "false": (0.8, 0)}


def fabricated_analysis(
    classes: int = 3,
    *,
    names: tuple[str, ...] | None = None,
    pictures: int = 12,
    confidence: float = 0.25,
    seed: int = 0,
) -> Analysis:
    """Make an analysis up.

    Args:
        classes: their number; the last of several has no objects and no detections.
        names: of the first classes; the others are "class 3", "class 4", ...
        pictures: their number; with 0 there are no objects and no detections at all.
        confidence: the threshold.
        seed: of the invented numbers.
    """
    given = names or ()
    names = (*given, *(f"class {i}" for i in range(len(given), classes)))[:classes]
    random = np.random.default_rng(seed)
    truths = _truths(classes, pictures, random)
    outcomes = _outcomes(truths, classes, random)
    ids = [*([index] for index in range(classes)), list(range(classes))]
    curves = [_curve(outcomes, one, name) for one, name in zip(ids, [*names, "all"], strict=True)]
    calibration = _calibration(outcomes)
    return Analysis(
        names,
        confidence,
        outcomes,
        tuple(curves),
        calibration,
        _calibration_error(calibration),
        _confusion(outcomes, classes, confidence),
        _sizes(outcomes, confidence),
        _errors(outcomes, confidence),
    )


def _truths(classes, pictures, random):
    filled = max(classes - 1, 1)
    count = _PER_CLASS * filled if pictures else 0
    sides = random.uniform(0.02, 0.4, (count, 2))
    centres = sides / 2 + random.uniform(0, 1, (count, 2)) * (1 - sides)
    return TruthTable(
        np.sort(random.integers(0, max(pictures, 1), count)),
        np.arange(count) % filled,
        np.hstack([centres, sides]),
        random.random(count) < _DIFFICULT,
    )


def _outcomes(truths, classes, random):
    """Detect most objects, and make errors at random; the detections are sorted by score."""
    count, filled = len(truths), max(classes - 1, 1)
    ease = random.uniform(0.4, 1, filled)  # of each class
    found = np.flatnonzero(random.random(count) < _FOUND * ease[truths.class_ids] + 0.2)
    kinds = [np.where(truths.difficult[found], KINDS.index("ignored"), KINDS.index("correct"))]
    objects, overlaps = [found], [random.uniform(0.5, 1, len(found))]
    for kind, (rate, overlap) in _ERRORS.items():
        rate *= kind != "class" or filled > 1
        chosen = random.choice(count, int(rate * count), replace=False) if count else found
        kinds.append(np.full(len(chosen), KINDS.index(kind)))
        objects.append(chosen)
        overlaps.append(np.full(len(chosen), float(overlap)))
    kinds, objects, overlaps = map(np.concatenate, (kinds, objects, overlaps))
    class_ids = truths.class_ids[objects]
    shifts = random.integers(1, max(filled, 2), len(kinds))
    wrong = kinds == KINDS.index("class")
    class_ids = np.where(wrong, (class_ids + shifts) % filled, class_ids)
    right = kinds == KINDS.index("correct")
    scores = np.where(right, random.beta(4, 2, len(kinds)), random.beta(1, 3, len(kinds)))
    boxes = truths.boxes[objects] * random.uniform(0.9, 1.1, (len(kinds), 4))
    order = np.argsort(-scores)
    kinds, objects, overlaps = kinds[order], objects[order], overlaps[order]
    found_by = np.full(count, -1)
    rows = np.flatnonzero(kinds == KINDS.index("correct"))
    found_by[objects[rows]] = rows
    detections = DetectionTable(
        truths.pictures[objects],
        class_ids[order],
        boxes[order].astype(np.float32),
        scores[order].astype(np.float32),
    )
    objects = np.where(kinds == KINDS.index("false"), -1, objects)
    return Outcomes(detections, truths, kinds.astype(np.uint8), objects, overlaps, found_by)


def _curve(outcomes, class_ids, name):
    counted = outcomes.kinds != KINDS.index("ignored")
    rows = np.flatnonzero(np.isin(outcomes.detections.class_ids, class_ids) & counted)
    right, scores = (
        outcomes.kinds[rows] == KINDS.index("correct"),
        outcomes.detections.scores[rows],
    )
    above = scores[:, None] > THRESHOLDS.astype(np.float32)
    detections, correct = above.sum(axis=0), (above & right[:, None]).sum(axis=0)
    objects = np.isin(outcomes.truths.class_ids, class_ids) & ~outcomes.truths.difficult
    truths = int(objects.sum())
    f1 = 2 * correct / np.maximum(detections + truths, 1)
    return ClassCurve(
        name,
        truths,
        THRESHOLDS,
        detections,
        correct,
        _precision_at_recall(right, truths) if truths else None,
        float(THRESHOLDS[f1.argmax()]) if f1.any() else None,
    )


def _precision_at_recall(right, truths):
    hits = np.cumsum(right)
    precision = np.maximum.accumulate((hits / np.arange(1, len(right) + 1))[::-1])[::-1]
    return np.append(precision, 0)[np.searchsorted(hits / truths, THRESHOLDS)]


def _calibration(outcomes):
    counted = outcomes.kinds != KINDS.index("ignored")
    scores = outcomes.detections.scores[counted]
    right = outcomes.kinds[counted] == KINDS.index("correct")
    bins = []
    for index in range(10):
        inside = (scores > index / 10) & (scores <= (index + 1) / 10)
        count = int(inside.sum())
        means = (
            (float(scores[inside].mean()), float(right[inside].mean())) if count else (None,) * 2
        )
        bins.append(CalibrationBin(index / 10, (index + 1) / 10, count, *means))
    return tuple(bins)


def _calibration_error(bins):
    filled = [one for one in bins if one.detections]
    distances = [one.detections * abs(one.mean_score - one.fraction_correct) for one in filled]
    return sum(distances) / sum(one.detections for one in filled) if filled else None


def _found(outcomes, confidence):
    """[T] whether each object is found at the threshold."""
    scores = np.append(outcomes.detections.scores, -1)
    return scores[outcomes.found_by] > np.float32(confidence)


def _confusion(outcomes, classes, confidence):
    counts = np.zeros((classes + 1, classes + 1), np.int64)
    detections, truths = outcomes.detections, outcomes.truths
    taken = _found(outcomes, confidence) | truths.difficult
    np.add.at(counts, (truths.class_ids, truths.class_ids), taken & ~truths.difficult)
    for row in np.flatnonzero(detections.scores > np.float32(confidence)):
        kind, truth = KINDS[outcomes.kinds[row]], outcomes.objects[row]
        if kind == "class" and not taken[truth]:
            taken[truth] = True
            counts[truths.class_ids[truth], detections.class_ids[row]] += 1
        elif kind not in ("correct", "ignored"):
            counts[classes, detections.class_ids[row]] += 1
    np.add.at(counts, (truths.class_ids[~taken], classes), 1)
    return counts


def _sizes(outcomes, confidence):
    truths, found = outcomes.truths, _found(outcomes, confidence)
    areas = truths.boxes[:, 2] * truths.boxes[:, 3]
    sizes = []
    for name, low, high in (("small", 0, 0.03), ("medium", 0.03, 0.08), ("large", 0.08, 2)):
        inside = (areas >= low) & (areas < high) & ~truths.difficult
        count, right = int(inside.sum()), int((inside & found).sum())
        sizes.append(SizeCounts(name, count, right, 0.6 * right / count if count else None))
    return tuple(sizes)


def _errors(outcomes, confidence):
    kinds = outcomes.kinds[outcomes.detections.scores > np.float32(confidence)]
    errors = {kind: int((kinds == KINDS.index(kind)).sum()) for kind in _ERRORS}
    missed = ~_found(outcomes, confidence) & ~outcomes.truths.difficult
    return errors | {MISSED: int(missed.sum())}


def fabricated_summary(classes: int = 3, **others) -> DetectionSummary:
    """Summarise the detections of `fabricated_analysis`, which takes the same arguments."""
    analysis = fabricated_analysis(classes, **others)
    found = analysis.outcomes.detections
    centres, sides = found.boxes[:, :2], found.boxes[:, 2:]
    boxes_xyxy = np.hstack([centres - sides / 2, centres + sides / 2]).clip(0, 1)
    pictures = len(np.unique(found.pictures))
    return DetectionSummary(
        analysis.names, found.class_ids, found.scores, boxes_xyxy, pictures, analysis.confidence
    )

"""The tables of an evaluation's page. No torch."""

from __future__ import annotations

from collections.abc import Mapping

from darknet_torch.evaluation.analysis import MATCHED_FROM, MISSED, Analysis, ClassCurve
from darknet_torch.evaluation.coco import STATISTICS
from darknet_torch.evaluation.darknet import Counts, DarknetMap
from darknet_torch.evaluation.evaluate import Evaluation
from darknet_torch.report.cells import percent
from darknet_torch.report.content import Cell, Table
from darknet_torch.report.evaluation_pictures import BOX_KINDS

_COCO_NAMES = {
    "AP": "AP at IoU .50 to .95",
    "AP50": "AP at IoU .50",
    "AP75": "AP at IoU .75",
    "AP_small": "AP, small objects",
    "AP_medium": "AP, medium objects",
    "AP_large": "AP, large objects",
    "AR_1": "recall, 1 detection in a picture",
    "AR_10": "recall, 10 detections in a picture",
    "AR_100": "recall, 100 detections in a picture",
    "AR_small": "recall, small objects",
    "AR_medium": "recall, medium objects",
    "AR_large": "recall, large objects",
}
_MILLISECONDS = 1000
_RATES = ("precision", "recall", "F1")
_ALL_CLASSES = "all classes"


def convention_table(evaluation: Evaluation) -> Table:
    """Return the mean average precision by every convention, in per cent."""
    rows: list[tuple[Cell, ...]] = []
    for darknet in evaluation.darknet:
        how = f"{darknet.points} points" if darknet.points else "area"
        rows.append(("Darknet", f"mAP at IoU {darknet.iou:.2f}, {how}", percent(darknet.mean)))
    for voc in evaluation.voc:
        where = f"mAP at IoU {voc.iou:.2f}"
        rows.append(("Pascal VOC 2007", f"{where}, 11 points", percent(voc.mean_by_points)))
        rows.append(("Pascal VOC 2010", f"{where}, area", percent(voc.mean_by_area)))
    statistics = evaluation.coco.statistics
    rows += [("COCO", _COCO_NAMES[name], percent(statistics[name])) for name in STATISTICS]
    return Table(
        "Average precision",
        ("convention", "what", "per cent"),
        rows,
        f"COCO's numbers come from {evaluation.coco.program}.",
    )


def error_table(analysis: Analysis) -> Table:
    """Return the number of errors of each kind, and what they are."""
    rows = [
        (kind.label, analysis.errors[kind.name], kind.explanation)
        for kind in BOX_KINDS
        if kind.is_error
    ]
    note = (
        "An object that is taken for another class, or found in the wrong place, makes two "
        "errors: it is missed, and the detection is wrong."
    )
    title = f"Errors at a threshold of {analysis.confidence:g}"
    return Table(title, ("error", "number", "meaning"), rows, note)


def overall_table(analysis: Analysis) -> Table:
    """Return precision, recall and F1 of all classes together, in per cent."""
    found, correct, truths = (sum(one[index] for one in _counts(analysis)) for index in range(3))
    best_threshold, best_f1 = best_of(analysis.curves[-1])
    head = ("objects", "detections", "correct", MISSED, *_RATES, "best at", "best F1")
    row = (truths, found, correct, truths - correct, *_rates(found, correct, truths))
    return Table(
        f"All classes at a threshold of {analysis.confidence:g}",
        head,
        [(*row, best_threshold, best_f1)],
    )


def class_table(analysis: Analysis, evaluation: Evaluation) -> Table:
    """Return a row for each class: counts at the threshold, and its average precisions."""
    darknet, voc, coco = evaluation.darknet[0], evaluation.voc[0], evaluation.coco
    head = (
        *("class", "objects", "detections", "correct", *_RATES, "best at", "best F1"),
        *("Darknet", "VOC07", "VOC10", "AP50", "AP"),
    )
    rows = [
        (
            name,
            truths,
            found,
            correct,
            *_rates(found, correct, truths),
            *best_of(curve),
            *map(percent, aps),
        )
        for name, (found, correct, truths), curve, *aps in zip(
            analysis.names,
            _counts(analysis),
            analysis.curves[:-1],
            darknet.aps,
            voc.by_points,
            voc.by_area,
            coco.aps_50,
            coco.aps,
            strict=True,
        )
    ]
    note = (
        f"Detections above {analysis.confidence:g}; precision, recall, F1 and average precision "
        "in per cent. The threshold with the highest F1 is the best one. Average precision is at "
        f"IoU {darknet.iou:g} by Darknet and VOC; COCO's AP50 is at {MATCHED_FROM:g}, its AP at "
        ".50 to .95."
    )
    return Table("Classes", head, rows, note)


def _counts(analysis: Analysis) -> list[tuple[int, int, int]]:
    """Return detections, correct ones and objects of each class at `Analysis.confidence`."""
    confusion = analysis.confusion[:, :-1]
    found, truths = confusion.sum(0).tolist(), analysis.confusion[:-1].sum(1).tolist()
    return list(zip(found, confusion.diagonal().tolist(), truths, strict=True))


def _rates(found: int, correct: int, truths: int) -> tuple[float | None, ...]:
    """Return precision, recall and F1 in per cent, None for those that are not defined."""
    precision = 100 * correct / found if found else None
    recall = 100 * correct / truths if truths else None
    return precision, recall, 200 * correct / (found + truths) if found + truths else None


def best_of(curve: ClassCurve) -> tuple[float | None, float | None]:
    """Return the threshold with the highest F1, and that F1 in per cent."""
    best = curve.best_index
    return curve.best_threshold, None if best is None else percent(float(curve.f1[best]))


def darknet_table(darknet: DarknetMap) -> Table:
    """Return Darknet's own counts of each class and of all together."""
    head = ("class", "objects", "TP", "FP", "FN", *_RATES, "average IoU")
    named = [*zip(darknet.names, darknet.counts, strict=True), (_ALL_CLASSES, darknet.total)]
    note = (
        f"This is what Darknet prints: detections above {darknet.confidence:g} that overlap an "
        f"object by more than {darknet.iou:g}, by another matching than the rest of this page. "
        "Darknet goes through them in the order in which NMS leaves them and not by score, and "
        "a detection of an object that any earlier one was matched with is wrong. Rates are in "
        "per cent."
    )
    rows = [_darknet_row(name, counts) for name, counts in named]
    return Table("Darknet's own count", head, rows, note)


def _darknet_row(name: str, counts: Counts) -> tuple[Cell, ...]:
    rates = (counts.precision, counts.recall, counts.f1, counts.average_iou)
    return (name, counts.truths, counts.tp, counts.fp, counts.fn, *map(percent, rates))


def size_table(analysis: Analysis) -> Table:
    """Return how many objects of each of COCO's sizes were found."""
    rows = [
        (
            one.name,
            one.truths,
            one.found,
            100 * one.found / one.truths if one.truths else None,
            percent(one.ap),
        )
        for one in analysis.sizes
    ]
    note = (
        "Small objects have up to 32 x 32 pixels, large ones 96 x 96 or more. Found at a "
        f"threshold of {analysis.confidence:g}; recall and COCO AP in per cent."
    )
    return Table("Sizes", ("size", "objects", "found", "recall", "COCO AP"), rows, note)


def speed_table(seconds: Mapping[str, float], pictures: int) -> Table:
    """Return the time for each picture.

    Args:
        seconds: what -> the time that it took for all pictures.
        pictures: their number.
    """
    rows = [(what, spent * _MILLISECONDS / pictures) for what, spent in seconds.items()]
    note = "Measured once, in this run, on its machine, for batches of the run's size."
    return Table("Time", ("step", "milliseconds a picture"), rows, note)

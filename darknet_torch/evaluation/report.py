"""The results of an evaluation as lines of text. No torch."""

from __future__ import annotations

from collections.abc import Sequence

from darknet_torch.evaluation.analysis import MATCHED_FROM, Analysis
from darknet_torch.evaluation.error_kinds import MISSED, WRONG_KINDS
from darknet_torch.evaluation.evaluate import Evaluation, SweepStep
from darknet_torch.printable import column_width

_COCO_FIRST = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR_100")


def report(evaluation: Evaluation) -> list[str]:
    """Return Darknet's lines, a table of the classes, and the other conventions' averages."""
    lines: list[str] = []
    for darknet in evaluation.darknet:
        lines += [*darknet.lines(), ""]
    lines += [*class_table(evaluation), ""]
    for voc in evaluation.voc:
        lines.append(
            f"Pascal VOC at IoU {voc.iou:.2f}: 2007 (11 points) {percent(voc.mean_by_points)}, "
            f"2010 (area) {percent(voc.mean_by_area)}"
        )
    coco = evaluation.coco
    values = ", ".join(f"{name} {percent(coco.statistics[name])}" for name in _COCO_FIRST)
    return [*lines, f"COCO ({coco.program}): {values}"]


def class_table(evaluation: Evaluation) -> list[str]:
    """Return a table with a row per class, at the first IoU; in per cent, except counts."""
    darknet, voc, coco = evaluation.darknet[0], evaluation.voc[0], evaluation.coco
    head = (
        "class",
        "truths",
        "TP",
        "FP",
        "precision",
        "recall",
        "F1",
        "IoU",
        "Darknet",
        "VOC07",
        "VOC10",
        "COCO",
    )
    rows = [
        [
            name,
            *(str(value) for value in (counts.truths, counts.tp, counts.fp)),
            *(
                percent(value)
                for value in (counts.precision, counts.recall, counts.f1, counts.average_iou)
            ),
            *(percent(value) for value in aps),
        ]
        for name, counts, *aps in zip(
            darknet.names,
            darknet.counts,
            darknet.aps,
            voc.by_points,
            voc.by_area,
            coco.aps,
            strict=True,
        )
    ]
    title = (
        f"At confidence {darknet.confidence:g} (TP to IoU), and average precision "
        f"at IoU {darknet.iou:g} (COCO: .50 to .95), per cent:"
    )
    return [title, *table([head, *rows])]


def error_lines(analysis: Analysis) -> list[str]:
    """Return the counts at the confidence, by COCO's matching, and the best threshold."""
    errors, every = analysis.errors, analysis.curves[-1]
    kinds = [(kind, errors[kind]) for kind in WRONG_KINDS]
    lines = [
        f"By COCO's matching at IoU {MATCHED_FROM:g}, at confidence {analysis.confidence:g}:",
        f"objects: {every.truths - errors[MISSED]} found, {errors[MISSED]} missed",
        f"wrong detections: {sum(count for _, count in kinds)} "
        f"({', '.join(f'{kind} {count}' for kind, count in kinds)})",
    ]
    best = every.best_index
    if best is None:
        return [*lines, "best threshold: none, since no detection is correct"]
    shares = ", ".join(
        f"{name} {percent(column[best])}"
        for name, column in (
            ("F1", every.f1),
            ("precision", every.precision),
            ("recall", every.recall),
        )
    )
    return [*lines, f"best threshold: {every.best_threshold:.2f} ({shares})"]


def sweep_table(steps: Sequence[SweepStep]) -> list[str]:
    """Return a table with a row per score threshold; average precision in per cent."""
    head = ("above", "boxes", "Darknet", "VOC07", "VOC10", "COCO", "NMS s", "counting s")
    rows = [
        [
            f"{step.threshold:g}",
            str(step.detections),
            *(percent(value) for value in (step.darknet, step.voc_07, step.voc_10, step.coco)),
            f"{step.seconds_selecting:.2f}",
            f"{step.seconds_counting:.2f}",
        ]
        for step in steps
    ]
    return table([head, *rows])


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Format rows as lines with aligned columns, the first one left-aligned."""
    widths = [column_width(column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def percent(value: float | None) -> str:
    """Format a value in 0-1 as per cent with two digits; None and NaN become "-"."""
    return "-" if value is None or value != value else f"{value * 100:.2f}"

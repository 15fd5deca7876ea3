"""Compare average precision with what the C Darknet printed, from its detections and ours."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.datasets.examples import Example
from darknet_torch.datasets.opening import open_dataset
from darknet_torch.errors import CfgWarning
from darknet_torch.evaluation.darknet import MIN_SCORE, NMS_THRESHOLD, DarknetMap, match
from darknet_torch.evaluation.detection_pass import detect_all
from darknet_torch.evaluation.records import DetectionTable, TruthTable, collect_truths
from darknet_torch.inference.detector import Detector
from darknet_torch.loading.load import load
from tools.deviation import Deviation, worst

CONFIDENCE = 0.25
LABEL_DIGITS = 6  # decimals in the label files that C read
VOC_ORIGIN = 0  # the label files were made without subtracting a pixel; 1 gives other numbers
# In per cent. When the model runs here, the order of float32 sums differs, which moves detections
# across thresholds and changes their order.
MEAN_TOLERANCE = 0.5
AP_TOLERANCE = 1.5


def check_map(path: Path, data: Path, models: Path) -> Iterator[tuple[str, Deviation]]:
    """Compare what C printed with what follows from its detections, and from ours.

    Our own detections are only computed if the model's weights exist.

    Yields:
        The name of each comparison, and its worst deviation.
    """
    recorded = json.loads(path.read_text())
    with np.load(path.with_name(f"{path.stem}_detections.npz")) as stored:
        found = recorded_detections(stored)
        stems = stored["names"].tolist()
    names = _names(recorded)
    data_set = open_dataset(data, split=recorded["split"], names=names, voc_origin=VOC_ORIGIN)
    examples = _in_order(data_set.examples, stems)
    truths = as_label_files(collect_truths(examples))
    for record in recorded["records"]:
        name = f"{path.stem}, IoU {record['iou']}, {record['points']} points"
        result = _result(found, truths, record, names)
        yield f"{name}, of C's detections", worst(compare_printed_numbers(result, record))
    if not (models / recorded["weights"]).exists():
        return
    ours = our_detections(recorded, examples, models, names)
    for record in recorded["records"]:
        name = f"{path.stem}, IoU {record['iou']}, {record['points']} points"
        result = _result(ours, truths, record, names)
        yield f"{name}, of our detections", worst(compare_precisions(result, record))


def recorded_detections(stored: Any) -> DetectionTable:
    """Return the detections that C counted, in their order."""
    box, kind = np.nonzero(stored["prob"] > 0)
    return DetectionTable(
        stored["image"][box].astype(np.int64), kind, stored["box"][box], stored["prob"][box, kind]
    )


def as_label_files(truths: TruthTable) -> TruthTable:
    """Return the objects as C read them: rounded, and without those that have no area."""
    boxes = truths.boxes.round(LABEL_DIGITS)
    return replace(truths, boxes=boxes).select((boxes[:, 2:] > 0).all(1))


def our_detections(
    recorded: dict[str, Any], examples: list[Example], models: Path, names: list[str]
) -> DetectionTable:
    """Run our detector on the same pictures with the settings of Darknet's map."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        network = load(models / recorded["cfg"], models / recorded["weights"])
    detector = Detector(
        network, names=names, threshold=MIN_SCORE, nms_threshold=NMS_THRESHOLD, letterbox=False
    )
    return detect_all(detector, [example.path for example in examples], batch=8).detections


def compare_printed_numbers(result: DarknetMap, record: dict[str, Any]) -> list[Deviation]:
    """Compare the numbers as printed by C, digit by digit: an error is 0 or infinite."""
    sums, total = record["at_confidence_0_25"], result.total
    pairs = [
        ("mean", f"{result.mean:f}", f"{record['map']:f}"),
        ("detections", result.detections, record["detections"]),
        ("truths", result.truths, record["truths"]),
        ("tp", total.tp, sums["tp"]),
        ("fp", total.fp, sums["fp"]),
        ("fn", total.fn, sums["fn"]),
        ("precision", f"{total.precision:.2f}", f"{sums['precision']:.2f}"),
        ("recall", f"{total.recall:.2f}", f"{sums['recall']:.2f}"),
        ("F1", f"{total.f1:.2f}", f"{sums['f1']:.2f}"),
        (
            "average IoU",
            f"{total.average_iou * 100:.2f}",
            f"{sums['average_iou_percent']:.2f}",
        ),
    ]
    for ap, counts, expected in zip(result.aps, result.counts, record["classes"], strict=True):
        name = expected["name"]
        pairs += [
            (f"ap of {name}", f"{ap * 100:.2f}", f"{expected['ap']:.2f}"),
            (f"tp of {name}", counts.tp, expected["tp"]),
            (f"fp of {name}", counts.fp, expected["fp"]),
        ]
    return [
        Deviation(0.0 if ours == theirs else np.inf, f"{what}, {ours}, C {theirs}")
        for what, ours, theirs in pairs
    ]


def compare_precisions(result: DarknetMap, record: dict[str, Any]) -> list[Deviation]:
    """Compare average precisions with what C printed, within the tolerances."""
    mean = abs(result.mean - record["map"]) * 100
    deviations = [Deviation(mean / MEAN_TOLERANCE, f"mean, {result.mean:f}, C {record['map']:f}")]
    for ap, expected in zip(result.aps, record["classes"], strict=True):
        error = abs(ap * 100 - expected["ap"]) / AP_TOLERANCE
        place = f"ap of {expected['name']}, {ap * 100:.2f}, C {expected['ap']:.2f}"
        deviations.append(Deviation(error, place))
    return deviations


def _result(
    found: DetectionTable, truths: TruthTable, record: dict[str, Any], names: list[str]
) -> DarknetMap:
    matching = match(found, truths, len(names), record["iou"])
    return matching.result(names, points=record["points"], confidence=CONFIDENCE)


def _names(recorded: dict[str, Any]) -> list[str]:
    return [one["name"] for one in recorded["records"][0]["classes"]]


def _in_order(examples: tuple[Example, ...], stems: list[str]) -> list[Example]:
    by_stem = {example.path.stem: example for example in examples}
    return [by_stem[stem] for stem in stems]

"""Compare detections of pretrained models on photos with those of the C Darknet."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from darknet_torch.engines.names import TORCH
from darknet_torch.errors import CfgWarning
from darknet_torch.inference.detector import Detector
from darknet_torch.loading.load import load
from darknet_torch.results.boxes import box_iou, cxcywh_to_xyxy
from darknet_torch.results.detections import Detections
from tools.deviation import Deviation, worst

MIN_CONFIDENCE = 0.25  # less confident detections are not compared


@dataclass(frozen=True)
class Tolerance:
    """The tolerance of a detection: the least IoU, and the largest difference of confidence."""

    iou: float
    confidence: float


# A PNG holds exactly the pixels that C decoded, so only the order of float32 sums differs.
# A JPEG is decoded by another library, whose pixels differ by up to 3 grey levels.
TOLERANCES = {".png": Tolerance(0.999, 1e-3), ".jpg": Tolerance(0.95, 0.02)}


def check_detect(
    path: Path,
    models: Path,
    images: Path,
    device: str | torch.device = "cpu",
    backend: str = TORCH,
) -> Deviation:
    """Run the model of a detection record on its photos, and compare the detections."""
    record = json.loads(path.read_text())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        network = load(models / record["cfg"], models / record["weights"])
    detector = Detector(
        network,
        threshold=record["threshold"],
        nms_threshold=record["nms_threshold"],
        letterbox=record["letterbox"],
        device=device,
        backend=backend,
    )
    deviations: list[Deviation] = []
    for name, expected in record["images"].items():
        for suffix, tolerance in TOLERANCES.items():
            picture = (images / name).with_suffix(suffix)
            if picture.exists():
                deviations += compare_detections(
                    detector(picture), expected, tolerance, picture.name
                )
    if not deviations:
        raise FileNotFoundError(f"{images}: none of the record's pictures is here")
    return worst(deviations)


def compare_detections(
    found: Detections, expected: list[dict[str, Any]], tolerance: Tolerance, name: str
) -> list[Deviation]:
    """Compare in both directions: each confident detection of one side needs one in the other."""
    ours = _Boxes(
        cxcywh_to_xyxy(found.boxes_cxcywh_relative.reshape(-1, 4)), found.class_ids, found.scores
    )
    theirs = _Boxes(
        cxcywh_to_xyxy(np.array([d["box"] for d in expected]).reshape(-1, 4)),
        np.array([d["class_id"] for d in expected], int),
        np.array([d["confidence"] for d in expected]),
    )
    return [
        *_unmatched(theirs, ours, tolerance, f"{name}, of C"),
        *_unmatched(ours, theirs, tolerance, f"{name}, of ours"),
    ]


@dataclass(frozen=True)
class _Boxes:
    corners: np.ndarray
    classes: np.ndarray
    scores: np.ndarray


def _unmatched(boxes: _Boxes, others: _Boxes, tolerance: Tolerance, name: str) -> list[Deviation]:
    """Compare each confident box with the most similar of the others of its class."""
    deviations = []
    for corners, kind, score in zip(boxes.corners, boxes.classes, boxes.scores, strict=True):
        if score >= MIN_CONFIDENCE:
            place = f"{name}, class {kind} at {score:.3f}"
            same = others.classes == kind
            overlaps = box_iou(corners, others.corners) * same
            errors = np.maximum(
                (1 - overlaps) / (1 - tolerance.iou),
                np.abs(others.scores - score) / tolerance.confidence,
            )
            deviations.append(Deviation(float(errors.min(initial=np.inf)), place))
    return deviations

"""Detections of pretrained models on photos against those of the C Darknet."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.errors import CfgWarning
from darknet_torch.inference.detector import Detector
from darknet_torch.model.loading import load
from darknet_torch.results.boxes import box_iou, cxcywh_to_xyxy
from darknet_torch.results.detections import Detections
from tools.finding import Finding, worst

JUDGED_FROM = 0.25  # confidence


@dataclass(frozen=True)
class Tolerance:
    """How far a detection may be off."""

    iou: float
    confidence: float


# A PNG holds the very pixels that C decoded: only the order of float32 additions differs.
# A JPEG goes through another decoder, whose pixels differ by up to 3 grey levels.
TOLERANCES = {".png": Tolerance(0.999, 1e-3), ".jpg": Tolerance(0.95, 0.02)}


def check_detect(path: Path, models: Path, images: Path) -> Finding:
    """Run the model of a detection record on its photos; both must find the same."""
    record = json.loads(path.read_text())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        network = load(models / record["cfg"], models / record["weights"])
    detector = Detector(
        network,
        threshold=record["threshold"],
        nms_threshold=record["nms_threshold"],
        letterbox=record["letterbox"],
    )
    findings: list[Finding] = []
    for name, expected in record["images"].items():
        for suffix, tolerance in TOLERANCES.items():
            picture = (images / name).with_suffix(suffix)
            if picture.exists():
                findings += judge(detector(picture), expected, tolerance, picture.name)
    if not findings:
        raise FileNotFoundError(f"{images}: none of the record's pictures is here")
    return worst(findings)


def judge(
    found: Detections, expected: list[dict[str, Any]], tolerance: Tolerance, name: str
) -> list[Finding]:
    """Compare both ways: what either is sure of, the other must have."""
    ours = _Boxes(
        cxcywh_to_xyxy(found.boxes_cxcywh_relative.reshape(-1, 4)), found.class_ids, found.scores
    )
    theirs = _Boxes(
        cxcywh_to_xyxy(np.array([d["box"] for d in expected]).reshape(-1, 4)),
        np.array([d["class_id"] for d in expected], int),
        np.array([d["confidence"] for d in expected]),
    )
    return [
        *_one_way(theirs, ours, tolerance, f"{name}, of C"),
        *_one_way(ours, theirs, tolerance, f"{name}, of ours"),
    ]


@dataclass(frozen=True)
class _Boxes:
    corners: np.ndarray
    classes: np.ndarray
    scores: np.ndarray


def _one_way(sure: _Boxes, others: _Boxes, tolerance: Tolerance, name: str) -> list[Finding]:
    findings = []
    for corners, kind, score in zip(sure.corners, sure.classes, sure.scores, strict=True):
        if score >= JUDGED_FROM:
            place = f"{name}, class {kind} at {score:.3f}"
            same = others.classes == kind
            overlaps = box_iou(corners, others.corners) * same
            errors = np.maximum(
                (1 - overlaps) / (1 - tolerance.iou),
                np.abs(others.scores - score) / tolerance.confidence,
            )
            findings.append(Finding(float(errors.min(initial=np.inf)), place))
    return findings

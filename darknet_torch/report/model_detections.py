"""Runs the model of a training over pictures. Torch is imported when that happens."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from darknet_torch.datasets.class_files import numbered_names
from darknet_torch.datasets.examples import DataSet
from darknet_torch.errors import UsageError
from darknet_torch.evaluation.detection_pass import detect_all
from darknet_torch.report.runs import Run
from darknet_torch.report.two_models import ModelDetections

if TYPE_CHECKING:
    from darknet_torch.inference.detector import Detector

LEAST_SCORE = 0.05  # a lower score is no disagreement that anybody looks at
_BATCH = 8
_KEPT = ("width", "height", "dialect", "allow_large")  # options of a training


def check_model(run: Run) -> None:
    """Check that a training has a model that can be run.

    Raises:
        UsageError: it has no weights, or no cfg.
    """
    if run.weights is None:
        expected, name = "_best, _final or _last weights", "weights"
    elif not run.sections:
        expected, name = f"its cfg {run.place.path('.cfg')}", "cfg that can be read"
    else:
        return
    raise UsageError(f"the training has no {name}", where=run.place.folder, expected=expected)


def load_detector(run: Run, device: str) -> Detector:
    """Load the model of a training. Its input has the size with which it was trained.

    Args:
        run: the training, which has passed `check_model`.
        device: as `darknet_torch.load` takes it, or "auto".

    Raises:
        CfgError, WeightsError: it cannot be loaded; CfgError, too, if it is no detector.
    """
    from darknet_torch.inference.detector import Detector
    from darknet_torch.loading.load import load
    from darknet_torch.model.loading import find_device

    cfg, place = run.place.path(".cfg"), find_device(device)
    network = load(cfg, run.weights, device=place, **_as_trained(run))
    return Detector(network, names=_names_of(run), keep_weights=False)


def detect_with_run(
    run: Run,
    detector: Detector,
    data_set: DataSet,
    *,
    least_score: float,
    workers: int,
    advance: Callable[[int], None],
    report: Callable[[str], None],
) -> ModelDetections:
    """Run the model of a training over the pictures of a data set.

    Args:
        run: the training.
        detector: its model.
        data_set: the pictures.
        least_score: detections above it are kept, 0-1.
        workers: threads that read pictures.
        advance, report: as in `detect_all`.
    """
    found = detect_all(
        detector,
        [item.path for item in data_set.examples],
        thresholds=(least_score,),
        batch=_BATCH,
        workers=workers,
        exif=data_set.exif,
        advance=advance,
        report=report,
    )
    places = np.array(found.readable, np.int64)
    detections = replace(found.detections, pictures=places[found.detections.pictures])
    names = detector.names or numbered_names(detector.classes)
    failed = tuple(map(str, found.errors))
    return ModelDetections(run.label, str(run.weights), names, detections, found.readable, failed)


def _as_trained(run: Run) -> dict[str, Any]:
    """The options of a training that its model is run with, too."""
    return {name: run.plan[name] for name in _KEPT if run.plan.get(name)}


def _names_of(run: Run) -> os.PathLike[str] | None:
    """The names that the training has kept; None for those that the network leads to."""
    path = run.place.path(".names")
    return path if path.is_file() else None

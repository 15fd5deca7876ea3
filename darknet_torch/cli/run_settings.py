"""The settings of a detector's run, for what is written about its results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from darknet_torch.cli.model_loading import RunModelOptions

if TYPE_CHECKING:
    from darknet_torch.inference.detector import Detector


def network_settings(detector: Detector, options: RunModelOptions) -> dict[str, Any]:
    """Return what a detector's results depend on, apart from the pictures and the threshold.

    Returns:
        Name -> value: fields of `darknet_torch.cli.eval.EvaluationSettings`.
    """
    from darknet_torch.inference.backends import backend_title

    return {
        "cfg": options.cfg,
        "weights": options.weights,
        "width": detector.model.width,
        "height": detector.model.height,
        "resizing": "letterbox" if detector.letterbox else "stretch",
        "nms_threshold": detector.nms_threshold,
        "nms_kind": detector.model.heads[-1].nms_kind,
        "engine": backend_title(detector.backend),
        "precision": options.precision,
    }

"""The settings that detections were made with, for what is written about them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from darknet_torch.cli.model_loading import RunModelOptions

if TYPE_CHECKING:
    from darknet_torch.inference.detector import Detector


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """The settings that detections were made with, for the report.

    Fields that do not apply, such as those of a network for a results file, are None.

    Attributes:
        data: the path and split of the data set.
        results: the results file.
        cfg, weights: the files of the network.
        width, height: size of the network's input in pixels.
        resizing: "letterbox" or "stretch".
        resize: how pictures are resized, "darknet" or "opencv".
        min_score: average precision counts detections above this score, 0-1.
        nms_threshold: the IoU above which overlapping boxes are dropped, 0-1.
        nms_kind: the kind of NMS, as in the cfg.
        backend: what runs the network.
        engine: the same with its version.
        precision: the numbers in which its layers are computed.
    """

    data: str
    results: str | None = None
    cfg: str | None = None
    weights: str | None = None
    width: int | None = None
    height: int | None = None
    resizing: str | None = None
    resize: str | None = None
    min_score: float
    nms_threshold: float | None = None
    nms_kind: str | None = None
    backend: str | None = None
    engine: str | None = None
    precision: str | None = None

    def to_dict(self) -> dict[str, str | int | float]:
        """Return the settings that apply as plain values, for JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.to_dict().items())


def network_settings(detector: Detector, options: RunModelOptions) -> dict[str, Any]:
    """Return what a detector's results depend on, apart from the pictures and the threshold.

    Returns:
        Name -> value: fields of `EvaluationSettings`.
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

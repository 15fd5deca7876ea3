"""What --report and --plots of `dtorch detect` write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from darknet_torch.cli.detection_settings import network_settings
from darknet_torch.cli.model_loading import RunModelOptions
from darknet_torch.cli.report_options import PageOptions, check_page, write_page_and_plots

if TYPE_CHECKING:
    from darknet_torch.errors import ImageError
    from darknet_torch.inference.detector import Detector
    from darknet_torch.media.frame_batches import Frame
    from darknet_torch.report.content import PageContent, Plot
    from darknet_torch.report.named_plots import NamedPlot
    from darknet_torch.results.detections import Detections

_MOST_LISTED = 500  # failed pictures and frames on a page


@dataclass(frozen=True, kw_only=True)
class DetectionPageOptions(PageOptions, RunModelOptions):
    """How a detector is run, and where its page goes.

    Attributes:
        threshold: detections with scores above this are kept, 0-1.
    """

    threshold: float


def check_detection_page(options: PageOptions) -> None:
    """Check before the run that --report and --plots can be written; see `check_page`."""
    check_page(options, _plots)


def _plots() -> Sequence[NamedPlot[Any]]:
    from darknet_torch.report.detection_plots import DETECTION_PLOTS

    return DETECTION_PLOTS


class DetectionReport:
    """Collects the results of a run; at its end it writes the page and the plots.

    At most `MOST_PICTURES` pictures are kept as thumbnails, spaced evenly over the run.

    Args:
        options: how the detector is run, and where page and plots go.
        detector: what detects.
    """

    def __init__(self, options: DetectionPageOptions, detector: Detector) -> None:
        from darknet_torch.report.content import PagePicture
        from darknet_torch.report.detection_rows import DetectionRows
        from darknet_torch.report.evenly_spaced import EvenlySpaced
        from darknet_torch.report.thumbnails import MOST_PICTURES

        self._options = options
        self._settings = {
            **network_settings(detector, options),
            "threshold": options.threshold,
        }
        self._rows = DetectionRows(_class_names(detector), options.threshold)
        self._pictures = EvenlySpaced[PagePicture](MOST_PICTURES)
        self._failed, self._failures = list[str](), 0

    def __enter__(self) -> DetectionReport:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            write_page_and_plots(self._options, _plots(), self._rows.summary(), self._content)

    def write(self, frame: Frame, detections: Detections) -> None:
        """Count the detections in a picture or frame, and keep it if it is its turn."""
        from darknet_torch.report.detection_pictures import detection_picture

        self._rows.add(detections)
        self._pictures.offer(lambda: detection_picture(frame, detections))

    def note_failure(self, error: ImageError) -> None:
        """List a picture or frame that cannot be read."""
        self._failures += 1
        if len(self._failed) < _MOST_LISTED:
            self._failed.append(str(error))

    def _content(self, plots: Sequence[Plot]) -> PageContent:
        from darknet_torch.report.detection_page import DetectionResults, detection_page

        results = DetectionResults(
            self._rows.summary(), self._settings, self._failed, self._failures
        )
        return detection_page(results, plots, self._pictures.kept)


def _class_names(detector: Detector) -> list[str]:
    """Return a name for each class that the network knows."""
    from darknet_torch.datasets.class_files import numbered_names

    names = detector.names
    return [*names, *numbered_names(detector.classes)[len(names) :]]

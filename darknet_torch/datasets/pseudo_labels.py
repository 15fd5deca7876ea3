"""Pseudo-labels: detections written as label files to train on. No torch."""

from __future__ import annotations

from pathlib import Path

from darknet_torch.datasets.darknet import label_paths
from darknet_torch.files import FreePaths, make_folder, rewrite_input, write_text
from darknet_torch.media.frame_batches import Frame
from darknet_torch.media.sources import file_name
from darknet_torch.results.annotated_media import source_stem
from darknet_torch.results.detections import Detections
from darknet_torch.text import is_file, is_web_url


class LabelFolder:
    """Writes a label file for each picture, ``NAME.txt``, or frame, ``NAME_000001.txt``.

    Args:
        paths: the folder, which makes the file names unique.
        scores: append the score to each line; the files are then no labels to train on.
    """

    def __init__(self, paths: FreePaths, *, scores: bool = False) -> None:
        self._paths, self._scores = paths, scores

    def write(self, frame: Frame, detections: Detections) -> None:
        """Write the detections of a frame; an empty file if there are none."""
        number = f"_{frame.number:06}" if frame.source.is_video else ""
        stem = source_stem(frame.source) + number
        path = self._paths.take(stem, ".txt", frame.filename)
        write_text(path, _label_text(detections, scores=self._scores))


def label_path_in_place(picture: str) -> Path:
    """Return the path where `write_label_in_place` writes the labels of a picture.

    Of a picture on the web this is a file in the working folder.
    """
    return label_paths(file_name(picture) if is_web_url(picture) else picture)[0]


def write_label_in_place(frame: Frame, detections: Detections) -> None:
    """Write a label file where Darknet looks for it in training.

    Other labels that are there, drawn by hand perhaps, are kept as ``NAME.txt.bak``. Frames of
    videos are skipped.

    Source: detector.c test_detector with -save_labels (AlexeyAB).
    Differs: C overwrites them.

    Raises:
        UsageError: the file cannot be written.
    """
    if not frame.source.is_video:
        path = label_path_in_place(frame.filename)
        make_folder(path.parent)
        text = _label_text(detections)
        if not is_file(path):
            write_text(path, text)
        elif not _holds(path, text.encode()):
            rewrite_input(path, text.encode())


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:  # keeping the old content says why it cannot be read
        return False


def _label_text(detections: Detections, *, scores: bool = False) -> str:
    return "".join(f"{line}\n" for line in detections.label_lines(scores=scores))

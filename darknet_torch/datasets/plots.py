"""Plots the statistics of a data set. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from darknet_torch.datasets.statistics import Statistics
from darknet_torch.errors import UsageError
from darknet_torch.extras import import_extra
from darknet_torch.files import atomic_write

_BINS = 40


def plot_statistics(statistics: Sequence[Statistics], out: Path) -> None:
    """Plot boxes per class, box sizes, and boxes per picture into one file.

    Args:
        statistics: the statistics of each split.
        out: the file to write; its suffix selects the format, such as .png or .svg.

    Raises:
        UsageError: matplotlib is not installed, or the file cannot be written.
    """
    figure = import_extra("matplotlib.figure", extra="plot").Figure((15, 5), layout="constrained")
    classes, sizes, counts = figure.subplots(1, 3)
    _draw_classes(classes, statistics)
    for item in statistics:
        sizes.plot(item.boxes[:, 2], item.boxes[:, 3], ".", ms=3, alpha=0.4, label=item.name)
        counts.hist(item.per_picture, _BINS, alpha=0.5, density=True, label=item.name)
    sizes.set(title="boxes", xlabel="width / picture's", ylabel="height / picture's")
    counts.set(title="pictures", xlabel="boxes in a picture", ylabel="part of the pictures")
    for axes in (classes, sizes, counts):
        axes.legend()
    suffix = out.suffix.removeprefix(".") or "png"
    try:
        with atomic_write(out) as file:
            figure.savefig(file, format=suffix)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be written ({error})", where=out) from None


def _draw_classes(axes: Any, statistics: Sequence[Statistics]) -> None:
    """Draw the boxes per class as grouped bars, one colour per split."""
    thick = 0.8 / len(statistics)
    for index, item in enumerate(statistics):
        places = [place + index * thick for place in range(len(item.classes))]
        axes.barh(places, [each.boxes for each in item.classes], thick, label=item.name)
    names = [each.name for each in statistics[0].classes]
    axes.set_yticks([place + 0.4 - thick / 2 for place in range(len(names))], names)
    axes.invert_yaxis()
    axes.set(title="classes", xlabel="boxes")

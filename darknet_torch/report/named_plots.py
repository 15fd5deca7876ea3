"""Plots with a name, on a page and in files. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from darknet_torch.files import make_folder, write_bytes
from darknet_torch.plots.figure import Figure, format_of
from darknet_torch.plots.inline_svg import inline_svg
from darknet_torch.report.content import Plot

# The width of a plot in inches: about as many points as a phone has pixels, so that texts of
# 8 points can be read there.
WIDTH = 4.8
_FORMATS = ("png", "svg")
_DOTS_PER_INCH = 200
Data = TypeVar("Data")


@dataclass(frozen=True)
class NamedPlot(Generic[Data]):
    """A plot that can be drawn.

    Attributes:
        name: the name of its files, without a suffix.
        title: of the plot.
        explanation: a sentence that says what it shows, and describes it to those who do not
            see it.
        draw: draws it; raises UsageError if matplotlib is not installed.
    """

    name: str
    title: str
    explanation: str
    draw: Callable[[Data], Figure]

    def on_page(self, data: Data) -> Plot:
        """Draw it for a page.

        Raises:
            UsageError: matplotlib is not installed.
        """
        svg = inline_svg(self.draw(data), self.name, self.explanation)
        return Plot(self.title, svg, self.explanation)


def write_plots(plots: Sequence[tuple[str, Figure]], folder: Path) -> list[Path]:
    """Write each plot as PNG and as SVG.

    Characters that matplotlib's font lacks, such as Chinese ones, are boxes in both; on a page the
    fonts of the viewer draw them.

    Args:
        plots: names without a suffix, and figures.
        folder: of the files, created if it does not exist. Plots of the same names, as an
            earlier run has written them, are replaced; nothing else in it is touched.

    Returns:
        The files, in the order of the plots.

    Raises:
        UsageError: a file cannot be written, or is one of the inputs.
    """
    make_folder(folder)
    for name, figure in plots:
        for path in plot_paths([name], folder):
            write_bytes(path, figure.encode(format_of(path), dots_per_inch=_DOTS_PER_INCH))
    return plot_paths([name for name, _ in plots], folder)


def plot_paths(names: Sequence[str], folder: Path) -> list[Path]:
    """The files that `write_plots` writes for plots of these names."""
    return [folder / f"{name}.{suffix}" for name in names for suffix in _FORMATS]

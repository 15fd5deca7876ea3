"""The figure that every plot is drawn on: its style, its size, its file. No torch."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.errors import UsageError
from darknet_torch.extras import import_extra
from darknet_torch.files import write_bytes

FORMATS = ("png", "svg", "pdf")
# Okabe and Ito's colours, which people who see few colours can tell apart, but the yellow.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Lines and points differ in more than their colour, too.
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
FAINT = "#9A9A9A"  # what explains a plot, but is not what it shows
# What axes take over when they are made.
_STYLE: Mapping[str, Any] = {
    "font.size": 9,
    "axes.edgecolor": "#555555",
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}
# Numbers instead of random ones in the names of an SVG's parts, and no date, so that equal plots
# are equal files. Names of classes and files may contain dollars, but never formulas.
_OF_FILES: Mapping[str, Any] = {"svg.hashsalt": "0", "text.parse_math": False}
_NO_DATE: Mapping[str, Mapping[str, None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}
_MOST_BINS = 60
_WIDE = 10  # the least ratio of values that a logarithmic scale shows better
_MOST_INSIDE = 4  # names in a legend on the axes themselves
_MOST_OF_TWO_COLUMNS = 30  # characters of the names in a legend of two columns
# What matplotlib warns of when its font has no glyph, and draws an empty box.
_MISSING_GLYPH = r"Glyph \d+ .*missing from|Matplotlib currently does not support"


class Figure:
    """A figure with a grid of axes.

    Args:
        rows, columns: of axes.
        size: width and height in inches.
        title: of the whole figure.
        heights: of the rows, relative to each other; None for equal ones.

    Attributes:
        axes: matplotlib's Axes in a list, row after row; titles and labels are the caller's.

    Raises:
        UsageError: matplotlib is not installed.
    """

    def __init__(
        self,
        rows: int = 1,
        columns: int = 1,
        *,
        size: tuple[float, float] = (7.0, 5.0),
        title: str | None = None,
        heights: Sequence[float] | None = None,
    ) -> None:
        # Not pyplot: this needs no window system and no global state.
        module = import_extra("matplotlib.figure", extra="plot")
        with _rc_context(_STYLE):
            self._figure: Any = module.Figure(size, layout="constrained")
            grid = self._figure.subplots(rows, columns, squeeze=False, height_ratios=heights)
        self.axes: list[Any] = list(grid.flat)
        if title:
            self._figure.suptitle(title, fontsize=11)
        cycler = import_extra("cycler", extra="plot").cycler
        for axes in self.axes:
            axes.set_prop_cycle(cycler(color=COLOURS, linestyle=LINES))

    def legend(self, axes: Any) -> None:
        """Name what is drawn on `axes`, if that is more than one thing."""
        _, labels = axes.get_legend_handles_labels()
        if len(labels) > _MOST_INSIDE:  # they would hide what they name
            axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
        elif len(labels) > 1:
            axes.legend()

    def legend_below(self, lines: Sequence[Any], labels: Sequence[str]) -> None:
        """Name lines of any axes, below all of them."""
        wide = any(len(label) > _MOST_OF_TWO_COLUMNS for label in labels)
        place = {"loc": "outside lower center", "ncols": 1 if wide else 2}
        # A label of its own: matplotlib hides those of artists that start with an underscore.
        self._figure.legend(lines, labels, **place, fontsize=8, frameon=False)

    def encode(
        self, suffix: str = "png", *, dots_per_inch: int = 100, text_as_paths: bool = True
    ) -> bytes:
        """The content of a file of this format.

        Args:
            suffix: one of `FORMATS`.
            dots_per_inch: of a PNG.
            text_as_paths: whether an SVG has the outlines of its characters, which look the same
                everywhere, or text for the fonts of the viewer.
        """
        for axes in self.axes:
            axes.title.set(fontsize=10, fontweight="bold")
            legend = axes.get_legend()
            if legend is not None:
                legend.set_frame_on(False)
        for text in self._figure.findobj(lambda artist: hasattr(artist, "set_parse_math")):
            text.set_parse_math(False)
        style = {**_OF_FILES, "svg.fonttype": "path" if text_as_paths else "none"}
        buffer = io.BytesIO()
        with _rc_context(style), _missing_glyphs_allowed():
            self._figure.savefig(
                buffer, format=suffix, dpi=dots_per_inch, metadata=_NO_DATE.get(suffix)
            )
        return buffer.getvalue()

    def save(self, path: Path) -> None:
        """Write the figure; the suffix selects the format.

        Raises:
            UsageError: the suffix is not one of `FORMATS`, or the file cannot be written.
        """
        write_bytes(path, self.encode(format_of(path)))


def _rc_context(style: Mapping[str, Any]) -> Any:
    return import_extra("matplotlib", extra="plot").rc_context(dict(style))


@contextmanager
def _missing_glyphs_allowed() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _MISSING_GLYPH)
        yield


def count_axis(axis: Any) -> None:
    """Let an axis of whole numbers, `axes.xaxis` or `axes.yaxis`, have ticks at these alone."""
    ticker = import_extra("matplotlib.ticker", extra="plot")
    axis.set_major_locator(ticker.MaxNLocator(integer=True))
    axis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))


def percent_axis(axis: Any) -> None:
    """Let an axis of fractions, 0-1, have ticks in per cent."""
    ticker = import_extra("matplotlib.ticker", extra="plot")
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{100 * value:.6g} %"))


def logarithmic_axis(axis: Any) -> None:
    """Give an axis a logarithmic scale, whose ticks are plain numbers, such as 20 or 0.003."""
    ticker = import_extra("matplotlib.ticker", extra="plot")

    class PlainNumbers(ticker.LogFormatter):  # type: ignore[misc, name-defined]
        """Names the ticks that LogFormatter names."""

        def __call__(self, value: float, position: int | None = None) -> str:
            return f"{value:g}" if super().__call__(value, position) else ""

    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(PlainNumbers(minor_thresholds=(2, 0.5)))
    axis.grid(visible=True, which="both")


def logarithmic_axis_if_wide(axis: Any, values: Iterable[float]) -> None:
    """Give an axis a logarithmic scale if its values differ by a factor of ten or more.

    So a loss that falls from thousands to one can be read at both ends. One that falls less keeps
    the linear scale, which has more ticks then.

    Args:
        axis: `axes.xaxis` or `axes.yaxis`.
        values: what is drawn; those that are 0, negative or not finite do not count.
    """
    shown = [value for value in values if 0 < value < math.inf]
    if shown and max(shown) >= _WIDE * min(shown):
        logarithmic_axis(axis)


def logarithmic_count_axis(axes: Any, counts: Sequence[int] | np.ndarray) -> None:
    """Give the y axis of counts, which may be 0, a logarithmic scale with room above the highest.

    Unlike `logarithmic_axis` it can be called when nothing is drawn.
    """
    axes.set_ylim(0.8, 3 * max(3, *counts))
    logarithmic_axis(axes.yaxis)


def count_bins(counts: Sequence[np.ndarray], most: int = _MOST_BINS) -> np.ndarray:
    """The edges of a histogram's bins for whole numbers, each bin with equally many of them.

    Args:
        counts: of what is counted, several arrays that share the bins.
        most: bins.

    Returns:
        Edges halfway between whole numbers, so that a number lies in the middle of its bin.
    """
    least = min((int(each.min()) for each in counts if len(each)), default=0)
    greatest = max((int(each.max()) for each in counts if len(each)), default=0)
    width = -(-(greatest - least + 1) // most)
    return np.arange(least, greatest + width + 1, width) - 0.5


def format_of(path: Path) -> str:
    """The format of a plot's file, one of `FORMATS`.

    Raises:
        UsageError: its suffix is another one.
    """
    suffix = path.suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        expected = " or ".join(f".{name}" for name in FORMATS)
        raise UsageError("unknown plot format", where=path, expected=expected)
    return suffix

"""The figure that every plot is drawn on: its colours, its size, its file. No torch."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from darknet_torch.errors import UsageError
from darknet_torch.extras import import_extra
from darknet_torch.files import write_bytes

FORMATS = ("png", "svg", "pdf")
# Okabe and Ito's colours, which people who see few colours can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


class Figure:
    """A figure with a grid of axes.

    Args:
        rows, columns: of axes.
        size: width and height in inches.

    Attributes:
        axes: matplotlib's Axes in a list, row after row; titles and labels are the caller's.

    Raises:
        UsageError: matplotlib is not installed.
    """

    def __init__(
        self, rows: int = 1, columns: int = 1, *, size: tuple[float, float] = (7.0, 5.0)
    ) -> None:
        # Not pyplot: this needs no window system and no global state.
        module = import_extra("matplotlib.figure", extra="plot")
        self._figure: Any = module.Figure(size, layout="constrained")
        self.axes: list[Any] = list(self._figure.subplots(rows, columns, squeeze=False).flat)
        for axes in self.axes:
            axes.set_prop_cycle(color=COLOURS)
            axes.spines[["top", "right"]].set_visible(False)

    def encode(self, suffix: str = "png") -> bytes:
        """The content of a file of this format, one of `FORMATS`."""
        buffer = io.BytesIO()
        self._figure.savefig(buffer, format=suffix)
        return buffer.getvalue()

    def save(self, path: Path) -> None:
        """Write the figure; the suffix selects the format.

        Raises:
            UsageError: the suffix is not one of `FORMATS`, or the file cannot be written.
        """
        write_bytes(path, self.encode(format_of(path)))


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

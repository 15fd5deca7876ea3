"""How boxes of each kind are drawn: in a colour and a line of their own. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from darknet_torch.plots.figure import COLOURS
from darknet_torch.report.content import BoxKind

_BLUE, _VERMILION, _GREEN, _PURPLE, _ORANGE, _SKY = COLOURS[:6]
_YELLOW = "#F0E442"  # Okabe and Ito's, too; it needs the dark edge that boxes have
_OF_ERRORS = (_VERMILION, _ORANGE, _PURPLE, _BLUE, _YELLOW)
_OF_OTHERS = (_GREEN, _SKY)
# Lengths of dashes and gaps in pixels; "none" is a solid line.
_DASHES = ("none", "9 3", "4 3", "2.5 2.5", "9 3 2 3", "14 4", "9 3 2 3 2 3")


@dataclass(frozen=True)
class BoxStyle:
    """A line.

    Attributes:
        colour: as "#rrggbb".
        dashes: a value for SVG's stroke-dasharray.
    """

    colour: str
    dashes: str


def box_styles(kinds: Sequence[BoxKind]) -> list[BoxStyle]:
    """Return the line of each kind; with more than seven kinds some lines come twice."""
    styles = []
    seen = {True: 0, False: 0}
    for index, kind in enumerate(kinds):
        colours = _OF_ERRORS if kind.is_error else _OF_OTHERS
        colour = colours[seen[kind.is_error] % len(colours)]
        seen[kind.is_error] += 1
        styles.append(BoxStyle(colour, _DASHES[index % len(_DASHES)]))
    return styles

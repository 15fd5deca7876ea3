"""How boxes of each kind are drawn: in a colour and a line of their own. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from darknet_torch.plots.figure import COLOURS
from darknet_torch.report.content import BoxKind

_BLUE, _VERMILION, _GREEN, _PURPLE, _ORANGE, _SKY = COLOURS[:6]
_YELLOW = "#F0E442"  # Okabe and Ito's, too, but not for white paper
_DARK = (_BLUE, _VERMILION, _GREEN)  # which a white edge sets off better than a black one
_OF_ERRORS = (_VERMILION, _ORANGE, _PURPLE, _BLUE, _YELLOW)
_OF_OTHERS = (_GREEN, _SKY)
# Lengths of dashes and gaps in pixels; "none" is a solid line.
_DASHES = ("none", "10 4", "5 4", "3 3", "10 4 3 4", "16 5", "10 4 3 4 3 4")


@dataclass(frozen=True)
class BoxStyle:
    """A line with edges on both sides, which set it off from any picture.

    Attributes:
        colour: as "#rrggbb".
        edge: colour of the edges.
        dashes: a value for SVG's stroke-dasharray.
    """

    colour: str
    edge: str
    dashes: str


def box_styles(kinds: Sequence[BoxKind]) -> list[BoxStyle]:
    """Return the line of each kind; with more than seven kinds some lines come twice."""
    styles = []
    seen = {True: 0, False: 0}
    for index, kind in enumerate(kinds):
        colours = _OF_ERRORS if kind.is_error else _OF_OTHERS
        colour = colours[seen[kind.is_error] % len(colours)]
        seen[kind.is_error] += 1
        edge = "#ffffff" if colour in _DARK else "#000000"
        styles.append(BoxStyle(colour, edge, _DASHES[index % len(_DASHES)]))
    return styles

"""A drawing of a network's layers and connections, as SVG. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from xml.sax.saxutils import escape

_ROW, _BOX_WIDTH, _BOX_HEIGHT, _MARGIN = 26, 300, 20, 20
_LANE, _LANES = 14, 10
_COLORS = {"convolutional": "#dce9f9", "yolo": "#f9d9d4", "region": "#f9d9d4"} | {
    "Gaussian_yolo": "#f9d9d4",
    "detection": "#f9d9d4",
    "route": "#e3f2dc",
    "shortcut": "#f6edcf",
}
_PLAIN = "#eeeeee"


class Node(Protocol):
    """The attributes of a layer that the drawing needs."""

    @property
    def index(self) -> int: ...
    @property
    def section(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def sources(self) -> tuple[int, ...]: ...
    @property
    def output(self) -> tuple[int, int, int]: ...


def draw_graph(layers: Sequence[Node], title: str) -> str:
    """Draw a network's layers and connections.

    Args:
        layers: the layers in order.
        title: the drawing's title.

    Returns:
        An SVG page with a box per layer from top to bottom, a line from each layer to the
        next one that reads it, and arcs to readers further down.
    """
    left = _MARGIN + _LANE * (_LANES + 1)
    width, height = left + _BOX_WIDTH + _MARGIN, _MARGIN * 3 + _ROW * len(layers)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<text x="{left}" y="{_MARGIN}" font-weight="bold">{escape(title)}</text>',
    ]
    for layer in layers:
        parts += _box(layer, left)
        parts += [_arc(source, layer.index, left) for source in layer.sources if source >= 0]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _top(index: int) -> int:
    return _MARGIN * 2 + _ROW * index


def _box(layer: Node, left: int) -> list[str]:
    channels, height, width = layer.output
    text = f"{layer.index} {layer.section} {layer.detail}".strip()
    top = _top(layer.index)
    color = _COLORS.get(layer.section, _PLAIN)
    return [
        f'<rect x="{left}" y="{top}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="4" '
        f'fill="{color}" stroke="#888"/>',
        f'<text x="{left + 6}" y="{top + 14}">{escape(text)}</text>',
        f'<text x="{left + _BOX_WIDTH - 6}" y="{top + 14}" text-anchor="end" fill="#555">'
        f"{width} x {height} x {channels}</text>",
    ]


def _arc(source: int, reader: int, left: int) -> str:
    if source == reader - 1:
        x, start, end = left + _BOX_WIDTH // 2, _top(source) + _BOX_HEIGHT, _top(reader)
        return f'<path d="M{x} {start} V{end}" stroke="#888" fill="none"/>'
    lane = left - _LANE * min(_LANES, 1 + (reader - source) // 3)
    start, end = _top(source) + _BOX_HEIGHT // 2, _top(reader) + _BOX_HEIGHT // 2
    return (
        f'<path d="M{left} {start} H{lane} V{end} H{left}" stroke="#7a9" fill="none" '
        f'stroke-linejoin="round"/><circle cx="{left}" cy="{end}" r="2.5" fill="#7a9"/>'
    )

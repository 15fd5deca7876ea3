"""Darknet's layer table of a network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from darknet_torch.cfg.options import extensions_in
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import ReceptiveWindow
from darknet_torch.model.network import Network
from darknet_torch.model.weights import pack_header


@dataclass(frozen=True)
class LayerRow:
    """One layer of the table.

    Attributes:
        index: the layer's index.
        section: name of the layer's section.
        detail: a short description, such as "32 3x3/2" or "-1 61".
        sources: indices of the layers it reads, -1 for the network's input.
        input, output: channels, height, width of the previous and of this layer's output.
        bflops: billions of operations, as Darknet counts them.
        parameters: number of the layer's values in the weight file.
        receptive_field: width and height of the part of the input that an output depends on,
            pixels.
    """

    index: int
    section: str
    detail: str
    sources: tuple[int, ...]
    input: tuple[int, int, int]
    output: tuple[int, int, int]
    bflops: float
    parameters: int
    receptive_field: int


@dataclass(frozen=True)
class Summary:
    """The table and its sums.

    Attributes:
        rows: one per layer.
        bflops, parameters: their sums.
        file_bytes: length of the weight file.
        extensions: options of [net] that darknet_torch alone reads, each as key=value.
    """

    rows: tuple[LayerRow, ...]
    bflops: float
    parameters: int
    file_bytes: int
    extensions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The summary as plain values, for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The table as lines of text."""
        detail_width = max(len(row.detail) for row in self.rows) + 1
        lines = [_header(detail_width), *(_format_row(row, detail_width) for row in self.rows)]
        lines.append(f"Total BFLOPS {self.bflops:5.3f}")
        lines.append(f"{self.parameters:,} values, weight file of {self.file_bytes:,} bytes")
        if self.extensions:
            lines.append(f"input: {', '.join(self.extensions)}, which the C code ignores")
        return lines


def _header(detail_width: int) -> str:
    return (
        f"{'':>4} {'layer':<16}{'':<{detail_width}}{'input':>19}    {'output':>19}"
        f"{'BFLOPS':>10}{'values':>13}{'field':>6}"
    )


def _format_row(row: LayerRow, detail_width: int) -> str:
    return (
        f"{row.index:>4} {row.section:<16}{row.detail:<{detail_width}}"
        f"{_format_size(row.input):>19} -> {_format_size(row.output):>19}"
        f"{row.bflops:>10.3f}{row.parameters:>13,}{row.receptive_field:>6}"
    )


def _format_size(shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{width:>4} x{height:>4} x{channels:>5}"


def summarize(network: Network) -> Summary:
    """Make the layer table of a network.

    Args:
        network: the network; its arrays need no values, and it does not run.

    Returns:
        A row per layer, and the sums: billions of operations for one picture of the size in
        [net], values in the weight file, and the length of that file in bytes.

    Source: parser.c parse_network_cfg_custom (AlexeyAB).
    """
    rows = []
    fields = {-1: _Field(1, 1)}
    for layer in network.layers:
        before = fields[layer.index - 1]
        if layer.merges_receptive_fields:
            fields[layer.index] = _Field.merge([fields[source] for source in layer.sources])
        else:
            fields[layer.index] = before.through(layer.receptive_window)
        parameters = sum(slot.tensor.numel() for slot in layer.weight_slots())
        rows.append(
            LayerRow(
                layer.index,
                layer.section,
                layer.detail,
                layer.sources,
                _triple(layer.input_shape),
                _triple(layer.output_shape),
                layer.bflops,
                parameters,
                fields[layer.index].size,
            )
        )
    parameters = sum(row.parameters for row in rows)
    header = len(pack_header(network.header, network.dialect))
    saved = sum(slot.tensor.numel() for slot in network.saved_slots())
    bflops = sum(row.bflops for row in rows)
    extensions = tuple(extensions_in(network.net))
    return Summary(tuple(rows), bflops, parameters, header + 4 * saved, extensions)


def _triple(shape: Shape) -> tuple[int, int, int]:
    return shape.channels, shape.height, shape.width


@dataclass(frozen=True)
class _Field:
    """A receptive field.

    Attributes:
        size: pixels of the input that an output depends on, along an axis.
        scale: pixels of the input from one position of the output to the next.
    """

    size: int
    scale: int

    @staticmethod
    def merge(fields: list[_Field]) -> _Field:
        """The receptive field of a layer that concatenates the outputs of others."""
        return _Field(max(field.size for field in fields), max(field.scale for field in fields))

    def through(self, window: ReceptiveWindow) -> _Field:
        """The receptive field of a layer with `window` that reads from this one.

        Source: parser.c parse_network_cfg_custom, its receptive field (AlexeyAB).
        """
        if window.upscale > 1:
            return _Field(self.size, self.scale // window.upscale)
        grown = max(0, window.size + (window.dilation - 1) * 2 - 1)
        return _Field(self.size + grown * self.scale, self.scale * window.stride)

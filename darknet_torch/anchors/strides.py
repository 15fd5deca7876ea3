"""Computes the strides of a cfg's layers without building the network.

The network knows the sizes of its layers, but it needs torch, which finding anchors avoids.
Only options that change the size of a feature map are read here.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.numbers import read_integer

_ENLARGING = ("upsample", "deconvolutional", "deconv")
_EITHER_WAY = ("reorg", "reorg3d")  # they enlarge the map if reverse=1
_UPSAMPLE_STRIDE = 2
# Sections whose map has the size of another layer's map, and the key that names that layer.
_SIZED_BY = {"route": "layers", "route_lhalf": "layers", "scale_channels": "from", "sam": "from"}


def strides_along_x(layers: Sequence[Section]) -> list[Fraction]:
    """The horizontal stride of each layer's output: pixels of the network's input per cell.

    Args:
        layers: the sections after [net].
    """
    strides: list[Fraction] = []
    for layer in layers:
        strides.append(_input_stride(layer, strides) * _stride_factor(layer))
    return strides


def _input_stride(layer: Section, before: Sequence[Fraction]) -> Fraction:
    """The stride of the map that `layer` takes as input."""
    key = _SIZED_BY.get(layer.name)
    reference = integer_option(layer, key, -1) if key else -1
    index = reference if reference >= 0 else len(before) + reference
    return before[index] if 0 <= index < len(before) else Fraction(1)


def _stride_factor(layer: Section) -> Fraction:
    """The factor from the stride of a layer's input to that of its output."""
    default = _UPSAMPLE_STRIDE if layer.name == "upsample" else 1
    stride = integer_option(layer, "stride", default)
    along_x = integer_option(layer, "stride_x", 0)
    stride = along_x if along_x >= 1 else stride
    enlarges_reversed = layer.name in _EITHER_WAY and integer_option(layer, "reverse", 0)
    enlarges = layer.name in _ENLARGING or enlarges_reversed
    if stride < 0 and enlarges:  # an [upsample] that downsamples
        stride, enlarges = -stride, False
    factor = Fraction(max(1, stride))
    return 1 / factor if enlarges else factor


def integer_option(section: Section, key: str, default: int) -> int:
    """The integer at the start of a key's value; `default` if there is none."""
    entry = section.first().get(key)
    found = read_integer(entry.value) if entry is not None and entry.value else None
    return found[0] if found else default

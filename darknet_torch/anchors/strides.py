"""How many pixels of the input one position of a layer stands for, without building it.

The network itself knows the sizes of its layers, but it is made of torch, which finding
anchors does without. Only what changes the size of a map is followed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.numbers import read_integer

_ENLARGING = ("upsample", "deconvolutional", "deconv")
_EITHER_WAY = ("reorg", "reorg3d")  # they enlarge if reverse=1
_UPSAMPLE_STRIDE = 2
# Sections whose map has the size of another layer's, and the key that names it.
_SIZED_BY = {"route": "layers", "route_lhalf": "layers", "scale_channels": "from", "sam": "from"}


def strides_along_x(layers: Sequence[Section]) -> list[Fraction]:
    """The stride of each layer's output along x, pixels of the input.

    Args:
        layers: the sections behind [net].
    """
    strides: list[Fraction] = []
    for layer in layers:
        strides.append(_sized_by(layer, strides) * _factor(layer))
    return strides


def _sized_by(layer: Section, before: Sequence[Fraction]) -> Fraction:
    """The stride of the map that `layer` starts from."""
    key = _SIZED_BY.get(layer.name)
    reference = integer_option(layer, key, -1) if key else -1
    index = reference if reference >= 0 else len(before) + reference
    return before[index] if 0 <= index < len(before) else Fraction(1)


def _factor(layer: Section) -> Fraction:
    default = _UPSAMPLE_STRIDE if layer.name == "upsample" else 1
    stride = integer_option(layer, "stride", default)
    along_x = integer_option(layer, "stride_x", 0)
    stride = along_x if along_x >= 1 else stride
    reversed_ = layer.name in _EITHER_WAY and integer_option(layer, "reverse", 0)
    enlarges = layer.name in _ENLARGING or reversed_
    if stride < 0 and enlarges:  # an [upsample] that makes it smaller
        stride, enlarges = -stride, False
    factor = Fraction(max(1, stride))
    return 1 / factor if enlarges else factor


def integer_option(section: Section, key: str, default: int) -> int:
    """The integer that a key's value starts with; `default` if there is none."""
    entry = section.first().get(key)
    found = read_integer(entry.value) if entry is not None and entry.value else None
    return found[0] if found else default

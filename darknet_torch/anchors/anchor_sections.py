"""The heads of a cfg that have anchors, as its text says them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from darknet_torch.anchors.strides import integer_option, strides_along_x
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.grammar import Section, parse_cfg, read_cfg
from darknet_torch.cfg.net import NetOptions, read_net
from darknet_torch.cfg.numbers import read_integer
from darknet_torch.errors import CfgError

# Section -> coordinates of a box, in the channels of the layer before; region says its own.
_COORDINATES = {"yolo": 4, "Gaussian_yolo": 8, "region": 4}
_IN_CELLS = "region"


@dataclass(frozen=True)
class AnchorSection:
    """A section with anchors.

    Attributes:
        section: the section.
        producer: the section before it that says its channels, by filters=.
        stride: pixels of the network's input per cell of its map.
    """

    section: Section
    producer: Section | None
    stride: Fraction

    @property
    def unit(self) -> Fraction:
        """Pixels of the network's input that 1 means in its anchors=."""
        return self.stride if self.section.name == _IN_CELLS else Fraction(1)

    @property
    def has_mask(self) -> bool:
        """Whether it can take some of the anchors; else it takes all that it lists."""
        return self.section.name != _IN_CELLS

    @property
    def values_per_box(self) -> int:
        """Channels for one box: coordinates, objectness, classes.

        Raises:
            CfgError: it does not say its classes.
        """
        coordinates = _COORDINATES[self.section.name]
        if not self.has_mask:
            coordinates = integer_option(self.section, "coords", coordinates)
        return coordinates + 1 + self.number("classes")

    def number(self, key: str) -> int:
        """The integer of a key that must be there.

        Raises:
            CfgError: it is not, or it is not above 0.
        """
        found = integer_option(self.section, key, 0)
        if found < 1:
            raise CfgError(
                f"[{self.section.name}] does not say {key}=",
                where=self.section.where,
                expected=f"{key}= and a number above 0",
            )
        return found


@dataclass(frozen=True)
class AnchorCfg:
    """What a cfg says of its input and its anchors.

    Attributes:
        net: its [net].
        heads: at least one, in the order of the file.
    """

    net: NetOptions
    heads: tuple[AnchorSection, ...]

    @property
    def count(self) -> int:
        """How many anchors it has in all; a list that several heads share counts once.

        Raises:
            CfgError: a head does not say num=.
        """
        return sum({_list_of(head.section): head.number("num") for head in self.heads}.values())

    @property
    def unit(self) -> Fraction:
        """Pixels of the network's input that 1 means in anchors= of its first head."""
        return self.heads[0].unit


def _list_of(section: Section) -> str:
    entry = section.first().get("anchors")
    return (entry.value or "").partition("#")[0] if entry is not None else ""


def read_anchor_cfg(path: str | Path, dialect: Dialect) -> AnchorCfg:
    """Read a cfg file.

    Raises:
        CfgError: it cannot be read, or has no heads with anchors.
    """
    sections = read_cfg(path)
    return AnchorCfg(read_net(sections[0], dialect), find_anchor_sections(sections, str(path)))


def parse_anchor_sections(text: str, file: str) -> tuple[AnchorSection, ...]:
    """The heads in a cfg's text; `file` names it in messages.

    Raises:
        CfgError: as `read_anchor_cfg`.
    """
    return find_anchor_sections(parse_cfg(text, file), file)


def find_anchor_sections(sections: Sequence[Section], file: str) -> tuple[AnchorSection, ...]:
    """The heads with anchors among a cfg's sections.

    Raises:
        CfgError: there are none.
    """
    layers = sections[1:]
    strides = strides_along_x(layers)
    heads = tuple(
        AnchorSection(layer, _producer(layers, index), strides[index])
        for index, layer in enumerate(layers)
        if layer.name in _COORDINATES
    )
    if not heads:
        expected = ", ".join(f"[{name}]" for name in _COORDINATES)
        raise CfgError("no head with anchors", where=file, expected=expected)
    return heads


def _producer(layers: Sequence[Section], index: int) -> Section | None:
    """The section that says how many channels reach `layers[index]`.

    It is the nearest one before it that has filters=. A [route] to one layer leads there.
    """
    while index > 0:
        index -= 1
        entry = layers[index].first().get("filters")
        if entry is not None and entry.value and read_integer(entry.value):
            return layers[index]
        index = min(index, _only_source(layers[index], index) + 1)
    return None


def _only_source(layer: Section, index: int) -> int:
    """The index of the layer that `layer` hands on whole; the one before it, if several."""
    entry = layer.first().get("layers") if layer.name == "route" else None
    if entry is None or "," in (entry.value or "") or integer_option(layer, "groups", 1) > 1:
        return index - 1
    reference = integer_option(layer, "layers", -1)
    return reference if reference >= 0 else index + reference

"""The sections of a cfg that have anchors, read from its text without building the network."""

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

# Section -> channels per box for coordinates; [region] may set another number by coords=.
_COORDINATES = {"yolo": 4, "Gaussian_yolo": 8, "region": 4}
_IN_CELLS = "region"


@dataclass(frozen=True)
class AnchorSection:
    """A section with anchors: [yolo], [Gaussian_yolo] or [region].

    Attributes:
        section: the section.
        producer: the earlier section whose filters= sets the channels of its input, or None.
        stride: pixels of the network's input per cell of its feature map.
    """

    section: Section
    producer: Section | None
    stride: Fraction

    @property
    def unit(self) -> Fraction:
        """Pixels of the network's input per unit of its anchors=."""
        return self.stride if self.section.name == _IN_CELLS else Fraction(1)

    @property
    def has_mask(self) -> bool:
        """Whether the section can select anchors by mask=; [region] uses all that it lists."""
        return self.section.name != _IN_CELLS

    @property
    def values_per_box(self) -> int:
        """Channels per box: coordinates, objectness, classes.

        Raises:
            CfgError: the section has no classes=.
        """
        coordinates = _COORDINATES[self.section.name]
        if not self.has_mask:
            coordinates = integer_option(self.section, "coords", coordinates)
        return coordinates + 1 + self.positive_integer("classes")

    def positive_integer(self, key: str) -> int:
        """The value of a key that is required.

        Raises:
            CfgError: the key is missing, or its value is not above 0.
        """
        found = integer_option(self.section, key, 0)
        if found < 1:
            raise CfgError(
                f"[{self.section.name}] has no {key}=",
                where=self.section.where,
                expected=f"{key}= with a number above 0",
            )
        return found


@dataclass(frozen=True)
class AnchorCfg:
    """The input and the anchors of a cfg.

    Attributes:
        net: the options of [net].
        heads: the sections with anchors, at least one, in the order of the file.
    """

    net: NetOptions
    heads: tuple[AnchorSection, ...]

    @property
    def count(self) -> int:
        """The number of anchors in all; a list that several heads share counts once.

        Raises:
            CfgError: a head has no num=.
        """
        return sum(
            {
                _anchors_text(head.section): head.positive_integer("num") for head in self.heads
            }.values()
        )

    @property
    def unit(self) -> Fraction:
        """Pixels of the network's input per unit of anchors= in the first head."""
        return self.heads[0].unit


def _anchors_text(section: Section) -> str:
    entry = section.first().get("anchors")
    return (entry.value or "").partition("#")[0] if entry is not None else ""


def read_anchor_cfg(path: str | Path, dialect: Dialect) -> AnchorCfg:
    """Read the input size and the anchor sections of a cfg file.

    Raises:
        CfgError: the file cannot be read, or has no section with anchors.
    """
    sections = read_cfg(path)
    return AnchorCfg(read_net(sections[0], dialect), find_anchor_sections(sections, str(path)))


def parse_anchor_sections(text: str, file: str) -> tuple[AnchorSection, ...]:
    """Find the sections with anchors in the text of a cfg; `file` names it in messages.

    Raises:
        CfgError: as `read_anchor_cfg`.
    """
    return find_anchor_sections(parse_cfg(text, file), file)


def find_anchor_sections(sections: Sequence[Section], file: str) -> tuple[AnchorSection, ...]:
    """Find the sections with anchors among a cfg's sections.

    Raises:
        CfgError: there are no such sections.
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
    """The section that sets the number of channels that reach `layers[index]`.

    It is the nearest earlier section with filters=; a [route] to a single layer is followed.
    """
    while index > 0:
        index -= 1
        entry = layers[index].first().get("filters")
        if entry is not None and entry.value and read_integer(entry.value):
            return layers[index]
        index = min(index, _passed_through(layers[index], index) + 1)
    return None


def _passed_through(layer: Section, index: int) -> int:
    """The index of the layer whose output `layer` passes on whole, else of the one before."""
    entry = layer.first().get("layers") if layer.name == "route" else None
    if entry is None or "," in (entry.value or "") or integer_option(layer, "groups", 1) > 1:
        return index - 1
    reference = integer_option(layer, "layers", -1)
    return reference if reference >= 0 else index + reference

"""What must be known about a network besides its graph: its input, and what its outputs mean."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from darknet_torch.cfg.preprocessing import FILLS, GREY
from darknet_torch.cfg.tree import Tree, group_siblings
from darknet_torch.decoding.decoder import Decoder
from darknet_torch.decoding.detection import DetectionDecoder
from darknet_torch.decoding.gaussian_yolo import GaussianYoloDecoder
from darknet_torch.decoding.region import RegionDecoder
from darknet_torch.decoding.trees import ClassTree
from darknet_torch.decoding.yolo import YoloDecoder

_PLAIN: dict[str, type | tuple[type, ...]] = {
    "bool": bool,
    "int": int,
    "float": (int, float),
    "str": str,
}
_MOST = 1_000_000  # boxes, classes, or pixels of a side; more would fill the memory
_Described = TypeVar("_Described", bound=Any)
_DECODERS: dict[str, type[Decoder]] = {
    "yolo": YoloDecoder,
    "gaussian_yolo": GaussianYoloDecoder,
    "region": RegionDecoder,
    "detection": DetectionDecoder,
}


@dataclass(frozen=True)
class HeadDescription:
    """A detection head.

    Attributes:
        decoder: the formulas of its values; None where only the head itself can decode them.
        raw: whether the values are the head's input, before its activation.
        classes: number of classes.
        nms_kind, beta_nms: see `darknet_torch.results.suppression.suppress_overlaps`.
    """

    decoder: Decoder | None
    raw: bool
    classes: int
    nms_kind: str = "default"
    beta_nms: float = 0.6


@dataclass(frozen=True)
class ModelDescription:
    """A network that takes pictures.

    Attributes:
        width, height: of its input, pixels.
        channels: of its input: 3 for RGB, 1 for grey.
        letterbox: whether pictures keep their aspect ratio unless the user says otherwise.
        names: of its classes, where its weights contain them; else ().
        heads: its detection heads in the order of its outputs; () for a classifier.
        classes: number of classes.
        tree: the hierarchy of a classifier's classes, or None.
        leaves_only: only classes without children are named, if there is a tree.
        values: how many numbers all layers together make of a picture.
        has_state: a layer remembers earlier pictures.
        fill: the colour of the margins of pictures that keep their aspect ratio, one of
            `darknet_torch.cfg.preprocessing.FILLS`.
    """

    width: int
    height: int
    channels: int
    letterbox: bool
    names: tuple[str, ...]
    heads: tuple[HeadDescription, ...]
    classes: int
    tree: Tree | None = None
    leaves_only: bool = False
    values: int = 0
    has_state: bool = False
    fill: str = GREY

    @property
    def is_complete(self) -> bool:
        """Whether `to_json` can hold it: the formulas of every head are known here."""
        return all(type(head.decoder) in _DECODERS.values() for head in self.heads)

    def to_json(self) -> dict[str, Any]:
        """Return the description as values that JSON knows; `from_json` reads them.

        Raises:
            ValueError: it is not complete.
        """
        if not self.is_complete:
            raise ValueError("a head has formulas of its own")
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {
            "heads": [_head_to_json(head) for head in self.heads],
            "tree": _tree_to_json(self.tree),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ModelDescription:
        """Read what `to_json` returned.

        Raises:
            ValueError: it is something else.
        """
        try:
            heads = tuple(_head_from_json(head) for head in values["heads"])
            known = dict(values) | {
                "heads": heads,
                "names": tuple(values["names"]),
                "tree": _tree_from_json(values["tree"]),
            }
            found = _checked(cls(**known), "width", "height", "channels")
            _check(found.fill in FILLS, "fill", found.fill)
            return found
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not the description of a model: {error!r}") from None


def _head_to_json(head: HeadDescription) -> dict[str, Any]:
    (kind,) = [name for name, cls in _DECODERS.items() if type(head.decoder) is cls]
    assert head.decoder is not None
    decoder = {field.name: getattr(head.decoder, field.name) for field in fields(head.decoder)}
    if "tree" in decoder:
        decoder["tree"] = _tree_to_json(decoder["tree"] and decoder["tree"].tree)
    values = {field.name: getattr(head, field.name) for field in fields(head)}
    return values | {"decoder": {"kind": kind, **decoder}}


def _head_from_json(values: Mapping[str, Any]) -> HeadDescription:
    decoder = dict(values["decoder"])
    cls = _DECODERS[decoder.pop("kind")]
    decoder["anchors"] = tuple((width, height) for width, height in decoder["anchors"])
    if "tree" in decoder:
        tree = _tree_from_json(decoder["tree"])
        decoder["tree"] = ClassTree(tree) if tree else None
    found = _checked(cls(**decoder), "boxes")
    for pair in found.anchors:
        _check(all(_is_of("float", value) for value in pair), "anchors", pair)
    anchors = 0 if cls is DetectionDecoder else found.boxes
    _check(len(found.anchors) == anchors, "anchors", found.anchors)
    return _checked(HeadDescription(**dict(values) | {"decoder": found}))


def _tree_to_json(tree: Tree | None) -> dict[str, Any] | None:
    return asdict(tree) if tree else None


def _tree_from_json(values: Mapping[str, Any] | None) -> Tree | None:
    if values is None:
        return None
    groups = tuple((first, size) for first, size in values["groups"])
    tree = Tree(tuple(values["names"]), tuple(values["parents"]), groups)
    _check(len(tree.names) == len(tree.parents), "names", len(tree.names))
    for class_id, parent in enumerate(tree.parents):
        _check(_is_of("int", parent) and -1 <= parent < class_id, "parents", parent)
    _check(bool(tree.parents) and tree.groups == group_siblings(tree.parents), "groups", groups)
    return tree


def _checked(found: _Described, *positive: str) -> _Described:
    """Check plain fields: their types, numbers that are finite, counts that a network can have.

    Args:
        found: what has the fields.
        positive: the fields that are 1 or more.

    Raises:
        ValueError: a field is something else.
    """
    for field in fields(found):
        value = getattr(found, field.name)
        _check(_is_of(str(field.type), value), field.name, value)
        if field.name in (*positive, "classes"):
            _check((field.name in positive) <= value <= _MOST, field.name, value)
    return found


def _is_of(kind: str, value: object) -> bool:
    """Whether a value is of a plain type, which is named as in a dataclass; True for others."""
    if kind not in _PLAIN:
        return True
    if isinstance(value, bool) or kind == "bool":
        return isinstance(value, bool) and kind == "bool"
    if not isinstance(value, _PLAIN[kind]):
        return False
    return not isinstance(value, int | float) or abs(value) <= sys.float_info.max  # no NaN


def _check(is_right: bool, name: str, value: object) -> None:
    if not is_right:
        raise ValueError(f"not the description of a model: {name} {value!r}")

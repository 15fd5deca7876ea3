"""Figures as SVG elements of HTML pages, for strict content-security policies. No torch."""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from darknet_torch.plots.figure import Figure

_NAMESPACE = "http://www.w3.org/2000/svg"
# What matplotlib writes into a <style> for all elements; these two are inherited anyway.
_INHERITED = {"stroke-linejoin": "round", "stroke-linecap": "butt", "font-family": "sans-serif"}
_REFERENCE = re.compile(r"(?:url\()?#([\w.-]+)\)?")  # to an id: "#id" of href, else "url(#id)"
_DECIMAL = re.compile(r"-?\d+\.\d{2,}")
_DIGITS = 1  # tenths of a point: less than a pixel
_NO_TURN = re.compile(r"rotate\(-?0(\.0*)? [^)]*\)")


def inline_svg(figure: Figure, name: str, label: str | None = None) -> bytes:
    """Return a figure as an <svg> element that can stand in an HTML page with others.

    It has no script, no style sheet, no style attributes, and refers to nothing outside; a heat
    map is a picture in a data: URL, which a content-security policy allows as `img-src data:`.
    Texts are drawn by the fonts of the viewer.

    Args:
        figure: the figure.
        name: differs between the figures of a page, so that their ids do.
        label: what it shows, for those who do not see it; None for `name`.

    Returns:
        UTF-8 without an XML declaration; equal for equal figures and names.
    """
    root = ET.fromstring(figure.encode("svg", text_as_paths=False))
    _remove(root, ("metadata", "style"))
    for element in root.iter():
        _simplify(element)
    _rename_ids(root, hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:10])
    root.attrib.update(_INHERITED)
    root.attrib.update({"xmlns": _NAMESPACE, "role": "img", "aria-label": label or name})
    return ET.tostring(root, encoding="unicode").encode("utf-8", "replace")


def _remove(root: ET.Element, names: tuple[str, ...]) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) in names:
                parent.remove(child)


def _local(name: str) -> str:
    """Return a name without its namespace, which HTML does not need."""
    return name.rpartition("}")[2]


def _simplify(element: ET.Element) -> None:
    """Turn styles into attributes, and shorten what is longer than it has to be."""
    element.tag = _local(element.tag)
    attributes = {_local(key): value for key, value in element.attrib.items()}
    attributes.update(_declarations(attributes.pop("style", "")))
    if _NO_TURN.fullmatch(attributes.get("transform", "")):
        del attributes["transform"]
    if "href" in attributes:  # the lines of base64
        attributes["href"] = "".join(attributes["href"].split())
    for key in {"d", "x", "y", "transform"} & attributes.keys():
        attributes[key] = _DECIMAL.sub(_shorter, attributes[key])
    if "d" in attributes:
        attributes["d"] = _short_path(attributes["d"])
    element.attrib = attributes
    element.tail = None
    if element.tag != "text":
        element.text = None


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    """Yield the properties of a style attribute; each is an SVG attribute of the same name."""
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        if value and name.strip() != "font-family":  # the root has one for all
            yield name.strip(), value.strip()


def _short_path(path: str) -> str:
    """Leave out the L of a line that follows a move or a line: it is understood."""
    kept, command = [], ""
    for token in path.split():
        if token == "L" and command in ("M", "L"):
            continue
        command = token if token.isalpha() else command
        kept.append(token)
    return " ".join(kept)


def _shorter(number: re.Match[str]) -> str:
    return f"{float(number[0]):.{_DIGITS}f}".rstrip("0").rstrip(".")


def _rename_ids(root: ET.Element, prefix: str) -> None:
    """Give the ids that something refers to new names, and remove all others."""
    new: dict[str, str] = {}
    for element in root.iter():
        for key, value in element.attrib.items():
            found = _REFERENCE.fullmatch(value)
            if found and (key == "href" or value.startswith("url")):  # else a colour
                name = new.setdefault(found[1], f"p{prefix}-{len(new)}")
                element.set(key, value.replace(found[1], name))
    for element in root.iter():
        old = element.attrib.pop("id", None)
        if old in new:
            element.set("id", new[old])

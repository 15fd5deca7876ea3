"""Reads XML in every encoding that Python knows. No torch."""

from __future__ import annotations

import codecs
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

from darknet_torch.reading import guarded, read_at_most
from darknet_torch.text import ascii_compatible

_LARGEST = 10 * 2**20  # bytes; the annotation of a picture with thousands of polygons fits
_DEEPEST = 100  # elements in each other
_MOST = 200_000  # elements; what a dense picture takes has some ten thousand
_PART = 2**16  # characters that are parsed before the depth is checked
_WIDE = ("utf-16", "utf-32", "ucs")
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']""")
# What programs write that declare the first: the second contains all of it, and more.
_LARGER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "cp950",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}


def read_xml(file: Path) -> ElementTree.Element:
    """The root element of an XML file.

    The parser itself knows UTF-8, UTF-16 and encodings of one byte a character; text in other
    declared encodings, such as GB2312, is decoded before.

    Raises:
        UsageError: the file cannot be read, is too large, is not XML, or not in the encoding
            that it declares, has elements in each other hundreds deep, hundreds of thousands of
            elements, or a document type, whose entities and lists of attributes take long to
            read, or Python does not know the encoding.
    """
    expected = "an annotation of one picture in XML"
    with guarded(file, expected=expected, what="not readable as XML"):
        data = read_at_most(file, _LARGEST, expected=expected, fix="leave out other elements")
        content = _decode(data)
        if _has_document_type(content):
            raise ValueError("a document type (<!DOCTYPE), which an annotation does not need")
        return _parse(content)


def _has_document_type(content: str | bytes) -> bool:
    """Whether there is a document type; in bytes, also as UTF-16."""
    if isinstance(content, str):
        return "<!DOCTYPE" in content
    return b"<!DOCTYPE" in content.replace(b"\0", b"")


def _parse(content: str | bytes) -> ElementTree.Element:
    """Parse part by part, so that millions of elements in each other take no memory."""
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    root: ElementTree.Element | None = None
    depth = count = 0
    for start in range(0, len(content), _PART):
        parser.feed(content[start : start + _PART])
        for event, element in parser.read_events():
            root = element if root is None else root
            count += event == "start"
            depth += 1 if event == "start" else -1
            if depth > _DEEPEST:
                raise ValueError(f"elements in each other, more than {_DEEPEST} deep")
            if count > _MOST:
                raise ValueError(f"more than {_MOST:,} elements")
    parser.close()
    assert root is not None, "a document without an element is an error of the parser"
    return root


def _decode(data: bytes) -> str | bytes:
    """The text, or the bytes where the parser finds the encoding by itself."""
    readable = ascii_compatible(data)
    if readable != data or data.startswith(codecs.BOM_UTF8):
        return readable.removeprefix(codecs.BOM_UTF8).decode()
    declared = _DECLARED.match(data)
    if declared is None:
        return data
    name = declared[1].decode("ascii", "replace")
    if name.lower().startswith(_WIDE):
        name = "utf-8"  # the declaration was read byte by byte, so it cannot be true
    try:
        return _decode_as(data, name)
    except LookupError:
        raise ValueError(f"unknown encoding {name!r}") from None


def _decode_as(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        larger = _LARGER.get(codecs.lookup(name).name)
        if larger is None:
            raise
        return data.decode(larger)

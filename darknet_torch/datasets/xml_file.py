"""Reads XML in every encoding that Python knows. No torch."""

from __future__ import annotations

import codecs
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from darknet_torch.text import ascii_compatible, read_bytes

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
        OSError: the file cannot be read.
        ValueError: it is not XML, or not in the encoding that it declares, or Python does not
            know the encoding.
    """
    data = read_bytes(file)
    try:
        return ElementTree.fromstring(_decode(data))
    except (ElementTree.ParseError, RecursionError, MemoryError) as error:
        raise ValueError(str(error)) from None


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

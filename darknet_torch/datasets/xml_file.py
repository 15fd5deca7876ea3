"""Reads XML in every encoding that Python knows. No torch."""

from __future__ import annotations

import codecs
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']""")
_MARKS = {  # the longer ones first: that of UTF-32 starts with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
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
    data = file.read_bytes()
    try:
        return ElementTree.fromstring(_decode(data))
    except (ElementTree.ParseError, RecursionError, MemoryError) as error:
        raise ValueError(str(error)) from None


def _decode(data: bytes) -> str | bytes:
    """The text, or the bytes where the parser finds the encoding by itself."""
    marked = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    if marked:
        return data.decode(marked)
    declared = _DECLARED.match(data)
    if declared is None:
        return data
    name = declared[1].decode("ascii", "replace")
    if name.lower().startswith(("utf-16", "utf-32", "ucs")):
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

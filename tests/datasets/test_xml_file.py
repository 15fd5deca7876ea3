import re
import tracemalloc

import pytest

from darknet_torch.datasets import xml_file
from darknet_torch.datasets.xml_file import read_xml
from darknet_torch.errors import UsageError

NAMES = {
    "gb2312": "汽车",
    "GBK": "汽车",
    "gb18030": "汽车",
    "big5": "汽車",
    "Shift_JIS": "自動車",
    "EUC-JP": "自動車",
    "euc-kr": "자동차",
    "windows-1251": "машина",
    "windows-1252": "Bär",
    "ISO-8859-1": "Bär",
    "utf-8": "汽车",
}


def read(tmp_path, data):
    file = tmp_path / "a.xml"
    file.write_bytes(data)
    return read_xml(file).findtext("name")


def document(encoding, name):
    declaration = f"<?xml version='1.0' encoding=\"{encoding}\"?>" if encoding else ""
    return f"{declaration}\n<a><name>{name}</name></a>"


@pytest.mark.parametrize("encoding", NAMES)
def test_every_declared_encoding_of_python_is_read(tmp_path, encoding):
    name = NAMES[encoding]
    assert read(tmp_path, document(encoding, name).encode(encoding)) == name


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("declared", ["", "utf-8", "utf-16", "gb2312"])
def test_a_byte_order_mark_counts_more_than_the_declaration(tmp_path, encoding, declared):
    assert read(tmp_path, document(declared, "汽车").encode(encoding)) == "汽车"


def test_utf_16_without_a_mark_is_recognised(tmp_path):
    assert read(tmp_path, document("utf-16", "汽车").encode("utf-16-le")) == "汽车"


def test_single_bytes_that_claim_to_be_utf_16_are_utf_8(tmp_path):
    assert read(tmp_path, document("utf-16", "é").encode()) == "é"


@pytest.mark.parametrize(
    ("declared", "real", "name"),
    [("gb2312", "gbk", "朱镕基"), ("shift_jis", "cp932", "①"), ("euc-kr", "cp949", "똠")],
)
def test_the_larger_character_set_of_windows_is_read_too(tmp_path, declared, real, name):
    with pytest.raises(UnicodeDecodeError):
        name.encode(real).decode(declared)
    assert read(tmp_path, document(declared, name).encode(real)) == name


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (document("rot13", "x").encode(), "unknown encoding 'rot13'"),
        (document("zip", "x").encode(), "unknown encoding 'zip'"),
        (document("klingon", "x").encode(), "unknown encoding 'klingon'"),
        (document("undefined", "x").encode(), "undefined"),
        (document("utf-8", "é").encode("latin-1"), "utf-8"),
        (document("big5", "x").encode() + b"\xff", "big5|cp950"),
        (b"", "no element"),
        (b"\xff\xfe<", "not well-formed"),
        (document("", "&nbsp;").encode(), "undefined entity"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_all_parts(tmp_path, data, message):
    with pytest.raises(UsageError) as caught:
        read(tmp_path, data)
    error = caught.value
    assert (error.where, error.what) == (tmp_path / "a.xml", "not readable as XML")
    assert error.expected == "an annotation of one picture in XML"
    assert re.search(message, error.got) and error.__cause__ is not None


@pytest.mark.parametrize("depth", [90, 101, 50_000])
def test_elements_in_each_other_have_a_limit(tmp_path, depth):
    data = b"<name>" * depth + b"</name>" * depth
    if depth == 90:
        assert read(tmp_path, data) == ""
        return
    with pytest.raises(UsageError, match="elements in each other, more than 100 deep"):
        read(tmp_path, data)


@pytest.mark.parametrize(("count", "is_read"), [(98, True), (99, False)])
def test_elements_have_a_limit(tmp_path, monkeypatch, count, is_read):
    monkeypatch.setattr(xml_file, "_MOST", 100)
    data = b"<a><name/>" + b"<b/>" * count + b"</a>"
    if is_read:
        read(tmp_path, data)
        return
    with pytest.raises(UsageError, match="more than 100 elements"):
        read(tmp_path, data)


def test_a_file_of_gigabytes_is_refused_before_it_is_read(tmp_path):
    file = tmp_path / "a.xml"
    with file.open("wb") as opened:
        opened.truncate(2**40)
    with pytest.raises(
        UsageError, match=r"too large: .* of 10,485,760 bytes at most, got 1,099,5"
    ):
        read_xml(file)


def test_entities_that_grow_without_bounds_are_refused(tmp_path):
    entities = "".join(
        f"<!ENTITY e{n} '{f'&e{n - 1};' * 10 if n else 'x' * 100}'>" for n in range(9)
    )
    bomb = f"<!DOCTYPE a [{entities}]><a><name>&e8;</name></a>"
    for data in (bomb.encode(), b"<?xml version='1.0' encoding='gb2312'?>" + bomb.encode()):
        with pytest.raises(UsageError, match="a document type"):
            read(tmp_path, data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
def test_document_types_are_refused(encoding, tmp_path):
    """Expat takes quadratic time for their lists of attributes."""
    file = tmp_path / "a.xml"
    chinese = "\u4e2d" * 99
    text = f"<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]><a>{chinese}</a>"
    file.write_bytes(text.encode(encoding))
    with pytest.raises(UsageError, match=r"not readable as XML: .* a document type"):
        read_xml(file)


def test_the_depth_is_checked_before_the_whole_file_is_parsed(tmp_path):
    file = tmp_path / "a.xml"
    file.write_bytes(b"<a>" * 2_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(UsageError, match="elements in each other, more than 100 deep"):
            read_xml(file)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()

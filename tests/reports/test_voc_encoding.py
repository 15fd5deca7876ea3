"""Pascal VOC annotations of other programs: encodings, and suffixes that differ."""

import pytest

from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import voc, voc_object

NAMES = {"GB2312": "汽车", "big5": "汽車", "shift_jis": "自動車", "windows-1251": "машина"}


def annotate(root, encoding, name, number=0):
    """Write an annotation again, in a declared encoding and with another class name."""
    file = root / f"Annotations/train{number}.xml"
    text = file.read_text().replace("<name>cat</name>", f"<name>{name}</name>")
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n'
    file.write_bytes((head + text).encode(encoding, "replace"))


@pytest.mark.parametrize("encoding", NAMES)
def test_declared_encodings_of_several_bytes_are_read(tmp_path, encoding):
    """Lab41/pelops 72: XML in GB2312; all boxes of such files were lost."""
    root = voc(tmp_path, [voc_object((1, 1, 90, 90)), voc_object((1, 1, 60, 30), "dog")])
    annotate(root, encoding, NAMES[encoding])
    result = dtorch("dataset", "stats", "--data", root)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "2 boxes" in result.stdout and NAMES[encoding] in result.stdout


@pytest.mark.parametrize("encoding", ["rot13", "zip", "klingon"])
def test_what_is_no_encoding_is_named_and_left_out(tmp_path, encoding):
    """A traceback of Python's for codecs that do not make text."""
    root = voc(tmp_path, [voc_object((1, 1, 90, 90)), voc_object((1, 1, 60, 30))])
    file = root / "Annotations/train0.xml"
    file.write_text(f'<?xml version="1.0" encoding="{encoding}"?>\n{file.read_text()}')
    result = dtorch("dataset", "check", "--data", root)
    assert result.exit_code == 1
    assert f"unreadable labels: {file}: not readable as XML: " in result.stdout
    assert f"got unknown encoding '{encoding}'" in result.stdout
    assert "1 boxes" in dtorch("dataset", "stats", "--data", root).stdout


@pytest.mark.parametrize(
    ("annotated", "real", "is_noted"),
    [
        ("train0.jpg", "train0.JPG", True),
        ("train0.png", "train0.JPG", True),
        ("train0.jpg", "train0.png", True),
        (r"C:\photos\train0.JPG", "train0.JPG", False),
        (r"C:\photos\other.png", "other.PNG", True),
        ("", "train0.JPEG", False),
    ],
)
def test_a_picture_with_another_suffix_is_found(tmp_path, annotated, real, is_noted):
    """Lab41/pelops 72: the annotation says .jpg, the picture ends with .JPG."""
    root = voc(tmp_path, [voc_object((1, 1, 90, 90))])
    (root / "JPEGImages/train0.png").rename(root / "JPEGImages" / real)
    file = root / "Annotations/train0.xml"
    file.write_text(file.read_text().replace("train0.png", annotated))
    result = dtorch("dataset", "check", "--data", root)
    assert result.exit_code == 0
    assert ("other suffix: " in result.stdout) == is_noted
    if is_noted:
        assert f"{file}: the picture has another suffix; {real} is read: expected " in (
            result.stdout
        )
        assert f", got {real}" in result.stdout


def test_a_list_of_darknet_finds_pictures_with_another_suffix(tmp_path):
    """The same for a picture list."""
    root = voc(tmp_path / "VOC", [voc_object((1, 1, 90, 90))])
    (tmp_path / "list.txt").write_text(f"{root}/JPEGImages/train0.JPG\n")
    (tmp_path / "a.data").write_text("classes=1\ntrain=list.txt\n")
    result = dtorch("dataset", "check", "--data", tmp_path / "a.data")
    assert "missing picture" not in result.stdout
    assert "another suffix; train0.png is read: expected train0.JPG, got train0.png" in (
        result.stdout
    )


@pytest.mark.parametrize("text", ["<html><body>404</body></html>", "<annotation xmlns='x'/>"])
def test_xml_that_is_no_annotation_is_no_picture_without_objects(tmp_path, text):
    """Lab41/pelops 72, a sibling: boxes were lost without a word."""
    root = voc(tmp_path, [voc_object((1, 1, 90, 90)), voc_object((1, 1, 60, 30))])
    file = root / "Annotations/train0.xml"
    file.write_text(text)
    result = dtorch("dataset", "stats", "--data", root)
    assert f"{file}: is XML, but no annotation of VOC: expected <annotation>, got <" in (
        result.stderr
    )
    assert "1 boxes" in result.stdout

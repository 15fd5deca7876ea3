"""Replacing the anchors of a cfg."""

import warnings

import numpy as np
import pytest

from darknet_torch.anchors.rewrite import replace_anchors, rewrite_cfg
from darknet_torch.cfg.zoo import shipped
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.loading import build

NINE = np.array([[index * 10, index * 12] for index in range(1, 10)], np.float64)
LISTED = "10, 12,  20, 24,  30, 36,  40, 48,  50, 60,  60, 72,  70, 84,  80, 96,  90,108"

WITH_ANCHORS = {
    name: path
    for name, path in shipped(".cfg").items()
    if any(head in path.read_text("latin-1") for head in ("yolo]", "[region]"))
}

HEADS = b"""\xef\xbb\xbf# caf\xe9
[net]
width = 64
height= 64
channels=3

[convolutional]
filters=8
size=3
pad=1
stride=4

[convolutional]
  filters = 21   # (2 + 5) * 3
size=1

[ yolo ]
mask = 2, 3,4\t# the large ones
anchors =  1,2,  3,4,  5,6,  7,8,  9,10#end
an chors=9,9
classes=2
num=5
num=7

[route]
layers=0

[convolutional]
filters=14
size=1

[yolo]
mask=0,1
anchors=1,2,  3,4,  5,6,  7,8,  9,10
classes=2
num=5
; the end"""


def changed(old, new):
    """Lines that differ, as (line number, new line)."""
    old, new = old.split("\n"), new.split("\n")
    assert len(old) == len(new)
    return {
        number: after
        for number, (before, after) in enumerate(zip(old, new, strict=True), 1)
        if before != after
    }


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_values_change(end):
    old = HEADS.decode("latin-1").replace("\n", end)
    with pytest.warns(CfgWarning, match="again"):
        new = replace_anchors(old, NINE[:6])
    line = "\r" if end == "\r\n" else ""
    six = LISTED[: LISTED.index(",  70")]
    assert changed(old, new) == {
        18: f"mask = 0,1,2\t# the large ones{line}",
        19: f"anchors =  {six}#end{line}",
        22: f"num=6{line}",
        29: f"filters=21{line}",
        33: f"mask=3,4,5{line}",
        34: f"anchors={six}{line}",
        36: f"num=6{line}",
    }


@pytest.mark.parametrize("name", WITH_ANCHORS)
def test_no_other_line_of_a_shipped_cfg_changes(name):
    text = WITH_ANCHORS[name].read_text("latin-1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        lines = changed(text, replace_anchors(text, NINE))
    keys = {line.partition("=")[0].strip() for line in lines.values()}
    assert "anchors" in keys
    assert keys <= {"anchors", "num", "mask", "filters"}


def test_the_same_anchors_change_nothing():
    with pytest.warns(CfgWarning, match="again"):
        once = replace_anchors(HEADS.decode("latin-1"), NINE[:6])
    with pytest.warns(CfgWarning, match="again"):
        assert replace_anchors(once, NINE[:6]) == once


@pytest.mark.parametrize(
    ("name", "masks"),
    [
        ("yolov3", [(6, 7, 8), (3, 4, 5), (0, 1, 2)]),
        ("yolov4", [(0, 1, 2), (3, 4, 5), (6, 7, 8)]),
        ("Gaussian-yolov3", [(6, 7, 8), (3, 4, 5), (0, 1, 2)]),
        ("yolov4-tiny", [(5, 6, 7, 8), (0, 1, 2, 3, 4)]),
    ],
)
def test_the_smallest_anchors_are_assigned_to_the_smallest_stride(name, masks, tmp_path):
    path = tmp_path / "custom.cfg"
    path.write_bytes(shipped(".cfg")[name].read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        rewrite_cfg(path, NINE)
        network = build(path)  # raises if filters= does not fit
    assert [head.mask for head in network.heads] == masks
    for head in network.heads:
        np.testing.assert_array_equal(head.anchors, NINE[list(head.mask)])


def test_the_old_cfg_is_kept_unless_nothing_changes(tmp_path):
    path = tmp_path / "custom.cfg"
    path.write_bytes(shipped(".cfg")["yolov2-voc"].read_bytes())
    backup = rewrite_cfg(path, NINE)
    assert backup == tmp_path / "custom.cfg.bak"
    assert backup.read_bytes() == shipped(".cfg")["yolov2-voc"].read_bytes()
    assert rewrite_cfg(path, NINE) is None
    assert sorted(tmp_path.iterdir()) == [path, backup]


def test_a_region_head_gets_all_anchors_in_cells(tmp_path):
    path = tmp_path / "custom.cfg"
    path.write_bytes(shipped(".cfg")["yolov2-voc"].read_bytes())
    rewrite_cfg(path, NINE)
    (head,) = build(path).heads
    # Anchors in cells have four decimals.
    np.testing.assert_allclose(head.anchors, NINE / 32, atol=0.5001e-4)
    assert head.options.num == 9


BARE = """[net]\r
width=32\r
height=32\r
channels=3\r
[convolutional]\r
filters=7\r
[yolo]\r
classes=2\r
[maxpool]\r
stride=2\r
[convolutional]\r
filters=7\r
[yolo]\r
classes=2"""


def test_missing_keys_are_added_as_lines(tmp_path):
    path = tmp_path / "bare.cfg"
    path.write_bytes(BARE.encode())
    rewrite_cfg(path, NINE[:4])
    text = path.read_bytes().decode()
    assert text.count("\r\n") == text.count("\n")
    rest = [line for line in text.split("\r\n") if line.split("=")[0] not in ADDED]
    assert rest == [line.replace("filters=7", "filters=14") for line in BARE.split("\r\n")]
    assert [head.mask for head in build(path).heads] == [(0, 1), (2, 3)]


ADDED = ("anchors", "num", "mask")


def test_a_single_head_without_mask_gets_no_mask():
    text = "[net]\n[convolutional]\nfilters=7\n[yolo]\nclasses=2\nnum=1\nanchors=1,2\n"
    new = replace_anchors(text, NINE[:2])
    assert new == text.replace("num=1", "num=2").replace("1,2", "10, 12,  20, 24").replace(
        "filters=7", "filters=14"
    )


@pytest.mark.parametrize(
    ("text", "count", "message"),
    [
        ("[net]\n[yolo]\nclasses=2\nnum=1\n", 1, r"x.cfg:2: \[yolo\] needs 7 channels.*got none"),
        (
            "[net]\n[connected]\n[implicit_mul]\nfilters=14\n[yolo]\nclasses=2\nnum=2\n",
            3,
            r"expected a \[convolutional\] with filters=21 before it, got \[implicit_mul\]",
        ),
        ("[net]\n[conv]\nfilters=1\n[yolo]\nnum=1\n", 1, r"\[yolo\] has no classes="),
        (BARE, 1, r"fewer anchors than heads: expected at least 2, got 1"),
    ],
)
def test_a_cfg_that_cannot_be_rewritten_is_unchanged(text, count, message, tmp_path):
    with pytest.raises(CfgError, match=message):
        replace_anchors(text, NINE[:count], "x.cfg")
    path = tmp_path / "x.cfg"
    path.write_bytes(text.encode())
    with pytest.raises(CfgError):
        rewrite_cfg(path, NINE[:count])
    assert path.read_bytes() == text.encode()
    assert list(tmp_path.iterdir()) == [path]


def test_channels_that_already_fit_are_accepted():
    text = "[net]\n[implicit_mul]\nfilters=14\n[yolo]\nclasses=2\nnum=2\nanchors=1,2, 3,4\n"
    assert "anchors=10, 12,  20, 24\n" in replace_anchors(text, NINE[:2])


def test_a_missing_cfg_is_an_error(tmp_path):
    with pytest.raises(CfgError, match=r"none\.cfg: no such cfg file"):
        rewrite_cfg(tmp_path / "none.cfg", NINE)

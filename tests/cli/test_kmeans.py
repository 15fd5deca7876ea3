"""`dtorch kmeans`."""

import json

import cv2
import numpy as np
import pytest

from darknet_torch.anchors.kmeans import cluster
from darknet_torch.cfg.zoo import shipped
from tests.cli.box_data import HEADS, NET, boxes, write_box_data
from tests.cli.command import dtorch


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with toy.data and toy.cfg."""
    monkeypatch.chdir(tmp_path)
    write_box_data(tmp_path)
    return tmp_path


def test_the_number_and_the_size_come_from_the_cfg(folder):
    result = dtorch("kmeans", "--cfg", "toy.cfg", "--data", "toy.data")
    assert result.exit_code == 0, result.stderr
    anchors = cluster(boxes(), 4)
    quality, recall, line = result.stdout.splitlines()
    assert quality.startswith("avg IoU = ") and quality.endswith(" %")
    assert recall.startswith("recall at IoU 0.50 = ")
    numbers = [float(number) for number in line.removeprefix("anchors = ").split(",")]
    assert numbers == [round(value) for value in anchors.flatten()]
    assert "6 pictures, 60 boxes of 60 sizes; input 64 x 32, stretched" in result.stderr


def test_options_override_the_cfg(folder):
    words = "--data toy.data -k 3 --width 128 --height 96 --seed 4 --restarts 2 --variant mean"
    result = dtorch("kmeans", "--cfg", "toy.cfg", *words.split(), "--format", "json")
    found = json.loads(result.stdout)
    (only,) = found["results"]
    expected = cluster(boxes(96, 128), 3, variant="mean", seed=4, restarts=2)
    np.testing.assert_array_equal(only["anchors"], expected)
    assert (found["width"], found["height"], only["count"]) == (128, 96, 3)


def test_the_data_file_next_to_the_cfg_is_found(folder):
    named = dtorch("kmeans", "--cfg", "toy.cfg", "--data", "toy.data")
    assert dtorch("kmeans", "--cfg", "toy.cfg").stdout == named.stdout


def test_files_may_be_words(folder):
    named = dtorch("kmeans", "--cfg", "toy.cfg", "--data", "toy.data")
    for words in (("toy.cfg", "toy.data"), ("toy.data", "toy.cfg"), ("toy.cfg",)):
        assert dtorch("kmeans", *words).stdout == named.stdout
    result = dtorch("kmeans", "toy.cfg", "toy.data", "more")
    assert result.exit_code == 2
    assert "more: two data sets" in result.stderr


def test_small_inputs_are_printed_in_cells(folder):
    line = dtorch("kmeans", "--data", "toy.data", "-k", 1, "--width", 13, "--height", 13).stdout
    width, height = cluster(boxes(13, 13), 1)[0]
    assert line.splitlines()[-1] == f"anchors = {width:.4f},{height:.4f}"


def test_a_region_network_is_printed_in_cells(folder):
    head = "[convolutional]\nfilters=7\nstride=8\n[region]\nanchors=1,1\nnum=1\nclasses=2\n"
    (folder / "toy.cfg").write_text(NET.format(more=head))
    line = dtorch("kmeans", "--cfg", "toy.cfg").stdout.splitlines()[-1]
    width, height = cluster(boxes(), 1)[0] / 8
    assert line == f"anchors = {width:.4f},{height:.4f}"


@pytest.mark.parametrize(
    ("more", "options", "letterboxed"),
    [
        ("", [], False),
        ("letter_box=1\n", [], True),
        ("letter_box=1\n", ["--stretch"], False),
        ("", ["--letterbox"], True),
        ("", ["--dialect", "pjreddie"], True),
    ],
)
def test_letterboxing_is_that_of_the_cfg_and_the_dialect(folder, more, options, letterboxed):
    (folder / "toy.cfg").write_text(NET.format(more=more + HEADS))
    for index in range(6):
        # 4 x 4: as high as the input of 64 x 32 and half as wide.
        cv2.imwrite(str(folder / f"{index}.jpg"), np.zeros((4, 4, 3), np.uint8))
    result = dtorch("kmeans", "--cfg", "toy.cfg", "--format", "json", *options)
    found = json.loads(result.stdout)
    assert found["letterbox"] is letterboxed
    expected = cluster(boxes(32, 32 if letterboxed else 64), 4)
    np.testing.assert_allclose(found["results"][0]["anchors"], expected, rtol=1e-6)


def test_genetic_refinement_is_no_worse(folder):
    plain, refined = (
        json.loads(dtorch("kmeans", "--cfg", "toy.cfg", "--format", "json", *words).stdout)
        for words in ([], ["--genetic", 200])
    )
    assert refined["results"][0]["average_iou"] > plain["results"][0]["average_iou"]


def test_a_sweep_is_a_table_and_a_plot(folder):
    pytest.importorskip("matplotlib")
    words = "--cfg toy.cfg --sweep 2:5 --plot elbow.png"
    result = dtorch("kmeans", *words.split())
    head, *rows, last = result.stdout.splitlines()
    assert head.split() == ["k", "avg", "IoU", "recall", "anchors"]
    assert [int(row[:3]) for row in rows] == [2, 3, 4, 5]
    (marked,) = [row for row in rows if row[3] == "*"]
    assert last == f"* the elbow: k = {int(marked[:3])}"
    assert (folder / "elbow.png").read_bytes().startswith(b"\x89PNG")


def test_a_scatter_plot_is_written(folder):
    pytest.importorskip("matplotlib")
    assert dtorch("kmeans", "--cfg", "toy.cfg", "--plot", "boxes.svg").exit_code == 0
    assert (folder / "boxes.svg").read_bytes().startswith(b"<?xml")


def test_results_go_to_a_file(folder):
    printed = dtorch("kmeans", "--cfg", "toy.cfg").stdout
    result = dtorch("kmeans", "--cfg", "toy.cfg", "--out", "found.txt", "--quiet")
    assert (result.stdout, result.stderr) == ("", "")
    assert (folder / "found.txt").read_text() == printed


def test_the_cfg_is_rewritten(folder):
    before = (folder / "toy.cfg").read_text().splitlines()
    result = dtorch("kmeans", "--write", "toy.cfg")
    listed = result.stdout.splitlines()[-1].removeprefix("anchors = ")
    after = (folder / "toy.cfg").read_text().splitlines()
    expected = [line.replace("1,1, 2,2, 3,3, 4,4", listed) for line in before]
    assert after == expected
    assert dtorch("kmeans", "--write", "toy.cfg", "-k", 6).exit_code == 0
    text = (folder / "toy.cfg").read_text()
    assert "mask=3,4,5" in text and "mask=0,1,2" in text and text.count("filters=21") == 2


def test_every_cfg_that_was_rewritten_is_kept(folder):
    first = (folder / "toy.cfg").read_bytes()
    result = dtorch("kmeans", "--write", "toy.cfg")
    assert f"rewrote toy.cfg; the old one is kept as {folder / 'toy.cfg.bak'}\n" in result.stderr
    second = (folder / "toy.cfg").read_bytes()
    result = dtorch("kmeans", "--write", "toy.cfg", "-k", 6)
    assert f"the old one is kept as {folder / 'toy.cfg.bak2'}\n" in result.stderr
    result = dtorch("kmeans", "--write", "toy.cfg", "-k", 6)
    assert "toy.cfg has these anchors already\n" in result.stderr
    kept = {path.name: path.read_bytes() for path in folder.glob("toy.cfg.*")}
    assert kept == {"toy.cfg.bak": first, "toy.cfg.bak2": second}


def test_warnings_about_a_cfg_are_printed_once(folder):
    with (folder / "toy.cfg").open("a") as file:
        file.write("num=5\n")
    result = dtorch("kmeans", "--cfg", "toy.cfg", "--write", "toy.cfg")
    assert result.stderr.count("'num' again") == 1


def test_a_cfg_that_cannot_be_rewritten_stays_as_it_is(folder):
    before = (folder / "toy.cfg").read_bytes()
    result = dtorch("kmeans", "--write", "toy.cfg", "--out", "nowhere/found.txt")
    assert result.exit_code == 2
    assert (folder / "toy.cfg").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "the network is not known: expected --cfg CFG, or -k 9 --width 416"),
        ("--width 64 --height 32 --data toy.data", "expected --cfg CFG, or -k 9"),
        ("-k 2 --width 64 --height 32", "no data set: expected --data, such as --data obj.data"),
        ("--cfg toy.cfg -k 61", "cannot find 61 anchors for 60 different box sizes"),
        ("--cfg toy.cfg --data none.data", "none.data"),
        ("--cfg toy.cfg --plot a.bmp", "unknown plot format"),
        ("--cfg toy.cfg --device abacus", "unknown device: expected cpu, cuda or cuda:N"),
        ("--cfg toy.cfg --device cuda:99", "cannot use device 'cuda:99'"),
        (
            "--cfg toy.cfg --sweep 2:3 -k 3",
            "--sweep tries many numbers of anchors: expected --sweep or -k, not both, got --sweep "
            "and -k; run --sweep first, then choose a number with -k",
        ),
        (
            "--cfg toy.cfg --sweep 2:3 --write toy.cfg",
            "expected --sweep or --write, not both, got --sweep and --write",
        ),
        ("--cfg toy.cfg --sweep 3:2", "not a range of numbers of anchors, such as 3:15"),
        ("--cfg toy.cfg --write toy.cfg --width 96", "into a cfg of another size"),
        ("--cfg darknet19 --data toy.data", "no head with anchors"),
        ("--cfg nowhere.cfg", "no such cfg file"),
    ],
)
def test_wrong_usage_is_reported_and_changes_no_file(folder, words, message):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    result = dtorch("kmeans", *words.split())
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_ignored_boxes_are_a_warning_and_an_error_under_strict(folder):
    with (folder / "0.txt").open("a") as file:
        file.write("\n0 0.5 0.5 0 0.5\n")
    (folder / "1.txt").unlink()
    result = dtorch("kmeans", "--cfg", "toy.cfg")
    assert result.exit_code == 0
    assert "pictures without a label file: 1" in result.stderr
    assert "0.txt:11: the width or the height is not above 0" in result.stderr
    assert "6 pictures, 50 boxes" in result.stderr
    assert dtorch("kmeans", "--cfg", "toy.cfg", "--strict").exit_code == 2


def test_a_shipped_cfg_is_found_by_its_name(folder):
    result = dtorch("kmeans", "--cfg", "yolov3-tiny", "--data", "toy.data")
    assert len(result.stdout.splitlines()[-1].split(",")) == 12
    assert "[yolo]" in shipped(".cfg")["yolov3-tiny"].read_text()

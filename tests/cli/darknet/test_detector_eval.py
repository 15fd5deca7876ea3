"""`dtorch detector map|valid|recall` do what Darknet's do."""

import json
import re

import pytest

from tests.cli.command import dtorch
from tests.cli.labelled_sample import COUNT, make_data
from tests.toy.files import CFG

WEIGHTS = CFG.with_suffix(".weights")


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("shapes"))


@pytest.fixture
def data(shapes, tmp_path):
    """A .data file for one test; its results go next to it."""
    lines = shapes.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("results=")]
    file = tmp_path / "shapes.data"
    file.write_text("\n".join([*kept, f"results={tmp_path / 'results'}", ""]))
    return file


def test_map_prints_only_darknets_lines(data):
    result = dtorch("detector", "map", data, CFG, WEIGHTS, "-thresh", "0.3", "-points", "101")
    assert result.exit_code == 0, result.stderr
    content = json.loads(
        dtorch(
            *("eval", "--cfg", CFG, "--data", data, "--format", "json"),
            *("--threshold", "0.3", "--points", "101"),
        ).stdout
    )["darknet"][0]
    lines = result.stdout.splitlines()
    assert lines[0] == (
        f" detections_count = {content['detections']}, unique_truth_count = {content['truths']}  "
    )
    assert f"TP = {content['total']['tp']}, FP = {content['total']['fp']}, " in result.stdout
    assert lines[-1].startswith(f" mean average precision (mAP@0.50) = {content['map']:f}, ")
    assert lines[-2].endswith("used 101 Recall-points ")


def test_map_takes_darknets_iou(data):
    result = dtorch("detector", "map", data, CFG, "-iou_thresh", "0.75", "-dont_show")
    assert "(mAP@0.75)" in result.stdout


def test_valid_writes_vocs_files_into_the_results_folder(data):
    result = dtorch("detector", "valid", data, CFG, WEIGHTS)
    assert result.exit_code == 0, result.stderr
    files = sorted(path.name for path in (data.parent / "results").iterdir())
    assert len(files) == 3
    assert all(re.fullmatch(r"comp4_det_test_\w+\.txt", name) for name in files)
    again = dtorch("eval", "--data", data, "--results", data.parent / "results")
    assert "mean average precision" in again.stdout


@pytest.mark.parametrize(("flags", "name"), [((), "coco_results"), (("-out", "mine"), "mine")])
def test_valid_writes_cocos_file(data, flags, name):
    data.write_text(data.read_text() + "eval=coco\n")
    result = dtorch("detector", "valid", data, CFG, WEIGHTS, *flags)
    assert result.exit_code == 0, result.stderr
    records = json.loads((data.parent / "results" / f"{name}.json").read_text())
    assert {record["image_id"] for record in records} == set(range(COUNT))
    assert min(record["score"] for record in records) < 0.1


def test_valid_reports_which_forms_it_writes(data):
    data.write_text(data.read_text() + "eval=kitti\n")
    result = dtorch("detector", "valid", data, CFG, WEIGHTS)
    assert result.exit_code == 2
    assert "expected voc or coco, got kitti" in result.stderr


def test_recall_prints_a_line_for_each_picture(data):
    result = dtorch("detector", "recall", data, CFG, WEIGHTS, "--batch", "4")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) == COUNT
    # The labels are the model's confident detections, so all objects are found.
    number, correct, total, rest = re.fullmatch(r" *(\d+) +(\d+) +(\d+)\t(.*)", lines[-1]).groups()
    assert int(number) == COUNT - 1
    assert int(correct) == int(total) > COUNT
    assert rest.endswith("Recall:100.00%")


@pytest.mark.parametrize("command", ["map", "valid", "recall"])
def test_broken_pictures_exit_with_1(shapes, data, command):
    pictures = (shapes.parent / "valid.txt").read_text().splitlines()
    absent = data.parent / "absent.png"
    (data.parent / "some.txt").write_text(f"{pictures[0]}\n{absent}\n{pictures[1]}\n")
    text = data.read_text().replace(str(shapes.parent / "valid.txt"), "some.txt")
    data.write_text(text)
    result = dtorch("detector", command, data, CFG, WEIGHTS)
    assert result.exit_code == 1
    assert str(absent) in result.stderr

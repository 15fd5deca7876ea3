"""`dtorch eval` on a data set made for the toy model."""

import contextlib
import io
import json
import shutil
from pathlib import Path

import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from darknet_torch.cli.detection_settings import EvaluationSettings
from tests.cli.command import dtorch
from tests.cli.labelled_sample import COUNT, make_data
from tests.toy.files import CFG


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("shapes"))


def evaluated(data, *arguments):
    result = dtorch("eval", "--cfg", CFG, "--data", data, *arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def numbers(data, *arguments):
    return json.loads(evaluated(data, "--format", "json", *arguments))


def test_the_text_has_darknets_lines_and_the_settings(data):
    text = evaluated(data)
    assert f"{COUNT} pictures; " in text
    for part in (
        "resizing stretch",
        "min_score 0.005",
        "nms_threshold 0.45",
        "class_id = 0, name = ",
        "mean average precision (mAP@0.50) = ",
        "for conf_thresh = 0.25, TP = ",
        "Pascal VOC at IoU 0.50",
        "COCO (",
    ):
        assert part in text, part


def test_the_json_has_every_convention(data):
    content = numbers(data, "--iou", "0.5", "--iou", "0.75", "--points", "11")
    assert content["settings"]["resizing"] == "stretch"
    assert content["pictures"] == COUNT
    assert [one["iou"] for one in content["darknet"]] == [0.5, 0.75]
    assert [one["iou"] for one in content["voc"]] == [0.5, 0.75]
    assert content["darknet"][0]["points"] == 11
    assert content["darknet"][0]["map"] > 0.5
    assert content["coco"]["AP50"] > 0.5


def test_the_errors_in_the_text_are_those_in_the_json(data):
    text = evaluated(data, "--threshold", "0.1")
    content = numbers(data, "--threshold", "0.1")
    analysis = content["analysis"]
    assert analysis["confidence"] == 0.1
    assert len(analysis["pictures"]) == COUNT
    every = analysis["curves"][-1]
    assert every["ap_50"] == pytest.approx(content["coco"]["AP50"], abs=1e-9)
    assert every["truths"] == content["darknet"][0]["truths"]
    errors = analysis["errors"]
    assert errors.pop("missed") == every["truths"] - every["correct"][10]
    assert f"{every['correct'][10]} found" in text
    kinds = ", ".join(f"{name} {count}" for name, count in errors.items())
    assert f"wrong detections: {sum(errors.values())} ({kinds})" in text
    assert sum(errors.values()) > 0
    best = every["best_threshold"]
    assert best == analysis["thresholds"][round(best * 100)]
    assert f"best threshold: {best:.2f} (F1 {max(every['f1']) * 100:.2f}, " in text


def test_no_best_threshold_is_below_the_scores_that_were_kept(data):
    analysis = numbers(data, "--min-score", "0.305")["analysis"]
    assert analysis["curves"][-1]["best_threshold"] >= 0.31


def test_the_model_and_the_data_may_be_words(data, tmp_path):
    shutil.copy(CFG, tmp_path / "toy.cfg")
    weights = shutil.copy(Path(CFG).with_suffix(".weights"), tmp_path / "toy_best.weights")
    result = dtorch("eval", data, weights, "--format", "json")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith(f"cfg {tmp_path / 'toy.cfg'}")
    assert json.loads(result.stdout)["darknet"] == numbers(data)["darknet"]


def test_two_data_sets_are_refused(data):
    result = dtorch("eval", CFG, data.parent, "--data", "other")
    assert result.exit_code == 2
    assert f"{data.parent}: two data sets: expected one data set" in result.stderr
    assert f"got other and {data.parent}" in result.stderr


def test_letterbox_is_among_the_settings(data):
    assert numbers(data, "--letterbox")["settings"]["resizing"] == "letterbox"


def test_settings_that_do_not_apply_are_left_out():
    settings = EvaluationSettings(data="a.data (valid)", results="r.json", min_score=0.005)
    assert str(settings) == "data a.data (valid), results r.json, min_score 0.005"
    assert list(settings.to_dict().items()) == [
        ("data", "a.data (valid)"),
        ("results", "r.json"),
        ("min_score", 0.005),
    ]


def test_the_settings_of_a_network_are_printed_in_this_order(data):
    settings = numbers(data)["settings"]
    assert " ".join(settings) == (
        "data cfg weights width height resizing resize min_score nms_threshold nms_kind backend "
        "engine precision"
    )
    assert settings["precision"] == "float32"
    assert None not in settings.values()


def test_the_precision_changes_scores_and_stands_in_the_settings(data):
    exact, rough = numbers(data), numbers(data, "--precision", "bfloat16")
    assert rough["settings"]["precision"] == "bfloat16"
    assert rough["coco"] != exact["coco"] or rough["darknet"] != exact["darknet"]
    # The picture's objects are large and clear; what 8 bits change is below a twentieth.
    assert rough["darknet"][0]["map"] == pytest.approx(exact["darknet"][0]["map"], abs=0.05)


def test_map_is_the_same_command(data):
    result = dtorch("map", "--cfg", CFG, "--data", data)
    assert "mean average precision (mAP@0.50) = " in result.stdout


def test_batches_and_workers_change_nothing(data):
    one, many = (
        numbers(data, "--batch", batch, "--workers", workers)
        for batch, workers in ((1, 0), (4, 3))
    )
    # Batches add float32 in another order.
    assert many["darknet"][0]["map"] == pytest.approx(one["darknet"][0]["map"], abs=1e-4)
    assert many["darknet"][0]["total"]["tp"] == one["darknet"][0]["total"]["tp"]


def test_the_sweep_has_a_step_for_each_score_and_is_what_that_score_gives(data):
    steps = numbers(data, "--sweep", "0.3,0.001")["sweep"]
    assert [step["threshold"] for step in steps] == [0.005, 0.3, 0.001]
    alone = numbers(data, "--min-score", "0.3")
    assert steps[1]["detections"] == alone["detections"]
    assert steps[1]["darknet"] == alone["darknet"][0]["map"]
    assert steps[1]["coco"] == alone["coco"]["AP"]
    assert steps[2]["detections"] >= steps[0]["detections"] >= steps[1]["detections"]
    assert "NMS s" in evaluated(data, "--sweep", "0.3")


@pytest.mark.parametrize("name", ["coco/coco_results.json", "voc", "txt"])
def test_exported_results_give_the_same_numbers_without_a_model(data, tmp_path, name):
    content = numbers(data, "--export", tmp_path)
    result = dtorch("eval", "--data", data, "--results", tmp_path / name, "--format", "json")
    assert result.exit_code == 0, result.stderr
    again = json.loads(result.stdout)
    assert again["settings"]["results"] == str(tmp_path / name)
    assert list(again["settings"]) == ["data", "results", "min_score"]
    assert again["detections"] == content["detections"]
    # Boxes and scores are written with 4 to 6 digits.
    for kind in ("map_07", "map_10"):
        assert again["voc"][0][kind] == pytest.approx(content["voc"][0][kind], abs=1e-4)
    assert again["coco"]["AP"] == pytest.approx(content["coco"]["AP"], abs=1e-4)


def test_coco_numbers_are_those_of_pycocotools_by_hand(data, tmp_path):
    content = numbers(data, "--export", tmp_path, "--export-format", "coco")
    assert [path.name for path in tmp_path.iterdir()] == ["coco"]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(tmp_path / "coco" / "coco_annotations.json"))
        evaluator = COCOeval(
            truth, truth.loadRes(str(tmp_path / "coco" / "coco_results.json")), "bbox"
        )
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    # To the last digit by pycocotools; faster-coco-eval adds in another order.
    assert content["coco"]["AP"] == pytest.approx(evaluator.stats[0], rel=0, abs=1e-12)
    assert content["coco"]["AP75"] == pytest.approx(evaluator.stats[2], rel=0, abs=1e-12)


def test_a_coco_file_is_evaluated_with_its_own_annotations(data, tmp_path):
    content = numbers(data, "--export", tmp_path)
    truth = json.loads((tmp_path / "coco" / "coco_annotations.json").read_text())
    for one in truth["annotations"]:
        one["area"] = 1.0
    file = tmp_path / "outlines.json"
    file.write_text(json.dumps(truth))
    small = numbers(file, "--images", data.parent)["coco"]
    assert small["AP"] == pytest.approx(content["coco"]["AP"], abs=1e-6)
    assert small["AP_small"] is not None
    assert small["AP_large"] is None


def test_an_unreadable_picture_is_left_out_and_reported(data, tmp_path):
    folder = tmp_path / "shapes"
    shutil.copytree(data.parent, folder)
    (folder / "view_2.png").write_bytes(b"no picture")
    (folder / "valid.txt").write_text("".join(f"{folder}/view_{i}.png\n" for i in range(COUNT)))
    file = folder / "shapes.data"
    file.write_text(file.read_text().replace(str(data.parent), str(folder)))
    result = dtorch("eval", "--cfg", CFG, "--data", file)
    assert result.exit_code == 1
    assert "view_2.png" in result.stderr
    assert f"1 of {COUNT} pictures failed" in result.stderr
    assert f"{COUNT - 1} pictures; " in result.stdout


def test_out_is_written_instead_of_standard_output(data, tmp_path):
    out = tmp_path / "numbers.json"
    assert evaluated(data, "--format", "json", "--out", out) == ""
    assert json.loads(out.read_text())["pictures"] == COUNT


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cfg", CFG, "--data", "no.data"], "no.data"),
        (["--cfg", CFG, "--points", "1"], "1 point is not enough: expected 0 (the area),"),
        (["--cfg", CFG, "--sweep", "0.1,x"], "is not a list of scores, such as 0.01,0.001"),
        (["--cfg", CFG, "--iou", "2"], "--iou"),
        (["--cfg", CFG], "--data"),
        ([], "--results"),
    ],
)
def test_wrong_usage_is_reported(arguments, message):
    result = dtorch("eval", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_labels_of_unknown_classes_are_reported(data, tmp_path):
    folder = tmp_path / "shapes"
    shutil.copytree(data.parent, folder)
    (folder / "view_0.txt").write_text("7 0.5 0.5 0.1 0.1\n1 0.5 0.5 0.1 0.1\n")
    (folder / "valid.txt").write_text(f"{folder}/view_0.png\n")
    (folder / "shapes.data").write_text(f"valid={folder}/valid.txt\n")
    result = dtorch("eval", "--cfg", CFG, "--data", folder / "shapes.data")
    assert result.exit_code == 0
    assert "view_0.txt:1: the class does not exist; the box is left out" in result.stderr
    assert "expected a class from 0 to 2, got class 7" in result.stderr
    assert "unique_truth_count = 1 " in result.stdout

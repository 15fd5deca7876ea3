"""Comparing detections with a record that is made from the toy model."""

import json

import pytest
from click.testing import CliRunner

from darknet_torch import Detector, load
from darknet_torch.inference.backends.pytorch import TorchBackend
from tests.toy.files import CFG, FOLDER, PICTURE, WEIGHTS
from tools import parity

PASSED, FAILED = 0, 1


@pytest.fixture(scope="module")
def recorded():
    """The toy model's detections in its picture, in the format of a C record."""
    network = load(CFG, WEIGHTS)
    found = Detector(network, letterbox=True)(PICTURE)
    boxes = [
        {"class_id": int(kind), "confidence": float(score), "box": box.tolist()}
        for kind, score, box in zip(
            found.class_ids, found.scores, found.boxes_cxcywh_relative, strict=True
        )
    ]
    return json.dumps(
        {
            "cfg": CFG.name,
            "weights": WEIGHTS.name,
            "threshold": 0.25,
            "nms_threshold": 0.45,
            "letterbox": True,
            "images": {"shapes": boxes},
        }
    )


def check(folder, record, *words):
    (folder / "toy.json").write_text(json.dumps(record))
    options = [str(folder), "--models", str(FOLDER), "--images", str(FOLDER)]
    return CliRunner().invoke(parity.main, ["detect", *options, *words])


def test_equal_detections_pass(tmp_path, recorded):
    result = check(tmp_path, json.loads(recorded))
    assert result.exit_code == PASSED
    assert "ok   toy" in result.stdout


@pytest.mark.parametrize("score", [0.0, -0.01])
def test_an_engine_is_compared_with_the_record_too(tmp_path, recorded, monkeypatch, score):
    """A backend stands for the engine: what it computes is what is compared."""
    network = load(CFG, WEIGHTS)
    asked = []

    class Shifted:
        def predict(self, images):
            outputs = TorchBackend(network).predict(images)
            return [output + score for output in outputs]

    def find(name, network, *given, **options):
        asked.append(name)
        return Shifted()

    monkeypatch.setattr("darknet_torch.inference.detector.find_backend", find)
    result = check(tmp_path, json.loads(recorded), "--backend", "openvino")
    assert asked == ["openvino"]
    assert result.exit_code == (FAILED if score else PASSED)


@pytest.mark.parametrize(
    "change",
    [
        lambda boxes: boxes.pop(),
        lambda boxes: boxes.append({**boxes[0], "class_id": 1 - boxes[0]["class_id"] % 2}),
        lambda boxes: boxes[0].update(confidence=boxes[0]["confidence"] - 0.01),
        lambda boxes: boxes[0]["box"].__setitem__(0, boxes[0]["box"][0] + 0.005),
        lambda boxes: boxes[0].update(class_id=boxes[0]["class_id"] + 1),
    ],
    ids=["missing", "extra", "confidence", "place", "class"],
)
def test_different_detections_fail(tmp_path, recorded, change):
    record = json.loads(recorded)
    change(record["images"]["shapes"])
    result = check(tmp_path, record)
    assert result.exit_code == FAILED
    assert "FAIL toy" in result.stdout
    assert "shapes.png" in result.stdout


def test_detections_below_the_confidence_are_not_compared(tmp_path, recorded):
    record = json.loads(recorded)
    record["images"]["shapes"].append(
        {"class_id": 0, "confidence": 0.24, "box": [0.9, 0.9, 0.1, 0.1]}
    )
    assert check(tmp_path, record).exit_code == PASSED

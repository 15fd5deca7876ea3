"""What `dtorch bench --precision int8` prints, and the command's own steps."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from darknet_torch import CfgWarning, UsageError
from darknet_torch.cli.int8 import Int8Options, Int8Report, exit_if_none, prepare_int8
from darknet_torch.engines.cache import EngineCache
from darknet_torch.engines.engine import EngineSettings
from darknet_torch.engines.model_key import ModelKey
from darknet_torch.inference import int8_preparation
from darknet_torch.inference.int8_preparation import Int8Result
from darknet_torch.inference.preparing import Preparation
from tests.conversion.small_models import DETECTOR, trained_network
from tests.datasets.tiny_datasets import voc, voc_object
from tests.engines.fake_engine import GRAPH, install_fake_engine

GOOD = Int8Result("ONNX Runtime 1.31", 0.424, 0.42, 0.004, 0.002, 2_000_000, 500_000)
BAD = replace(GOOD, engine="OpenVINO 2026.4", int8_map=0.3)


def test_the_table_shows_drop_and_gain_and_what_is_left_out():
    report = Int8Report({"onnxruntime": GOOD, "openvino": BAD}, {"openvino": "too much"})
    heading, first, second, meaning, failure = report.lines()
    assert heading.split() == "engine mAP int8 drop ms int8 gain MB int8".split()
    numbers = "42.40 42.00 +0.40 4.00 2.00 2.00 2.00 0.50".split()
    assert first.split()[-8:] == numbers
    assert second.split()[-7:-5] == ["30.00", "+12.40"]
    assert "points" in meaning
    assert failure == "openvino is left out: too much"
    content = report.to_dict()
    assert content["int8"]["onnxruntime"]["gain"] == 2
    assert content["failures"] == {"openvino": "too much"}
    exit_if_none(report)


def test_it_fails_if_no_engine_is_prepared():
    report = Int8Report({"openvino": BAD}, {"openvino": "too much", "onnxruntime": "absent"})
    with pytest.raises(UsageError, match="no engine: got openvino: too much; onnxruntime: absent"):
        exit_if_none(report)
    (line,) = Int8Report({}, {"openvino": "absent"}).lines()
    assert line == "openvino is left out: absent"


@pytest.fixture
def data(tmp_path):
    """A .data file of two training pictures and one to evaluate, with a box each."""
    for name in ("a", "b", "c"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((32, 32, 3), 99, np.uint8))
        (tmp_path / f"{name}.txt").write_text("0 0.5 0.5 0.4 0.4\n")
    (tmp_path / "train.txt").write_text(f"{tmp_path}/a.png\n{tmp_path}/b.png\n")
    (tmp_path / "valid.txt").write_text(f"{tmp_path}/c.png\n")
    (tmp_path / "obj.names").write_text("x\ny\n")
    path = tmp_path / "obj.data"
    path.write_text(
        f"classes=2\ntrain={tmp_path}/train.txt\nvalid={tmp_path}/valid.txt\n"
        f"names={tmp_path}/obj.names\n"
    )
    return path


@pytest.fixture
def prepare(monkeypatch):
    """Prepares a small network; counts the pictures that calibrate, and computes none in int8."""
    network = trained_network(DETECTOR).eval()
    install_fake_engine(monkeypatch, network)
    calibrated = []

    def quantize(graph, pictures, scheme):
        calibrated.append(len(pictures))
        return GRAPH

    monkeypatch.setattr(int8_preparation, "quantize", quantize)
    monkeypatch.setattr(
        int8_preparation.Int8Preparation, "_seconds", lambda self, plain, quantized: (2.0, 1.0)
    )
    key = ModelKey(("a",), None, None, "alexeyab", True, "float32", "small float32")

    def run(data, cfg=None):
        options = Int8Options(
            data=str(data),
            images=None,
            names=None,
            voc_origin=1,
            exif=True,
            max_drop=1,
            calibration=9,
        )
        preparation = Preparation(network, key, EngineCache(), EngineSettings(1))
        return prepare_int8(preparation, ["onnxruntime", "openvino"], options, cfg), calibrated

    return run


def test_the_training_part_calibrates_and_absent_engines_are_named(prepare, data):
    report, calibrated = prepare(data)
    assert calibrated == [2]
    assert report.results["onnxruntime"].drop == 0
    assert list(report.failures) == ["openvino"]
    assert "pip install fake" in report.failures["openvino"]


def test_another_order_of_classes_is_a_warning(prepare, tmp_path):
    """With classes in another order than the network's, mAP and its drop mean nothing."""
    objects = voc_object((1, 1, 9, 9), "zebra") + voc_object((1, 1, 9, 9), "ant")
    for split in ("train", "valid"):
        root = voc(tmp_path / "VOC", [objects], split)
    cfg = tmp_path / "small.cfg"
    cfg.write_text(DETECTOR)
    cfg.with_suffix(".names").write_text("zebra\nant\n")
    with pytest.warns(CfgWarning, match=r"alphabetical order, not as in .*small\.names"):
        prepare(root, str(cfg))

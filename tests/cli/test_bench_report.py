"""What `dtorch bench` prints of a measurement."""

import json

import pytest

from darknet_torch.cli.bench_report import BenchReport, Subject
from darknet_torch.cpu.turns import Timing
from darknet_torch.inference.engine_speeds import Comparison, Measurement


def measured(version, start, seconds, rates):
    rounds = (seconds, 1.1 * seconds, 0.9 * seconds)
    return Measurement(version, start, Timing(rounds, 0.8 * seconds, 2 * seconds), rates)


REPORT = BenchReport(
    Subject(
        "yolov3-tiny 416x416", "random weights", "a machine", 2, {"coreml": "pip install coreml"}
    ),
    Comparison(
        2,
        {
            "torch": measured("2.13.0", 2.0, 0.020, {1: 50.0, 2: 60.0}),
            "onnxruntime": measured("1.20.1", 0.2, 0.025, {1: 40.0}),
            "openvino": measured("2026.4", 20.0, 0.005, {1: 200.0, 2: 190.0}),
        },
        {"tensorrt": "it did not answer within 60 seconds"},
    ),
    {"onnxruntime": 2e-6, "openvino": 3.1e-5},
    {"tvm": "it cannot run this graph"},
    "nothing is kept",
)


def test_the_lines_show_every_engine_and_what_auto_takes():
    lines = list(REPORT.lines())
    assert lines[0].startswith("yolov3-tiny 416x416, random weights; a machine, 2 threads")
    rows = [line.split() for line in lines[1:5]]
    assert rows[0][:4] == ["engine", "version", "ms", "min"]
    assert rows[1] == "torch 2.13.0 20.0 16.0 40.0 -10%..+10% 60.0 2 2.00 - 1.00".split()
    assert rows[2][-2:] == ["2e-06", "1.25"]
    assert rows[3] == "openvino 2026.4 5.00 4.00 10.0 -10%..+10% 200.0 1 20.00 3e-05 0.25".split()
    assert len({line.rindex(line.split()[-1]) + len(line.split()[-1]) for line in lines[1:5]}) == 1
    assert lines[6:] == [
        "tvm is left out: it cannot run this graph",
        "tensorrt is left out: it did not answer within 60 seconds",
        "coreml is not installed: pip install coreml",
        # 0.2 + 0.025 s; then 22 s with torch, 25.2 and 25; without the start the fastest.
        "auto takes onnxruntime for 1 picture, torch for 1000 pictures, openvino for a stream",
        "nothing is kept",
    ]


def test_the_values_are_those_of_json():
    found = json.loads(json.dumps(REPORT.to_dict()))
    assert list(found["auto"].values()) == ["onnxruntime", "torch", "openvino"]
    assert found["engines"]["torch"]["difference"] is None
    openvino = found["engines"]["openvino"]
    assert openvino["median"] == 0.005
    assert openvino["ratio"] == pytest.approx(0.25)
    assert openvino["rates"] == {"1": 200, "2": 190}
    assert openvino["batch"] == 1
    assert found["missing"] == {"coreml": "pip install coreml"}
    assert found["failures"].keys() == {"tvm", "tensorrt"}
    assert found["threads"] == 2

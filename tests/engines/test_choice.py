"""The engine that a job takes, and the jobs for which engines are prepared."""

import json

import pytest

from darknet_torch.engines.choice import TORCH, Choice, Speed, Speeds, choose, worth_preparing


def speed(version, start, seconds):
    return Speed(version, start, seconds, 1.5 / seconds, 4)


PYTORCH = speed("2.13.0", 2.0, 0.010)
SPEEDS = Speeds(
    "a processor, 2 cores",
    2,
    {
        TORCH: PYTORCH,
        "onnxruntime": speed("1.20", 0.2, 0.012),
        "openvino": speed("2026.4", 0.5, 0.008),
    },
)
PREPARED = {"onnxruntime": "1.20", "openvino": "2026.4"}


@pytest.mark.parametrize(
    ("pictures", "engine"),
    [
        (0, "onnxruntime"),
        (1, "onnxruntime"),
        (74, "onnxruntime"),  # 0.2 + 74 * 0.012 < 0.5 + 74 * 0.008
        (76, "openvino"),
        (10**6, "openvino"),
        (None, "openvino"),
    ],
)
def test_the_sum_of_start_and_pictures_decides(pictures, engine):
    assert choose(SPEEDS, pictures, PREPARED) == Choice(engine, SPEEDS.engines[engine])


def test_engines_count_as_they_are_prepared():
    assert choose(SPEEDS, None, {"onnxruntime": "1.20"}).name == TORCH  # faster, without its start
    assert choose(SPEEDS, 1, {"onnxruntime": "1.20"}).name == "onnxruntime"
    assert choose(SPEEDS, 1, PREPARED | {"onnxruntime": "1.21"}).name == "openvino"
    assert choose(SPEEDS, 1, {}) == Choice(TORCH, PYTORCH)
    assert choose(SPEEDS, 1, {"tensorrt": "10"}).name == TORCH


def test_pytorch_wins_ties_and_runs_what_was_never_measured():
    equal = Speeds("a", 1, {"openvino": PYTORCH, TORCH: PYTORCH})
    assert choose(equal, 5, {"openvino": "2.13.0"}).name == TORCH
    assert choose(None, None, PREPARED) == Choice(TORCH, None)
    alone = Speeds("a", 1, {"openvino": SPEEDS.engines["openvino"]})
    assert choose(alone, 1, PREPARED) == Choice(TORCH, None)


def test_speeds_are_read_as_they_were_written():
    assert Speeds.from_json(json.loads(json.dumps(SPEEDS.to_json()))) == SPEEDS


@pytest.mark.parametrize(
    "change",
    [
        {"machine": None},
        {"machine": 3},
        {"threads": 0},
        {"threads": "two"},
        {"engines": []},
        {"engines": {"torch": None}},
        {"engines": {"torch": {"version": "2"}}},
        *(
            {"engines": {"torch": vars(PYTORCH) | {field: value}}}
            for field in ("start_seconds", "seconds", "rate", "batch")
            for value in (None, "1", 0, -1, float("nan"), float("inf"), 10**400, [1])
        ),
        {"engines": {"torch": vars(PYTORCH) | {"version": None}}},
    ],
    ids=str,
)
def test_something_else_is_no_speeds(change):
    with pytest.raises(ValueError, match="not the speeds of engines"):
        Speeds.from_json(SPEEDS.to_json() | change)


@pytest.mark.parametrize("values", [None, [], "speeds", {}, {"machine": "a", "threads": 1}])
def test_values_of_other_types_are_no_speeds(values):
    with pytest.raises(ValueError, match="not the speeds of engines"):
        Speeds.from_json(values)


def test_only_long_jobs_are_worth_preparing():
    assert worth_preparing(None, 0.2)  # a camera, with a network that misses frames
    assert not worth_preparing(None, 0.01)  # the same with one that does not
    assert not worth_preparing(200, 0.45)  # a folder of photos, with yolov4 on two cores
    assert not worth_preparing(1, 60)
    assert not worth_preparing(0, 1)
    assert worth_preparing(30 * 3600, 0.03)  # an hour of video
    assert not worth_preparing(30 * 600, 0.01)  # ten minutes, with a network that keeps up

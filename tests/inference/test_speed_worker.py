"""The process that measures one engine."""

import io
import json

import numpy as np
import pytest
import torch

import darknet_torch
from darknet_torch.cpu import turns
from darknet_torch.engines.names import TORCH
from darknet_torch.inference import speed_worker
from darknet_torch.inference.engine_speeds import Job
from darknet_torch.inference.speed_worker import LoadedJob, main, make_images
from tests.training.runs import DETECTOR, written


class FakeEngine:
    """An engine that notes what it loads and runs."""

    def __init__(self):
        self.loaded, self.shapes = [], []

    def version(self):
        return "1.20"

    def load(self, folder, settings):
        self.loaded.append((str(folder), settings.threads, settings.for_throughput))
        return self

    def run(self, images):
        self.shapes.append(images.shape)
        return [images]


@pytest.fixture
def engine(monkeypatch):
    found = FakeEngine()
    monkeypatch.setattr(speed_worker, "find_engine", lambda name: found)
    return found


def test_an_engine_is_loaded_for_one_picture_and_then_for_several(engine):
    loaded = LoadedJob(Job("onnxruntime", (3, 8, 16), 2, folder="files"))
    assert loaded.version == "1.20"
    assert engine.shapes == [(1, 3, 8, 16)]  # the first result
    assert len(loaded.answer("1 0 3")["clocks"]) == 3
    assert engine.loaded == [("files", 2, False)]
    assert len(loaded.answer("4 0 1")["clocks"]) == 1
    assert loaded.answer("8 0 1")["cpu"] >= 0
    assert engine.loaded[1:] == [("files", 2, True)]
    assert engine.shapes[-1] == (8, 3, 8, 16)


def test_pictures_are_noise_in_the_detectors_order_of_memory():
    images = make_images(Job("onnxruntime", (3, 8, 16), 1), 2)
    assert (images.shape, images.dtype) == ((2, 3, 8, 16), np.float32)
    assert images.transpose(0, 2, 3, 1).flags.c_contiguous
    assert 0 <= images.min() < images.max() < 1


def test_pytorch_runs_the_network_of_the_files(tmp_path, monkeypatch):
    cfg = written(tmp_path, DETECTOR)
    darknet_torch.write_weights(darknet_torch.load(cfg), tmp_path / "net.weights")
    asked = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    weights = str(tmp_path / "net.weights")
    network = {"cfg": str(cfg), "weights": weights, "width": 32, "height": 32}
    loaded = LoadedJob(Job(TORCH, (3, 32, 32), 3, network=network))
    assert loaded.version == torch.__version__
    assert asked == [3]
    for size in (1, 2):
        assert len(loaded.answer(f"{size} 0 1")["clocks"]) == 1


def test_the_process_greets_with_the_version_and_answers(engine, monkeypatch):
    answers = io.StringIO()
    monkeypatch.setattr(speed_worker, "open_answers", lambda: answers)
    monkeypatch.setattr(turns.sys, "stdin", io.StringIO("1 0 2\n"))
    monkeypatch.setattr("sys.argv", ["-m", Job("openvino", (1, 4, 4), 1).to_json()])
    main()
    greeting, answer = map(json.loads, answers.getvalue().splitlines())
    assert greeting == {"version": "1.20"}
    assert len(answer["clocks"]) == 2

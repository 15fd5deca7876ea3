"""Preparing a detector in int8: what is measured, stored and refused."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from darknet_torch import UsageError
from darknet_torch.cpu.turns import Timing
from darknet_torch.engines.cache import EngineCache
from darknet_torch.engines.choice import fastest
from darknet_torch.engines.engine import EngineSettings
from darknet_torch.engines.model import EngineModel
from darknet_torch.engines.model_key import ModelKey
from darknet_torch.engines.prepared import find_prepared, find_speeds
from darknet_torch.inference import int8_preparation
from darknet_torch.inference.engine_speeds import Measurement
from darknet_torch.inference.int8_preparation import Int8Preparation, Int8Result
from darknet_torch.inference.preparing import Preparation
from tests.conversion.small_models import DETECTOR, trained_network
from tests.engines.fake_engine import GRAPH, install_fake_engine

KEY = ModelKey(("a", "b"), None, None, "alexeyab", True, "float32", "small float32")
SETTINGS = EngineSettings(1)
SECONDS = {"float32": 0.02, "int8": 0.005}


def timed(seconds):
    return Measurement("1.0", 0.5, Timing((seconds,), seconds), {1: 1 / seconds})


def measure(jobs, effort):
    """Times that follow from the name of the job; its files must exist."""
    measured = {
        name: timed(SECONDS[name.split()[-1]])
        for name, job in jobs.items()
        if any(Path(job.folder).iterdir())
    }
    return SimpleNamespace(measured=measured, failures={})


@pytest.fixture
def network(monkeypatch):
    network = trained_network(DETECTOR).eval()
    install_fake_engine(monkeypatch, network)
    monkeypatch.setattr(int8_preparation, "quantize", lambda graph, pictures, scheme: GRAPH)
    return network


def prepare(network, int8_map, measure=measure, max_drop=1):
    def evaluate(model):
        return int8_map if isinstance(model, EngineModel) else 0.424

    preparation = Preparation(network, KEY, EngineCache(), SETTINGS)
    pictures = [np.zeros((1, 3, 32, 32), np.float32)]
    return Int8Preparation(preparation, pictures, evaluate, measure).prepare(
        "onnxruntime", max_drop=max_drop
    )


def find_int8():
    return find_prepared(EngineCache(), KEY.with_precision("int8"), "onnxruntime")


def test_drop_and_gain_are_measured_and_the_model_is_stored(network):
    result = prepare(network, 0.42)
    assert result.drop == pytest.approx(0.4)
    assert result.gain == pytest.approx(4)
    assert result.engine == "Fake Runtime 1.0"
    assert result.int8_bytes == len(GRAPH) < result.float_bytes
    assert result.to_dict()["gain"] == result.gain
    result.check_drop(1)
    images = np.random.default_rng(0).random((1, 3, 32, 32), np.float32)
    (found,) = find_int8().load(SETTINGS).predict_for_decoding(images)
    assert np.isfinite(found).all()
    labels = {entry.description["label"] for entry in EngineCache().entries()}
    assert labels == {"small float32", "small int8"}
    speeds = find_speeds(EngineCache(), KEY.with_precision("int8"))
    assert fastest(speeds, 1, {"onnxruntime": "1.0"}).name == "onnxruntime"
    assert fastest(speeds, 1, {"onnxruntime": "1.1"}) is None


@pytest.mark.parametrize("int8_map", [0.4139, 0.0, np.nan])
def test_a_larger_drop_is_refused_and_nothing_is_stored(network, int8_map):
    result = prepare(network, int8_map)
    assert find_int8() is None
    with pytest.raises(UsageError) as error:
        result.check_drop(1)
    assert error.value.where == "Fake Runtime 1.0"
    assert error.value.expected == "a drop of at most 1 point"
    assert "from 42.40 to" in error.value.got
    for way in ("--calibration", "another engine", "--max-drop"):
        assert way in error.value.fix


def test_a_larger_drop_may_be_allowed(network):
    result = prepare(network, 0.40, max_drop=2.5)
    result.check_drop(2.5)
    assert find_int8() is not None


def test_an_older_model_stays_when_a_new_one_is_refused(network):
    prepare(network, 0.42)
    prepare(network, 0.1)
    assert find_int8() is not None


def test_no_drop_at_all_is_no_reason_to_refuse():
    result = Int8Result("Engine 1", 0.5, 0.6, 1.0, 2.0, 10, 10)
    result.check_drop(0)
    assert (result.drop, result.gain) == (pytest.approx(-10), 0.5)


def test_a_time_that_could_not_be_measured_is_an_error(network):
    def fail(jobs, effort):
        return SimpleNamespace(measured={}, failures={"Fake Runtime 1.0 int8": "killed"})

    with pytest.raises(UsageError, match=r"1\.0 int8 could not be measured: got killed"):
        prepare(network, 0.42, fail)
    assert find_int8() is None

"""Preparing networks for engines, and finding what is prepared."""

import numpy as np
import pytest
import torch

from darknet_torch import Detector, UsageError
from darknet_torch.engines.cache import EngineCache
from darknet_torch.engines.engine import EngineSettings
from darknet_torch.engines.model_key import ModelKey
from darknet_torch.engines.prepared import DIFFERENCE_FILE, find_prepared, installed_versions
from darknet_torch.inference.preparing import Preparation
from tests.conversion.small_models import DETECTOR, NET, trained_network
from tests.engines.fake_engine import FILE, install_fake_engine

KEY = ModelKey(("a", "b"), None, None, "alexeyab", True, "float32", "small float32")
SETTINGS = EngineSettings(1)


@pytest.fixture
def network():
    return trained_network(DETECTOR).eval()


@pytest.fixture
def engine(monkeypatch, network):
    return install_fake_engine(monkeypatch, network)


def prepare(network):
    return Preparation(network, KEY, EngineCache(), SETTINGS).prepare("onnxruntime")


def test_what_is_prepared_detects_as_the_network_does(engine, network):
    assert find_prepared(EngineCache(), KEY, "onnxruntime") is None
    assert prepare(network).difference < 1e-4
    found = find_prepared(EngineCache(), KEY, "onnxruntime")
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    detector = Detector(found.load(SETTINGS), names=["a", "b"], threshold=0.3)
    expected = Detector(network, names=["a", "b"], threshold=0.3)(image)
    detections = detector(image)
    assert len(detections) == len(expected) > 0
    np.testing.assert_allclose(detections.boxes_xyxy, expected.boxes_xyxy, atol=1e-3)
    assert detections.engine == "Fake Runtime 1.0"
    assert detections.to_dict()["engine"] == "Fake Runtime 1.0"


def test_a_new_version_of_an_engine_asks_for_a_new_preparation(engine, network):
    prepare(network)
    engine.installed = "1.1"
    assert find_prepared(EngineCache(), KEY, "onnxruntime") is None
    engine.installed = None
    assert find_prepared(EngineCache(), KEY, "onnxruntime") is None
    assert installed_versions() == {}


def test_an_engine_that_is_not_installed_says_how_to_install_it(engine, network):
    with pytest.raises(UsageError, match="pip install fake"):
        Preparation(network, KEY, EngineCache(), SETTINGS).prepare("openvino")


@pytest.mark.parametrize("error", [0.01, np.nan])
def test_other_numbers_than_pytorch_are_refused_and_not_kept(engine, network, error):
    engine.error = error
    with pytest.raises(UsageError, match="other numbers than PyTorch"):
        prepare(network)
    assert EngineCache().entries() == []


def test_an_engine_may_round_as_pytorch_does(engine, network, monkeypatch):
    """In deep networks float32 is further from the exact numbers than the usual limit."""
    engine.error = 1e-3
    with pytest.raises(UsageError, match=r"other numbers .*: expected outputs within 0\.0001 of"):
        prepare(network)
    monkeypatch.setattr(Preparation, "_rounding", lambda self: 2e-4)
    assert 1e-4 < prepare(network).difference < 8e-4


def test_the_rounding_of_pytorch_is_that_of_float32(engine, network):
    rounding = Preparation(network, KEY, EngineCache(), SETTINGS)._rounding()
    assert 0 < rounding < 1e-5
    assert next(network.parameters()).dtype == torch.float32


def test_a_network_that_computes_no_numbers_is_refused(engine, network):
    next(network.parameters()).data.fill_(np.nan)
    with pytest.raises(UsageError, match="not finite, which cannot be compared"):
        prepare(network)


def test_a_corrupt_entry_is_no_entry(engine, network):
    folder = prepare(network).folder
    (folder / FILE).write_bytes(b"GRAPH")
    assert find_prepared(EngineCache(), KEY, "onnxruntime") is None


def test_an_entry_of_another_kind_is_no_model(engine, network):
    key = prepare(network).folder.name
    EngineCache().store(key, {"model": {}}, lambda folder: None)
    assert find_prepared(EngineCache(), KEY, "onnxruntime") is None


@pytest.mark.parametrize("difference", ["1" * 400, "[" * 100_000, "[]", "x"])
def test_a_difference_that_is_no_number_is_no_model(engine, network, difference):
    prepare(network)
    (entry,) = EngineCache().entries()

    def write(folder):
        (folder / DIFFERENCE_FILE).write_text(difference)

    EngineCache().store(entry.key, entry.description, write)
    assert find_prepared(EngineCache(), KEY, "onnxruntime") is None


def test_what_another_process_removes_at_once_is_no_entry_any_more(engine, network, monkeypatch):
    store = EngineCache.store

    def store_and_lose(cache, key, *arguments):
        entry = store(cache, key, *arguments)
        cache.remove(key)
        return entry

    monkeypatch.setattr(EngineCache, "store", store_and_lose)
    prepared = prepare(network)
    assert 0 <= prepared.difference < 1e-4
    with pytest.raises((UsageError, OSError)):
        prepared.load(SETTINGS)


def test_a_detector_of_an_engine_has_no_network(engine, network):
    detector = Detector(prepare(network).load(SETTINGS), names=[])
    with pytest.raises(UsageError, match="no network"):
        _ = detector.network
    image = np.zeros((40, 60, 3), np.uint8)
    found = detector.predict([image]).predictions
    expected = Detector(network, names=[]).predict([image]).predictions
    for name in ("boxes", "objectness", "class_scores"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one.shape == other.shape
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-6)


def test_its_outputs_are_those_of_the_network(engine, network):
    images = np.random.default_rng(0).random((2, 3, 32, 32), np.float32)
    found = prepare(network).load(SETTINGS).predict(images)
    expected = Detector(network, names=[], optimize=False).backend.predict(images)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-5, atol=1e-6)


def test_a_model_of_an_engine_must_be_of_the_right_kind(engine, monkeypatch):
    with pytest.raises(UsageError, match="own formulas"):
        other = trained_network(DETECTOR)
        monkeypatch.setattr(type(other.heads[0]), "decode", lambda *given: None)
        Preparation(other, KEY, EngineCache(), SETTINGS)


def test_a_classifier_classifies_in_an_engine(monkeypatch):
    from darknet_torch import CfgError, Classifier

    network = trained_network(NET + "[avgpool]\n[softmax]\n").eval()
    install_fake_engine(monkeypatch, network)
    model = prepare(network).load(SETTINGS)
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    found = Classifier(model, names=[])(image)
    assert found == Classifier(network, names=[])(image)
    assert found.to_dict()["engine"] == "Fake Runtime 1.0"
    with pytest.raises(CfgError, match="no detection head"):
        Detector(model)

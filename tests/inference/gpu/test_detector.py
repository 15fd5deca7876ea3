"""`Detector` where a network's device does everything; here that device is the CPU, too."""

import numpy as np
import pytest
import torch

from darknet_torch import Detector
from darknet_torch.engines.model import EngineModel
from darknet_torch.inference.backends.pytorch import TorchBackend
from darknet_torch.inference.description import describe_network
from darknet_torch.inference.gpu.pipeline import DeviceInputs
from tests.conversion.small_models import DETECTOR, trained_network


def pictures():
    generator = np.random.default_rng(4)
    sizes = [(40, 60), (64, 32), (32, 32), (90, 41), (40, 60)]
    return [generator.integers(0, 256, (*size, 3), np.uint8) for size in sizes]


@pytest.fixture
def network():
    return trained_network(DETECTOR)


@pytest.fixture
def expected(network):
    return Detector(network, names=[], threshold=0.3, letterbox=True)


@pytest.fixture
def on_device(expected, network, monkeypatch):
    monkeypatch.setattr("darknet_torch.inference.gpu.pipeline.runs_on", lambda device: True)
    return Detector(network, names=[], threshold=0.3, letterbox=True, batch=2)


def assert_same(found, wanted):
    assert len(found) == len(wanted) > 0
    for one, other in zip(found, wanted, strict=True):
        assert len(one) == len(other)
        np.testing.assert_array_equal(one.class_ids, other.class_ids)
        np.testing.assert_allclose(one.boxes_xyxy, other.boxes_xyxy, atol=1e-3)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)
        assert one.engine == f"PyTorch {torch.__version__}"


def test_it_detects_what_the_cpu_detects(on_device, expected):
    inputs, _ = on_device.prepare_inputs(pictures())
    assert isinstance(inputs, DeviceInputs)
    assert_same(on_device(pictures()), expected(pictures()))
    assert_same([on_device(pictures()[0])], [expected(pictures()[0])])


def test_steps_may_be_called_one_by_one(on_device, expected):
    images = pictures()
    predicted = on_device.predict_inputs(*on_device.prepare_inputs(images, from_video=True))
    found = on_device.find_detections(predicted, images, [""] * len(images))
    assert_same(found, expected.detect_images(images, [""] * len(images), from_video=True))
    one = on_device.filter_boxes(predicted, 1)
    other = expected.filter_boxes(expected.predict(images, from_video=True), 1)
    np.testing.assert_allclose(one.boxes_cxcywh, other.boxes_cxcywh, atol=1e-5)


def test_an_array_is_taken_as_it_is(on_device, expected):
    inputs, placements = expected.prepare_inputs(pictures())
    predicted = on_device.predict_inputs(inputs, placements)
    assert_same(on_device.find_detections(predicted, pictures(), [""] * 5), expected(pictures()))


class Own:
    """A backend that takes arrays."""

    def __init__(self, network):
        self._backend = TorchBackend(network)

    def predict(self, images):
        return self._backend.predict(images)


@pytest.mark.parametrize("options", [{"optimize": False}, {"backend": Own}], ids=["plain", "own"])
def test_the_cpu_prepares_pictures_where_the_network_is_not_ours_to_change(
    on_device, network, options
):
    if "backend" in options:
        options = {"backend": options["backend"](network)}
    inputs, _ = Detector(network, names=[], **options).prepare_inputs(pictures())
    assert isinstance(inputs, np.ndarray)


def test_the_model_of_an_engine_gets_arrays(on_device, network):
    model = EngineModel(describe_network(network), None, "an engine")
    assert isinstance(Detector(model, names=[]).prepare_inputs(pictures())[0], np.ndarray)


def test_no_pictures_are_no_batch(on_device):
    assert on_device([]) == []
    assert on_device.detect_images([], []) == []

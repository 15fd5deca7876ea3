"""What runs a network: torch, onnxruntime, or anything with `predict`."""

import sys

import numpy as np
import pytest
import torch

import darknet_torch as dt
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.inference.backends import BACKENDS, find_backend
from darknet_torch.inference.backends.pytorch import TorchBackend
from darknet_torch.inference.classifier import Classifier
from darknet_torch.media.images import read_image
from tests.conversion.small_models import (
    DETECTOR,
    NET,
    PICTURE,
    TOY_CFG,
    TOY_WEIGHTS,
    pictures,
    trained_network,
)

CLASSIFIER = (
    f"{NET}[convolutional]\nfilters=8\nsize=3\nstride=4\npad=1\nbatch_normalize=1\n"
    "activation=leaky\n[avgpool]\n[connected]\noutput=5\nactivation=linear\n[softmax]\n"
)
# Float32 through the toy's layers, added in another order; boxes in pixels of some hundreds.
SCORES, PIXELS = 1e-4, 1e-2


@pytest.fixture(scope="module")
def detectors():
    """The toy by torch and by onnxruntime, letterboxed as pictures of other sizes need."""
    network = dt.load(TOY_CFG, TOY_WEIGHTS)
    return [dt.Detector(network, letterbox=True, threshold=0.1, backend=name) for name in BACKENDS]


def same(found, wanted):
    np.testing.assert_array_equal(found.class_ids, wanted.class_ids)
    np.testing.assert_allclose(found.boxes_xyxy, wanted.boxes_xyxy, atol=PIXELS)
    np.testing.assert_allclose(found.scores, wanted.scores, atol=SCORES)


def test_onnxruntime_finds_what_torch_finds(detectors):
    wanted, found = (detector(PICTURE) for detector in detectors)
    assert len(wanted) >= 4
    same(found, wanted)


def test_onnxruntime_finds_the_same_in_a_batch_of_mixed_sizes(detectors):
    image = read_image(PICTURE)
    batch = [image, image[:, ::-1].copy(), image[:300], np.zeros((40, 90, 3), np.uint8)]
    wanted, found = (detector(batch) for detector in detectors)
    assert len({len(one) for one in wanted}) > 1
    for one, other in zip(found, wanted, strict=True):
        same(one, other)


def test_onnxruntime_classifies_as_torch_does():
    network = trained_network(CLASSIFIER)
    wanted, found = (Classifier(network, backend=name)(PICTURE) for name in BACKENDS)
    assert found.class_ids == wanted.class_ids
    assert found.scores == pytest.approx(wanted.scores, abs=SCORES)


@pytest.mark.parametrize(("cfg", "make"), [(DETECTOR, dt.Detector), (CLASSIFIER, Classifier)])
def test_a_backend_that_is_made_already_is_taken(cfg, make):
    network = trained_network(cfg)

    class Counting(TorchBackend):
        shapes = ()

        def predict(self, images):
            self.shapes = (*self.shapes, images.shape)
            return super().predict(images)

    backend = Counting(network)
    make(network, backend=backend)(PICTURE)
    assert backend.shapes == ((1, 3, 32, 32),)


def test_torch_runs_the_network_as_it_is():
    network = trained_network(DETECTOR)
    images = pictures(2, 3, 32, 32)
    (found,) = find_backend("torch", network).predict(images.numpy())
    with torch.inference_mode():
        torch.testing.assert_close(found, network(images)[0], rtol=0, atol=0)
    (double,) = find_backend("torch", network.double()).predict(images.numpy())
    assert double.dtype == torch.float64


@pytest.mark.parametrize("missing", ["onnxscript", "onnx"])
def test_a_missing_package_is_named_with_its_extra(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    expected = rf"needs the package {missing}, which .*pip install 'darknet-torch\[onnx\]'"
    with pytest.raises(UsageError, match=expected):
        dt.Detector(trained_network(DETECTOR), backend="onnxruntime")


def test_a_layer_with_a_memory_is_named():
    network = trained_network("[net]\ninputs=4\n[rnn]\noutput=2\n")
    with pytest.raises(CfgError, match=r"layer 0 \[rnn\] keeps a state between steps"):
        find_backend("onnxruntime", network)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="expected torch or onnxruntime, got 'tensorrt'"):
        find_backend("tensorrt", trained_network(DETECTOR))

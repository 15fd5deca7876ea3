"""Choosing a backend by its name, or handing one in."""

import pytest

import darknet_torch as dt
from darknet_torch.errors import UsageError
from darknet_torch.inference.backends import find_backend
from darknet_torch.inference.backends.pytorch import TorchBackend
from darknet_torch.inference.classifier import Classifier
from tests.conversion.small_models import DETECTOR, trained_network
from tests.inference.networks import CLASSIFIER
from tests.toy.files import PICTURE


@pytest.mark.parametrize(("cfg", "make"), [(DETECTOR, dt.Detector), (CLASSIFIER, Classifier)])
def test_a_backend_object_can_be_given_instead_of_a_name(cfg, make):
    network = trained_network(cfg)

    class Counting(TorchBackend):
        shapes = ()

        def predict(self, images):
            self.shapes = (*self.shapes, images.shape)
            return super().predict(images)

    backend = Counting(network)
    make(network, backend=backend)(PICTURE)
    assert backend.shapes == ((1, 3, 32, 32),)


def test_the_error_for_an_unknown_name_lists_the_known_ones():
    with pytest.raises(
        UsageError, match="expected torch or onnxruntime or openvino, got 'tensorrt'"
    ):
        find_backend("tensorrt", trained_network(DETECTOR))


def test_a_backend_of_ones_own_has_no_precision():
    network = trained_network(DETECTOR)
    own = find_backend("torch", network)
    assert find_backend(own, network, "float32") is own
    with pytest.raises(UsageError, match=r"^a backend of your own has no precision to choose"):
        find_backend(own, network, "tf32")

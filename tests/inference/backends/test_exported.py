"""Networks that engines run, compared with PyTorch."""

import sys

import numpy as np
import pytest

import darknet_torch as dt
from darknet_torch.engines.engine import find_engine
from darknet_torch.engines.names import ENGINES, TORCH
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.inference.backends import find_backend
from darknet_torch.inference.classifier import Classifier
from darknet_torch.media.images import read_image
from tests.conversion.small_models import DETECTOR, trained_network
from tests.inference.networks import CLASSIFIER
from tests.toy.files import CFG, PICTURE, WEIGHTS

# Float32 through the toy's layers, summed in another order; boxes in pixels of some hundreds.
SCORES, PIXELS = 1e-4, 1e-2


@pytest.fixture(params=ENGINES, scope="module")
def engine(request):
    """The name of each engine that is installed."""
    if find_engine(request.param).version() is None:
        pytest.skip(f"{request.param} is not installed")
    return request.param


@pytest.fixture(scope="module")
def detectors(engine):
    """The toy model in both, letterboxed because pictures of other sizes need it."""
    network, options = dt.load(CFG, WEIGHTS), {"letterbox": True, "threshold": 0.1}
    return [dt.Detector(network, backend=name, **options) for name in (TORCH, engine)]


def assert_same(found, wanted):
    np.testing.assert_array_equal(found.class_ids, wanted.class_ids)
    np.testing.assert_allclose(found.boxes_xyxy, wanted.boxes_xyxy, atol=PIXELS)
    np.testing.assert_allclose(found.scores, wanted.scores, atol=SCORES)


def test_an_engine_detects_what_torch_detects(detectors):
    wanted, found = (detector(PICTURE) for detector in detectors)
    assert len(wanted) >= 4
    assert_same(found, wanted)


def test_an_engine_detects_the_same_in_a_batch_of_mixed_sizes(detectors):
    image = read_image(PICTURE)
    batch = [image, image[:, ::-1].copy(), image[:300], np.zeros((40, 90, 3), np.uint8)]
    wanted, found = (detector(batch) for detector in detectors)
    assert len({len(one) for one in wanted}) > 1
    for one, other in zip(found, wanted, strict=True):
        assert_same(one, other)


def test_an_engine_classifies_as_torch_does(engine):
    network = trained_network(CLASSIFIER)
    wanted, found = (Classifier(network, backend=name)(PICTURE) for name in (TORCH, engine))
    assert found.class_ids == wanted.class_ids
    assert found.scores == pytest.approx(wanted.scores, abs=SCORES)


def test_another_precision_is_refused():
    expected = (
        "^the onnxruntime backend has no precision to choose: expected precision float32, "
        "or backend torch, got precision bfloat16; .*--backend torch"
    )
    with pytest.raises(UsageError, match=expected):
        dt.Detector(trained_network(DETECTOR), backend="onnxruntime", precision="bfloat16")


@pytest.mark.parametrize("missing", ["onnxscript", "onnx"])
def test_a_missing_package_is_reported_with_its_extra(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    expected = rf"needs the package {missing}, which .*pip install .*onnxscript"
    with pytest.raises(UsageError, match=expected):
        dt.Detector(trained_network(DETECTOR), backend="onnxruntime")


def test_a_recurrent_layer_is_reported():
    network = trained_network("[net]\ninputs=4\n[rnn]\noutput=2\n")
    with pytest.raises(CfgError, match=r"layer 0 \[rnn\] keeps a state between steps"):
        find_backend("onnxruntime", network)

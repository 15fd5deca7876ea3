"""compat.opencv compared with recorded results of OpenCV 4, and with OpenCV 4 if installed."""

import warnings

import numpy as np
import pytest

from darknet_torch.compat.opencv import cv2
from darknet_torch.errors import CfgWarning
from tests.compat.models import NAMES, TOY, make
from tests.compat.opencv4 import DATA, opencv4_python, read, run_opencv4, thinned
from tests.compat.opencv_script import results

# Float32 sums in another order, through up to a hundred layers.
TOLERANCE = 1e-4
PIXEL = 1  # OpenCV truncates, so the last bit can decide between two pixels


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """A function: name -> the model and the results of the script, computed on first use."""
    folder = tmp_path_factory.mktemp("opencv")
    made = {}

    def get(name):
        if name not in made:
            model = make(name, folder)
            if model is None:
                pytest.skip("no models: neither DTORCH_REFERENCE nor ../shared")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CfgWarning)
                files = (model.cfg, model.weights, model.picture)
                made[name] = model, results(cv2, *files, model.inner)
        return made[name]

    return get


@pytest.mark.parametrize("name", NAMES)
def test_outputs_equal_the_records_of_opencv_4(name, computed):
    model, found = computed(name)
    compare(thinned(found), read(DATA / f"{name}.npz"), model)


@pytest.mark.skipif(
    opencv4_python() is None, reason="DTORCH_OPENCV4_PYTHON names no Python with OpenCV 4"
)
@pytest.mark.parametrize("name", NAMES)
def test_outputs_equal_those_of_opencv_4(name, computed, tmp_path):
    model, found = computed(name)
    found = {key: np.asarray(value) for key, value in found.items()}
    compare(found, run_opencv4(model, tmp_path / "out.npz"), model)


def test_the_records_contain_detections():
    toy = read(DATA / f"{TOY}.npz")
    assert len(toy["nms ids"]) >= 4
    assert len(toy["all ids"]) > len(toy["nms ids"])
    layers = read(DATA / "layers.npz")
    assert (layers["output yolo_18"] > 0).sum() > 200
    assert np.abs(read(DATA / "yolov4-tiny.npz")["output yolo_37"]).max() > 0.5


def compare(found, wanted, model):
    """Assert that the results of each name are equal."""
    assert set(found) == set(wanted)
    for key, value in wanted.items():
        if key.startswith(("all ", "nms ", "across ")) and not model.trained:
            continue  # see Model.trained
        if value.dtype.kind in "Ui" and not key.endswith(" boxes"):
            np.testing.assert_array_equal(found[key], value, err_msg=key)
        elif key.endswith(" boxes"):
            np.testing.assert_allclose(found[key], value, rtol=0, atol=PIXEL, err_msg=key)
        else:
            assert found[key].shape == value.shape, key
            apart = np.abs(found[key] - value) * ~crossed(found[key], value)
            assert apart.max(initial=0) <= TOLERANCE, key


def crossed(found, wanted):
    """Where a score is so close to the threshold that one side set it to 0."""
    near = np.abs(np.maximum(found, wanted)[..., None] - (0.1, 0.2)) < TOLERANCE
    return near.any(-1) & (np.minimum(found, wanted) == 0)

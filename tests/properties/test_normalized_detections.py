"""A network that normalises its input detects the same, whatever runs it."""

from functools import partial

import numpy as np
import pytest
import torch

import darknet_torch as dt
from darknet_torch.engines.cache import EngineCache
from darknet_torch.engines.engine import EngineSettings
from darknet_torch.engines.model_key import ModelKey
from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.export.torch_export import export_program, load_program
from darknet_torch.export.torchscript import export_torchscript, load_torchscript
from darknet_torch.inference.gpu.pipeline import DeviceDetector
from darknet_torch.inference.preparing import Preparation
from tests.conversion.small_models import DETECTOR, trained_network
from tests.engines.cases import needs_engine

KEY = ModelKey(("a",), None, None, "alexeyab", True, "float32", "small float32")
SETTINGS = EngineSettings(1)
ENGINES = ("onnxruntime", "openvino")
FORMATS = {
    "TorchScript": (export_torchscript, load_torchscript),
    "torch.export": (export_program, load_program),
}
WIDE = np.random.default_rng(0).integers(0, 130, (20, 50, 3), np.uint8)
CHOICES = {"names": ["a", "b"], "threshold": 0.3}


def small(normalize):
    keys = f"normalize={normalize}\nfill=picture\nletter_box=1\n"
    return trained_network(DETECTOR.replace("[net]\n", f"[net]\n{keys}")).eval()


@pytest.fixture(scope="module", params=["imagenet", "per-picture"])
def network(request):
    return small(request.param)


@pytest.fixture(scope="module")
def expected(network):
    return dt.Detector(network, **CHOICES, optimize=False)(WIDE)


def rows(found):
    """Classes and boxes from left to right, since rounding decides between equal scores."""
    table = np.column_stack((found.class_ids, found.boxes_xyxy))
    return table[np.lexsort(table.T[::-1])]


def assert_same(found, expected):
    assert len(found) == len(expected) > 2
    np.testing.assert_allclose(rows(found), rows(expected), rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)


def test_it_is_another_network_than_without_the_key(expected):
    plain = dt.Detector(small("zero-one"), **CHOICES)(WIDE)
    assert len(plain) != len(expected) or not np.allclose(plain.scores, expected.scores, atol=0.01)


def test_pytorch_optimized(network, expected):
    assert_same(dt.Detector(network, **CHOICES)(WIDE), expected)


def test_the_steps_of_a_gpu(network, expected):
    detector = dt.Detector(network, **CHOICES)
    detector._on_device = DeviceDetector(network)
    assert_same(detector(WIDE), expected)


def test_engines(network, expected):
    """Both engines take one graph: where it has constants alone, one of them is enough."""
    engines = ENGINES if network.net.normalize == "per-picture" else ENGINES[:1]
    for name in engines:
        needs_engine(name)
    preparation = Preparation(network, KEY, EngineCache(), SETTINGS)
    for name in engines:
        prepared = preparation.prepare(name)
        assert prepared.difference < 1e-4
        model = prepared.load(SETTINGS)
        assert model.description.fill == "picture"
        assert_same(dt.Detector(model, **CHOICES)(WIDE), expected)


@pytest.mark.parametrize("name", FORMATS)
def test_graphs(name, tmp_path):
    """As the engines' graphs, for every height and width."""
    network = small("per-picture")
    export, load = FORMATS[name]
    path = tmp_path / "graph"
    path.write_bytes(export(Graph(network, GraphOptions()), {}))
    run, random = load(path), partial(torch.rand, generator=torch.Generator().manual_seed(0))
    for size in ((32, 32), (32, 64)):
        images = random(1, 3, *size)
        with torch.inference_mode():
            torch.testing.assert_close(run(images), list(network(images)), rtol=1e-4, atol=1e-5)

"""`load_engine`: prepared at the first call, found at the second."""

import shutil

import numpy as np
import pytest

import darknet_torch.loading.load
from darknet_torch import CfgWarning, Detector, UsageError, load_engine
from darknet_torch.engines.cache import EngineCache
from darknet_torch.engines.prepared import DIFFERENCE_FILE
from tests.conversion.small_models import DETECTOR, trained_network, write_model
from tests.engines.fake_engine import FILE, install_fake_engine


@pytest.fixture(autouse=True)
def engine(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path)
    return install_fake_engine(monkeypatch, trained_network(DETECTOR))


def refuse(*given, **options):
    raise AssertionError("PyTorch was asked to load the network")


def test_a_model_is_prepared_once(monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    expected = Detector(darknet_torch.load("small.cfg", "small.weights"), names=[])(image)
    first = Detector(load_engine("small.cfg", engine="onnxruntime"), names=[])(image)
    monkeypatch.setattr("darknet_torch.loading.load.load_model", refuse)
    second = Detector(load_engine("small.weights", engine="onnxruntime"), names=[])(image)
    assert len(first) == len(expected) > 0
    assert second == first
    np.testing.assert_allclose(first.boxes_xyxy, expected.boxes_xyxy, atol=1e-3)


def test_threads_are_those_of_the_caller(engine):
    load_engine("small.cfg", engine="onnxruntime", threads=3)
    assert engine.loads[-1].threads == 3


def test_another_size_is_another_model(monkeypatch):
    load_engine("small.cfg", engine="onnxruntime")
    monkeypatch.setattr("darknet_torch.loading.load.load_model", refuse)
    with pytest.raises(AssertionError):
        load_engine("small.cfg", engine="onnxruntime", width=64)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cfg": "small.cfg", "engine": "tensorrt"}, "onnxruntime or openvino"),
        ({"cfg": "small.cfg", "engine": "openvino"}, "pip install fake"),
        ({"cfg": 3, "engine": "onnxruntime"}, "cfg"),
    ],
)
def test_what_cannot_be_loaded_is_an_error(arguments, words):
    with pytest.raises(UsageError, match=words):
        load_engine(**arguments)


def test_partial_weights_are_refused(tmp_path):
    write_model(tmp_path, cutoff=1)
    with pytest.raises(UsageError, match="all layers"):
        load_engine("small.cfg", "small.weights", engine="onnxruntime")


def test_what_the_engine_refuses_is_prepared_again(monkeypatch):
    load_engine("small.cfg", engine="onnxruntime")
    (entry,) = EngineCache().entries()

    def write(folder):
        shutil.copy(entry.folder / DIFFERENCE_FILE, folder)
        (folder / FILE).write_bytes(b"other")

    EngineCache().store(entry.key, entry.description, write)
    assert load_engine("small.cfg", engine="onnxruntime").title == "Fake Runtime 1.0"
    monkeypatch.setattr("darknet_torch.loading.load.load_model", refuse)
    load_engine("small.cfg", engine="onnxruntime")


def test_names_are_those_that_load_finds(tmp_path):
    """They follow the files, not what was prepared: other names need no new preparation."""
    for names in ("cat dog", "cat horse"):
        (tmp_path / "small.names").write_text(names.replace(" ", "\n"))
        network = darknet_torch.load("small.cfg", "small.weights")
        model = load_engine("small.cfg", "small.weights", engine="onnxruntime")
        assert Detector(model).names == network.names == tuple(names.split())


def test_a_file_that_is_replaced_while_it_is_loaded_is_not_stored(monkeypatch, tmp_path):
    """The graph of the old weights must not be found under the new ones, nor the other way."""
    load_model = darknet_torch.loading.load.load_model

    def load_and_replace(*files, **options):
        model = load_model(*files, **options)
        data = bytearray((tmp_path / "small.weights").read_bytes())
        data[-2] ^= 1
        (tmp_path / "small.weights").write_bytes(data)
        return model

    monkeypatch.setattr("darknet_torch.loading.load.load_model", load_and_replace)
    with pytest.raises(UsageError, match=r"small\.weights: .*replaced while it was loaded"):
        load_engine("small.cfg", engine="onnxruntime")
    assert EngineCache().entries() == []


def test_the_cfg_is_warned_of_each_time(tmp_path):
    text = (tmp_path / "small.cfg").read_text().replace("[net]", "[net]\nfoo=1", 1)
    (tmp_path / "small.cfg").write_text(text)
    for _ in range(2):
        with pytest.warns(CfgWarning, match="small.cfg:2: unknown key 'foo'"):
            load_engine("small.cfg", engine="onnxruntime")

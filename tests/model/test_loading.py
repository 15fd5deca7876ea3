"""`load`: from names and files to a network."""

import errno
import struct
import subprocess
import sys

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import PJREDDIE
from darknet_torch.errors import CfgError, UsageError, WeightsError
from darknet_torch.loading.load import load
from darknet_torch.model.loading import find_device, load_with_report
from tests.toy import files as toy

CFG = """[net]
width=8
height=8
channels=1
batch=4
[convolutional]
filters=2
size=3
stride=2
pad=1
batch_normalize=1
activation=leaky
[convolutional]
filters=3
batch_normalize=1
[shortcut]
from=-1
weights_type=per_feature
weights_normalization=relu
[batchnorm]
"""
FIRST = 4 * 2 + 18  # floats of the first layer
ALL = FIRST + (4 * 3 + 6) + 2 + 4 * 3


@pytest.fixture
def cfg(tmp_path):
    path = tmp_path / "tiny.cfg"
    path.write_text(CFG)
    return path


@pytest.fixture
def weights(tmp_path):
    """A function that makes a weight file of that many floats."""

    def make(floats):
        path = tmp_path / "tiny.weights"
        values = np.arange(1, floats + 1, dtype="<f4")
        path.write_bytes(struct.pack("<3iQ", 0, 2, 5, 64) + values.tobytes())
        return path

    return make


@pytest.fixture
def dirty_memory():
    """Make `torch.empty` return NaN instead of arbitrary memory."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def test_without_weights_every_array_starts_as_in_darknet(cfg, dirty_memory):
    network = load(cfg)
    for _, slot in network.slots():
        assert slot.tensor.isfinite().all(), slot.name
        if slot.name == "biases":
            assert not slot.tensor.any()
        if slot.name == "scales":
            assert (slot.tensor == 1).all()


def test_a_complete_file_gives_every_array(cfg, weights, dirty_memory):
    network = load(cfg, weights(ALL))
    values = [slot.tensor.detach().flatten() for _, slot in network.slots()]
    assert torch.cat(values).tolist() == list(range(1, ALL + 1))
    assert network.header.seen == 64


def test_layers_missing_from_a_partial_file_start_as_in_darknet(cfg, weights, dirty_memory):
    network, report = load_with_report(cfg, weights(FIRST))
    first, second, shortcut, last = network.layers
    assert first.convolution.biases.tolist() == [1, 2]
    assert report.missing == (1, 2, 3)
    for arrays in (second.convolution, last):
        assert not arrays.biases.any()
        assert (arrays.normalization.scales == 1).all()
        assert not arrays.normalization.rolling_mean.any()
        assert not arrays.normalization.rolling_variance.any()
    assert 0 < second.convolution.weights.abs().max() <= 1  # sqrt(2 / 2)
    assert (shortcut.weights == 1).all()


def test_arrays_that_dontloadscales_leaves_out_start_as_in_darknet(cfg, weights, dirty_memory):
    cfg.write_text(CFG.replace("filters=2", "filters=2\ndontloadscales=1"))
    arrays = load(cfg, weights(ALL - 6)).layers[0].convolution
    assert arrays.biases.tolist() == [1, 2]
    assert (arrays.normalization.scales == 1).all()
    assert not arrays.normalization.rolling_mean.any()
    assert not arrays.normalization.rolling_variance.any()


def test_filters_beyond_numload_start_as_in_pjreddies_darknet(cfg, weights, dirty_memory):
    cfg.write_text(CFG.partition("[shortcut]")[0] + "numload=1\n")
    arrays = load(cfg, weights(FIRST + 6), dialect="pjreddie").layers[1].convolution
    assert arrays.biases.tolist() == [27, 0, 0]
    assert arrays.normalization.scales.tolist() == [28, 1, 1]
    assert arrays.weights[1:].isfinite().all()


def test_a_layer_with_dontload_starts_as_in_darknet(cfg, weights, dirty_memory):
    cfg.write_text(CFG.replace("filters=2", "filters=2\ndontload=1"))
    network = load(cfg, weights(ALL - FIRST))
    assert network.layers[1].convolution.biases.tolist() == [1, 2, 3]
    assert not network.layers[0].convolution.biases.any()


def test_it_is_in_evaluation_mode_on_the_cpu(cfg, weights):
    network = load(cfg, weights(ALL))
    assert not any(module.training for module in network.modules())
    assert {slot.tensor.device.type for _, slot in network.slots()} == {"cpu"}


def test_a_shipped_definition_goes_by_its_name():
    network = load("yolov3-tiny", width=32, height=64)
    assert [head.classes for head in network.heads] == [80, 80]
    assert network.net.where.file.endswith("yolov3-tiny.cfg")
    shapes = [(head.output_shape.height, head.output_shape.width) for head in network.heads]
    assert shapes == [(2, 1), (4, 2)]


def test_the_nearest_name_is_suggested():
    with pytest.raises(CfgError, match="did you mean 'yolov3-tiny'"):
        load("yolov3-tinny")


def test_given_sizes_override_those_of_the_cfg(cfg):
    network = load(cfg, width=16, height=24)
    shape = network.layers[0].output_shape
    assert (shape.height, shape.width) == (12, 8)


def test_the_batch_of_the_cfg_can_be_overridden(cfg):
    assert load(cfg).net.batch == 4
    assert load_with_report(cfg, batch=2)[0].net.batch == 2


def test_the_dialect_may_be_a_name_or_an_object(cfg):
    cfg.write_text(CFG.partition("[shortcut]")[0])
    assert load(cfg).dialect.name == "alexeyab"
    assert load(cfg, dialect="pjreddie").dialect is load(cfg, dialect=PJREDDIE).dialect
    assert load(cfg, dialect="alexeyab-cuda").dialect.name == "alexeyab-cuda"


def test_an_unknown_dialect_is_refused(cfg):
    message = "expected alexeyab or pjreddie or alexeyab-cuda, got 'alexey'"
    with pytest.raises(UsageError, match=message):
        load(cfg, dialect="alexey")


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="there is one")
def test_an_apple_gpu_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match=r"no such device: expected .*or mps, got 'mps'"):
        find_device("mps")


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "cpu:x"])
def test_an_unknown_device_is_refused(cfg, device):
    message = rf"no such device: expected auto, cpu, cuda, cuda:N or mps, got '{device}'"
    with pytest.raises(UsageError, match=message):
        load(cfg, device=device)


def test_device_auto_is_the_gpu_or_the_cpu():
    assert find_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert find_device(torch.device("cpu")) == find_device("cpu") == torch.device("cpu")


def test_bytes_left_over_are_an_error_unless_allowed(cfg, weights):
    path = weights(ALL + 1)
    with pytest.raises(WeightsError, match="4 bytes left over"):
        load(cfg, path)
    assert load(cfg, path, strict=False).header.seen == 64


def test_paths_may_be_strings(cfg, weights):
    assert load(str(cfg), str(weights(ALL))).header.seen == 64


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_importing_the_package_imports_no_torch():
    code = "import sys, darknet_torch; print('torch' in sys.modules, 'cv2' in sys.modules)"
    assert run(code) == "False False"


def test_errors_and_names_are_there_without_torch():
    code = "import sys, darknet_torch as d; d.CfgError; dir(d); print('torch' in sys.modules)"
    assert run(code) == "False"


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ([5], {}, r"^cfg is not a path: expected the path of a cfg.*, got 5 \(int\)"),
        ([b"tiny.cfg"], {}, "^cfg is not a path"),
        (["yolov3-tiny", 5], {}, "^weights is not a path"),
        (["yolov3-tiny"], {"width": "416"}, "^width is not a whole number.*'416'"),
        (["yolov3-tiny"], {"height": 416.0}, "^height is not a whole number"),
        (["yolov3-tiny"], {"dialect": ["pjreddie"]}, "^unknown dialect"),
    ],
)
def test_an_argument_of_another_type_is_refused(arguments, options, message):
    with pytest.raises(UsageError, match=message):
        load(*arguments, **options)


def test_a_disk_that_fails_once_does_not_change_the_dialect(monkeypatch):
    """The file is as long in either dialect."""
    failed = []

    def fail_once(*arguments, **options):
        if not failed:
            failed.append(True)
            raise OSError(errno.EIO, "Input/output error")
        return memmap(*arguments, **options)

    memmap = np.memmap
    monkeypatch.setattr(np, "memmap", fail_once)
    with pytest.raises(WeightsError, match=r"cannot be read .*Input/output error"):
        load_with_report(toy.CFG, toy.WEIGHTS)

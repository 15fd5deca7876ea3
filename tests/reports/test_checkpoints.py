"""Checkpoints of other programs, as public reports describe them."""

import argparse
import collections
import datetime
import io
import json
import pathlib
import re
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch

from darknet_torch.loading.model import METADATA_KEY
from tests.cli.command import dtorch
from tests.conversion.small_models import DETECTOR, small_model, trained_network

BOTH_FORMATS = pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])


def port_state():
    """The arrays of a small detector under the keys of ultralytics/yolov3 (branch archive)."""
    network = trained_network(DETECTOR)
    state = OrderedDict()
    for index, layer in enumerate(network.layers[:2]):
        arrays = {slot.name: slot.tensor for slot in layer.weight_slots()}
        prefix = f"module_list.{index}"
        state[f"{prefix}.Conv2d.weight"] = arrays["weights"]
        if index == 1:
            state[f"{prefix}.Conv2d.bias"] = arrays["biases"]
            continue
        state[f"{prefix}.BatchNorm2d.weight"] = arrays["scales"]
        state[f"{prefix}.BatchNorm2d.bias"] = arrays["biases"]
        state[f"{prefix}.BatchNorm2d.running_mean"] = arrays["rolling_mean"]
        state[f"{prefix}.BatchNorm2d.running_var"] = arrays["rolling_variance"]
    return state


@pytest.fixture
def convert(tmp_path):
    """A function that converts a checkpoint to a weight file with the command."""
    cfg = tmp_path / "small.cfg"
    cfg.write_text(DETECTOR)

    def convert(content, is_zip=True, rename=(b"", b"")):
        path = tmp_path / "last.pt"
        buffer = io.BytesIO()
        torch.save(content, buffer, _use_new_zipfile_serialization=is_zip)
        path.write_bytes(renamed(buffer.getvalue(), is_zip, *rename))
        return dtorch("convert", "--cfg", cfg, path, tmp_path / "out.weights")

    return convert


def renamed(data, is_zip, old, new):
    """`data` with another name in its pickle."""
    if not is_zip:
        return data.replace(old, new)
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(result, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            is_pickle = name.endswith("data.pkl")
            target.writestr(name, content.replace(old, new) if is_pickle else content)
    return result.getvalue()


@BOTH_FORMATS
@pytest.mark.parametrize("module", [b"numpy.core", b"numpy._core"], ids=["numpy1", "numpy2"])
@pytest.mark.parametrize(
    "results",
    [np.float64(0.5), np.ones(7), np.bool_(True), np.uint8(3), np.ones(2, "u4"), np.str_("a")],
    ids=repr,
)
def test_results_of_either_numpy(results, module, is_zip, convert):
    """ultralytics/yolov3 479: a checkpoint of NumPy 1 is read with NumPy 2, and the reverse."""
    content = {"epoch": 3, "best_fitness": results, "model": port_state(), "optimizer": None}
    result = convert(content, is_zip, (b"numpy._core", module))
    assert result.exit_code == 0, result.stderr
    assert "worst difference 0" in result.stdout


def test_counters_of_thop(convert):
    """ultralytics/yolov3 1528: thop leaves total_ops and total_params in every module."""
    state = port_state()
    for prefix in ("", "module_list.", "module_list.0.", "module_list.0.Conv2d."):
        state[f"{prefix}total_ops"] = torch.zeros(1, dtype=torch.float64)
        state[f"{prefix}total_params"] = torch.zeros(1, dtype=torch.float64)
    for wrapped in (state, {f"module.{key}": value for key, value in state.items()}):
        result = convert({"model": wrapped})
        assert result.exit_code == 0, result.stderr


@BOTH_FORMATS
def test_settings_of_a_training_beside_its_weights(is_zip, convert):
    """Paths, namespaces, dates and defaultdicts hold data alone, so they are read."""
    history = collections.defaultdict(list, loss=[1.0, 0.5])
    options = argparse.Namespace(project=pathlib.Path("runs"), rate=0.01, names={"a"})
    now = datetime.datetime(2024, 5, 6, tzinfo=datetime.UTC)
    content = {"opt": options, "date": now, "history": history, "model": port_state()}
    result = convert(content, is_zip)
    assert result.exit_code == 0, result.stderr


def test_a_state_dict_in_a_defaultdict(convert):
    state = collections.defaultdict(dict, state_dict=port_state())
    assert convert(state).exit_code == 0


@BOTH_FORMATS
def test_a_whole_pickled_model_says_how_to_export_it(is_zip, convert):
    """ultralytics/yolov3 1528: checkpoints hold a whole model, not its state_dict."""
    result = convert({"epoch": 1, "model": torch.nn.Sequential(torch.nn.Linear(1, 1))}, is_zip)
    assert result.exit_code == 2
    message = result.stderr
    assert "last.pt: contains more than tensors and plain values, and could run harmful" in message
    assert "expected a state_dict, or a checkpoint of tensors and plain values" in message
    assert "got torch.nn.modules.container.Sequential" in message
    assert 'python -c "import torch; c = torch.load(' in message


@pytest.mark.parametrize(
    "change",
    [
        {"header": {"major": 0, "minor": 2, "revision": 5, "seen": float("inf")}},
        {"layers": float("nan")},
        {"width": 10**30},
        {"names": None},
    ],
    ids=["infinity", "nan", "huge", "null"],
)
def test_broken_metadata_of_our_own_files(change, convert):
    model = small_model()
    state = model.network.state_dict()
    metadata = json.dumps({**json.loads(model.metadata()), **change})
    state._metadata = {**state._metadata, METADATA_KEY: metadata}
    result = convert(state)
    assert result.exit_code == 2
    assert "last.pt: its metadata is broken: expected JSON as dtorch convert" in result.stderr
    assert "convert the original weight file again" in result.stderr


@pytest.mark.parametrize(
    "content",
    [{}, OrderedDict(), {"model": {"model": {}}}, {"model": {"total_ops": torch.zeros(1)}}, None],
    ids=repr,
)
def test_a_file_without_arrays(content, convert):
    result = convert(content)
    assert result.exit_code == 2
    assert "last.pt: contains no state_dict: expected a dict of tensors" in result.stderr


def test_a_checkpoint_nested_in_itself(convert):
    loop = {"epoch": 1}
    loop["model"] = loop
    assert "contains no state_dict" in convert(loop).stderr


def test_an_overflowing_size_of_an_array(convert):
    """A size whose bytes do not fit 64 bits gives our error, as a truncated file does.

    PyTorch 2.9 accepts the first size, and the array is refused for the memory it would take.
    """
    content = {"model": {"a.weight": torch.arange(300.0)}}
    for size in (b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff"):
        result = convert(content, True, (b"M\x2c\x01", b"J" + size))
        assert result.exit_code == 2
        assert re.search(r"last\.pt: (cannot be read: |would take far more mem)", result.stderr)

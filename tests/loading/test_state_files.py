"""A state_dict and the metadata of its model come back from .pt and .safetensors files."""

import io
import pickle
import sys
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from darknet_torch.cfg.dialect import PJREDDIE
from darknet_torch.errors import UsageError, WeightsError
from darknet_torch.loading.model import (
    METADATA_KEY,
    encode_cfg,
    model_from_metadata,
    parse_metadata,
)
from darknet_torch.loading.state_files import (
    load_state,
    read_pt,
    read_safetensors,
    write_pt,
    write_safetensors,
)
from darknet_torch.model.network import WeightsHeader
from tests.conversion.small_models import CFG_BYTES, small_model, trained_network

KINDS = {"pt": (write_pt, read_pt), "safetensors": (write_safetensors, read_safetensors)}
BOTH = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def saved(tmp_path):
    """A function that writes a model to a file of `kind` and returns the path."""

    def save(kind, model):
        path = tmp_path / f"model.{kind}"
        with path.open("wb") as file:
            KINDS[kind][0](model, file)
        return path

    return save


def read_error(read, path):
    with pytest.raises(WeightsError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def assert_equal(state, expected):
    assert list(state) == list(expected)
    for key, value in state.items():
        torch.testing.assert_close(value, expected[key], rtol=0, atol=0)


def test_a_pt_file_is_a_plain_state_dict(saved):
    model = small_model()
    loaded = torch.load(saved("pt", model), weights_only=True)
    other = trained_network(model.cfg, "pjreddie", seed=1, width=64, height=96)
    assert str(other.load_state_dict(loaded, strict=True)) == "<All keys matched successfully>"
    assert_equal(other.state_dict(), model.network.state_dict())


@BOTH
def test_the_arrays_come_back(kind, saved):
    model = small_model()
    state, _ = KINDS[kind][1](saved(kind, model))
    assert_equal(dict(sorted(state.items())), dict(sorted(model.network.state_dict().items())))


@BOTH
def test_cfg_names_layers_header_dialect_and_size_come_back(kind, saved):
    model = small_model()
    state, metadata = KINDS[kind][1](saved(kind, model))
    found = model_from_metadata(parse_metadata(metadata, "model"))
    load_state(found.network, state, "model")
    assert encode_cfg(found.cfg) == CFG_BYTES
    assert found.names == ("cat", "big döner")
    assert found.layers == 2
    assert found.network.header == WeightsHeader(0, 2, 7, 2**32 + 5)
    assert found.network.dialect == PJREDDIE
    assert (found.network.net.width, found.network.net.height) == (64, 96)
    assert_equal(found.network.state_dict(), model.network.state_dict())


def test_a_complete_model_has_no_number_of_layers(saved):
    _, metadata = read_pt(saved("pt", small_model(layers=None)))
    assert model_from_metadata(parse_metadata(metadata, "model")).layers is None


def test_a_file_of_another_program_has_no_metadata(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pt")
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")
    for path, read in (("a.pt", read_pt), ("a.safetensors", read_safetensors)):
        state, metadata = read(tmp_path / path)
        assert state["a"].tolist() == [1, 1]
        assert metadata is None


def test_a_checkpoint_with_numpy_numbers_is_read(tmp_path):
    """Many training programs keep their results together with the weights."""
    np = pytest.importorskip("numpy")
    checkpoint = {"model": {"a": torch.ones(1)}, "fitness": np.float64(0.5), "map": np.ones(2)}
    torch.save(checkpoint, tmp_path / "best.pt")
    loaded, _ = read_pt(tmp_path / "best.pt")
    assert loaded["fitness"] == 0.5


@BOTH
def test_a_missing_file_is_reported(kind, tmp_path):
    assert "no such file" in read_error(KINDS[kind][1], tmp_path / f"gone.{kind}")


@BOTH
@pytest.mark.parametrize("part", [0, 3, 0.3, 0.9, -1])
def test_a_truncated_file_is_refused(kind, part, saved):
    path = saved(kind, small_model())
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part) if isinstance(part, float) else part])
    message = read_error(KINDS[kind][1], path)
    assert "cannot be read" in message


@BOTH
@pytest.mark.parametrize("content", [b"PK\x03\x04 and no archive", b"\x80\x02no pickle.", b"text"])
def test_a_file_of_another_kind_is_refused(kind, content, tmp_path):
    path = tmp_path / f"other.{kind}"
    path.write_bytes(content)
    read_error(KINDS[kind][1], path)


def test_an_archive_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "other.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no model")
    assert "cannot be read: " in read_error(read_pt, path)


@BOTH
def test_a_folder_is_refused(kind, tmp_path):
    read_error(KINDS[kind][1], tmp_path)


class Trap:
    """Runs code when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("save", [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o, 2))])
def test_code_in_a_pickle_is_never_run(save, tmp_path):
    path = tmp_path / "trap.pt"
    save({"model": Trap(tmp_path / "sprung")}, path)
    message = read_error(read_pt, path)
    assert "contains more than tensors and plain values" in message
    assert "save model.state_dict() instead" in message
    assert not (tmp_path / "sprung").exists()


def test_a_pickled_module_is_refused_by_its_class(tmp_path):
    torch.save(torch.nn.Linear(1, 1), tmp_path / "module.pt")
    assert "torch.nn.modules.linear.Linear" in read_error(read_pt, tmp_path / "module.pt")


def test_arrays_that_do_not_fit_the_cfg_are_named():
    model = small_model()
    state = dict(model.network.state_dict())
    state["layers.0.convolution.extra"] = torch.ones(1)
    del state["layers.1.convolution.biases"]
    state["layers.1.convolution.weights"] = torch.ones(2, 8, 1, 1)
    before = {key: value.clone() for key, value in model.network.state_dict().items()}
    with pytest.raises(WeightsError) as caught:
        load_state(model.network, state, "model.pt")
    assert str(caught.value) == (
        "model.pt: 3 arrays of the state_dict do not fit the cfg: got "
        "layers.0.convolution.extra is not in the cfg's network; "
        "layers.1.convolution.biases is missing; "
        "layers.1.convolution.weights is [2, 8, 1, 1], the cfg says [14, 8, 1, 1]; "
        "give the --cfg that it belongs to"
    )
    assert_equal(model.network.state_dict(), before)


def test_without_safetensors_the_package_and_its_extra_are_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    expected = r"needs the package safetensors.*pip install safetensors"
    with pytest.raises(UsageError, match=expected):
        write_safetensors(small_model(), io.BytesIO())
    with pytest.raises(UsageError, match=expected):
        read_safetensors(tmp_path / "a.safetensors")


def test_safetensors_keeps_the_metadata_under_its_own_key(saved):
    from safetensors import safe_open

    with safe_open(saved("safetensors", small_model()), framework="pt") as file:
        assert set(file.metadata()) == {"format", METADATA_KEY}

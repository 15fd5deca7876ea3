"""Weight files, state_dicts and checkpoints are read to models."""

import pytest
import torch

from darknet_torch.errors import UsageError, WeightsError
from darknet_torch.loading.model import decode_cfg
from darknet_torch.loading.readers import (
    ModelSource,
    find_reader,
    read_state,
    read_weight_file,
)
from darknet_torch.loading.state_files import write_pt, write_safetensors
from tests.conversion.small_models import small_model, write_model


def assert_same_arrays(model, expected):
    found, wanted = model.network.state_dict(), expected.network.state_dict()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


@pytest.fixture(params=["pt", "safetensors"])
def state_file(request, tmp_path):
    """A model, and a file of it with metadata."""
    model = small_model()
    write = {"pt": write_pt, "safetensors": write_safetensors}[request.param]
    path = tmp_path / f"model.{request.param}"
    with path.open("wb") as file:
        write(model, file)
    return model, path


def test_a_weight_file_is_read_with_the_cfg_next_to_it(tmp_path):
    cfg, weights = write_model(tmp_path)
    model = read_weight_file(ModelSource(weights, names=("a", "b")))
    assert (model.names, model.layers, model.weight_file) == (("a", "b"), None, weights)
    assert (model.origin, model.cfg_file) == (str(weights), str(cfg))
    assert model.cfg == decode_cfg(cfg.read_bytes())


def test_a_partial_weight_file_says_how_many_layers_it_has(tmp_path):
    _, weights = write_model(tmp_path, cutoff=1)
    assert read_weight_file(ModelSource(weights)).layers == 1


def test_the_width_and_height_given_replace_those_of_the_cfg(tmp_path):
    _, weights = write_model(tmp_path)
    net = read_weight_file(ModelSource(weights, width=64, height=96)).network.net
    assert (net.width, net.height) == (64, 96)


def test_a_weight_file_without_a_cfg_is_refused(tmp_path):
    cfg, weights = write_model(tmp_path)
    cfg.unlink()
    with pytest.raises(UsageError):
        read_weight_file(ModelSource(weights))


def test_a_file_with_metadata_gives_the_same_model(state_file):
    expected, path = state_file
    model = read_state(ModelSource(path))
    assert (model.cfg, model.names, model.layers) == (
        expected.cfg,
        expected.names,
        expected.layers,
    )
    assert model.network.header == expected.network.header
    assert model.network.dialect == expected.network.dialect
    assert model.weight_file is None
    assert_same_arrays(model, expected)


def test_given_names_replace_those_of_the_metadata(state_file):
    _, path = state_file
    assert read_state(ModelSource(path, names=("x", "y"))).names == ("x", "y")


def test_a_given_dialect_must_be_that_of_the_metadata(state_file):
    _, path = state_file
    assert read_state(ModelSource(path, dialect="pjreddie")).network.dialect.name == "pjreddie"
    with pytest.raises(UsageError) as caught:
        read_state(ModelSource(path, dialect="alexeyab-cuda"))
    assert str(caught.value) == (
        f"{path}: contains a model of another dialect: expected pjreddie, got --dialect "
        "alexeyab-cuda; leave out --dialect; to rewrite the model, give --dialect-to "
        "alexeyab-cuda"
    )


def test_a_state_dict_without_metadata_needs_the_cfg(tmp_path):
    cfg, weights = write_model(tmp_path)
    expected = read_weight_file(ModelSource(weights))
    path = tmp_path / "other.pt"
    torch.save(dict(expected.network.state_dict()), path)
    model = read_state(ModelSource(path, cfg=cfg))
    assert (model.names, model.layers, model.origin) == ((), None, str(path))
    assert_same_arrays(model, expected)
    with pytest.raises(UsageError):
        read_state(ModelSource(path))


def test_an_unknown_checkpoint_is_refused(tmp_path):
    cfg, _ = write_model(tmp_path)
    path = tmp_path / "other.pt"
    torch.save({"strange.key": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match=r"other\.pt"):
        read_state(ModelSource(path, cfg=cfg))


@pytest.mark.parametrize(
    ("name", "start", "reader"),
    [
        ("a.weights", b"\0\0\0\0", read_weight_file),
        ("a.weights", b"PK\x03\x04", read_state),
        ("a.ckpt", b"\x80\x02", read_state),
        ("a.pt", b"anything", read_state),
        ("a.safetensors", b"\x80\0\0\0", read_state),
    ],
)
def test_the_reader_follows_from_suffix_and_first_bytes(name, start, reader, tmp_path):
    (tmp_path / name).write_bytes(start)
    assert find_reader(tmp_path / name) is reader

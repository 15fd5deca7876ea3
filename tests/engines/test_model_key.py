"""Keys of models: whatever changes what a model computes changes its key."""

import pytest

from darknet_torch.engines.model_key import find_model_key

TREE = "animal -1\ndog 0\n"
CFG = "[net]\nwidth=8\n[softmax]\ntree=own.tree\n"


@pytest.fixture
def files(tmp_path):
    """A cfg, weights, and a tree that the cfg names."""
    (tmp_path / "own.cfg").write_text(CFG)
    (tmp_path / "own.weights").write_bytes(b"weights")
    (tmp_path / "own.tree").write_text(TREE)
    return tmp_path


def key(folder, **changed):
    options = {"width": None, "height": None, "dialect": "alexeyab", "strict": True}
    given = {"precision": "float32"} | options | changed
    memory = folder / "hashes.json"
    return find_model_key(folder / "own.cfg", folder / "own.weights", memory=memory, **given)


def digest(found):
    return found.key("openvino", "1", "machine")


@pytest.mark.parametrize(
    ("name", "content"),
    [("own.cfg", CFG + "#\n"), ("own.weights", "Weights"), ("own.tree", TREE + "cat 0\n")],
)
def test_the_content_of_every_file_counts(files, name, content):
    before = key(files)
    (files / name).write_text(content)
    assert key(files) != before
    assert digest(key(files)) != digest(before)


def test_the_place_of_the_files_does_not_count(files, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "moved"
    before = key(files)
    files.rename(other)
    assert digest(key(other)) == digest(before)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("width", 64),
        ("height", 64),
        ("dialect", "pjreddie"),
        ("strict", False),
        ("precision", "int8"),
    ],
)
def test_how_the_network_is_built_counts(files, option, value):
    assert digest(key(files, **{option: value})) != digest(key(files))


def test_engine_version_and_machine_count(files):
    found = key(files)
    keys = [found.key("openvino", "1", "a"), found.key("openvino", "2", "a")]
    keys += [found.key("onnxruntime", "1", "a"), found.key("openvino", "1", "b")]
    keys += [found.speeds_key("a"), found.speeds_key("b")]
    assert len(set(keys)) == len(keys)


def test_a_file_that_cannot_be_read_has_no_key(files):
    (files / "own.weights").unlink()
    assert key(files) is None


def test_a_cfg_that_is_none_has_no_key(files):
    (files / "own.cfg").write_bytes(b"\0\1\2")
    assert key(files) is None


def test_the_label_begins_with_the_name(files):
    assert key(files).label == "own float32"
    assert key(files, width=64, height=32).label == "own 64x32 float32"

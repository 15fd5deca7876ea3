"""Text files in the encodings that Windows programs write."""

from pathlib import Path

import pytest

from darknet_torch.cfg.grammar import Location, read_cfg, read_cfg_text
from darknet_torch.cfg.named_files import NamedFiles
from darknet_torch.cfg.tree import read_tree
from darknet_torch.cfg.zoo import read_names
from darknet_torch.datasets.darknet import read_labels
from darknet_torch.datasets.opening import open_dataset
from darknet_torch.media.sources import find_sources
from tests.cli.command import dtorch
from tests.reports.tiny_data import CFG, write_data_set, write_lists

ENCODINGS = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A working folder with obj.data, whose lists and names are in the folder obj."""
    monkeypatch.chdir(tmp_path)
    write_lists(Path("obj"), write_data_set(Path("obj")))
    Path("obj.data").write_text(
        "classes=2\ntrain=obj/train.txt\nvalid=obj/valid.txt\nnames=obj/obj.names\nbackup=out\n"
    )
    return Path("obj.data")


def recode(encoding, *paths):
    for path in map(Path, paths):
        path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_data_set_of_any_encoding_is_read(data, encoding):
    """AlexeyAB/darknet 1186: a list that Notepad or PowerShell saved as UTF-16."""
    expected = open_dataset(data)
    recode(encoding, data, "obj/train.txt", "obj/obj.names", *Path("obj").glob("???.txt"))
    found = open_dataset(data)
    assert [item.path for item in found.examples] == [item.path for item in expected.examples]
    assert found.names == ("circle", "square")
    assert [len(item.labels) for item in found.examples] == [2]
    assert not found.problems


def test_every_command_reads_a_utf16_list(data):
    """AlexeyAB/darknet 1186: "embedded null byte" in six commands."""
    recode("utf-16", "obj/train.txt", "obj/valid.txt")
    for words, status in (
        (["dataset", "check", "--data", data], 0),
        (["dataset", "stats", "--data", data], 0),
        (["dataset", "convert", "--data", data, "--to", "coco", "--out", "coco"], 0),
        (["kmeans", "--data", data, "-k", 1, "--width", 32, "--height", 32], 0),
        (["check", data], 0),
        (["new", "tiny.cfg", "--data", data, "--out", "new.cfg"], 0),
    ):
        result = dtorch(*words)
        assert result.exit_code == status, (words, result.output)
    assert [source.name for source in find_sources(["obj/valid.txt"])] == ["obj/two.png"]


def test_training_reads_a_utf16_list(data):
    """AlexeyAB/darknet 1186, with `train`."""
    recode("utf-16", "obj/train.txt", "obj/obj.names", data, "tiny.cfg")
    result = dtorch("train", "--cfg", "tiny.cfg", "--data", data, "--workers", 0)
    assert result.exit_code == 0, result.stderr
    assert list(Path("out").glob("*.weights"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_a_cfg_of_any_encoding_is_loaded(tmp_path, encoding):
    """AlexeyAB/darknet 1186: a cfg that Notepad saved as UTF-16."""
    path = tmp_path / "x.cfg"
    path.write_bytes(CFG.encode(encoding))
    assert [section.name for section in read_cfg(path)] == ["net", "convolutional", "yolo"]


def test_other_bytes_of_a_cfg_keep_their_characters(tmp_path):
    """An edited cfg keeps every other byte, so each byte stays one character."""
    path = tmp_path / "x.cfg"
    data = b"[net]\r\n# caf\xe9 \xc3\xa9 \x80\n"
    path.write_bytes(data)
    assert read_cfg_text(path).encode("latin-1") == data


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_names_are_utf8_or_else_latin1(tmp_path, encoding):
    path = tmp_path / "x.names"
    path.write_bytes("chien\ngar\u00e7on\n".encode(encoding))
    assert read_names(path) == ["chien", "gar\u00e7on"]


def test_trees_maps_and_labels_are_read_as_utf16(tmp_path):
    for name, text in (("x.tree", "a -1\nb 0\n"), ("x.map", "1\n0\n"), ("x.txt", "0 1 1 1 1\n")):
        (tmp_path / name).write_bytes(text.encode("utf-16"))
    assert read_tree(tmp_path / "x.tree").names == ("a", "b")
    files = NamedFiles(find=lambda name, cfg: tmp_path / name)
    assert files.read_class_map(
        "x.map", section="yolo", where=Location("x.cfg", 1), classes=2
    ) == (1, 0)
    labels, problems = read_labels(tmp_path / "x.txt")
    assert (len(labels), problems) == (1, [])

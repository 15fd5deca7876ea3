import re
import warnings
from pathlib import Path

import pytest

from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE
from darknet_torch.cfg.grammar import read_cfg
from darknet_torch.cfg.zoo import (
    BUNDLED_MODEL,
    companion,
    find_cfg,
    find_named_file,
    read_names,
    sample_folder,
    shipped,
)
from darknet_torch.errors import CfgError, CfgNote, NamesError
from darknet_torch.model.network import build_network

COCO = "yolov2 yolov3 yolov3-tiny yolov3-spp yolov4 yolov4-tiny yolov4-csp yolov7-tiny".split()
PJREDDIES = ("resnet18", "resnet50")  # their shortcuts have strides
HEADER = 20


def build(path):
    dialect = PJREDDIE if path.stem in PJREDDIES else ALEXEYAB
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", CfgNote)  # activation extensions in MobileNetV3
        return build_network(read_cfg(path), dialect=dialect, initialize=False)


@pytest.fixture(autouse=True)
def work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", shipped(".cfg").values(), ids=shipped(".cfg"))
def test_every_shipped_definition_builds_without_a_warning(path):
    network = build(path)
    assert len(network.layers) == len(read_cfg(path)) - 1
    assert {parameter.device.type for parameter in network.parameters()} == {"cpu"}


@pytest.mark.parametrize("path", shipped(".cfg").values(), ids=shipped(".cfg"))
def test_the_sizes_in_the_comments_of_a_definition_are_right(path):
    network, text = build(path), path.read_text()
    size = HEADER + 4 * sum(slot.tensor.numel() for _, slot in network.slots())
    assert re.findall(r"^# Weights: .*?([\d,]+) bytes\.$", text, re.MULTILINE) == [f"{size:,}"]
    shapes = [layer.output_shape for layer in network.layers]
    assert re.findall(r"^# (\d+: \d+ x \d+ x \d+)", text, re.MULTILINE) == [
        f"{index}: {shape.channels} x {shape.height} x {shape.width}"
        for index, shape in enumerate(shapes)
    ]


def test_the_bundled_model_builds_without_a_warning():
    assert build(sample_folder() / f"{BUNDLED_MODEL}.cfg").heads


@pytest.mark.parametrize("name", COCO)
def test_the_heads_of_the_coco_models_have_80_classes(name):
    assert {head.classes for head in build(find_cfg(name)).heads} == {80}


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [("coco", 80, "person", "toothbrush"), ("voc", 20, "aeroplane", "tvmonitor")],
)
def test_the_shipped_names_are_complete(name, count, first, last):
    names = read_names(name)
    assert (len(names), names[0], names[-1]) == (count, first, last)
    assert len(set(names)) == count
    assert read_names(f"{name}.names") == names


@pytest.mark.parametrize("name", ["yolov3-tiny", "yolov3-tiny.cfg", Path("yolov3-tiny")])
def test_a_definition_is_found_by_its_name(name):
    assert find_cfg(name) == shipped(".cfg")["yolov3-tiny"]


def test_an_existing_file_comes_before_a_shipped_name(tmp_path):
    (tmp_path / "yolov3.cfg").touch()
    assert find_cfg("yolov3.cfg") == Path("yolov3.cfg")


def test_an_unknown_name_is_refused_with_the_nearest_name():
    with pytest.raises(CfgError) as caught:
        find_cfg("yolov3-tinny")
    assert str(caught.value) == (
        "yolov3-tinny: no such cfg file, nor a shipped definition of that name; did you mean "
        f"'yolov3-tiny'? dtorch info --list names all {len(shipped('.cfg'))}"
    )


def test_a_name_similar_to_none_is_refused_with_how_to_list_them():
    with pytest.raises(CfgError) as caught:
        find_cfg("zzz")
    assert str(caught.value) == (
        "zzz: no such cfg file, nor a shipped definition of that name; "
        f"dtorch info --list names all {len(shipped('.cfg'))}"
    )


def test_a_path_into_another_folder_is_not_taken_for_a_name():
    with pytest.raises(CfgError, match=r"gone/yolov3\.cfg: no such cfg file"):
        find_cfg("gone/yolov3.cfg")


def test_names_are_lines_without_their_white_space(tmp_path):
    file = tmp_path / "toy.names"
    file.write_bytes("  traffic light \r\n\r\ncafé\n\n\n".encode())
    assert read_names(file) == ["traffic light", "", "café"]


def test_a_byte_order_mark_is_skipped(tmp_path):
    file = tmp_path / "toy.names"
    file.write_bytes(b"\xef\xbb\xbfperson\nbicycle\n")
    assert read_names(file) == ["person", "bicycle"]


def test_a_missing_names_file_is_reported_with_the_shipped_lists():
    with pytest.raises(NamesError) as caught:
        read_names("gone.names")
    assert "gone.names: no such names file" in str(caught.value)
    assert "coco, voc" in str(caught.value)


def test_a_file_that_a_cfg_names_is_found_in_the_working_folder_next_to_it_or_shipped(
    tmp_path,
):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    cfg = str(folder / "tiny.cfg")
    assert find_named_file("gone.tree", cfg) is None
    assert find_named_file("data/9k.tree", cfg) == shipped(".tree")["9k"]
    (folder / "9k.tree").touch()
    assert find_named_file("9k.tree", cfg) == folder / "9k.tree"
    (tmp_path / "9k.tree").touch()
    assert find_named_file("9k.tree", cfg) == Path("9k.tree")


@pytest.mark.parametrize(
    ("name", "cfg"),
    [
        ("yolov3.weights", "yolov3.cfg"),
        ("darknet53.conv.74", "darknet53.cfg"),
        ("yolo-fastest-1.1.weights", "yolo-fastest-1.1.cfg"),
        ("a.conv.b.weights", "a.conv.b.cfg"),
    ],
)
def test_the_files_of_a_model_share_its_name(name, cfg, tmp_path):
    assert companion(tmp_path / name, ".cfg") == tmp_path / cfg


@pytest.mark.parametrize(("path", "found"), [("/", "/.cfg"), (".", ".cfg"), ("a/b.pt", "a/b.cfg")])
def test_a_companion_of_a_path_without_a_name_is_a_path(path, found):
    assert companion(Path(path), ".cfg") == Path(found)

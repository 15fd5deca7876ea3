"""Files that a cfg names are found through one object, which may be replaced."""

import pytest

from darknet_torch.cfg.grammar import Location, parse_cfg
from darknet_torch.cfg.named_files import NamedFiles
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network

WHERE = Location("some.cfg", 7)


def files(path):
    """An object that finds `path` under any name."""
    return NamedFiles(find=lambda name, cfg: path)


def read_class_map(path, classes=3):
    return files(path).read_class_map("of.map", section="yolo", where=WHERE, classes=classes)


def test_a_class_map_has_one_id_per_line(tmp_path):
    (tmp_path / "of.map").write_text("2\n0\n0\n")
    assert read_class_map(tmp_path / "of.map") == (2, 0, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1\ntwo\n", r"some.cfg:7: \[yolo\] map=of.map must hold numbers only"),
        ("0\n3\n", r"map=of.map does not fit classes: expected ids from 0 to 2"),
        ("-1\n", "does not fit classes"),
        ("", "does not fit classes"),
    ],
)
def test_a_class_map_with_other_content_is_refused(tmp_path, content, message):
    (tmp_path / "of.map").write_text(content)
    with pytest.raises(CfgError, match=message):
        read_class_map(tmp_path / "of.map")


def test_a_missing_class_map_is_reported():
    with pytest.raises(CfgError) as caught:
        read_class_map(None)
    assert str(caught.value) == (
        "some.cfg:7: [yolo] map=of.map is not there: expected a file with one class id per line "
        "in the working folder, next to the cfg or among the shipped ones, got none; "
        "put the map file next to the cfg"
    )


def test_a_missing_tree_is_reported():
    with pytest.raises(CfgError) as caught:
        files(None).read_tree("of.tree", section="softmax", where=WHERE, classes=3)
    assert str(caught.value) == (
        "some.cfg:7: [softmax] tree=of.tree is not there: expected a file in the working folder, "
        "next to the cfg or among the shipped ones, got none; put the tree file next to the cfg"
    )


def test_a_tree_of_another_number_of_classes_is_refused(tmp_path):
    (tmp_path / "of.tree").write_text("animal -1\ndog 0\n")
    with pytest.raises(CfgError, match="does not fit the layer: expected 3 classes, got 2 in"):
        files(tmp_path / "of.tree").read_tree("of.tree", section="softmax", where=WHERE, classes=3)


def test_layers_read_files_through_the_object_given_to_build_network(tmp_path):
    (tmp_path / "elsewhere").write_text("animal -1\ndog 0\ncat 0\n")
    sections = parse_cfg("[net]\ninputs=3\n[softmax]\ntree=of.tree\n")
    network = build_network(sections, files=files(tmp_path / "elsewhere"))
    assert network.layers[0].tree.tree.names == ("animal", "dog", "cat")


def test_a_class_map_is_not_read_before_it_is_used():
    cfg = "[net]\nwidth=32\nheight=32\nchannels=3\n[convolutional]\nfilters=7\n"
    network = build_network(parse_cfg(cfg + "[yolo]\nclasses=2\nmap=no.map\nanchors=1,2\n"))
    with pytest.raises(CfgError, match=r"\[yolo\] map=no.map is not there"):
        _ = network.heads[0].class_map

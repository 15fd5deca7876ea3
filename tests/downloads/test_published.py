"""The table of published files agrees with the shipped definitions."""

import re
import warnings

import pytest

from darknet_torch.cfg.grammar import read_cfg
from darknet_torch.cfg.zoo import shipped
from darknet_torch.downloads.published import (
    PUBLISHED,
    find_published,
    nearest_name,
    published_by_name,
    usual_start,
)
from darknet_torch.errors import UsageError
from darknet_torch.model.network import build_network

HEADER = 20
DEFINITIONS = {"darknet19_448": "darknet19", "yolo-voc": "yolov2-voc"}  # with another name
UNCONFIRMED = {
    "yolo9000.weights",
    "yolov3-openimages.weights",
    "yolov4-p6.weights",
    "yolov7x.weights",
}


def definition(published):
    stem = re.sub(r"\.(weights|conv\.\d+)$", "", published.name)
    return DEFINITIONS.get(stem, stem)


KNOWN = [entry for entry in PUBLISHED if definition(entry) in shipped(".cfg")]


@pytest.mark.parametrize("published", KNOWN, ids=lambda entry: entry.name)
def test_the_size_follows_from_the_definition(published):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sections = read_cfg(shipped(".cfg")[definition(published)])
        network = build_network(sections, initialize=False)
    cut = re.search(r"\.conv\.(\d+)$", published.name)
    last = int(cut[1]) if cut else len(network.layers)
    slots = (slot for layer in network.layers[:last] for slot in layer.weight_slots())
    assert HEADER + 4 * sum(slot.tensor.numel() for slot in slots) == published.size


def test_the_sizes_without_a_definition_are_these():
    confirmed = {entry.name for entry in KNOWN}
    assert {entry.name for entry in PUBLISHED} - confirmed == UNCONFIRMED


def test_names_are_unique():
    names = [name for entry in PUBLISHED for name in entry.names]
    assert len(names) == len(set(names))


def test_every_file_has_a_server_or_is_cut_from_a_file_that_has_one():
    for entry in PUBLISHED:
        assert bool(entry.servers) != bool(entry.part_of)
        assert not entry.part_of or find_published(entry.part_of).servers
        assert all(url.startswith("https://") for url in entry.urls())


def test_the_training_of_a_definition_starts_from_one_file():
    starts = [definition for entry in PUBLISHED for definition in entry.starts]
    assert len(starts) == len(set(starts))
    assert set(starts) <= set(shipped(".cfg"))
    assert usual_start("yolov3-spp") == find_published("darknet53.conv.74")
    assert usual_start("yolov2-tiny") is None


def test_digests_have_the_length_of_their_kind():
    lengths = {"md5": 32, "sha1": 40, "sha256": 64}
    for digest in (digest for entry in PUBLISHED for digest in entry.digests):
        kind, _, value = digest.partition(":")
        assert re.fullmatch(f"[0-9a-f]{{{lengths[kind]}}}", value), digest


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("yolov3", "yolov3.weights"),
        ("yolov3.weights", "yolov3.weights"),
        ("darknet53.conv.74", "darknet53.conv.74"),
        ("yolov2-voc", "yolo-voc.weights"),
    ],
)
def test_a_file_is_found_by_several_names(name, file):
    assert find_published(name).name == file


def test_an_unknown_name_is_refused_with_the_nearest():
    assert published_by_name("yolov3-tinny") is None
    with pytest.raises(UsageError) as caught:
        find_published("yolov3-tinny")
    assert str(caught.value).startswith("yolov3-tinny: no published weight file of that name")
    assert "did you mean 'yolov3-tiny'? dtorch download --list" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("yolo4", "yolov4"),
        ("YOLOv3-Tiny", "yolov3-tiny"),
        ("darknet53.conv.75", "darknet53.conv.74"),
        ("yolov4.weight", "yolov4.weights"),
        ("custom.weights", None),
        ("yolov8.weights", None),
        ("yolov4-tiny-obj.weights", None),
        ("model.weights", None),
        ("best.weights", None),
    ],
)
def test_only_what_is_near_is_suggested(name, near):
    assert nearest_name(name) == near


def test_mirrors_replace_the_servers(monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", "http://one/a/  https://two")
    urls = find_published("yolov3").urls()
    assert urls == ["http://one/a/yolov3.weights", "https://two/yolov3.weights"]

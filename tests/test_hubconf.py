"""The entry points of torch.hub, called through torch.hub."""

from pathlib import Path

import pytest
import torch

import hubconf
from darknet_torch.inference.detector import Detector
from darknet_torch.loading.load import load
from darknet_torch.model.network import Network
from tests.downloads.server import good
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS

ROOT = str(Path(__file__).resolve().parents[1])


def hub(entry, *arguments, **options):
    return torch.hub.load(ROOT, entry, *arguments, source="local", **options)


def test_torch_hub_lists_only_the_entry_points():
    public = {name: value for name, value in vars(hubconf).items() if not name.startswith("_")}
    assert sorted(name for name, value in public.items() if callable(value)) == [
        "darknet",
        "detector",
    ]


def test_darknet_returns_the_network_of_load():
    network = hub("darknet", CFG, WEIGHTS, width=96, height=64)
    assert isinstance(network, Network)
    image = torch.rand(1, 3, 64, 96)
    for ours, expected in zip(network(image), load(CFG, WEIGHTS)(image), strict=True):
        assert ours.equal(expected)


def test_a_detector_finds_the_shapes_of_the_picture():
    detector = hub("detector", CFG, WEIGHTS, names=NAMES, threshold=0.94, device="cpu")
    assert isinstance(detector, Detector)
    found = detector(PICTURE)
    assert [found.name(kind) for kind in found.class_ids] == ["circle", "square", "triangle"]


@pytest.mark.parametrize("words", [(CFG, "toy"), ("toy",)], ids=["by weights", "by cfg"])
def test_published_weights_are_downloaded_if_pretrained(words, server, toy, monkeypatch, tmp_path):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[good]))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy").write_bytes(CFG.read_bytes())
    network = hub("darknet", *words, pretrained=True)
    assert len(server.requests) == 1
    expected = load(CFG, WEIGHTS).state_dict()
    assert all(array.equal(expected[name]) for name, array in network.state_dict().items())

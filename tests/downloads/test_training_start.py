"""The weights from which a training usually starts."""

from pathlib import Path

import pytest

from darknet_torch.cfg.zoo import shipped
from darknet_torch.downloads.published import find_published
from darknet_torch.downloads.training_start import find_training_start


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", shipped(".cfg"))
def test_every_command_names_what_is_published_or_what_the_one_before_makes(name):
    start = find_training_start(name, 5)
    there = set()
    for program, command, *words in start.commands:
        assert program == "dtorch"
        if command == "download":
            there |= {find_published(word).name for word in words}
        else:
            cfg, weights, part, layers = words
            assert (command, cfg, layers) == ("partial", name, "5")
            assert weights in there
            there.add(part)
    assert start.weights in there if start.weights else "random numbers" in start.note


def test_a_published_file_that_is_there_is_not_fetched(cache):
    cache.mkdir()
    (cache / "yolov2-tiny.weights").touch()
    part = "yolov2-tiny.conv.14"
    cut = ["dtorch", "partial", "yolov2-tiny", "yolov2-tiny.weights", part, "14"]
    start = find_training_start("yolov2-tiny", 14)
    assert (start.weights, list(start.commands)) == (part, [cut])


def test_a_cfg_of_ones_own_uses_the_weights_next_to_it(folder):
    Path("own.cfg").touch()
    assert find_training_start("own.cfg", 3).weights is None
    Path("own.weights").touch()
    start = find_training_start("own.cfg", 3)
    assert start.commands == [["dtorch", "partial", "own.cfg", "own.weights", "own.conv.3", "3"]]


def test_the_way_from_torchvisions_checkpoint_is_named():
    start = find_training_start("yolov3-mobilenetv3-large", 5)
    assert start.weights is None
    command = "dtorch convert mobilenet_v3_large.pth yolov3-mobilenetv3-large.weights"
    assert command in start.note
    Path("yolov3-mobilenetv3-large.weights").touch()
    assert find_training_start("yolov3-mobilenetv3-large", 5).weights.endswith(".conv.5")

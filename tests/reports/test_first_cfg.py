"""What people try first with `dtorch new`, and the commands that lead on from there."""

import re
import shlex

import pytest

from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import darknet

SMALL = "\n".join(f"{i % 2} .5 .5 {0.05 + i / 100} {0.04 + i / 150}" for i in range(12))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_anchors_that_do_not_fit_and_a_validation_split_lead_to_commands(folder):
    """new kept COCO's anchors, and said neither kmeans nor --map."""
    darknet(folder, [SMALL])
    darknet(folder, [SMALL], "valid")
    lines = dtorch("new", "yolov4-tiny", "--data", "toy.data").stdout.splitlines()
    cfg = "yolov4-tiny-2classes.cfg"
    note, kmeans, _, train = lines[-4:]
    advised = re.search(r"; (\d+) anchors computed for these boxes reach ([\d.]+)%", note)
    assert kmeans == f"next: dtorch kmeans --cfg {cfg} --data toy.data --write {cfg}"
    assert train == (
        f"next: dtorch train --cfg {cfg} --data toy.data --map --weights yolov4-tiny.conv.29"
    )
    found = dtorch(*shlex.split(kmeans)[2:])
    assert found.exit_code == 0
    assert found.stdout.splitlines()[-1].count(",") == 2 * int(advised[1]) - 1
    assert round(float(re.search(r"([\d.]+) %", found.stdout)[1]), 1) == float(advised[2])


def test_sizes_that_the_stride_does_not_divide_are_named(folder):
    """A width of 100 was an error of a [route] that joins layers of different heights."""
    result = dtorch("new", "yolov4-tiny", "--classes", 2, "--width", 100)
    assert result.exit_code == 2
    assert "multiples of 32, the network's stride, such as 96 or 128, got width=100" in (
        result.stderr
    )
    assert not list(folder.iterdir())


def test_without_a_base_there_is_an_example():
    """new --data rf: a missing argument was named, but not what it may be."""
    result = dtorch("new", "--data", "my set.data")
    assert result.exit_code == 2
    assert "no cfg to start from: expected BASE" in result.stderr
    assert "such as dtorch new yolov4-tiny --data 'my set.data'; dtorch info" in result.stderr


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("yolo-fastest", "did you mean 'yolo-fastest-1.1'? dtorch info --list"),
        ("yolov8n", "of that name; dtorch info --list names all"),
    ],
)
def test_near_names_of_definitions_are_suggested(name, fix):
    """yolo-fastest is shipped with its version in the name."""
    assert fix in dtorch("new", name, "--classes", 2).stderr

"""`dtorch detector calc_anchors`."""

import pytest

from darknet_torch.anchors.kmeans import cluster
from tests.cli.box_data import boxes, write_box_data
from tests.cli.command import dtorch


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with toy.data and toy.cfg."""
    monkeypatch.chdir(tmp_path)
    write_box_data(tmp_path)
    return tmp_path


def test_calc_anchors_writes_what_darknet_writes(folder):
    pytest.importorskip("matplotlib")
    words = "calc_anchors toy.data -num_of_clusters 3 -width 64 -height 32 -show"
    result = dtorch("detector", *words.split())
    assert result.exit_code == 0, result.stderr
    anchors = cluster(boxes(), 3)
    text = ", ".join(f"{width:3.0f},{height:3.0f}" for width, height in anchors)
    assert (folder / "anchors.txt").read_text() == text
    assert (folder / "counters_per_class.txt").read_text() == "counters_per_class = 30, 30"
    assert (folder / "cloud.png").read_bytes().startswith(b"\x89PNG")
    lines = result.stdout.splitlines()
    assert " num_of_clusters = 3, width = 64, height = 32 " in lines
    assert " read labels from 6 images " in lines
    assert any(line.startswith(" avg IoU = ") and line.endswith(" % ") for line in lines)
    assert lines[-1] == f"anchors = {text}"


def test_calc_anchors_makes_five_anchors_by_default(folder):
    dtorch("detector", "calc_anchors", "toy.data", "-width", 64, "-height", 32)
    assert (folder / "anchors.txt").read_text().count(",") == 9
    assert not (folder / "cloud.png").exists()


def test_calc_anchors_needs_a_size(folder):
    result = dtorch("detector", "calc_anchors", "toy.data")
    assert result.exit_code == 2
    assert "-width" in result.stderr

"""The scenes as a data set."""

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from darknet_torch.errors import UsageError
from tools.draw_scenes import main
from tools.drawn.classes import CLASSES
from tools.scenes.data_set import draw_scenes

PICTURE = np.random.RandomState(0).randint(0, 255, (12, 16, 3)).astype(np.uint8)
SCENES = (("dots", lambda: (PICTURE, np.array([[3, 0.25, 0.5, 0.75, 1.0]]))),)


def test_a_scene_is_stored_without_loss_with_darknets_labels(tmp_path):
    data = draw_scenes(tmp_path / "new", SCENES)
    assert (cv2.imread(str(tmp_path / "new" / "dots.png")) == PICTURE).all()
    labels = (tmp_path / "new" / "dots.txt").read_text()
    assert labels == "3 0.500000 0.750000 0.500000 0.500000\n"
    options = dict(line.split(" = ") for line in data.read_text().splitlines())
    assert options["classes"] == "18"
    assert (data.parent / options["names"]).read_text().split() == list(CLASSES)
    assert (data.parent / options["valid"]).read_text() == "dots.png\n"
    draw_scenes(tmp_path / "new", SCENES)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    kept = tmp_path / "photo.txt"
    kept.write_text("mine")
    result = CliRunner().invoke(main, [str(tmp_path)])
    assert result.exit_code == 1
    for part in (str(tmp_path), "expected an empty folder", "name a new folder"):
        assert part in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["photo.txt"]
    assert kept.read_text() == "mine"


def test_other_scenes_do_not_replace_those_of_a_folder(tmp_path):
    draw_scenes(tmp_path / "new", SCENES)
    with pytest.raises(UsageError, match="other settings"):
        draw_scenes(tmp_path / "new", (("other", SCENES[0][1]),))
    assert not (tmp_path / "new" / "other.png").exists()

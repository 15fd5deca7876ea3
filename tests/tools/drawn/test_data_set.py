"""Drawn pictures on disk."""

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from darknet_torch.errors import UsageError
from tools.draw_dataset import main
from tools.drawn import CLASSES
from tools.drawn.data_set import Settings, draw_data_set, label_line

SMALL = Settings(train=3, valid=2, seed=5, side=64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("drawn") / "set"
    draw_data_set(made, SMALL)
    return made


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}


def test_the_lists_name_pictures_with_labels(folder):
    for name, count in (("train", 3), ("valid", 2)):
        lines = (folder / f"{name}.txt").read_text().split()
        assert len(lines) == count
        for line in lines:
            picture = cv2.imread(str(folder / line))
            assert max(picture.shape) == 64
            labels = np.loadtxt((folder / line).with_suffix(".txt"), ndmin=2)
            assert labels.shape[1] == 5
    assert (folder / "drawn.names").read_text().split() == list(CLASSES)


def test_a_line_has_centre_and_size():
    row = np.array([4, 0.25, 0.5, 0.75, 1.0])
    assert label_line(row) == "4 0.500000 0.750000 0.500000 0.500000"


def test_a_second_call_draws_what_is_missing_and_the_same(folder):
    before = contents(folder)
    (folder / "train" / "000001.jpg").unlink()
    draw_data_set(folder, SMALL)
    assert contents(folder) == before


def test_lists_and_seeds_have_other_pictures(folder):
    files = [path.read_bytes() for path in folder.rglob("*.jpg")]
    assert len(set(files)) == len(files) == 5


def test_the_command_prints_the_data_file(tmp_path):
    words = [str(tmp_path / "new"), "--train", "1", "--valid", "0", "--side", "64"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0
    assert result.output.split() == [str(tmp_path / "new" / "drawn.data")]


def test_other_settings_are_refused_and_nothing_changes(folder):
    before = contents(folder)
    with pytest.raises(UsageError) as caught:
        draw_data_set(folder, Settings(train=3, valid=2, seed=6, side=64))
    assert caught.value.where == folder
    assert "'seed': 6" in str(caught.value)
    assert "'seed': 5" in str(caught.value)
    assert "name a new folder" in caught.value.fix
    assert contents(folder) == before


def test_a_folder_of_another_program_is_refused(tmp_path):
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    result = CliRunner().invoke(main, [str(tmp_path)])
    assert result.exit_code == 1
    for part in (str(tmp_path), "is not a folder of drawn pictures", "expected an empty folder"):
        assert part in result.output
    assert contents(tmp_path) == {(tmp_path / "mine.jpg").relative_to(tmp_path): b"mine"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "set").write_text("mine")
    with pytest.raises(UsageError, match="is not a folder of drawn pictures"):
        draw_data_set(tmp_path / "set", SMALL)
    assert (tmp_path / "set").read_text() == "mine"

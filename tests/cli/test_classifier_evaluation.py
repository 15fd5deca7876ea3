"""The accuracy of a classifier, with `dtorch eval`."""

import json

import cv2
import numpy as np
import pytest

from tests.cli.colour_classifier import NAMES, write_model, write_pictures
from tests.cli.command import dtorch


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path)


@pytest.fixture
def data(tmp_path):
    return write_pictures(tmp_path)


def test_eval_evaluates_classifiers(model, data):
    result = dtorch("eval", "--cfg", model, "--data", data, "--format", "json", "--batch", "3")
    assert result.exit_code == 0, result.stderr
    content = json.loads(result.stdout)
    assert (content["top_1"], content["top_k"], content["top"]) == (0.4, 0.6, 2)
    assert (content["pictures"], content["unknown"]) == (5, 1)
    assert content["classes"][1]["top_1"] == 0


def test_a_folder_of_folders_is_evaluated(model, tmp_path):
    for name, colour in zip(NAMES, ((9, 0, 0), (0, 9, 0), (9, 0, 0)), strict=True):
        folder = tmp_path / "tree" / "val" / name
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "x.png"), np.full((5, 6, 3), colour, np.uint8))
    result = dtorch("eval", "--cfg", model, "--data", tmp_path / "tree", "--format", "json")
    assert result.exit_code == 0, result.stderr
    content = json.loads(result.stdout)
    assert content["pictures"] == 3
    assert content["top_1"] == pytest.approx(2 / 3)

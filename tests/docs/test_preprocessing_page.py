"""The commands of the page about preprocessing work, and its numbers are those of the code."""

import shlex

import cv2
import numpy as np
import pytest

from darknet_torch import load
from darknet_torch.cfg.preprocessing import (
    FILLS,
    IMAGENET_DEVIATION,
    IMAGENET_MEAN,
    NORMALIZATIONS,
)
from darknet_torch.media.fill import fill_colour
from tests.cli.command import dtorch
from tests.docs.pages import ROOT, commands
from tests.training.runs import DETECTOR, detector_data, written

PAGE = "docs/preprocessing.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A detector, pictures to train it on, and a wide photo."""
    monkeypatch.chdir(tmp_path)
    text = DETECTOR.replace("max_batches=6", "max_batches=1\nletter_box=1")
    written(tmp_path, text, "custom.cfg")
    (tmp_path / "custom.data").write_text(detector_data(tmp_path / "squares").read_text())
    cv2.imwrite("photo.jpg", np.full((20, 60, 3), 90, np.uint8))
    return tmp_path


def test_the_commands_work(folder):
    for command in commands(PAGE):
        program, *arguments = shlex.split(command)
        assert program == "dtorch"
        more = ["--workers", 0] if arguments[0] == "train" else []
        result = dtorch(*arguments, *more)
        assert result.exit_code == 0, f"{command}: {result.output}"
    assert "input: normalize=imagenet, fill=picture" in dtorch("info", "custom.pt").output
    assert load("custom.pt").net.normalize == "imagenet"
    assert "\nnormalize=" not in (folder / "custom.cfg").read_text()


def test_the_table_has_every_word_and_the_constants():
    page = (ROOT / PAGE).read_text()
    for key, words in (("normalize", NORMALIZATIONS), ("fill", FILLS)):
        for word in words:
            assert f"| `{key}={word}` |" in page
    for values in (IMAGENET_MEAN, IMAGENET_DEVIATION):
        assert ", ".join(map(str, values[:2])) in page
    (grey,) = fill_colour("imagenet", np.zeros((1, 1), np.uint8))
    assert f"its grey, {grey:.3f}" in page

"""The training of the toy model."""

import cv2
import numpy as np
from click.testing import CliRunner

from darknet_torch import load
from tests.toy.files import CFG, PICTURE, WEIGHTS
from tests.toy.make_toy import main, make_batch


def test_a_batch_has_the_truths_of_each_picture():
    images, truths = make_batch(np.random.RandomState(3), 4, 32)
    assert images.shape == (4, 3, 32, 32)
    assert 0 <= images.min() <= images.max() <= 1
    assert set(truths[:, 0].tolist()) == {0, 1, 2, 3}


def test_the_command_writes_the_picture_and_weights_that_were_trained(tmp_path):
    folder = tmp_path / "toy"
    result = CliRunner().invoke(main, ["--folder", str(folder), "--steps", "3"])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in folder.iterdir()) == [PICTURE.name, WEIGHTS.name]
    np.testing.assert_array_equal(cv2.imread(str(folder / PICTURE.name)), cv2.imread(str(PICTURE)))
    network = load(CFG, folder / WEIGHTS.name)
    assert network.header == load(CFG, WEIGHTS).header

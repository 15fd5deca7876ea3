"""What is written for TensorBoard."""

import sys

import numpy as np
import pytest

from darknet_torch.errors import UsageError
from darknet_torch.training.records.tensorboard import TensorBoard, check_tensorboard
from darknet_torch.training.setup import prepare
from tests.training.records.fake_loops import fake_loop, score
from tests.training.runs import changed


class Writer:
    """Keeps what it is given."""

    def __init__(self, folder, first):
        self.folder, self.first = folder, first
        self.scalars, self.histograms, self.images, self.is_closed = {}, {}, {}, False

    def add_scalar(self, name, value, step):
        self.scalars.setdefault(name, {})[step] = value

    def add_histogram(self, name, values, step):
        self.histograms.setdefault(name, {})[step] = np.asarray(values)

    def add_image(self, name, image, step, dataformats):
        assert dataformats == "HWC"
        self.images.setdefault(name, {})[step] = image

    def close(self):
        self.is_closed = True


@pytest.fixture
def written(plan, monkeypatch):
    """The writer of a whole training, and the training."""
    writers = []

    def make(folder, first):
        writers.append(Writer(folder, first))
        return writers[-1]

    monkeypatch.setattr(TensorBoard.__init__, "__defaults__", (make,))
    monkeypatch.setattr("darknet_torch.training.start_checks.check_tensorboard", lambda: None)
    training = prepare(changed(plan, tensorboard=True, map=True, map_every=3, save_last=0))
    training.run()
    return writers[0], training


def test_a_training_writes_scalars_histograms_and_pictures(written):
    writer, training = written
    assert writer.folder == training.plan.path("_tensorboard") and writer.first == 1
    for name in ("loss", "average_loss", "rate", "iou", "recall", "class_loss", "iou_loss"):
        assert list(writer.scalars[f"train/{name}"]) == [1, 2, 3, 4, 5, 6]
    losses = training.outcome().losses
    assert list(writer.scalars["train/loss"].values()) == list(losses)
    assert 6 in writer.scalars["valid/mAP@0.50"] and "valid/validation loss" in writer.scalars
    epochs = writer.scalars["epoch/loss"]  # 4 pictures of 6 in an iteration
    assert list(epochs) == [1, 2, 3, 4]
    each = [losses[:2], losses[2:3], losses[3:5], losses[5:]]  # up to what completes the epoch
    assert list(epochs.values()) == pytest.approx([np.mean(one) for one in each])
    assert set(writer.images) == {"batch_1", "batch_2", "batch_3", "predictions"}
    names = [name for name, _ in training.network.named_parameters()]
    assert set(writer.histograms) == {
        *(f"weights/{name}" for name in names),
        *(f"gradients/{name}" for name in names),
    }
    assert all(list(steps) == [1] for steps in writer.histograms.values())
    assert writer.is_closed


def test_pictures_are_rgb_and_few(tmp_path):
    board = TensorBoard(tmp_path, Writer)
    loop = fake_loop(board, max_batches=500)
    loop.events.on_start(loop)
    blue = np.zeros((2000, 10, 3), np.uint8)
    blue[..., 0] = 255
    for iteration in (100, 105, 109, 110):
        board.add_picture("predictions", blue, iteration)
    images = board._writer.images["predictions"]
    assert list(images) == [100, 110]
    assert images[100].shape == (1000, 5, 3) and images[100][0, 0].tolist() == [0, 0, 255]


def test_a_run_that_goes_on_replaces_what_comes_again(tmp_path):
    board = TensorBoard(tmp_path, Writer)
    loop = fake_loop(board, iteration=40)
    loop.events.on_start(loop)
    loop.events.on_evaluation(loop, score(0.5, F1=0.25))
    assert board._writer.first == 41
    assert board._writer.scalars == {"valid/mAP@0.50": {40: 0.5}, "valid/F1": {40: 0.25}}


def test_without_the_package_the_training_does_not_start(plan, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UsageError, match="needs the package tensorboard") as raised:
        prepare(changed(plan, tensorboard=True))
    assert raised.value.fix == "pip install tensorboard"
    assert not plan.path("_results.csv").exists()


def test_the_real_writer_writes_a_file(tmp_path):
    pytest.importorskip("tensorboard")
    check_tensorboard()
    board = TensorBoard(tmp_path / "board")
    loop = fake_loop(board)
    loop.events.on_start(loop)
    loop.events.on_evaluation(loop, score())
    board.add_picture("predictions", np.zeros((4, 4, 3), np.uint8), 1)
    loop.events.on_end(loop)
    assert not loop.log.warnings
    assert sum(path.stat().st_size for path in (tmp_path / "board").iterdir()) > 100

"""Training in several processes."""

import os
import re
import signal

import numpy as np
import pytest

from darknet_torch import load
from darknet_torch.datasets.opening import open_dataset
from darknet_torch.errors import TrainingError
from darknet_torch.evaluation.detector_map import detector_map
from darknet_torch.inference.detector import Detector
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.distributed import Processes
from darknet_torch.training.launch import launch, prepare_with_messages
from tests.training.other_processes import FORK_SERVER
from tests.training.runs import DETECTOR, NAMES, Recorder, changed, detector_data, written


def no_callbacks():
    return ()


class KilledAt2(Callback):
    """Ends the second process as the system does when memory runs out."""

    on_every_rank = True

    def on_iteration(self, loop, update):
        if loop.processes.rank == 1 and update.iteration == 2:
            os.kill(os.getpid(), signal.SIGKILL)


def killed_at_2():
    return (KilledAt2(),)


@pytest.fixture
def started_quickly(monkeypatch):
    """Processes start as those of other tests, with PyTorch imported."""
    monkeypatch.setattr("darknet_torch.training.launch._START_METHOD", FORK_SERVER)


def test_two_processes_train_one_network_and_evaluate_it_together(plan, tmp_path):
    text = DETECTOR.replace("[dropout]\nprobability=.1\n", "")
    detector_data(tmp_path / "more")
    data = str(detector_data(tmp_path / "more", 11, "valid"))
    plan = changed(plan, cfg=str(written(tmp_path, text)), data=data, augment="none")
    plan = changed(plan, map=True, iou=0.0)
    outcome = launch(plan, ["cpu", "cpu"], no_callbacks)
    assert (outcome.iterations, len(outcome.losses)) == (6, 6)
    examples = open_dataset(data, split="valid")
    detector = Detector(load(plan.path(".cfg"), plan.path("_final.weights")), names=NAMES)
    alone = detector_map(detector, examples, NAMES, iou=0.0, workers=0).mean
    assert outcome.best_score == outcome.last_score == alone > 0
    network = load(plan.path(".cfg"), plan.path("_final.weights"))
    assert all(np.isfinite(value.numpy()).all() for value in network.state_dict().values())
    assert network.header.seen == 6 * 4


@pytest.mark.usefixtures("started_quickly")
def test_the_error_of_a_process_is_the_error_of_the_training(plan, tmp_path):
    for picture in (tmp_path / "data").glob("train_*.png"):
        picture.write_bytes(b"no picture")
    expected = r"process \d, on cpu: one of .* failed: got none of the 6 pictures can be read"
    with pytest.raises(TrainingError, match=expected):
        launch(plan, ["cpu", "cpu"], no_callbacks)


def test_warnings_of_the_start_are_messages_of_the_first_process(plan):
    recorder = Recorder()
    prepare_with_messages(changed(plan, max_batches=3), [recorder], Processes())
    assert any(re.match("warning: .*burn_in takes more than half", x) for x in recorder.messages)
    assert sum("learning rates of this run" in text for text in recorder.messages) == 1
    scaled = Recorder()
    prepare_with_messages(changed(plan, epochs=10), [scaled], Processes())
    (note,) = scaled.messages
    assert note.startswith("note: ")


@pytest.mark.usefixtures("started_quickly")
def test_a_killed_process_ends_the_training_with_its_signal(plan):
    with pytest.raises(TrainingError) as caught:
        launch(plan, ["cpu", "cpu"], killed_at_2)
    error = caught.value
    assert error.what == "one of the processes that train together failed"
    assert error.where == "process 1, on cpu"
    assert error.got.startswith("SIGKILL (killed from outside")
    assert "fewer --workers" in error.fix


def test_a_process_that_cannot_be_started_says_why(plan, monkeypatch):
    def full(self):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", full)
    with pytest.raises(TrainingError) as caught:
        launch(plan, ["cpu", "cpu"], no_callbacks)
    assert caught.value.where == "process 0, on cpu"
    assert caught.value.got == "Resource temporarily unavailable"

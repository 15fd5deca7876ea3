"""A training from its plan to its files: seeds, resuming, faults in the data."""

import json

import numpy as np
import pytest
import torch

from darknet_torch import load
from darknet_torch.errors import TrainingError, UsageError
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.launch import launch
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.setup import prepare
from tests.training.runs import DETECTOR, detector_data, written


class Recorder(Callback):
    """Keeps the events of a training."""

    def __init__(self):
        self.iterations, self.problems, self.messages, self.scores = [], [], [], []

    def on_message(self, loop, text):
        self.messages.append(text)

    def on_iteration(self, loop, update):
        self.iterations.append(update.iteration)

    def on_problem(self, loop, problem):
        self.problems.append(problem)

    def on_evaluation(self, loop, score):
        self.scores.append(score)


@pytest.fixture
def plan(tmp_path):
    cfg = written(tmp_path, DETECTOR)
    data = detector_data(tmp_path / "data")
    detector_data(tmp_path / "data", 3, "valid")
    return TrainPlan(
        cfg=str(cfg), data=str(data), base="small", backup=str(tmp_path / "backup"), workers=0
    )


def changed(plan, **options):
    return TrainPlan(**{**plan.to_dict(), **options})


def final_weights(plan):
    """Train, and return the bytes of the final weights."""
    prepare(plan).run()
    return plan.path("_final.weights").read_bytes()


def test_it_writes_darknets_files(plan):
    recorder = Recorder()
    prepare(changed(plan, map=True, save_every=2, save_last=1), [recorder]).run()
    names = {path.name for path in plan.path("").parent.iterdir()}
    kept = {"small_2.weights", "small_4.weights", "small_6.weights", "small_last.weights"}
    assert names == kept | {
        *("small_final.weights", "small_best.weights", "small_last.state"),
        *("small.cfg", "small_plan.json"),
    }
    network = load(plan.path(".cfg"), plan.path("_final.weights"))
    assert network.header.seen == 6 * 4
    assert recorder.iterations == [1, 2, 3, 4, 5, 6]
    assert len(recorder.scores) == 1
    assert json.loads(plan.path("_plan.json").read_text())["seed"] == 0


def test_a_seed_gives_the_same_weights_whatever_the_workers(plan, tmp_path):
    first = final_weights(plan)
    assert final_weights(changed(plan, workers=2, backup=str(tmp_path / "two"))) == first
    assert final_weights(changed(plan, seed=1, backup=str(tmp_path / "other"))) != first


@pytest.mark.parametrize("bugs", ["fix", "reproduce"])
def test_a_resumed_run_ends_with_the_same_weights(plan, tmp_path, bugs):
    plan = changed(plan, darknet_bugs=bugs, save_last=2)
    whole = final_weights(plan)

    class Interrupt(Recorder):
        def on_iteration(self, loop, update):
            if update.iteration == 4:
                raise KeyboardInterrupt

    half, interrupt = changed(plan, backup=str(tmp_path / "half")), Interrupt()
    with pytest.raises(KeyboardInterrupt):
        prepare(half, [interrupt]).run()
    assert "--resume goes on from" in interrupt.messages[-1]
    assert half.path("_last.weights").exists()
    assert not half.path("_final.weights").exists()
    assert final_weights(changed(half, resume=True)) == whole


def test_it_overfits_a_few_pictures(plan, tmp_path):
    text = DETECTOR.replace("steps=5", "steps=350").replace("rate=0.01", "rate=0.003")
    cfg = written(tmp_path, text.replace("[dropout]\nprobability=.1\n", ""))
    plan = changed(plan, cfg=str(cfg), overfit=4, max_batches=400, save_every=1000)
    score = prepare(plan).run()
    # The same pictures without augmentation: 0.95 is what the command promises.
    assert score.value >= 0.95


def test_training_goes_on_from_the_seen_count_of_the_weights(plan, tmp_path):
    final_weights(plan)
    final = str(plan.path("_final.weights"))
    with pytest.raises(UsageError, match=r"nothing is left to learn.*--clear"):
        prepare(changed(plan, weights=final))
    longer = changed(plan, weights=final, max_batches=8, backup=str(tmp_path / "more"))
    recorder = Recorder()
    prepare(longer, [recorder]).run()
    assert recorder.iterations == [7, 8]
    cleared = prepare(changed(plan, weights=final, clear=True))
    assert cleared.loop.iteration == 0


def test_there_is_nothing_to_resume_without_a_state(plan):
    final_weights(changed(plan, save_every=1000))
    plan.path("_final.weights").rename(plan.path("_last.weights"))
    with pytest.raises(UsageError, match="nothing to resume"):
        prepare(changed(plan, resume=True))


def test_a_state_of_other_weights_is_refused(plan):
    final_weights(changed(plan, save_last=2))
    plan.path("_final.weights").rename(plan.path("_last.weights"))
    state = plan.path("_last.state")
    content = torch.load(state)
    content["iteration"] = 2
    torch.save(content, state)
    with pytest.raises(UsageError, match="does not belong to these weights"):
        prepare(changed(plan, resume=True, max_batches=9))


def test_faults_in_the_data_are_reported_once_and_survived(plan, tmp_path):
    data = tmp_path / "data"
    (data / "train_0.txt").unlink()
    (data / "train_1.txt").write_text("")
    (data / "train_2.png").write_bytes(b"no picture")
    (data / "train_3.txt").write_text("7 .5 .5 .2 .2\n0 .5 .5 .2 .2\n")
    recorder = Recorder()
    prepare(plan, [recorder]).run()
    kinds = {problem.kind for problem in recorder.problems}
    assert len(kinds) >= 3
    places = [problem.where for problem in recorder.problems]
    assert len(places) == len(set(places))
    assert not any("train_1" in where for where in places)  # a picture without boxes is no fault
    assert "problems in the data" in recorder.messages[-1]


def test_data_without_a_readable_picture_is_an_error(plan, tmp_path):
    for picture in (tmp_path / "data").glob("train_*.png"):
        picture.write_bytes(b"no picture")
    with pytest.raises(UsageError):
        prepare(plan).run()


def test_a_loss_that_is_not_finite_stops_it(plan, tmp_path):
    text = DETECTOR.replace("learning_rate=0.01", "learning_rate=1e30").replace("burn_in=2\n", "")
    plan = changed(plan, cfg=str(written(tmp_path, text, "steep.cfg")))
    with pytest.raises(TrainingError, match=r"iteration \d+.*\[yolo\], layer 5.*train_\d\.png"):
        prepare(plan).run()
    assert not plan.path("_final.weights").exists()


def test_bn_momentum_is_the_weight_of_a_batch(plan):
    means = []
    for momentum in (0.0, None, 1.0):
        training = prepare(changed(plan, bn_momentum=momentum, augment=False, max_batches=1))
        training.run()
        rolling = training.network.layers[0].convolution.normalization.rolling_mean
        means.append(rolling.abs().sum().item())
    assert means[0] == 0
    # AlexeyAB's CPU build takes .1 of each of the two mini-batches, so .19 of their mean.
    assert means[1] == pytest.approx(0.19 * means[2], rel=0.05)


def test_bfloat16_gives_nearly_the_same_weights(plan, tmp_path):
    exact = prepare(changed(plan, augment=False))
    exact.run()
    rough = prepare(
        changed(plan, augment=False, precision="bfloat16", backup=str(tmp_path / "rough"))
    )
    rough.run()
    ours = rough.network.layers[0].convolution.weights
    theirs = exact.network.layers[0].convolution.weights
    assert ours.dtype == torch.float32
    # bfloat16 has 8 bits; six small steps of the same gradients end close by.
    assert torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), 0) > 0.99


def no_callbacks():
    return ()


def test_two_processes_train_one_network(plan, tmp_path):
    text = DETECTOR.replace("[dropout]\nprobability=.1\n", "")
    plan = changed(plan, cfg=str(written(tmp_path, text)), augment=False)
    launch(plan, ["cpu", "cpu"], no_callbacks, print)
    network = load(plan.path(".cfg"), plan.path("_final.weights"))
    assert all(np.isfinite(value.numpy()).all() for value in network.state_dict().values())
    assert network.header.seen == 6 * 4

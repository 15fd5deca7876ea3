"""A training as a whole: its files, its seeds, where it goes on, what it survives."""

import json

import numpy as np
import pytest
import torch

from darknet_torch import load
from darknet_torch.errors import TrainingError, UsageError
from darknet_torch.training.engine import prepare, train
from darknet_torch.training.launch import launch
from darknet_torch.training.plan import TrainPlan
from tests.training.runs import DETECTOR, detector_data, written


class Silent:
    """Keeps what it is told."""

    def __init__(self):
        self.lines, self.problems, self.said, self.scores = [], [], [], []

    def say(self, text):
        self.said.append(text)

    def iteration(self, line, details):
        self.lines.append(line)

    def problem(self, problem):
        self.problems.append(problem)

    def score(self, score):
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


def weights_of(plan, listener=None):
    """Train, and the bytes of what came out."""
    train(prepare(plan), listener or Silent())
    return plan.path("_final.weights").read_bytes()


def test_it_leaves_darknets_files(plan):
    listener = Silent()
    train(prepare(changed(plan, map=True, save_every=2, save_last=1)), listener)
    names = {path.name for path in plan.path("").parent.iterdir()}
    kept = {"small_2.weights", "small_4.weights", "small_6.weights", "small_last.weights"}
    assert names == kept | {
        *("small_final.weights", "small_best.weights", "small_last.state"),
        *("small.cfg", "small_plan.json"),
    }
    network = load(plan.path(".cfg"), plan.path("_final.weights"))
    assert network.header.seen == 6 * 4
    assert len(listener.lines) == 6
    assert listener.lines[-1].startswith(" 6: ")
    assert len(listener.scores) == 1
    assert json.loads(plan.path("_plan.json").read_text())["seed"] == 0


def test_a_seed_gives_the_same_weights_whatever_the_workers(plan, tmp_path):
    first = weights_of(plan)
    assert weights_of(changed(plan, workers=2, backup=str(tmp_path / "two"))) == first
    assert weights_of(changed(plan, seed=1, backup=str(tmp_path / "other"))) != first


@pytest.mark.parametrize("mend", [True, False])
def test_a_resumed_run_is_the_whole_run(plan, tmp_path, mend):
    plan = changed(plan, mend=mend, save_last=2)
    whole = weights_of(plan)

    class Stopping(Silent):
        def iteration(self, line, details):
            super().iteration(line, details)
            if len(self.lines) == 4:
                raise KeyboardInterrupt

    half = changed(plan, backup=str(tmp_path / "half"))
    with pytest.raises(KeyboardInterrupt):
        train(prepare(half), Stopping())
    assert half.path("_last.weights").exists()
    assert not half.path("_final.weights").exists()
    assert weights_of(changed(half, resume=True)) == whole


def test_it_learns_a_few_pictures_by_heart(plan, tmp_path):
    listener = Silent()
    text = DETECTOR.replace("steps=5", "steps=350").replace("rate=0.01", "rate=0.003")
    cfg = written(tmp_path, text.replace("[dropout]\nprobability=.1\n", ""))
    plan = changed(plan, cfg=str(cfg), overfit=4, max_batches=400, save_every=1000)
    score = train(prepare(plan), listener)
    # The same pictures without augmentation: 0.95 is what the command promises.
    assert score.value >= 0.95


def test_training_goes_on_from_what_weights_have_seen(plan, tmp_path):
    weights_of(plan)
    final = str(plan.path("_final.weights"))
    with pytest.raises(UsageError, match=r"nothing is left to learn.*--clear"):
        prepare(changed(plan, weights=final))
    longer = changed(plan, weights=final, max_batches=8, backup=str(tmp_path / "more"))
    listener = Silent()
    train(prepare(longer), listener)
    assert [line.split(":")[0] for line in listener.lines] == [" 7", " 8"]
    cleared = prepare(changed(plan, weights=final, clear=True))
    assert cleared.trainer.iteration == 0


def test_there_is_nothing_to_resume_without_a_state(plan):
    weights_of(changed(plan, save_every=1000))
    plan.path("_final.weights").rename(plan.path("_last.weights"))
    with pytest.raises(UsageError, match="nothing to resume"):
        prepare(changed(plan, resume=True))


def test_a_state_of_other_weights_is_refused(plan):
    weights_of(changed(plan, save_last=2))
    plan.path("_final.weights").rename(plan.path("_last.weights"))
    state = plan.path("_last.state")
    content = torch.load(state)
    content["iteration"] = 2
    torch.save(content, state)
    with pytest.raises(UsageError, match="does not belong to these weights"):
        prepare(changed(plan, resume=True, max_batches=9))


def test_what_is_wrong_in_the_data_is_told_and_survived(plan, tmp_path):
    data = tmp_path / "data"
    (data / "train_0.txt").unlink()
    (data / "train_1.txt").write_text("")
    (data / "train_2.png").write_bytes(b"no picture")
    (data / "train_3.txt").write_text("7 .5 .5 .2 .2\n0 .5 .5 .2 .2\n")
    listener = Silent()
    train(prepare(plan), listener)
    kinds = {problem.kind for problem in listener.problems}
    assert len(kinds) >= 3
    told = [problem.where for problem in listener.problems]
    assert len(told) == len(set(told))
    assert not any("train_1" in where for where in told)  # a negative is no fault
    assert "problems in the data" in listener.said[-1]


def test_nothing_left_to_learn_from_is_an_error(plan, tmp_path):
    for picture in (tmp_path / "data").glob("train_*.png"):
        picture.write_bytes(b"no picture")
    with pytest.raises(UsageError):
        train(prepare(plan), Silent())


def test_a_loss_that_is_no_number_stops_it(plan, tmp_path):
    text = DETECTOR.replace("learning_rate=0.01", "learning_rate=1e30").replace("burn_in=2\n", "")
    plan = changed(plan, cfg=str(written(tmp_path, text, "steep.cfg")))
    with pytest.raises(TrainingError, match=r"iteration \d+.*\[yolo\], layer 5.*train_\d\.png"):
        train(prepare(plan), Silent())
    assert not plan.path("_final.weights").exists()


def test_bn_momentum_is_the_weight_of_a_batch(plan):
    means = []
    for momentum in (0.0, None, 1.0):
        run = prepare(changed(plan, bn_momentum=momentum, augment=False, max_batches=1))
        train(run, Silent())
        rolling = run.network.layers[0].convolution.normalization.rolling_mean
        means.append(rolling.abs().sum().item())
    assert means[0] == 0
    # AlexeyAB's CPU build takes .1 of each of the two mini-batches, so .19 of their mean.
    assert means[1] == pytest.approx(0.19 * means[2], rel=0.05)


def test_bfloat16_learns_much_the_same(plan, tmp_path):
    exact = prepare(changed(plan, augment=False))
    train(exact, Silent())
    rough = prepare(
        changed(plan, augment=False, precision="bfloat16", backup=str(tmp_path / "rough"))
    )
    train(rough, Silent())
    ours = rough.network.layers[0].convolution.weights
    theirs = exact.network.layers[0].convolution.weights
    assert ours.dtype == torch.float32
    # bfloat16 has 8 bits; six small steps of the same gradients end close by.
    assert torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), 0) > 0.99


def make_silent():
    return Silent()


def test_two_processes_learn_one_network(plan, tmp_path):
    text = DETECTOR.replace("[dropout]\nprobability=.1\n", "")
    plan = changed(plan, cfg=str(written(tmp_path, text)), augment=False)
    launch(plan, ["cpu", "cpu"], make_silent)
    network = load(plan.path(".cfg"), plan.path("_final.weights"))
    assert all(np.isfinite(value.numpy()).all() for value in network.state_dict().values())
    assert network.header.seen == 6 * 4

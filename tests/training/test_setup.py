"""A training from its plan to its end: seeds, faults in the data, precision."""

from dataclasses import replace

import pytest
import torch

from darknet_torch import load, write_weights
from darknet_torch.errors import TrainingError, UsageError
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.setup import prepare
from tests.training.runs import DETECTOR, Recorder, changed, final_weights, written


def test_a_seed_gives_the_same_weights_whatever_the_workers(plan, tmp_path):
    first = final_weights(plan)
    assert final_weights(changed(plan, workers=2, backup=str(tmp_path / "two"))) == first
    assert final_weights(changed(plan, seed=1, backup=str(tmp_path / "other"))) != first


def test_training_goes_on_from_the_seen_count_of_the_weights(plan, tmp_path):
    final_weights(plan)
    final = str(plan.path("_final.weights"))
    with pytest.raises(UsageError, match=r"the training is already complete.*--clear"):
        prepare(changed(plan, weights=final))
    longer = changed(plan, weights=final, max_batches=8, backup=str(tmp_path / "more"))
    recorder = Recorder()
    prepare(longer, [recorder]).run()
    assert recorder.iterations == [7, 8]
    cleared = prepare(changed(plan, weights=final, clear=True))
    assert cleared.loop.iteration == 0


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
    assert any("problems in the data" in text for text in recorder.messages)


def test_data_without_a_readable_picture_is_an_error(plan, tmp_path):
    for picture in (tmp_path / "data").glob("train_*.png"):
        picture.write_bytes(b"no picture")
    with pytest.raises(UsageError):
        prepare(plan).run()


def test_random_rates_depend_on_the_seed(plan, tmp_path):
    text = DETECTOR.replace("policy=steps", "policy=random").replace("burn_in=2\n", "")
    plan = changed(plan, cfg=str(written(tmp_path, text, "random.cfg")), max_batches=2)

    class Rates(Callback):
        def __init__(self):
            self.rates = []

        def on_iteration(self, loop, update):
            self.rates.append(update.rate)

    runs = []
    for index, seed in enumerate((1, 1, 2)):
        rates = Rates()
        prepare(changed(plan, seed=seed, backup=str(tmp_path / str(index))), [rates]).run()
        runs.append(rates.rates)
    assert runs[0] == runs[1] != runs[2]


def test_a_loss_that_is_not_finite_stops_it(plan, tmp_path):
    text = DETECTOR.replace("learning_rate=0.01", "learning_rate=1e30").replace("burn_in=2\n", "")
    plan = changed(plan, cfg=str(written(tmp_path, text, "steep.cfg")))
    with pytest.raises(TrainingError, match=r"iteration \d+.*\[yolo\], layer 5.*train_\d\.png"):
        prepare(plan).run()
    assert not plan.path("_final.weights").exists()


def test_bn_momentum_is_the_weight_of_a_batch(plan):
    means = []
    for momentum in (0.0, None, 1.0):
        training = prepare(
            changed(plan, bn_momentum=momentum, augment="none", max_batches=1, overwrite=True)
        )
        training.run()
        rolling = training.network.layers[0].convolution.normalization.rolling_mean
        means.append(rolling.abs().sum().item())
    assert means[0] == 0
    # AlexeyAB's CPU build takes .1 of each of the two mini-batches, so .19 of their mean.
    assert means[1] == pytest.approx(0.19 * means[2], rel=0.05)


def test_bfloat16_gives_nearly_the_same_weights(plan, tmp_path):
    exact = prepare(changed(plan, augment="none"))
    exact.run()
    rough = prepare(
        changed(plan, augment="none", precision="bfloat16", backup=str(tmp_path / "rough"))
    )
    rough.run()
    ours = rough.network.layers[0].convolution.weights
    theirs = exact.network.layers[0].convolution.weights
    assert ours.dtype == torch.float32
    # bfloat16 has 8 bits; six small steps of the same gradients end close by.
    assert torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), 0) > 0.99


def test_weights_saved_before_the_first_update_count_whole_iterations(plan, tmp_path):
    """parser.c save_weights: `seen` is the number of iterations times the batch."""
    final_weights(plan)
    trained = load(plan.path(".cfg"), plan.path("_final.weights"))
    trained.header = replace(trained.header, seen=4 * 3 + 2)  # three batches of 4, and two inputs
    write_weights(trained, tmp_path / "odd.weights")

    class Interrupt(Callback):
        def on_mini_batch(self, loop, result):
            raise KeyboardInterrupt

    again = changed(plan, weights=str(tmp_path / "odd.weights"), backup=str(tmp_path / "again"))
    with pytest.raises(KeyboardInterrupt):
        prepare(again, [Interrupt()]).run()
    saved = load(plan.path(".cfg"), again.path("_last.weights"))
    assert saved.header.seen == 4 * 3


@pytest.mark.parametrize(("given", "threads"), [(None, 1), (2, 2)])
def test_the_plan_gets_the_number_of_threads_that_compute(plan, monkeypatch, given, threads):
    before, set_to = torch.get_num_threads(), []
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(torch, "set_num_threads", set_to.append)
    assert prepare(changed(plan, threads=given)).plan.threads == threads
    assert set_to == [threads]
    assert torch.get_num_threads() == before

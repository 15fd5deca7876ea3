"""The evaluation of a network during its training."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.evaluation import PeriodicEvaluation, Score
from darknet_torch.training.score_history import ScoreHistory
from darknet_torch.training.setup import prepare
from darknet_torch.training.updates import Update
from tests.training.runs import DETECTOR, changed, written


def test_it_overfits_a_few_pictures(plan, tmp_path):
    text = DETECTOR.replace("steps=5", "steps=170").replace("rate=0.01", "rate=0.006")
    cfg = written(tmp_path, text.replace("[dropout]\nprobability=.1\n", ""))
    plan = changed(plan, cfg=str(cfg), overfit=4, max_batches=200, save_every=1000)
    score = prepare(plan).run()
    # The same pictures without augmentation: 0.95 is what the command promises.
    assert score.value >= 0.95


class Warnings(Callback):
    def __init__(self):
        self.texts = []

    def on_warning(self, loop, text):
        self.texts.append(text)


@pytest.mark.parametrize(
    ("error", "got"),
    [
        (MemoryError("12 MB\nmore"), "got MemoryError: 12 MB more; evaluate saved weights"),
        (UsageError("no picture can be read", where="x"), "got x: no picture can be read; "),
    ],
)
def test_after_an_evaluation_that_failed_the_training_goes_on(plan, error, got):
    def fail(network, on_progress):
        network.eval()
        raise error

    warnings = Warnings()
    training = prepare(plan, [warnings, PeriodicEvaluation(fail, pictures=6)])
    training.run()
    assert training.loop.iteration == 6
    assert training.network.training
    (text,) = warnings.texts
    assert text.startswith("iteration 6: the evaluation failed; training goes on, and its weights")
    assert got in text


@pytest.mark.parametrize(
    ("epochs", "evaluated"), [(1, [100, 200, 203]), (4, [133, 203]), (9, [203])]
)
def test_it_is_evaluated_every_few_epochs_but_not_more_often_than_every_100_iterations(
    epochs, evaluated
):
    """Of 100 pictures in batches of 3, an epoch has 33 iterations; there are 203 in all."""
    scores = []
    evaluation = PeriodicEvaluation(lambda network, on_progress: Score(0.5, []), 100, epochs)
    loop = SimpleNamespace(
        iteration=0,
        images_per_iteration=3,
        network=SimpleNamespace(
            net=SimpleNamespace(burn_in=0, max_batches=203), train=lambda: None
        ),
        interruptible=nullcontext,
        scores=ScoreHistory(),
        events=SimpleNamespace(
            on_evaluation=lambda loop, score: scores.append(loop.iteration),
            on_evaluation_progress=lambda loop, done, total: None,
        ),
    )
    evaluation.on_start(loop)
    for loop.iteration in range(1, 204):
        for number in (loop.iteration - 1, loop.iteration):  # the first one is reported late
            evaluation.on_iteration(loop, Update(number, 1.0, 1.0, 0.1))
    assert scores == evaluated


def test_an_interrupt_during_an_evaluation_still_ends_the_training(plan):
    def interrupt(network, on_progress):
        raise KeyboardInterrupt

    training = prepare(plan, [PeriodicEvaluation(interrupt, pictures=6)])
    with pytest.raises(KeyboardInterrupt):
        training.run()

"""The evaluation of a network during its training."""

import signal
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.interruption import Interrupted, StopRequests
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.distributed import Processes
from darknet_torch.training.evaluation import Attempt, PeriodicEvaluation, Score
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


class Failing:
    """An evaluator that fails."""

    def __init__(self, error):
        self.error = error

    def share(self, loop, on_progress):
        loop.network.eval()
        raise self.error


class Half:
    """An evaluator whose score is always 0.5."""

    def share(self, loop, on_progress):
        return 1

    def score(self, shares):
        return Score(0.5, [])


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
    warnings = Warnings()
    training = prepare(plan, [warnings, PeriodicEvaluation(Failing(error), pictures=6)])
    training.run()
    assert training.loop.iteration == 6
    assert training.network.training
    (text,) = warnings.texts
    assert text.startswith("iteration 6: the evaluation failed; training goes on, and its weights")
    assert got in text


@pytest.mark.parametrize(
    ("epochs", "asked", "burn_in", "evaluated"),
    [
        (1, False, 0, [100, 200, 203]),
        (4, False, 0, [133, 203]),
        (4, False, 140, [140, 203]),
        (9, False, 0, [203]),
        (1, True, 140, [33, 66, 99, 132, 165, 198, 203]),
        (4, True, 0, [133, 203]),
    ],
)
def test_it_is_evaluated_every_few_epochs_and_by_default_not_more_often_than_darknet_does(
    epochs, asked, burn_in, evaluated
):
    """Of 100 pictures in batches of 3, an epoch has 33 iterations; there are 203 in all."""
    scores = []
    evaluation = PeriodicEvaluation(Half(), 100, epochs, as_asked=asked)
    loop = SimpleNamespace(
        iteration=0,
        images_per_iteration=3,
        network=SimpleNamespace(
            net=SimpleNamespace(burn_in=burn_in, max_batches=203), train=lambda: None
        ),
        interruptible=nullcontext,
        processes=Processes(),
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
    training = prepare(plan, [PeriodicEvaluation(Failing(KeyboardInterrupt()), pictures=6)])
    with pytest.raises(KeyboardInterrupt):
        training.run()


class Two(Processes):
    """The first of two processes; what the second one gives is known."""

    def __init__(self, other):
        super().__init__(rank=0, count=2)
        object.__setattr__(self, "other", other)

    def gather(self, value):
        return [value, self.other]

    def from_first(self, value):
        return value


def evaluated_by_two(evaluator, other, number=0):
    """Evaluate after one iteration; return the events."""
    events = []
    requests = StopRequests()
    requests.number = number
    loop = SimpleNamespace(
        iteration=1,
        images_per_iteration=1,
        network=SimpleNamespace(
            net=SimpleNamespace(burn_in=0, max_batches=9),
            train=lambda: events.append("train"),
            eval=lambda: None,
        ),
        interruptible=nullcontext,
        stop_requests=requests,
        processes=Two(other),
        scores=ScoreHistory(),
        events=SimpleNamespace(
            on_evaluation=lambda loop, score: events.append(score.value),
            on_evaluation_progress=lambda loop, done, total: None,
            on_warning=lambda loop, text: events.append(text),
        ),
    )
    evaluation = PeriodicEvaluation(evaluator, 1, 1, as_asked=True)
    evaluation.on_iteration(loop, Update(1, 1.0, 1.0, 0.1))
    return events


class Added:
    """An evaluator whose score is the sum of the shares."""

    def share(self, loop, on_progress):
        on_progress(1, 1)
        return 0.25

    def score(self, shares):
        return Score(sum(shares), [])


def test_the_score_is_that_of_all_shares():
    assert evaluated_by_two(Added(), Attempt(0.5)) == ["train", 0.75]


def test_a_share_that_failed_elsewhere_is_a_warning_and_the_training_goes_on():
    failure = "iteration 1, process 1: the evaluation failed"
    assert evaluated_by_two(Added(), Attempt(failure=failure)) == ["train", failure]
    _, own = evaluated_by_two(Failing(MemoryError("x")), Attempt(0.5))
    assert own.startswith("iteration 1, process 0: the evaluation failed; training goes on")


@pytest.mark.parametrize("own", [0, signal.SIGTERM])
def test_a_signal_in_any_process_ends_the_evaluation_in_all(own):
    other = Attempt(0.5) if own else Attempt(signal=signal.SIGTERM)
    with pytest.raises(Interrupted, match="terminated"):
        evaluated_by_two(Added(), other, number=own)

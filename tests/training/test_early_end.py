"""What ends a training before max_batches."""

from types import SimpleNamespace

import pytest

from darknet_torch.training.early_end import Patience, TimeLimit
from darknet_torch.training.evaluation import Score
from darknet_torch.training.setup import prepare
from tests.training.runs import GivenScores, Recorder, changed


def run(plan, scores=(), **options):
    """Train with an evaluation after each iteration, and return the training and its recorder."""
    recorder = Recorder()
    training = prepare(changed(plan, map=True, save_last=0, **options), [recorder])
    training.evaluation.evaluator = GivenScores(iter(scores))
    start = training.loop.iteration
    training.evaluation.is_due = lambda loop: loop.iteration > start
    training.run()
    return training, recorder


def test_it_ends_after_evaluations_without_a_better_score(plan):
    training, recorder = run(plan, (0.0, 0.0, 0.5, 0.5), patience=1)
    assert recorder.iterations == [1, 2, 3, 4]
    reason = "1 evaluation without a better mAP@0.50 than 50.00 % (--patience 1)"
    assert f"ended early: {reason}" in recorder.messages
    assert any("to go on: dtorch train " in text for text in recorder.messages)
    assert training.outcome().iterations == 4
    for name in ("final", "best", "last"):
        assert plan.path(f"_{name}.weights").exists()
    final, last = (plan.path(f"_{name}.weights").read_bytes() for name in ("final", "last"))
    assert final == last


def test_a_better_score_starts_the_count_anew_and_a_resumed_run_goes_on_counting(plan):
    _, first = run(plan, (0.5, 0.4, 0.6, 0.6), patience=2, max_batches=4)
    assert not any("ended early" in text for text in first.messages)
    _, second = run(plan, (0.6,), patience=2, resume=True, max_batches=9)
    assert second.iterations == [5]
    assert any("2 evaluations without a better" in text for text in second.messages)


def test_a_run_that_ended_early_ends_as_one_that_did_not_once_it_went_on(plan, tmp_path):
    whole = changed(plan, backup=str(tmp_path / "whole"))
    run(whole, [0.5] * 6)
    run(plan, (0.5, 0.4), patience=1)
    run(plan, [0.6] * 4, resume=True, patience=4)
    ours, theirs = (one.path("_final.weights").read_bytes() for one in (plan, whole))
    assert ours == theirs


def test_scores_of_0_alone_never_end_a_training():
    patience, ended = Patience(1), []
    loop = SimpleNamespace(stop_after_iteration=ended.append)
    for _ in range(9):
        patience.on_evaluation(loop, Score(0.0, []))
    assert ended == []


def test_a_run_that_goes_on_with_another_measure_counts_anew():
    before, after, ended = Patience(1), Patience(1), []
    loop = SimpleNamespace(stop_after_iteration=ended.append)
    before.on_evaluation(loop, Score(0.6, [], "mAP@0.50"))
    after.load_state_dict(before.state_dict())
    after.on_evaluation(loop, Score(0.3, [], "mAP@0.50:0.95"))
    assert ended == []
    after.on_evaluation(loop, Score(0.3, [], "mAP@0.50:0.95"))
    assert len(ended) == 1


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(("limit", "iterations"), [(36, 3), (29, 3), (28, 2), (4, 0)])
def test_the_last_iteration_is_one_that_fits(limit, iterations):
    """The start takes 5 seconds, each iteration 8."""
    clock, ended = Clock(), []
    time_limit = TimeLimit(limit, clock)
    loop = SimpleNamespace(iteration=7, stop_after_iteration=ended.append)
    clock.now += 5
    time_limit.on_start(loop)
    while not ended:
        loop.iteration += 1
        clock.now += 8
        time_limit.on_iteration(loop, None)
    assert loop.iteration == 7 + iterations


def test_a_time_limit_ends_a_training_like_its_last_iteration(plan):
    training, recorder = run(plan, [0.5] * 9, time_limit=1e-3)
    assert recorder.iterations == []
    assert "ended early: the time limit of 0 s is reached (--time-limit)" in recorder.messages
    assert plan.path("_final.weights").exists()
    assert training.loop.end_reason

"""The files of a training, and resuming from them."""

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from darknet_torch import load
from darknet_torch.cli.train_console import ConsoleLog
from darknet_torch.errors import DivergenceError, TrainingError, UsageError
from darknet_torch.interruption import Interrupted
from darknet_torch.training.checkpoint_pair import find_saved_run
from darknet_torch.training.checkpoints import Checkpoints
from darknet_torch.training.run_folder import files_of_run
from darknet_torch.training.saved_state import read_state, write_state
from darknet_torch.training.setup import prepare
from tests.training.runs import (
    CHARACTERS,
    CLASSIFIER,
    DETECTOR,
    GivenScores,
    Recorder,
    changed,
    classifier_data,
    final_weights,
    written,
)

ANY = 0.0  # the IoU of a detection that touches an object: enough for a score above 0


def test_it_writes_darknets_files(plan):
    recorder = Recorder()
    prepare(changed(plan, map=True, iou=ANY, save_every=2, save_last=1), [recorder]).run()
    names = {path.name for path in plan.path("").parent.iterdir()}
    kept = {"small_2.weights", "small_4.weights", "small_6.weights", "small_last.weights"}
    assert names == kept | {
        *("small_final.weights", "small_best.weights", "small_last.state"),
        *("small_previous.weights", "small_previous.state", ".training.lock"),
        *("small.cfg", "small.names", "small_plan.json"),
        *("small_results.csv", "small_events.jsonl", "small_environment.json", "small_chart.png"),
        *(f"small_batch_{number}.png" for number in (1, 2, 3)),
        "small_predictions.png",
    }
    network = load(plan.path(".cfg"), plan.path("_final.weights"))
    assert network.header.seen == 6 * 4
    assert recorder.iterations == [1, 2, 3, 4, 5, 6]
    assert len(recorder.scores) == 1
    assert json.loads(plan.path("_plan.json").read_text())["seed"] == 0


class Late(Recorder):
    """Leaves the numbers of updates on the device, as the callbacks of Python do."""

    def is_due(self, loop):
        return False


def test_updates_that_are_reported_late_are_saved_and_evaluated_once(plan, monkeypatch):
    written_files = []
    monkeypatch.setattr(
        "darknet_torch.training.checkpoints.write_weights",
        lambda network, path: written_files.append(path.name),
    )
    recorder = Late()
    training = prepare(changed(plan, map=True, iou=ANY, save_every=3, save_last=6), [recorder])
    training.loop.reads_late = True
    training.run()
    assert recorder.iterations == [1, 2, 3, 4, 5, 6]
    assert len(recorder.scores) == 1
    assert written_files == [f"small_{name}.weights" for name in ("3", "6", "best", "final")]
    assert find_saved_run(plan).state["average_loss"] == training.loop.average_loss


class Stop(Recorder):
    """Stops the training like Ctrl-C, or by an error, after an iteration."""

    def __init__(self, iteration, error=KeyboardInterrupt):
        super().__init__()
        self.iteration, self.error, self.warnings = iteration, error, []

    def on_warning(self, loop, text):
        self.warnings.append(text)

    def on_iteration(self, loop, update):
        super().on_iteration(loop, update)
        if update.iteration == self.iteration:
            raise self.error


def stopped(plan, iteration=4, error=KeyboardInterrupt):
    """Train until `iteration`; return the recorder."""
    stop = Stop(iteration, error)
    with pytest.raises(type(error) if isinstance(error, Exception) else error):
        prepare(plan, [stop]).run()
    return stop


def resumed(plan, **options):
    """Go on to the end; return the recorder."""
    recorder = Stop(None)
    prepare(changed(plan, resume=True, **options), [recorder]).run()
    return recorder


def classifier(tmp_path):
    cfg = written(tmp_path, CLASSIFIER.replace("[avgpool]", "[dropout]\n\n[avgpool]"))
    return cfg, classifier_data(tmp_path / "colours")


def characters(tmp_path):
    (tmp_path / "text.txt").write_text("to be or not to be " * 9)
    return written(tmp_path, CHARACTERS), tmp_path / "text.txt"


@pytest.mark.parametrize("bugs", ["fix", "reproduce"])
@pytest.mark.parametrize("kind", [None, classifier, characters])
def test_a_resumed_run_ends_with_the_same_weights(plan, tmp_path, bugs, kind):
    if kind is not None:
        cfg, data = kind(tmp_path)
        plan = changed(plan, cfg=str(cfg), data=str(data), max_batches=6)
    plan = changed(plan, darknet_bugs=bugs, save_last=2)
    whole = final_weights(plan)
    half = changed(plan, backup=str(tmp_path / "half"))
    stop = stopped(half)
    assert "stopped after iteration 4, which is kept in" in stop.messages[-2]
    assert stop.messages[-1].startswith("to go on: dtorch train --cfg ")
    assert half.path("_last.weights").exists()
    assert not half.path("_final.weights").exists()
    recorder = resumed(half)
    assert half.path("_final.weights").read_bytes() == whole
    assert recorder.warnings == []
    assert "going on after iteration 4" in recorder.messages[0]
    assert str(half.path("_last.state")) in recorder.messages[0]


def test_a_resumed_run_prints_the_average_loss_of_the_whole_one(plan, tmp_path, capsys):
    def averages(plan, stop=None):
        training = prepare(plan, [ConsoleLog(quiet=True), Stop(stop, KeyboardInterrupt)])
        with suppress(KeyboardInterrupt):
            training.run()
        return re.findall(r" (\d+): .* (\S+) avg loss", capsys.readouterr().out)

    whole = averages(plan)
    half = changed(plan, backup=str(tmp_path / "half"))
    assert averages(half, stop=4) + averages(changed(half, resume=True)) == whole
    assert len(whole) == 6


def test_changes_since_the_stop_are_named_before_it_goes_on(plan):
    stopped(plan)
    recorder = resumed(plan, seed=7, max_batches=8)
    assert recorder.iterations == [5, 6, 7, 8]
    (warning,) = recorder.warnings
    assert "seed: 0 -> 7" in warning
    assert "[net] max_batches: 6 -> 8" in warning


def test_another_network_is_not_resumed(plan, tmp_path):
    stopped(plan)
    written(tmp_path, DETECTOR.replace("filters=16", "filters=12"))
    with pytest.raises(UsageError, match="belongs to another network than that of the cfg"):
        prepare(changed(plan, resume=True))


def test_a_new_run_does_not_overwrite_another(plan):
    stopped(plan)
    before = plan.path("_last.state").read_bytes()
    with pytest.raises(UsageError, match="a new one would overwrite them"):
        prepare(plan).run()
    assert plan.path("_last.state").read_bytes() == before
    prepare(changed(plan, overwrite=True)).run()
    assert plan.path("_final.weights").exists()


def test_the_state_of_an_overwritten_run_is_not_resumed(plan):
    stopped(plan)
    stopped(changed(plan, overwrite=True, save_last=0), iteration=1, error=TrainingError("x"))
    assert find_saved_run(plan).state["iteration"] == 1


def test_a_run_that_goes_on_keeps_the_state_until_it_has_its_own(plan):
    """Darknet's way to go on: from weights of the same folder."""
    stopped(plan)
    going_on = {"weights": str(plan.path("_last.weights")), "overwrite": True, "save_last": 0}
    stopped(changed(plan, **going_on), iteration=5, error=DivergenceError("x"))
    assert find_saved_run(plan).state["iteration"] == 4
    stopped(changed(plan, overwrite=True, save_last=0), iteration=2, error=DivergenceError("x"))
    with pytest.raises(UsageError, match="nothing to resume"):
        find_saved_run(plan)


def test_an_error_keeps_the_last_complete_iteration(plan):
    stop = stopped(plan, iteration=3, error=ZeroDivisionError)
    assert "stopped after iteration 3" in stop.messages[-2]
    assert find_saved_run(plan).state["iteration"] == 3


def test_a_loss_that_is_not_finite_is_not_saved(plan):
    stopped(plan, iteration=3)
    with pytest.raises(DivergenceError):
        prepare(changed(plan, resume=True), [Stop(5, DivergenceError("x"))]).run()
    assert find_saved_run(plan).state["iteration"] == 3


def test_it_is_saved_by_time_too(plan):
    now = [0.0]
    training = prepare(changed(plan, save_last=1000))
    checkpoints = next(x for x in training.loop.events.callbacks if isinstance(x, Checkpoints))
    checkpoints.clock = lambda: now[0]
    saved = []

    class Clock(Recorder):
        def on_iteration(self, loop, update):
            path = plan.path("_last.state")
            saved.append(read_state(path)["iteration"] if path.exists() else None)
            now[0] += 400

    training.loop.events.callbacks.append(Clock())
    training.run()
    assert saved == [None, None, 3, 3, 5, 5]
    assert find_saved_run(plan).state["iteration"] == 6


def test_a_complete_run_goes_on_with_more_iterations(plan, tmp_path):
    whole = final_weights(changed(plan, max_batches=8, backup=str(tmp_path / "whole")))
    final = final_weights(plan)
    with pytest.raises(UsageError, match="the run has more iterations already") as error:
        prepare(changed(plan, resume=True, max_batches=5))
    assert "--max-batches" in error.value.fix
    written = files_of_run(Path(plan.backup), plan.base)
    states = {path: path.read_bytes() for path in written}
    recorder = resumed(plan)
    assert recorder.iterations == []
    # Nothing was trained: the pair before the last is not replaced by the same once more.
    assert files_of_run(Path(plan.backup), plan.base) == written
    assert {path: path.read_bytes() for path in written} == states
    assert "the run is complete; a larger --max-batches" in recorder.warnings[0]
    assert plan.path("_final.weights").read_bytes() == final
    resumed(plan, max_batches=8)
    assert plan.path("_final.weights").read_bytes() == whole


def test_a_complete_run_in_phases_goes_on_with_more_of_them(plan):
    plan = changed(plan, max_batches=None, phase=("1", "1:lr=0.1"))
    prepare(plan).run()
    with pytest.raises(UsageError, match="the run has more iterations already") as error:
        prepare(changed(plan, resume=True, phase=("1",)))
    assert "--phase" in error.value.fix
    recorder = resumed(plan)
    assert "the run is complete; giving all of --phase again" in recorder.warnings[0]
    assert "--max-batches" not in recorder.warnings[0]
    assert len(resumed(plan, phase=("1", "1:lr=0.1", "1")).iterations) == 1


def test_a_worse_score_does_not_replace_the_best(plan):
    plan = changed(plan, save_last=0)
    scores = iter((0.5, 0.25))

    def run(options, iteration):
        training = prepare(changed(plan, map=True, **options), [Stop(iteration)])
        training.evaluation.evaluator = GivenScores(scores)
        training.evaluation.is_due = lambda loop: loop.iteration in (2, 5)
        with pytest.raises(KeyboardInterrupt):
            training.run()

    run({}, 3)
    best = plan.path("_best.weights").read_bytes()
    run({"resume": True}, 6)
    assert next(scores, None) is None
    assert plan.path("_best.weights").read_bytes() == best


def test_best_weights_that_the_run_itself_wrote_before_a_kill_are_not_an_earlier_runs(plan):
    plan = changed(plan, map=True, iou=ANY)
    stopped(plan, iteration=5)
    training = prepare(changed(plan, resume=True))
    training.run()
    best = plan.path("_best.weights").read_bytes()
    checkpoints = next(x for x in training.loop.events.callbacks if isinstance(x, Checkpoints))
    training.loop.scores.had_best = False  # the state is older than the best weights
    checkpoints.on_evaluation(training.loop, training.evaluation.last)
    assert plan.path("_best.weights").read_bytes() == best
    assert not plan.path("_best_earlier.weights").exists()


def test_the_first_iteration_is_saved_too(plan):
    """One of a large network may take more than ten minutes."""
    with pytest.raises(DivergenceError):
        prepare(changed(plan, save_last=1), [Stop(2, DivergenceError("x"))]).run()
    assert find_saved_run(plan).state["iteration"] == 1


def test_an_evaluation_that_was_interrupted_is_made_up_for(plan):
    class Interrupting:
        def share(self, loop, on_progress):
            os.kill(os.getpid(), signal.SIGTERM)

    plan = changed(plan, map=True, iou=ANY)
    training = prepare(plan)
    training.evaluation.evaluator = Interrupting()
    with pytest.raises(Interrupted, match="terminated"):
        training.run()
    assert find_saved_run(plan).state["iteration"] == 6
    assert not plan.path("_best.weights").exists()
    recorder = resumed(plan)
    assert (recorder.iterations, len(recorder.scores)) == ([], 1)
    assert plan.path("_best.weights").read_bytes() == plan.path("_final.weights").read_bytes()


def damaged(path):
    path.write_bytes(path.read_bytes()[:-9])


def test_the_pair_before_is_taken_where_the_last_is_damaged(plan, tmp_path):
    whole = final_weights(changed(plan, backup=str(tmp_path / "whole")))
    stopped(changed(plan, save_last=2), iteration=5)
    assert find_saved_run(plan).state["iteration"] == 5
    damaged(plan.path("_last.state"))
    recorder = resumed(plan)
    assert "small_last.state: is not the state of a run, or its end" in recorder.warnings[0]
    assert "going on after iteration 4, from" in recorder.messages[0]
    assert "small_previous.weights" in recorder.messages[0]
    assert plan.path("_final.weights").read_bytes() == whole


def test_other_weights_are_not_the_pair_of_a_state(plan):
    stopped(plan)
    damaged(plan.path("_last.weights"))
    with pytest.raises(UsageError) as error:
        prepare(changed(plan, resume=True))
    parts = error.value
    assert (parts.what, parts.where) == ("nothing to resume", plan.backup)
    assert "small_last.state: does not belong to" in parts.got
    assert "there is no such file" in parts.got
    assert "small_last.weights" in parts.expected
    assert "--weights" in parts.fix


def test_nothing_to_resume_is_said_before_anything_else(plan):
    with pytest.raises(UsageError, match="nothing to resume"):
        prepare(changed(plan, resume=True, data="absent.data"))


@pytest.mark.parametrize("name", ["weights", "replaces", "record", "iteration", "version"])
@pytest.mark.parametrize("value", [None, torch.zeros(2)])
def test_a_state_that_lacks_a_part_is_refused(plan, name, value):
    stopped(plan, iteration=1)
    path = plan.path("_last.state")
    state = read_state(path) | {name: value}
    with path.open("wb") as file:
        write_state(state, file)
    with pytest.raises(UsageError, match="nothing to resume") as error:
        find_saved_run(plan)
    what = "another version" if name == "version" else f"nothing usable for {name}"
    assert what in error.value.got

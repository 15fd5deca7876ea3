"""Running experiments: what is skipped, what goes on, what is recorded. Nothing is trained."""

import json
import signal
import sys

import pytest

from darknet_torch.errors import UsageError
from tests.tools.experiment_results import (
    CUT,
    DEFAULT,
    EXPERIMENT,
    OTHERS,
    ROWS,
    SCREENING,
    THREE_SEEDS,
    result,
    three_seeds,
)
from tools.experiments import running
from tools.experiments.declaration import Experiment, Row, Run, Sources, Stage
from tools.experiments.every import EXPERIMENTS
from tools.experiments.results import CURVE_POINTS, read_results, write_results
from tools.experiments.running import Diverged, run_experiment, runs

SMALL, LARGE, LARGER = OTHERS
ONE = Experiment("one", (DEFAULT,), (Stage("only", 10),), EXPERIMENT.steps)
EVALUATED = {
    "darknet": [{"map": 0.5, "classes": [{"name": "cell", "ap": 0.5}]}],
    "coco": {"AP": 0.25},
    "detections": 7,
}


class Commands:
    """Stands in for `running._command`: writes what dtorch would, and keeps the words.

    Attributes:
        said: the words of all commands.
        failures: raised instead, by the first word of a command.
        iterations: of a training.
    """

    def __init__(self):
        self.said, self.failures, self.iterations = [], {}, 2

    def __call__(self, words, folder, log):
        self.said.append(words)
        if words[0] in self.failures:
            raise self.failures[words[0]]
        if words[0] == "train":
            self._train(folder / words[words.index("--backup") + 1])
        elif words[0] == "eval":
            (folder / words[words.index("--out") + 1]).write_text(json.dumps(EVALUATED))
        else:
            (folder / CUT.makes).touch()
        return 3.0

    def _train(self, backup):
        (backup / "tiny_final.weights").touch()
        rows = [f"{number},9.5,0.1,," for number in range(1, self.iterations)]
        last = f"{self.iterations},8.5,0.01,0.6,"
        head = "iteration,average_loss,rate,valid/mAP@0.50,other"
        (backup / "tiny_results.csv").write_text("\n".join([head, *rows, last]))

    def trainings(self):
        return [words for words in self.said if words[0] == "train"]


@pytest.fixture
def commands(monkeypatch):
    made = Commands()
    monkeypatch.setattr(running, "_command", made)
    monkeypatch.setattr(running, "machine", lambda: "a machine")
    return made


@pytest.fixture
def run_one(tmp_path):
    """Runs an experiment in a folder of the test."""

    def call(experiment=ONE):
        reported = []
        path = tmp_path / "results.json"
        run_experiment(experiment, tmp_path, Sources(tmp_path, tmp_path), path, reported.append)
        return read_results(path), reported

    return call


def training_folder(tmp_path, **files):
    """The folder of the training of `ONE`, with files of these contents."""
    folder = tmp_path / "one" / "plain-10-0"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    return folder


def test_a_run_keeps_its_commands_scores_and_curve(commands, run_one):
    (found,), reported = run_one()
    folder = "one/plain-10-0"
    assert found.commands == [
        "dtorch partial whole.cfg whole.weights start 3",
        f"dtorch train --cfg tiny.cfg --seed 0 --threads 1 --workers 1 --backup {folder}",
        f"dtorch eval --cfg tiny.cfg --weights {folder}/tiny_final.weights",
    ]
    scores = found.scores[""]
    assert (scores.map50, scores.ap, scores.detections) == (0.5, 0.25, 7)
    assert (scores.classes, scores.cpu_seconds) == ({"cell": 0.5}, 3)
    assert found.curve == {
        "iteration": [1, 2],
        "average_loss": [9.5, 8.5],
        "rate": [0.1, 0.01],
        "valid/mAP@0.50": [None, 0.6],
    }
    assert (found.row, found.stage, found.machine) == ("plain", "only", "a machine")
    assert reported == ["one: plain, only, seed 0", "  mAP@0.5 50.00%"]


def test_runs_with_results_are_skipped(commands, run_one):
    (first,), _ = run_one()
    before = len(commands.said)
    assert run_one() == ([first], [])
    assert len(commands.said) == before


def test_an_experiment_that_was_stopped_goes_on_with_the_next_run(commands, run_one):
    commands.failures["eval"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run_one()
    commands.failures.clear()
    commands.said.clear()
    results, _ = run_one()
    assert len(results) == 1
    assert [words[0] for words in commands.said] == ["eval"]  # neither cut nor trained again


def test_missing_runs_come_stage_after_stage():
    first = [
        result(row, map50=score) for row, score in zip(ROWS, (0.9, 0.1, 0.3, 0.2), strict=True)
    ]
    left = list(runs(EXPERIMENT, lambda: first[:2]))
    assert [(run.row, run.stage) for run in left[:2]] == [(LARGE, SCREENING), (LARGER, SCREENING)]
    left = list(runs(EXPERIMENT, lambda: [*first, *three_seeds(LARGE, 0.5, 0.4)]))
    assert {run.stage for run in left} == {THREE_SEEDS}
    assert [(run.row, run.seed) for run in left] == [
        (DEFAULT, 0),
        (LARGER, 0),
        (DEFAULT, 1),
        (LARGER, 1),
        (DEFAULT, 2),
        (LARGE, 2),
        (LARGER, 2),
    ]


def test_the_best_rows_are_those_with_the_best_mean_of_the_stage_before():
    before, after = Stage("before", 10, (0, 1), best=2), Stage("after", 20, best=1)
    stages = (SCREENING, before, after)
    experiment = Experiment("three", EXPERIMENT.rows, stages, EXPERIMENT.steps)
    results = [result(row, map50=score) for row, score in zip(ROWS, (0, 0.8, 0.7, 0), strict=True)]
    for row, scores in ((DEFAULT, (0.9, 0.9)), (SMALL, (0.8, 0.1)), (LARGE, (0.6, 0.5))):
        results += [result(row, before, seed, score) for seed, score in enumerate(scores)]
    assert [run.row for run in runs(experiment, lambda: results)] == [DEFAULT, LARGE]


@pytest.mark.parametrize(
    ("files", "resumes"),
    [({"tiny_last__state": ""}, [True]), ({"tiny_results__csv": ""}, [False])],
)
def test_a_training_goes_on_if_it_has_saved_something(files, resumes, tmp_path, commands, run_one):
    training_folder(tmp_path, **files)
    (found,), _ = run_one()
    assert ["--resume" in words for words in commands.trainings()] == resumes
    assert "--resume" not in found.commands[1]


def test_a_complete_training_is_only_evaluated(tmp_path, commands, run_one):
    state = {"tiny_last__state": "", "tiny_results__csv": "iteration,average_loss\n1,2\n"}
    training_folder(tmp_path, tiny_final__weights="", cpu_seconds__json="12.34", **state)
    (found,), _ = run_one()
    assert commands.trainings() == []
    assert (found.cpu_seconds, found.curve["average_loss"]) == (12.3, [2])


def test_the_time_of_all_parts_counts(tmp_path, commands, run_one, monkeypatch):
    clock = iter((100.0, 105.0))
    monkeypatch.setattr(running, "children_seconds", lambda: next(clock))
    training_folder(tmp_path, tiny_last__state="", cpu_seconds__json="12.5")
    (found,), _ = run_one()
    assert found.cpu_seconds == 17.5


def test_after_a_kill_the_time_is_unknown(tmp_path, commands, run_one):
    folder = training_folder(tmp_path)
    commands.failures["train"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run_one()
    assert json.loads((folder / "cpu_seconds.json").read_text()) >= 0  # stopped, not killed
    (folder / "cpu_seconds.json").write_text("null")  # as it stands while a training runs
    commands.failures.clear()
    (found,), _ = run_one()
    assert found.cpu_seconds is None
    assert found.scores


def test_while_a_training_runs_its_time_counts_as_unknown(
    tmp_path, commands, run_one, monkeypatch
):
    record = training_folder(tmp_path) / "cpu_seconds.json"
    during = []

    def look(words, folder, log):
        during.append(record.read_text() if record.exists() else None)
        return commands(words, folder, log)

    monkeypatch.setattr(running, "_command", look)
    run_one()
    assert during == [None, "null", "0.0"]  # cut, train, evaluate


def test_a_training_that_diverges_is_a_result(commands, run_one):
    commands.failures["train"] = Diverged("iteration 3: the loss is not a finite number any more")
    (found,), reported = run_one()
    assert (found.scores, found.cpu_seconds, found.map50) == ({}, None, 0)
    assert found.failure.startswith("iteration 3")
    assert found.commands[-1].startswith("dtorch train")
    assert reported[-1] == "  iteration 3: the loss is not a finite number any more"
    assert run_one() == ([found], [])


@pytest.mark.parametrize(
    ("code", "expected", "message"),
    [
        (
            "print('one'); print('dtorch: no such file'); raise SystemExit(2)",
            UsageError,
            r"^dtorch train x: the command failed: expected exit status 0, got 2: dtorch: no such "
            r"file; see .*log",
        ),
        (
            "raise SystemExit('iteration 7: the loss is not a finite number any more: inf')",
            Diverged,
            r"^iteration 7: the loss is not a finite number any more$",
        ),
        ("raise SystemExit(143)", KeyboardInterrupt, "^$"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", KeyboardInterrupt, "^$"),
    ],
)
def test_a_command_that_fails(code, expected, message, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "DTORCH", (sys.executable, "-S", "-c", code))
    with pytest.raises(expected, match=message):
        running._command(("train", "x"), tmp_path, tmp_path / "log")


def test_a_stop_during_a_command_that_ends_as_usual(tmp_path, monkeypatch):
    code = "import os, signal; os.kill(os.getppid(), signal.SIGINT)"
    monkeypatch.setattr(running, "DTORCH", (sys.executable, "-S", "-c", code))
    # What a shell starts in the background ignores SIGINT.
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            running._command(("train", "x"), tmp_path, tmp_path / "log")
    finally:
        signal.signal(signal.SIGINT, earlier)


def test_a_long_curve_is_thinned_but_keeps_evaluations(commands, run_one):
    commands.iterations = 4 * CURVE_POINTS
    (found,), _ = run_one()
    assert found.curve["iteration"][:3] == [1, 5, 9]
    assert found.curve["iteration"][-1] == 4 * CURVE_POINTS  # evaluated
    assert len(found.curve["iteration"]) == CURVE_POINTS + 1


def test_results_are_read_as_they_were_written(tmp_path):
    results = [result(), result(SMALL, failure="infinite"), result(LARGE, few=0.1, many=0.2)]
    write_results(tmp_path / "new" / "results.json", results)
    assert read_results(tmp_path / "new" / "results.json") == results


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_only_equal_trainings_share_a_folder(experiment):
    trainings = {
        (row, stage.iterations, seed): Run(experiment.name, row, stage, seed).folder
        for stage in experiment.stages
        for row in experiment.rows
        for seed in stage.seeds
    }
    assert len(trainings) == len(set(trainings.values()))
    assert len({row.name for row in experiment.rows}) == len(experiment.rows)


def test_a_folder_has_plain_letters():
    run = Run("losses", Row("classic, IoU = 0.5"), SCREENING, 3)
    assert run.folder == "losses/classic--iou---0-5-10-3"

"""The records of whole trainings."""

import csv
import json
import sys
from dataclasses import replace

import cv2
import pytest

from darknet_torch.training.callbacks import Callback
from darknet_torch.training.records.every import Records
from darknet_torch.training.setup import prepare
from tests.training.runs import Recorder, changed, final_weights


class StopAt(Callback):
    """Interrupts the training after an iteration."""

    def __init__(self, iteration):
        self.iteration = iteration

    def on_iteration(self, loop, update):
        if update.iteration == self.iteration:
            raise KeyboardInterrupt


def table(plan):
    """The rows without the numbers that depend on the time."""
    rows = csv.DictReader(plan.path("_results.csv").read_text().splitlines())
    return [{name: one for name, one in row.items() if "second" not in name} for row in rows]


def iterations(plan):
    lines = plan.path("_events.jsonl").read_text().splitlines()
    events = map(json.loads, lines)
    return [event["iteration"] for event in events if event["event"] == "iteration"]


def test_a_resumed_run_has_the_table_of_one_that_was_not_stopped(plan, tmp_path):
    plan = changed(plan, map=True, save_last=2)
    whole = replace(plan, backup=str(tmp_path / "whole"))
    prepare(whole).run()
    with pytest.raises(KeyboardInterrupt):
        prepare(plan, [StopAt(4)]).run()
    plan.path("_results.csv").write_text(plan.path("_results.csv").read_text() + "5,1,1\n")
    prepare(changed(plan, resume=True)).run()
    assert table(plan) == table(whole)
    assert [row["iteration"] for row in table(plan)] == list("123456")
    assert iterations(plan) == [1, 2, 3, 4, 5, 6]
    starts = json.loads(plan.path("_environment.json").read_text())["starts"]
    assert [start["iteration"] for start in starts] == [0, 4]


def test_runs_of_other_names_in_a_folder_keep_their_records(plan):
    prepare(plan).run()
    before = plan.path("_results.csv").read_bytes()
    prepare(changed(plan, base="other")).run()
    assert plan.path("_results.csv").read_bytes() == before


def test_a_run_that_replaces_another_starts_its_records_anew(plan):
    prepare(plan).run()
    prepare(changed(plan, overwrite=True, max_batches=3)).run()
    assert iterations(plan) == [1, 2, 3]
    assert [row["iteration"] for row in table(plan)] == list("123")


def test_a_run_from_weights_of_its_folder_continues_the_table(plan):
    prepare(plan).run()
    last = str(plan.path("_last.weights"))
    prepare(changed(plan, weights=last, overwrite=True, max_batches=8)).run()
    assert [row["iteration"] for row in table(plan)] == list("12345678")


def test_pictures_are_there_and_can_be_read(plan):
    prepare(changed(plan, map=True)).run()
    for name in ("batch_1", "batch_2", "batch_3", "predictions"):
        assert cv2.imread(str(plan.path(f"_{name}.png"))).size > 1000


def test_records_change_no_weights(plan, tmp_path, monkeypatch):
    plan = changed(plan, map=True)
    with monkeypatch.context() as patched:
        patched.setattr("darknet_torch.training.setup.records", lambda plan, data: Records())
        without = final_weights(replace(plan, backup=str(tmp_path / "without")))
    assert final_weights(plan) == without


def test_records_that_cannot_be_written_end_no_training(plan):
    names = ("results.csv", "events.jsonl", "environment.json", "chart.png", "batch_1.png")
    for name in (*names, "predictions.png"):
        plan.path(f"_{name}").mkdir(parents=True)
    recorder = Warnings()
    prepare(changed(plan, map=True), [recorder]).run()
    assert recorder.iterations[-1] == 6 and plan.path("_final.weights").exists()
    said = [text for text in recorder.warnings if "could not be written" in text]
    assert len(said) == len(set(said)) == 6 - ("matplotlib" not in sys.modules)


class Warnings(Recorder):
    """Keeps warnings, too."""

    def __init__(self):
        super().__init__()
        self.warnings = []

    def on_warning(self, loop, text):
        self.warnings.append(text)

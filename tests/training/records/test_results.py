"""The table of results, row after row."""

import csv

import pytest

from darknet_torch.training.records.results import Results, is_recorded
from tests.training.records.fake_loops import fake_loop, score, step


def rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.mark.parametrize("max_batches", [1, 100, 10_000, 10_001, 500_200])
def test_a_training_of_any_length_has_few_rows(max_batches):
    recorded = [one for one in range(1, max_batches + 1) if is_recorded(one, max_batches)]
    assert len(recorded) <= 10_002
    assert len(recorded) >= min(max_batches, 5_000)
    assert (recorded[0], recorded[-1]) == (1, max_batches)


def test_rows_have_the_loss_its_parts_and_the_evaluation(tmp_path):
    path = tmp_path / "results.csv"
    loop = fake_loop(Results(path, continues=False))
    loop.events.on_start(loop)
    head = {"iou": 0.7, "recall": 1.0, "count": 2.0, "class_loss": 0.3}
    step(loop, loss=3, parts={7: head})
    loop.events.on_evaluation(loop, score(0.25, recall=0.125))
    step(loop, loss=2)
    first, second = rows(path)
    assert (first["iteration"], first["loss"], first["rate"]) == ("1", "3", "0.1")
    assert (first["iou"], first["class_loss"]) == ("0.7", "0.3")
    assert (first["valid/mAP@0.50"], first["valid/recall"], first["recall"]) == (
        *("0.25", "0.125", "1"),
    )
    assert (second["iteration"], second["valid/recall"]) == ("2", "")


def test_an_evaluation_between_two_rows_has_a_row_of_its_own(tmp_path):
    path = tmp_path / "results.csv"
    loop = fake_loop(Results(path, continues=False), max_batches=100_000, iteration=14)
    loop.events.on_start(loop)
    loop.iteration = 15
    loop.events.on_evaluation(loop, score())
    loop.iteration = 14
    step(loop)  # the update itself, whose numbers join that row
    step(loop)
    assert [(row["iteration"], row["loss"]) for row in rows(path)] == [("15", "1")]


def test_a_run_that_goes_on_continues_the_table(tmp_path):
    path = tmp_path / "results.csv"
    loop = fake_loop(Results(path, continues=False))
    loop.events.on_start(loop)
    for _ in range(5):
        step(loop)
    again = fake_loop(Results(path, continues=True), iteration=3)
    again.events.on_start(again)
    step(again, loss=7)
    assert [(row["iteration"], row["loss"]) for row in rows(path)] == [
        *(("1", "1"), ("2", "1"), ("3", "1"), ("4", "7")),
    ]


def test_an_evaluation_that_is_made_up_for_joins_its_row(tmp_path):
    path = tmp_path / "results.csv"
    loop = fake_loop(Results(path, continues=False))
    loop.events.on_start(loop)
    step(loop)
    again = fake_loop(Results(path, continues=True), iteration=1)
    again.events.on_start(again)
    again.events.on_evaluation(again, score(0.75))
    assert [(row["iteration"], row["loss"], row["valid/mAP@0.50"]) for row in rows(path)] == [
        ("1", "1", "0.75")
    ]


def test_a_new_run_starts_the_table_anew(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("iteration,loss\n1,5\n")
    loop = fake_loop(Results(path, continues=False))
    loop.events.on_start(loop)
    step(loop)
    assert [row["loss"] for row in rows(path)] == ["1"]


def test_a_table_that_cannot_be_written_warns_once_and_ends_nothing(tmp_path):
    loop = fake_loop(Results(tmp_path / "gone" / "results.csv", continues=False))
    loop.events.on_start(loop)
    step(loop)
    step(loop)
    (warning,) = loop.log.warnings
    assert warning.startswith("iteration 1: the table of results could not be written; training")
    assert "gone" in warning

"""The table of a training's numbers."""

import csv

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.training.records.table import Table


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.csv"


def filled(path, *rows):
    table = Table(path)
    for row in rows:
        table.add(row)
    return table


def read(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_rows_are_in_the_file_at_once(path):
    table = filled(path, {"iteration": 1, "loss": 0.25})
    assert path.read_text() == "iteration,loss\n1,0.25\n"
    table.add({"iteration": 2, "loss": 0.125})
    assert path.read_text() == "iteration,loss\n1,0.25\n2,0.125\n"


def test_a_row_is_appended_and_the_file_kept(path):
    table = filled(path, {"iteration": 1, "loss": 1})
    before = path.stat().st_ino
    table.add({"iteration": 2, "loss": 2})
    assert path.stat().st_ino == before


def test_a_new_column_reaches_the_rows_before(path):
    filled(path, {"iteration": 1, "loss": 3}, {"iteration": 2, "loss": 2, "mAP": 0.5})
    assert read(path) == [
        {"iteration": "1", "loss": "3", "mAP": ""},
        {"iteration": "2", "loss": "2", "mAP": "0.5"},
    ]


def test_an_iteration_has_one_row(path):
    filled(path, {"iteration": 4, "mAP": 0.5}, {"iteration": 4, "loss": 2})
    assert read(path) == [{"iteration": "4", "mAP": "0.5", "loss": "2"}]


def test_a_run_that_goes_on_cuts_off_what_comes_again(path):
    filled(path, *({"iteration": index, "loss": index / 2} for index in range(1, 6)))
    again = Table(path)
    again.read(until=3)
    again.add({"iteration": 4, "loss": 9})
    assert [(row["iteration"], row["loss"]) for row in read(path)] == [
        *(("1", "0.5"), ("2", "1"), ("3", "1.5"), ("4", "9")),
    ]
    assert [row["iteration"] for row in again.rows] == [1, 2, 3, 4]


@pytest.mark.parametrize("end", ["3,1", "3", "3,1,2\n", "x,1\n", ",1\n"])
def test_a_damaged_row_is_left_out(path, end):
    path.write_text(f"iteration,loss\n1,2\n2,2\n{end}")
    table = Table(path)
    table.read(until=10)
    assert [row["iteration"] for row in table.rows] == [1, 2]


@pytest.mark.parametrize("content", [b"", b"\xff\x00\n", b"a,b\n1,2\n", b"iteration\n"])
def test_another_file_has_no_rows(path, content):
    path.write_bytes(content)
    table = Table(path)
    table.read(until=10)
    table.add({"iteration": 1, "loss": 1})
    assert path.read_text() == "iteration,loss\n1,1\n"


def test_after_a_failure_the_next_row_brings_everything(path, monkeypatch):
    table = filled(path, {"iteration": 1, "loss": 1})

    def full(path, data):
        raise UsageError("cannot be written (No space left on device)", where=path)

    with monkeypatch.context() as patched:
        patched.setattr("darknet_torch.training.records.table.append_bytes", full)
        with pytest.raises(UsageError):
            table.add({"iteration": 2, "loss": 2})
    table.add({"iteration": 3, "loss": 3})
    assert [row["iteration"] for row in read(path)] == ["1", "2", "3"]

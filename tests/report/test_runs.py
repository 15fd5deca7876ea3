"""Trainings are read as far as their folders can be read."""

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.report.run_folders import RunFolder, find_run
from darknet_torch.report.run_history import History, read_history
from darknet_torch.report.runs import read_run, read_runs
from tests.report.fabricated_runs import EVENTS, ROWS, write_run, written_run


def test_a_run_knows_its_best_score_and_its_length(tmp_path):
    run = written_run(tmp_path)
    assert (run.measure, run.best_score, run.best_iteration) == ("valid/mAP@0.50", 0.75, 3)
    assert (run.iterations, run.last("average_loss"), run.faults) == (4, 7.5, [])
    assert run.history == History("complete", 4, 4, 8 * 60)
    assert run.start["processor"] == "a processor"


def test_the_best_weights_come_first(tmp_path):
    run = written_run(tmp_path)
    assert run.weights is None
    for name in ("last", "final", "best"):
        (tmp_path / f"custom_{name}.weights").touch()
        assert run.weights == tmp_path / f"custom_{name}.weights"


def test_a_training_that_was_killed_while_it_wrote_is_read(tmp_path):
    write_run(tmp_path, events=EVENTS[:2])
    with (tmp_path / "custom_results.csv").open("a") as file:
        file.write("5,2.5,7.")
    with (tmp_path / "custom_events.jsonl").open("a") as file:
        file.write('{"event": "iteration", "ti')
    run = read_run(RunFolder(tmp_path, "custom"), "a")
    assert len(run.rows) == len(ROWS)
    assert run.history == History("running, or was killed", 2, 4, 2 * 60)
    assert run.faults == []


@pytest.mark.parametrize("damage", [b"", b"[", b"[1]", b"\xff\x00,\n\n,,,\n", b"-1e999\n"])
def test_damaged_files_end_nothing(damage, tmp_path):
    write_run(tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(damage)
    run = read_run(RunFolder(tmp_path, "custom"), "a")
    assert (run.best, run.iterations, run.history.state) == (None, 0, "unknown")
    assert any("custom_results.csv" in fault for fault in run.faults)


@pytest.mark.parametrize("part", ["plan", "environment"])
def test_lists_deep_in_each_other_are_damage(part, tmp_path):
    write_run(tmp_path)
    deep = f"{'[' * 500}{']' * 500}"
    content = f'{{"seed": {deep}, "starts": [{{"versions": {{"torch": {deep}}}}}]}}'
    (tmp_path / f"custom_{part}.json").write_text(content)
    run = read_run(RunFolder(tmp_path, "custom"), "a")
    assert getattr(run, {"environment": "start"}.get(part, part)) == {}
    (fault,) = run.faults
    assert f"custom_{part}.json: is no whole JSON: got lists or objects in each other" in fault


def test_what_is_missing_is_named(tmp_path):
    write_run(tmp_path)
    for path in tmp_path.iterdir():
        if "plan" not in path.name:
            path.unlink()
    run = read_run(RunFolder(tmp_path, "custom"), "a")
    missing = " ".join(run.faults)
    names = ("_results.csv", "_environment.json", "_events.jsonl", ".cfg")
    assert all(f"custom{name}" in missing for name in names)


@pytest.mark.parametrize(
    ("last", "state"),
    [("interrupt", "stopped"), ("error", "failed"), ("end", "ended early")],
)
def test_how_a_training_ended(last, state):
    text = '{"event": "start", "max_batches": 9, "iteration": 0}\n'
    assert read_history(f'{text}{{"event": "{last}", "iteration": 3}}').state == state


class TestFinding:
    def test_a_folder_with_one_training(self, tmp_path):
        write_run(tmp_path / "one")
        assert find_run(str(tmp_path / "one")) == RunFolder(tmp_path / "one", "custom")

    def test_several_in_a_folder_need_their_names(self, tmp_path):
        for base in ("custom", "small"):
            write_run(tmp_path, base)
        with pytest.raises(UsageError, match=r"several trainings .* got custom, small; name one"):
            find_run(str(tmp_path))
        for name in ("small", "small.cfg"):
            assert find_run(str(tmp_path / name)) == RunFolder(tmp_path, "small")
        with pytest.raises(UsageError, match=r"no training: .* got trainings in .*/custom, .*/sm"):
            find_run(str(tmp_path / "smaller"))

    def test_a_folder_of_folders_names_those_with_trainings(self, tmp_path):
        write_run(tmp_path / "one")
        (tmp_path / "other").mkdir()
        with pytest.raises(UsageError, match=r"no training: .* got trainings in \S*/one; name"):
            find_run(str(tmp_path))

    @pytest.mark.parametrize("path", ["nothing", "nothing/there", "", "x\0y", "a" * 300])
    def test_nothing_there(self, path, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UsageError, match="no training"):
            find_run(path)

    def test_the_same_training_twice(self, tmp_path, monkeypatch):
        write_run(tmp_path / "one")
        monkeypatch.chdir(tmp_path)
        (tmp_path / "link").symlink_to("one")
        for paths in (["one", "one"], ["one", "link"], ["one", "one/custom.cfg"]):
            with pytest.raises(UsageError, match="the same training twice"):
                read_runs(paths)


@pytest.mark.parametrize(
    ("paths", "labels"),
    [
        (("a/x", "a/y"), ["x", "y"]),
        (("a/x.custom", "a/x.small"), ["custom", "small"]),
        (("a/x", "b/x.small"), ["custom", "small"]),
        (("a/x", "b/x"), ["a/x/custom", "b/x/custom"]),
        (("a/x.custom", "a/x.small", "a/y.small"), ["x/custom", "x/small", "y/small"]),
    ],
)
def test_labels_tell_the_trainings_apart(paths, labels, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in paths:
        folder, _, base = path.partition(".")
        write_run(tmp_path / folder, base or "custom")
    runs = read_runs([path.replace(".", "/") for path in paths])
    assert [run.label for run in runs] == labels

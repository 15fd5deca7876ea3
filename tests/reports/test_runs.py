"""Good weights are not lost to another run: what users met, on the command line."""

import json
import shlex

import pytest

from darknet_torch.training.checkpoint_pair import find_saved_run
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.problem_log import ProblemSummary
from tests.cli.command import dtorch
from tests.training.runs import DETECTOR, detector_data, written

LATER = ("--workers", 0, "--quiet")


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, DETECTOR)
    detector_data(tmp_path / "data", 3, "valid")
    return detector_data(tmp_path / "data")


def train(*words):
    return dtorch("train", "--cfg", "small.cfg", "--data", "data/squares.data", *words, *LATER)


def detector_train(*words):
    return dtorch("detector", "train", "data/squares.data", "small.cfg", *words, *LATER)


def weights_below(folder):
    return {path: path.read_bytes() for path in folder.rglob("*.weights")}


def test_a_second_run_goes_to_a_folder_of_its_own(files, tmp_path):
    """own: a run of 3 iterations replaced a _best of 85 % mAP by one of 0.08 %."""
    assert train("--max-batches", 2).exit_code == 0
    first = weights_below(tmp_path)
    assert train("--max-batches", 1).exit_code == 0
    assert (tmp_path / "runs" / "small-2" / "small_final.weights").exists()
    assert {path: path.read_bytes() for path in first} == first


def test_a_named_folder_with_weights_is_refused_before_the_data_is_read(files, tmp_path):
    """own: the run that is refused has not even read its lists."""
    assert train("--max-batches", 1, "--backup", "mine").exit_code == 0
    before = weights_below(tmp_path)
    (tmp_path / "data" / "train.txt").unlink()
    result = train("--max-batches", 1, "--backup", "mine")
    assert result.exit_code == 2
    assert "mine: a run of this cfg has left its weights here" in result.stderr
    assert (
        "expected a folder without weights of small.cfg, got small_final.weights" in result.stderr
    )
    assert all(way in result.stderr for way in ("--resume", "--backup DIR", "--overwrite"))
    assert weights_below(tmp_path) == before


def test_overwrite_replaces_a_run(files, tmp_path):
    assert train("--max-batches", 1, "--backup", "mine").exit_code == 0
    before = weights_below(tmp_path)
    words = ("--max-batches", 1, "--backup", "mine", "--seed", 5, "--overwrite")
    assert train(*words).exit_code == 0
    assert weights_below(tmp_path).keys() == before.keys()
    assert weights_below(tmp_path) != before


def test_backup_of_the_data_file_is_a_named_folder(files, tmp_path):
    with files.open("a") as file:
        file.write("backup=kept\n")
    assert train("--max-batches", 1).exit_code == 0
    assert (tmp_path / "kept" / "small_final.weights").exists()
    assert train("--max-batches", 1).exit_code == 2


def test_darknets_spelling_refuses_too_unless_it_is_meant_to_go_on(files, tmp_path):
    """own: `-clear`, or weights of that folder, are how Darknet's users go on."""
    with files.open("a") as file:
        file.write("backup=kept\n")
    assert detector_train("--max-batches", 2).exit_code == 0
    before = weights_below(tmp_path)
    result = detector_train("--max-batches", 2)
    assert result.exit_code == 2
    assert "--overwrite" in result.stderr
    assert weights_below(tmp_path) == before
    last = "kept/small_last.weights"
    assert detector_train(last, "--max-batches", 3).exit_code == 0
    assert detector_train("-clear", "--max-batches", 1).exit_code == 0


def test_resume_finds_the_last_run_and_says_from_where(files, tmp_path):
    """eriklindernoren/PyTorch-YOLOv3 347: after a reboot, how does the last run go on?"""
    for batches in (2, 3):
        assert train("--max-batches", batches).exit_code == 0
    result = dtorch(
        *("train", "--cfg", "small.cfg", "--data", "data/squares.data", "--resume"),
        *("--max-batches", 4, "--workers", 0),
    )
    assert result.exit_code == 0
    assert "going on after iteration 3, from runs/small-2/small_last.weights" in result.stderr
    assert "[net] max_batches: 3 -> 4" in result.stderr
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [" 4"]


def test_best_weights_of_an_earlier_run_are_kept(files, tmp_path):
    """AlexeyAB/darknet 4387: going on from _last replaced _best at the first evaluation."""
    with files.open("a") as file:
        file.write("backup=kept\n")
    evaluated = ("-map", "-iou_thresh", 0)  # what touches an object is right: a score above 0
    assert detector_train(*evaluated, "--max-batches", 2).exit_code == 0
    best = (tmp_path / "kept" / "small_best.weights").read_bytes()
    for batches, name in ((3, "small_best_earlier"), (4, "small_best_earlier-2")):
        words = ("kept/small_last.weights", *evaluated, "--max-batches", batches)
        assert detector_train(*words).exit_code == 0
        kept = (tmp_path / "kept" / f"{name}.weights").read_bytes()
        assert kept == best
        best = (tmp_path / "kept" / "small_best.weights").read_bytes()
        assert best != kept


def test_a_finished_run_goes_on_with_more_iterations(files, tmp_path):
    """AlexeyAB/darknet 6592, pjreddie/darknet 1692: it wrote _final and ended at once."""
    assert train("--max-batches", 2).exit_code == 0
    result = train("--resume", "--max-batches", 2)
    assert result.exit_code == 0
    assert "warning: the run is complete; a larger --max-batches goes on" in result.stderr
    result = train("--resume", "--max-batches", 1)
    assert result.exit_code == 2
    assert "the run has more iterations already: expected max_batches=1 at most" in result.stderr
    assert train("--resume", "--max-batches", 3).exit_code == 0


def test_nothing_to_resume_is_said_so(files):
    for words in ((), ("--backup", "absent")):
        result = train("--resume", *words)
        assert result.exit_code == 2
        assert "nothing to resume: expected" in result.stderr


def test_a_run_goes_on_from_the_weights_that_it_was_started_with(files, tmp_path):
    """The same command with --resume: --weights and --clear count for the first start alone."""
    assert train("--max-batches", 1).exit_code == 0
    start = ("--weights", "runs/small/small_final.weights", "--clear", "--backup", "mine")
    assert train(*start, "--max-batches", 2).exit_code == 0
    words = ("train", "--cfg", "small.cfg", "--data", "data/squares.data", *start)
    result = dtorch(*words, "--workers", 0, "--max-batches", 3, "--resume")
    assert result.exit_code == 0
    assert (
        "note: --resume goes on with its own weights, without --weights, --clear" in result.stderr
    )
    plan = TrainPlan(cfg="small.cfg", data="", base="small", backup="mine")
    assert find_saved_run(plan).state["iteration"] == 3


def test_weights_elsewhere_to_which_a_file_of_the_folder_leads_are_kept(files, tmp_path):
    """own: `_last` was a link to the pretrained weights, and -clear let the run replace them."""
    assert train("--max-batches", 1, "--backup", "good").exit_code == 0
    good = tmp_path / "good" / "small_final.weights"
    before = good.read_bytes()
    with files.open("a") as file:
        file.write("backup=kept\n")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "small_last.weights").symlink_to(good)
    result = detector_train("kept/small_last.weights", "-clear", "--max-batches", 1)
    assert result.exit_code == 2
    assert (
        "kept/small_last.weights: cannot be written over an input: expected a file that is not "
        "read, got kept/small_last.weights, which is read; give another path" in result.stderr
    )
    assert good.read_bytes() == before
    assert train("--max-batches", 1).exit_code == 2


def test_a_run_goes_on_by_the_command_that_is_printed(files, tmp_path, monkeypatch):
    """own: --resume without the options of the first command dropped the rate 100 times."""

    def stop(self, loop, update):
        if update.iteration == 3:
            raise KeyboardInterrupt

    first = ("--max-batches", 5, "--scale-schedule", "--map", "--backup", "runs/my run")
    with monkeypatch.context() as patch:
        patch.setattr(ProblemSummary, "on_iteration", stop, raising=False)
        stopped = dtorch(
            *("train", "--cfg", "small.cfg", "--data", "data/squares.data", "--workers", 0, *first)
        )
    command = stopped.stderr.partition("to go on: dtorch ")[2].splitlines()[0]
    plan_file = tmp_path / "runs/my run/small_plan.json"
    before = json.loads(plan_file.read_bytes())
    again = dtorch(*shlex.split(command))
    assert again.exit_code == 0, again.stderr
    assert "note: runs/my run/small_plan.json: the options of the stopped run go on: " in (
        again.stderr
    )
    assert "going on after iteration 3, from runs/my run/small_last.weights" in again.stderr
    assert "have changed" not in again.stderr
    assert "mean average precision" in again.stdout
    assert json.loads(plan_file.read_bytes()) == before | {"resume": True}


def test_an_evaluation_is_not_called_training_data(files):
    """own: "training data: 60 pictures -> 48 pictures", where only --map was left out."""
    assert train("--max-batches", 1).exit_code == 0
    result = train("--max-batches", 2, "--resume", "--map")
    assert result.exit_code == 0
    assert "  evaluation data: not set -> 3 pictures (" in result.stderr
    assert "training data:" not in result.stderr
    without = train("--max-batches", 3, "--resume", "--no-map")
    assert without.exit_code == 0
    assert "mean average precision" not in without.stdout
    assert "  map: True -> False" in without.stderr

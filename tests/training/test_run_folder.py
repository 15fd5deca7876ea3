"""The folder of a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from darknet_torch.errors import CfgNote, UsageError
from darknet_torch.training import run_folder
from darknet_torch.training.run_folder import (
    check_free,
    files_of_run,
    free_path,
    last_run_folder,
    locked,
    new_run_folder,
    removed_if_empty,
)

HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_new_runs_get_numbered_folders(tmp_path):
    runs = tmp_path / "runs"
    names = []
    for _ in range(3):
        folder = new_run_folder("tiny", runs)
        (folder / "tiny_last.weights").touch()
        names.append(folder.name)
    assert names == ["tiny", "tiny-2", "tiny-3"]


def test_an_empty_folder_belongs_to_a_run_that_is_about_to_start(tmp_path):
    assert new_run_folder("tiny", tmp_path) != new_run_folder("tiny", tmp_path)


def test_an_empty_folder_below_runs_is_removed(tmp_path):
    elsewhere = tmp_path / "elsewhere" / "tiny"
    elsewhere.mkdir(parents=True)
    empty, used = (new_run_folder("tiny", tmp_path) for _ in range(2))
    (used / "tiny_last.weights").touch()
    for folder in (empty, used, elsewhere):
        with pytest.raises(UsageError), removed_if_empty(folder, tmp_path):
            raise UsageError("the run does not start")
    assert not empty.exists()
    assert used.exists()
    assert elsewhere.exists()


def test_runs_goes_with_its_only_folder_and_comes_back(tmp_path):
    folder = new_run_folder("tiny", tmp_path / "runs")
    with pytest.raises(UsageError), removed_if_empty(folder, tmp_path / "runs"):
        raise UsageError("the run does not start")
    assert not list(tmp_path.iterdir())
    assert new_run_folder("tiny", tmp_path / "runs") == folder


def test_names_of_runs_are_no_patterns(tmp_path):
    folder = new_run_folder("tiny[1]", tmp_path)
    (folder / "tiny[1]_last.state").touch()
    assert last_run_folder("tiny[1]", tmp_path) == folder


def test_a_file_in_the_place_of_a_folder_is_passed_over(tmp_path):
    (tmp_path / "tiny").touch()
    assert new_run_folder("tiny", tmp_path).name == "tiny-2"


def test_the_last_run_is_the_one_whose_state_is_newest(tmp_path):
    for number, name in enumerate(("tiny-2", "tiny", "tiny-10", "tiny-xl")):
        (tmp_path / name).mkdir()
        state = tmp_path / name / "tiny_last.state"
        state.touch()
        os.utime(state, (number, number))
    assert last_run_folder("tiny", tmp_path).name == "tiny-10"


def test_without_a_state_there_is_nothing_to_resume(tmp_path):
    (tmp_path / "tiny").mkdir()
    with pytest.raises(UsageError) as error:
        last_run_folder("tiny", tmp_path)
    parts = error.value
    assert (parts.what, parts.where, parts.got) == ("nothing to resume", tmp_path, "tiny")
    assert "tiny_last.state" in parts.expected
    assert "--backup" in parts.fix


def test_only_what_the_run_would_overwrite_is_in_its_way(tmp_path):
    mine = ["_last.weights", "_last.state", "_best.weights", "_final.weights", "_ema.weights"]
    mine += ["_1000.weights", "_previous.weights", "_previous.state"]
    for suffix in mine:
        (tmp_path / f"tiny{suffix}").touch()
    for name in ("tiny.weights", "tiny.cfg", "tiny_xl_last.weights", "xtiny_last.weights"):
        (tmp_path / name).touch()
    assert sorted(path.name for path in files_of_run(tmp_path, "tiny")) == sorted(
        f"tiny{suffix}" for suffix in mine
    )
    assert files_of_run(tmp_path / "absent", "tiny") == []


def test_an_occupied_folder_is_refused_with_the_ways_out(tmp_path):
    for number in range(5):
        (tmp_path / f"tiny_{number}.weights").touch()
    with pytest.raises(UsageError) as error:
        check_free(tmp_path, "tiny")
    parts = error.value
    assert parts.where == tmp_path
    assert "overwrite" in parts.what
    assert "tiny" in parts.expected
    assert parts.got == "tiny_0.weights, tiny_1.weights, tiny_2.weights and 2 more"
    assert all(word in parts.fix for word in ("--resume", "--backup", "--overwrite"))
    check_free(tmp_path, "other")


def test_one_run_at_a_time_writes_to_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "_PATIENCE", 0.1)
    messages = []
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / ".training.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(UsageError) as error, locked(tmp_path, messages.append):
            pytest.fail("entered")
        process.kill()  # the system frees the lock
    assert error.value.where == tmp_path
    assert "another run" in error.value.what
    assert "--backup" in error.value.fix
    assert "waiting" in messages[0]
    with locked(tmp_path, messages.append):
        assert len(messages) == 1


def test_a_folder_that_cannot_be_created_is_our_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be created"):
        new_run_folder("tiny", tmp_path / "file")
    with (
        pytest.raises(UsageError, match="cannot be created"),
        locked(tmp_path / "file" / "x", print),
    ):
        pytest.fail("entered")


def test_a_newer_run_without_a_state_is_said_to_be_skipped(tmp_path):
    for name, state, time in (("tiny", True, 5), ("tiny-2", False, 9), ("tiny-3", False, 3)):
        (tmp_path / name).mkdir()
        if state:
            (tmp_path / name / "tiny_last.state").touch()
            os.utime(tmp_path / name / "tiny_last.state", (time, time))
        os.utime(tmp_path / name, (time, time))
    with pytest.warns(CfgNote) as noted:
        assert last_run_folder("tiny", tmp_path) == tmp_path / "tiny"
    (note,) = noted
    assert f"{tmp_path}/tiny-2: this newer run has nothing saved, and is skipped" in str(
        note.message
    )


def test_a_free_path_gets_a_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert free_path("found") == Path("found")
    for name in ("found", "found-2"):
        (tmp_path / name).mkdir()
    assert free_path("found") == Path("found-3")

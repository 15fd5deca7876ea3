"""The last weights and their state, written and found as one."""

import os

import pytest

from darknet_torch.errors import UsageError, WeightsError
from darknet_torch.training.checkpoint_pair import (
    CheckpointPair,
    digest_of,
    find_saved_run,
    keep_as,
)
from darknet_torch.training.plan import TrainPlan
from tests.training.small_networks import network

CFG = "[net]\nwidth=4\nheight=4\nchannels=2\n[convolutional]\nfilters=3\nactivation=linear\n"


@pytest.fixture
def plan(tmp_path):
    return TrainPlan(cfg="small.cfg", data="", base="small", backup=str(tmp_path))


def written(plan, *iterations):
    """Write a pair for each iteration, each with weights of its own."""
    pair = CheckpointPair(plan, last_is_complete=False)
    for iteration in iterations:
        pair.write(network(CFG, seed=iteration), {"iteration": iteration, "record": {}})
    return pair


def found(plan):
    """The iteration that a resumed run goes on from, and the names of its files."""
    saved = find_saved_run(plan)
    return saved.state["iteration"], saved.weights.name, saved.state_path.name


def test_the_last_pair_is_found_and_the_one_before_kept(plan):
    written(plan, 1, 2)
    assert found(plan) == (2, "small_last.weights", "small_last.state")
    plan.path("_last.state").unlink()
    assert found(plan) == (1, "small_previous.weights", "small_previous.state")


def test_a_pair_that_is_not_complete_does_not_push_out_the_one_before(plan):
    written(plan, 1, 2)
    plan.path("_last.weights").write_bytes(b"others")
    pair = CheckpointPair(plan, last_is_complete=False)
    pair.write(network(CFG, seed=3), {"iteration": 3, "record": {}})
    plan.path("_last.state").unlink()
    assert found(plan)[0] == 1


def test_a_kill_between_the_renames_leaves_a_state_to_go_on_from(plan, monkeypatch):
    """The state has its name, its weights have not."""
    pair = written(plan, 1)

    class Killed(BaseException):
        pass

    def kill(*arguments):
        raise Killed

    rename, calls = type(plan.path("")).replace, []

    def one_rename(path, target):
        calls.append(target)
        return rename(path, target) if len(calls) == 1 else kill()

    monkeypatch.setattr("pathlib.Path.replace", one_rename)
    with pytest.raises(Killed):
        pair.write(network(CFG, seed=2), {"iteration": 2, "record": {}})
    assert [target.name for target in calls] == ["small_last.state", "small_last.weights"]
    assert found(plan) == (2, "small_last.weights", "small_last.state")


def test_a_write_that_fails_says_what_to_do(plan, monkeypatch):
    pair = written(plan, 1)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WeightsError) as error:
        pair.write(network(CFG, seed=2), {"iteration": 2, "record": {}})
    assert error.value.what == "cannot be written (No space left on device)"
    assert "--resume then continues from the last pair" in error.value.fix
    assert found(plan)[0] == 1


def test_without_a_pair_each_file_has_its_fault(plan):
    written(plan, 1, 2)
    plan.path("_last.state").write_bytes(b"no state")
    plan.path("_previous.weights").unlink()
    plan.path("_last.weights").write_bytes(b"others")
    with pytest.raises(UsageError) as error:
        find_saved_run(plan)
    parts = error.value
    assert (parts.what, parts.where) == ("nothing to resume", plan.backup)
    assert "small_last.state: is not the state of a run" in parts.got
    assert "small_previous.state: does not belong to" in parts.got
    assert "small_last.weights" in parts.expected
    assert "--weights" in parts.fix


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_kept_under_a_second_name(tmp_path, monkeypatch, links):
    """A file system without links renames it."""
    if not links:
        monkeypatch.setattr(os, "link", lambda *names: (_ for _ in ()).throw(OSError(1, "no")))
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_text("new")
    other.write_text("old")
    keep_as(path, other)
    assert other.read_text() == "new"
    assert path.exists() == links
    keep_as(tmp_path / "absent", other)
    assert other.read_text() == "new"


def test_a_pipe_has_no_checksum_and_is_no_missing_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert digest_of(tmp_path / "missing") == ""
    assert digest_of(tmp_path / "pipe") == digest_of(tmp_path) == "no file"

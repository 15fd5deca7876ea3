"""Runs that are killed, interrupted or out of disk space go on and end with the same bytes.

Public reports of runs that a reboot or a power cut stopped: AlexeyAB/darknet 4987 and 472,
ultralytics/yolov3 1089, eriklindernoren/PyTorch-YOLOv3 347.
"""

import random
import signal

import pytest

from darknet_torch.training.checkpoint_pair import find_saved_run
from tests.training.other_processes import (
    FAILED,
    Stop,
    ends,
    exit_status,
    resumable,
    seconds_of,
    status_without_reader,
)
from tests.training.runs import changed, small_plan

KILLS = 50


OPTIONS = {"save_last": 2, "map": True}


@pytest.fixture
def plan(plan):
    return changed(plan, **OPTIONS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The ends of a run that nobody stops, on equal data in another folder."""
    alone = changed(small_plan(tmp_path_factory.mktemp("whole")), **OPTIONS)
    assert exit_status(alone) == 0
    return ends(alone)


def test_a_kill_before_any_rename_of_a_save_loses_nothing(plan, whole):
    """The halves of the first pair, then of each pair two links and the halves."""
    for rename in range(3, 11):
        run = changed(plan, backup=f"{plan.backup}{rename}")
        assert exit_status(run, Stop(rename=rename)) == -signal.SIGKILL
        if rename > 3:
            assert find_saved_run(run).state["iteration"] >= (2 if rename < 8 else 4)
        assert exit_status(resumable(run)) == 0
        assert ends(run) == whole


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_a_signal_never_saves_half_an_iteration(plan, whole, number, status):
    """The third mini-batch is the first half of the second iteration: it is taken back."""
    assert exit_status(plan, Stop(number, mini_batch=2)) == status
    assert find_saved_run(plan).state["iteration"] == 1
    assert exit_status(changed(plan, resume=True)) == 0
    assert ends(plan) == whole


def test_a_second_ctrl_c_ends_at_once_with_the_last_pair(plan, whole):
    plan = changed(plan, save_last=1)
    assert exit_status(plan, Stop(signal.SIGINT, mini_batch=6, times=2)) == 130
    assert find_saved_run(plan).state["iteration"] == 3
    assert exit_status(changed(plan, resume=True)) == 0
    assert ends(plan) == whole


def test_a_run_without_a_reader_keeps_its_last_iteration(plan, whole):
    """As in ``dtorch train | head``."""
    words = ["train", "--cfg", plan.cfg, "--data", plan.data, "--map", "--workers", 0]
    assert status_without_reader([*words, "--backup", plan.backup]) == 141
    assert find_saved_run(plan).state["iteration"] == 1
    assert exit_status(changed(plan, resume=True)) == 0
    assert ends(plan) == whole


def test_a_full_disk_keeps_the_pair_before(plan, whole):
    """The weights still fit, the state does not."""
    assert exit_status(plan, Stop(signal.SIGINT, mini_batch=6)) == 130
    before = {path.name: path.read_bytes() for path in plan.path("").parent.glob("small_last*")}
    room = (len(before["small_last.weights"]) + len(before["small_last.state"])) // 2
    status = exit_status(changed(plan, resume=True, map=False), Stop(largest_file=room))
    assert status == FAILED
    after = {path.name: path.read_bytes() for path in plan.path("").parent.glob("small_last*")}
    assert after == before
    assert exit_status(changed(plan, resume=True)) == 0
    assert ends(plan) == whole


@pytest.mark.long
def test_many_kills_at_random_moments(plan, tmp_path):
    plan = changed(plan, max_batches=40, workers=1)
    alone = changed(plan, backup=str(tmp_path / "whole"))
    longest = seconds_of(alone)
    draw, kills = random.Random(0), 0
    while kills < KILLS:
        run = changed(plan, backup=str(tmp_path / f"run{kills}"))
        while (status := exit_status(resumable(run), _random_stop(draw, longest))) != 0:
            kills += 1
            assert status in (-signal.SIGKILL, 130, 143, 129, FAILED)
            if resumable(run).resume:
                find_saved_run(run)
        assert ends(run) == ends(alone)


def _random_stop(draw, longest):
    number = draw.choice((signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    return draw.choice(
        (
            Stop(number, seconds=draw.uniform(0, longest)),
            Stop(rename=draw.randrange(30)),
            Stop(number, mini_batch=draw.randrange(60)),
            Stop(largest_file=draw.randrange(30_000)),
        )
    )

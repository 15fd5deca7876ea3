"""The list of checks before the first iteration; tests/reports/test_train_start.py has more."""

from dataclasses import replace

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.training.distributed import Processes
from darknet_torch.training.setup import prepare
from darknet_torch.training.start_checks import START_CHECKS, Start, check_start
from tests.training.runs import changed


def start(plan):
    training = prepare(plan)
    return Start(training.plan, training.network, training.data)


def test_a_sound_training_passes_all_checks_without_a_word(plan, recwarn):
    check_start(start(changed(plan, map=True)))
    assert [str(item.message) for item in recwarn] == []
    assert len(START_CHECKS) == len(set(START_CHECKS)) > 0


def test_training_without_truths_needs_no_boxes(plan, tmp_path):
    begun = start(plan)
    for label in (tmp_path / "data").glob("train_*.txt"):
        label.write_text("")
    with pytest.raises(UsageError, match="no box is left to train on"):
        prepare(plan)
    begun.network.net = replace(begun.network.net, notruth=True)
    check_start(begun)


def test_the_first_process_alone_checks(plan, tmp_path, monkeypatch):
    for label in (tmp_path / "data").glob("train_*.txt"):
        label.write_text("")
    monkeypatch.setattr(Processes, "share", lambda self, network: None)
    assert prepare(plan, processes=Processes(1, 2)).loop.processes.rank == 1
    with pytest.raises(UsageError, match="no box is left to train on"):
        prepare(plan, processes=Processes(0, 2))


def test_the_rates_that_are_shown_start_where_the_training_starts(plan):
    begun = replace(start(changed(plan, max_batches=3)), iteration=2)
    with pytest.warns(UserWarning, match="rates of this run: 0.01 at iteration 3$"):
        check_start(begun)

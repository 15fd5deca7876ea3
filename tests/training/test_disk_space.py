"""The room that the files of a training take."""

from pathlib import Path

import pytest

from darknet_torch.training.disk_space import RECORDS, check_room, room_needed
from darknet_torch.training.setup import prepare
from tests.training.runs import DETECTOR, changed, written


def needed(training, **options):
    settings = {"iteration": 0, "evaluates": False, **options}
    return room_needed(training.network, training.plan, **settings)


def test_the_estimate_is_what_a_run_writes(plan):
    training = prepare(changed(plan, save_every=3, save_last=1))
    estimate = needed(training)
    training.run()
    sizes = {path.name: path.stat().st_size for path in Path(plan.backup).iterdir()}
    assert estimate.weights == sizes["small_final.weights"]
    assert estimate.numbered == len(["small_3.weights", "small_6.weights"])
    pair = sizes["small_last.weights"] + sizes["small_last.state"]
    assert estimate.pair == pytest.approx(pair, rel=0.5)  # the state has some kB of its own
    saved = [size for name, size in sizes.items() if name.endswith((".weights", ".state"))]
    assert estimate.total - RECORDS > sum(saved)
    assert sum(sizes.values()) - sum(saved) < RECORDS


def test_adam_and_averages_take_more(plan, tmp_path):
    plain = needed(prepare(plan))
    text = DETECTOR.replace("[net]", "[net]\nadam=1\nema_alpha=.9", 1)
    more = needed(prepare(changed(plan, cfg=str(written(tmp_path, text, "adam.cfg")))))
    assert more.pair > plain.pair
    assert more.weights == plain.weights
    evaluated = needed(prepare(plan), evaluates=True)
    assert evaluated.total == plain.total + plain.weights


def test_files_written_already_do_not_count(plan):
    training = prepare(changed(plan, save_every=2))
    assert [needed(training, iteration=done).numbered for done in (0, 2, 5)] == [3, 2, 1]


def test_a_disk_that_cannot_be_looked_at_is_no_error(plan, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shutil.disk_usage", refuse)
    check_room(needed(prepare(plan)), plan)

"""The records of an earlier run in the folder of a new one."""

import pytest

from darknet_torch.training.records.every import records
from darknet_torch.training.setup import prepare
from tests.training.records.fake_loops import fake_loop
from tests.training.runs import changed

PICTURES = ("_chart.png", "_predictions.png", "_batch_1.png", "_batch_2.png", "_batch_3.png")
TABLES = ("_results.csv", "_events.jsonl", "_environment.json")


@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"resume": True}])
def test_a_new_run_keeps_them_unless_it_replaces_the_earlier_one(plan, options):
    training = prepare(plan)
    board = plan.path("_tensorboard")
    board.mkdir(parents=True)
    event = board / "events.out.tfevents.17.host.1.0"
    pictures, tables = [plan.path(name) for name in PICTURES], [plan.path(name) for name in TABLES]
    others = [plan.path("_best.weights"), changed(plan, base="b").path("_chart.png")]
    notes = board / "notes"
    for path in (*pictures, *tables, event, *others, notes):
        path.write_bytes(b"0")
    plan.path("_chart.png.bak").write_bytes(b"older")
    callback = records(changed(plan, **options), training.data).first[0]
    loop = fake_loop()
    loop.device = training.loop.device
    callback.on_start(loop)
    assert all(path.exists() for path in others)
    assert plan.path("_chart.png.bak").read_bytes() == b"older"
    kept = not options
    assert [path.exists() for path in (*pictures, event)] == ["resume" in options] * 6
    assert plan.path("_chart.png.bak2").exists() == kept
    for path in (*pictures[1:], *tables):
        assert path.with_name(f"{path.name}.bak").exists() == kept
    assert (plan.path("_tensorboard.bak") / event.name).exists() == kept
    assert notes.exists() == (not kept)

"""The pictures of an earlier run in the folder of a new one."""

import pytest

from darknet_torch.training.records.every import records
from darknet_torch.training.setup import prepare
from tests.training.records.fake_loops import fake_loop
from tests.training.runs import changed

PICTURES = ("_chart.png", "_predictions.png", "_batch_1.png", "_batch_2.png", "_batch_3.png")


@pytest.mark.parametrize("resume", [False, True])
def test_a_new_run_removes_them_and_nothing_else(plan, resume):
    training = prepare(plan)
    board = plan.path("_tensorboard")
    board.mkdir(parents=True)
    earlier = [*map(plan.path, PICTURES), board / "events.out.tfevents.17.host.1.0"]
    others = [
        plan.path("_best.weights"),
        board / "notes",
        changed(plan, base="b").path("_chart.png"),
    ]
    for path in (*earlier, *others):
        path.write_bytes(b"0")
    for callback in records(changed(plan, resume=resume), training.data).first:
        callback.on_start(start(training.loop.device))
    assert [path.exists() for path in earlier] == [resume] * len(earlier)
    assert all(path.exists() for path in others)


def start(device):
    loop = fake_loop()
    loop.device = device
    return loop

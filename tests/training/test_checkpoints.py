"""The files of a training, and resuming from them."""

import json

import pytest
import torch

from darknet_torch import load
from darknet_torch.errors import UsageError
from darknet_torch.training.setup import prepare
from tests.training.runs import Recorder, changed, final_weights


def test_it_writes_darknets_files(plan):
    recorder = Recorder()
    prepare(changed(plan, map=True, save_every=2, save_last=1), [recorder]).run()
    names = {path.name for path in plan.path("").parent.iterdir()}
    kept = {"small_2.weights", "small_4.weights", "small_6.weights", "small_last.weights"}
    assert names == kept | {
        *("small_final.weights", "small_best.weights", "small_last.state"),
        *("small.cfg", "small_plan.json"),
    }
    network = load(plan.path(".cfg"), plan.path("_final.weights"))
    assert network.header.seen == 6 * 4
    assert recorder.iterations == [1, 2, 3, 4, 5, 6]
    assert len(recorder.scores) == 1
    assert json.loads(plan.path("_plan.json").read_text())["seed"] == 0


@pytest.mark.parametrize("bugs", ["fix", "reproduce"])
def test_a_resumed_run_ends_with_the_same_weights(plan, tmp_path, bugs):
    plan = changed(plan, darknet_bugs=bugs, save_last=2)
    whole = final_weights(plan)

    class Interrupt(Recorder):
        def on_iteration(self, loop, update):
            if update.iteration == 4:
                raise KeyboardInterrupt

    half, interrupt = changed(plan, backup=str(tmp_path / "half")), Interrupt()
    with pytest.raises(KeyboardInterrupt):
        prepare(half, [interrupt]).run()
    assert "--resume continues from" in interrupt.messages[-1]
    assert half.path("_last.weights").exists()
    assert not half.path("_final.weights").exists()
    assert final_weights(changed(half, resume=True)) == whole


def test_there_is_nothing_to_resume_without_a_state(plan):
    final_weights(changed(plan, save_every=1000))
    plan.path("_final.weights").rename(plan.path("_last.weights"))
    with pytest.raises(UsageError, match="nothing to resume"):
        prepare(changed(plan, resume=True))


def test_a_state_of_other_weights_is_refused(plan):
    final_weights(changed(plan, save_last=2))
    plan.path("_final.weights").rename(plan.path("_last.weights"))
    state = plan.path("_last.state")
    content = torch.load(state)
    content["iteration"] = 2
    torch.save(content, state)
    with pytest.raises(UsageError, match="does not belong to these weights"):
        prepare(changed(plan, resume=True, max_batches=9))

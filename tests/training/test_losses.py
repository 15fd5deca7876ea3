"""Trainings by the classic losses."""

import pytest
import torch

import darknet_torch as dt
from darknet_torch.errors import UsageError
from darknet_torch.losses.classic.family import classic_losses
from darknet_torch.losses.classic.settings import ClassicSettings
from darknet_torch.losses.registry import DARKNET_LOSSES
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.custom_loop import NetworkLoss, load_to_train
from darknet_torch.training.losses import losses_of
from darknet_torch.training.progress import Progress
from darknet_torch.training.setup import prepare
from tests.cli.command import dtorch
from tests.training.runs import (
    CLASSIFIER,
    DETECTOR,
    changed,
    classifier_data,
    final_weights,
    small_plan,
    written,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgNote"),
    pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgWarning"),
]


class Lines(Callback):
    """Keeps the losses and the lines of the heads."""

    def __init__(self):
        self.losses, self.lines, self.progress = [], [], None

    def on_iteration(self, loop, update):
        self.losses.append(update.loss)
        self.progress = self.progress or Progress(loop.network, 1)
        self.lines += self.progress.head_lines(update)


def test_the_family_of_a_plan(tmp_path):
    plan = small_plan(tmp_path)
    network = prepare(plan).network
    assert losses_of(plan, network) is DARKNET_LOSSES
    assert losses_of(changed(plan, loss="classic"), network) is not DARKNET_LOSSES


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"assign": "predicted-iou", "box_loss": "mse", "loss_weights": "box=1"},
        {
            "assign": "shape-ratio",
            "assign_several": 4.0,
            "objectness_target": "iou",
            "class_loss": "ce",
            "box_loss": "giou",
            "positive_weight": 2.0,
        },
    ],
    ids=str,
)
def test_a_network_learns_a_few_squares(tmp_path, options):
    plan = small_plan(tmp_path)
    written(tmp_path, DETECTOR.replace("steps=5", "steps=1000"))
    given = {"loss": "classic", "overfit": 2, "augment": False, "batch": 2, "subdivisions": 1}
    plan = changed(plan, max_batches=20, **given, **options)
    kept = Lines()
    prepare(plan, [kept]).run()
    assert sum(kept.losses[-3:]) < 0.5 * sum(kept.losses[:3])


def test_heads_report_the_parts_of_the_loss(tmp_path):
    kept = Lines()
    prepare(changed(small_plan(tmp_path), loss="classic", max_batches=1), [kept]).run()
    (line,) = kept.lines
    for name in ("Avg IOU:", "count:", "box_loss =", "objectness_loss =", "class_loss ="):
        assert name in line
    assert "iou_loss" not in line


@pytest.mark.parametrize("assign", ["shape-iou", "predicted-iou"])
def test_resumed_and_recomputing_runs_end_with_the_same_weights(tmp_path, assign):
    plan = changed(small_plan(tmp_path), loss="classic", assign=assign, max_batches=2)
    whole = final_weights(plan)
    half = changed(plan, backup=str(tmp_path / "half"))
    final_weights(changed(half, max_batches=1))
    assert final_weights(changed(half, resume=True)) == whole
    lean = {"checkpoint_activations": True, "backup": str(tmp_path / "lean")}
    assert final_weights(changed(plan, **lean)) == whole


def test_the_counters_of_balance_weigh_the_objects(tmp_path):
    balanced = changed(small_plan(tmp_path), loss="classic", balance="weights")
    training = prepare(balanced)
    (head,) = training.network.heads
    counters = training.loop.forward.losses.assigner_of(head).counters_per_class
    assert len(counters) == 3
    assert counters == head.options.counters_per_class


def test_a_loop_of_ones_own_takes_the_family(tmp_path):
    network = load_to_train(written(tmp_path, DETECTOR))
    loss = NetworkLoss(network, losses=classic_losses(network, ClassicSettings()))
    truths = torch.tensor([[[0.5, 0.5, 0.3, 0.3, 1.0]]])
    value = loss(torch.rand(1, 3, 64, 64), truths)
    value.backward()
    assert value > 0
    assert next(network.parameters()).grad.abs().sum() > 0


def test_a_classifier_is_refused_before_the_first_iteration(tmp_path):
    cfg, data = written(tmp_path, CLASSIFIER), classifier_data(tmp_path / "colours", 2)
    with pytest.raises(UsageError, match=r"\[softmax\], layer 3, has no classic loss") as caught:
        dt.train(cfg, data, loss="classic", backup=tmp_path / "run", workers=0)
    assert "without --loss classic" in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_the_command_refuses_options_that_do_not_fit(tmp_path):
    plan = small_plan(tmp_path)
    words = ("train", "--cfg", plan.cfg, "--data", plan.data, "--backup", tmp_path / "run")
    result = dtorch(*words, "--box-loss", "giou")
    assert result.exit_code == 2
    assert "add --loss classic" in result.output
    result = dtorch(*words, "--loss", "classic", "--loss-weights", "boxes=1")
    assert result.exit_code == 2
    assert "weights of 0 or more, not all of them 0, such as box=5" in result.output
    assert not (tmp_path / "run").exists()

"""The plan of a training."""

import json

import pytest

from darknet_torch.training.plan import TrainPlan


@pytest.fixture
def plan(tmp_path):
    return TrainPlan(cfg="a.cfg", data="a.data", base="a", backup=str(tmp_path), seed=3)


def test_its_files_are_named_for_the_cfg(plan, tmp_path):
    assert plan.path("_last.weights") == tmp_path / "a_last.weights"


@pytest.mark.parametrize(
    ("save_every", "max_batches", "interval"),
    [(None, 9999, 1000), (None, 10000, 10000), (7, 10000, 7)],
)
def test_weights_are_saved_at_darknets_intervals_unless_told(save_every, max_batches, interval):
    plan = TrainPlan(cfg="", data="", base="", backup="", save_every=save_every)
    assert plan.save_interval(max_batches) == interval


def test_its_lines_are_what_differs_from_the_defaults(plan, tmp_path):
    assert plan.lines() == [
        "cfg = a.cfg",
        "data = a.data",
        "base = a",
        f"backup = {tmp_path}",
        "seed = 3",
    ]


def test_it_is_saved_as_json_next_to_the_weights(plan, tmp_path):
    plan.save()
    assert json.loads((tmp_path / "a_plan.json").read_text()) == {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in plan.to_dict().items()
    }

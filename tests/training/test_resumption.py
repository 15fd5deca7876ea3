"""What a run that goes on takes from the one that was stopped."""

import json

import pytest

from darknet_torch.cpu.cores import threads_to_compute
from darknet_torch.errors import CfgNote, UsageError
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.resumption import resume_command, with_saved_options


def saved(folder, **options):
    plan = TrainPlan(cfg="a.cfg", data="d", base="a", backup=str(folder), **options)
    plan.save()
    return plan.path("_plan.json")


def test_options_that_are_not_given_are_those_of_the_stopped_run(tmp_path):
    file = saved(tmp_path, max_batches=400, scale_schedule=True, map=True, seed=3)
    with pytest.warns(CfgNote, match="go on: max_batches=400, scale_schedule=True, map=True"):
        found = with_saved_options(file, {"seed": 0})
    assert found == {"seed": 0, "max_batches": 400, "scale_schedule": True, "map": True}


def test_what_suits_a_machine_or_the_first_start_is_not_taken(tmp_path, recwarn):
    own = {"device": "cuda:3", "workers": 9, "threads": 8, "weights": "w", "clear": True}
    file = saved(tmp_path, **own, overwrite=True)
    assert with_saved_options(file, {}) == {}
    assert with_saved_options(tmp_path / "absent.json", {"seed": 1}) == {"seed": 1}
    assert not recwarn.list


@pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgNote")
def test_a_length_replaces_the_other_length(tmp_path):
    file = saved(tmp_path, epochs=2)
    assert with_saved_options(file, {"max_batches": 9}) == {
        "max_batches": 9,
        "scale_schedule": True,
    }
    file = saved(tmp_path, max_batches=9)
    assert with_saved_options(file, {"epochs": 2}) == {"epochs": 2}


@pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgNote")
def test_darknets_loss_drops_the_options_of_the_classic_ones(tmp_path):
    file = saved(tmp_path, loss="classic", box_loss="giou", loss_weights="box=2", seed=3)
    kept = {"box_loss": "giou", "loss_weights": "box=2", "seed": 3}
    assert with_saved_options(file, {}) == {"loss": "classic", **kept}
    assert with_saved_options(file, {"loss": "darknet"}) == {"loss": "darknet", "seed": 3}


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"seed": "x"}), json.dumps({"iou": 9})])
def test_a_damaged_plan_is_our_error(tmp_path, text):
    file = tmp_path / "a_plan.json"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"a_plan.json: the options of the stopped run"):
        with_saved_options(file, {})


def test_the_command_names_the_run_and_what_no_plan_keeps():
    plan = TrainPlan(cfg="a b.cfg", data="d.data", base="a b", backup="runs/mine", map=True)
    start = "dtorch train --cfg 'a b.cfg' --data d.data --backup runs/mine"
    assert resume_command(plan, ["auto"]) == f"{start} --resume"
    own = TrainPlan(**{**plan.to_dict(), "workers": 0, "threads": threads_to_compute() + 1})
    machine = f"--workers 0 --threads {threads_to_compute() + 1}"
    assert resume_command(own, ["cpu"]) == f"{start} {machine} --device cpu --resume"
    assert resume_command(plan, ["cpu", "cpu"]) == f"{start} --processes 2 --resume"
    assert resume_command(plan, ["cuda:0", "cuda:2"]) == f"{start} --gpus 0,2 --resume"

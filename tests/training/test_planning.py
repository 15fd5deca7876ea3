"""The plan that follows from options."""

import pytest

from darknet_torch.errors import CfgNote, UsageError
from darknet_torch.training.planning import check_folder, find_devices, plan_training
from tests.training.runs import DETECTOR, written


@pytest.fixture
def cfg(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return written(tmp_path, DETECTOR)


def data_file(folder, text):
    path = folder / "some.data"
    path.write_text(text)
    return path


def test_what_is_given_comes_before_the_data_file_and_that_before_the_defaults(cfg, tmp_path):
    data = data_file(tmp_path, "train=list.txt\nbackup=kept\nsaveweights=50\n")
    plan = plan_training(cfg, data, {})
    assert (plan.backup, plan.save_every, plan.seed) == ("kept", 50, 0)
    plan = plan_training(cfg, data, {"backup": "here", "save_every": 7, "seed": None})
    assert (plan.backup, plan.save_every, plan.seed) == ("here", 7, 0)


def test_a_new_run_gets_a_folder_of_its_own_unless_nothing_is_written(cfg, tmp_path):
    data = data_file(tmp_path, "train=list.txt\n")
    plan_training(cfg, data, {}, writes=False)
    assert not (tmp_path / "runs").exists()
    assert [plan_training(cfg, data, {}).backup for _ in "ab"] == ["runs/small", "runs/small-2"]
    assert plan_training(cfg, data, {}, writes=False).backup == "runs/small-3"


def test_a_wrong_number_in_the_data_file_is_named(cfg, tmp_path):
    data = data_file(tmp_path, "train=list.txt\nsaveweights=often\n")
    with pytest.raises(UsageError, match=r"some.data: saveweights= is not a number.*got often"):
        plan_training(cfg, data, {"backup": "here"})
    assert plan_training(cfg, data, {"backup": "here", "save_every": 5}).save_every == 5


def test_options_that_a_resumed_run_does_not_use_are_noted(cfg, tmp_path):
    data = data_file(tmp_path, "train=list.txt\n")
    (tmp_path / "a.weights").write_bytes(b"")
    with pytest.warns(CfgNote, match="without --weights, --clear"):
        plan_training(
            *(cfg, data), {"backup": "b", "resume": True, "clear": True, "weights": "a.weights"}
        )


@pytest.mark.parametrize(
    "given",
    [{"patience": 2}, {"box_loss": "iou"}, {"exact_order": True, "checkpoint_activations": True}],
)
def test_a_plan_that_is_refused_leaves_no_folder(cfg, tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    data = data_file(tmp_path, "train=list.txt\n")
    with pytest.raises(UsageError):
        plan_training(cfg, data, given)
    assert not (tmp_path / "runs").exists()


def test_sums_in_order_cannot_be_computed_again(cfg, tmp_path):
    data = data_file(tmp_path, "train=list.txt\n")
    given = {"backup": "b", "exact_order": True, "checkpoint_activations": True}
    with pytest.raises(UsageError, match=r"--exact-order and --checkpoint-activations exclude"):
        plan_training(cfg, data, given)


def test_a_link_to_the_starting_weights_is_not_written_through(cfg, tmp_path):
    data = data_file(tmp_path, "train=list.txt\n")
    (tmp_path / "a.weights").write_bytes(b"x")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/small_last.weights").symlink_to(tmp_path / "a.weights")
    given = {"backup": "b", "overwrite": True, "weights": "a.weights"}
    with pytest.raises(UsageError, match="cannot be written over an input"):
        check_folder(plan_training(cfg, data, given))


def test_devices_are_one_for_each_process():
    assert find_devices() == ["auto"]
    assert find_devices("cuda:1") == ["cuda:1"]
    assert find_devices(gpus="0, 2") == ["cuda:0", "cuda:2"]
    assert find_devices(processes=2) == ["cpu", "cpu"]
    for wrong in ({"gpus": "a"}, {"gpus": "0", "processes": 2}):
        with pytest.raises(UsageError):
            find_devices(**wrong)


def test_a_run_that_goes_on_has_the_options_of_its_plan(cfg, tmp_path):
    data = data_file(tmp_path, "train=list.txt\nbackup=b\nsaveweights=50\n")
    first = plan_training(cfg, data, {"map": True, "max_batches": 4, "seed": 3})
    (tmp_path / "b").mkdir()
    first.save()
    with pytest.warns(CfgNote, match="max_batches=4, map=True, save_every=50"):
        plan = plan_training(cfg, data, {"resume": True, "seed": 0})
    assert plan.to_dict() == first.to_dict() | {"resume": True, "seed": 0}
    assert not plan_training(cfg, data, {"backup": "c"}).map

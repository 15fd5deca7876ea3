"""Training from Python."""

import json
import warnings

import pytest
import torch

import darknet_torch as dt
from darknet_torch.training import train as train_module
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.launch import launch
from tests.cli.command import dtorch
from tests.training.runs import DETECTOR, NAMES, detector_data, written

CONSTANT = DETECTOR.replace("policy=steps\nsteps=5\nscales=.1\n", "policy=constant\n")
SHORT = CONSTANT.replace("max_batches=6", "max_batches=2").replace("burn_in=2\n", "")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The cfg and the data set of a detector that trains for two iterations, and a folder."""
    monkeypatch.chdir(tmp_path)
    detector_data(tmp_path / "data", 3, "valid")
    return written(tmp_path, SHORT), detector_data(tmp_path / "data")


class Stopped(Callback):
    """Presses Ctrl-C after the first iteration."""

    def on_iteration(self, loop, update):
        if update.iteration == 1:
            raise KeyboardInterrupt


def test_it_does_what_the_command_does(files, tmp_path, capsys):
    cfg, data = files
    result = dt.train(cfg, data, workers=0, map=True, threads=1)
    words = ("--map", "--workers", 0, "--threads", 1, "--quiet")
    command = dtorch("train", "--cfg", cfg, "--data", data, *words)
    assert command.exit_code == 0, command.stderr
    own, other = tmp_path / "runs/small", tmp_path / "runs/small-2"
    assert result.folder == own.relative_to(tmp_path)
    assert {path.name for path in own.iterdir()} == {path.name for path in other.iterdir()}
    assert (own / "small_final.weights").read_bytes() == (
        other / "small_final.weights"
    ).read_bytes()
    plans = [json.loads((folder / "small_plan.json").read_bytes()) for folder in (own, other)]
    assert plans[0] | {"backup": ""} == plans[1] | {"backup": ""}
    assert capsys.readouterr().out == ""


def test_the_result_has_the_network_the_files_and_the_numbers(files):
    cfg, data = files
    seen = []

    class Losses(Callback):
        def on_iteration(self, loop, update):
            seen.append(update.loss)

    # A detection that touches an object is right, so that the score is above 0.
    result = dt.train(cfg, data, workers=0, map=True, iou=0.0, callbacks=[Losses()])
    assert (result.iterations, result.losses, result.names) == (2, tuple(seen), NAMES)
    assert len(seen) == 2
    assert 0 < result.last_score <= result.best_score <= 1
    for path in (result.final_weights, result.last_weights, result.best_weights):
        assert path.exists()
    assert not result.network.training
    assert len(repr(result)) < 1000
    saved = dt.load(cfg, result.final_weights)
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        for own, other in zip(result.network(images), saved(images), strict=True):
            assert torch.equal(own, other)
    assert len(dt.Detector(result.network, names=result.names)(["data/valid_0.png"])) == 1


def test_without_an_evaluation_there_is_no_score(files):
    result = dt.train(*files, workers=0, max_batches=1, backup="here")
    assert (result.best_weights, result.best_score, result.last_score) == (None, None, None)
    assert result.final_weights.parent == result.folder


def test_ctrl_c_is_raised_after_saving_and_the_run_can_be_resumed(files, tmp_path):
    cfg, data = files
    with pytest.raises(KeyboardInterrupt):
        dt.train(cfg, data, workers=0, callbacks=[Stopped()])
    assert not (tmp_path / "runs/small/small_final.weights").exists()
    result = dt.train(cfg, data, workers=0, resume=True)
    assert (result.iterations, len(result.losses)) == (2, 1)
    whole = dt.train(cfg, data, workers=0)
    assert result.final_weights.read_bytes() == whole.final_weights.read_bytes()


def test_what_the_command_prints_as_warnings_are_warnings_of_python(files, tmp_path):
    _, data = files
    (tmp_path / "data/train_0.png").write_bytes(b"no picture")
    odd = written(tmp_path, SHORT.replace("hue=.05", "adversarial_lr=.1"), "odd.cfg")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dt.train(odd, data, workers=0)
    messages = [str(one.message) for one in caught if issubclass(one.category, dt.CfgWarning)]
    assert any("adversarial_lr= has no effect in training here" in text for text in messages)
    assert any("train_0.png" in text for text in messages)


def test_verbose_prints_darknets_lines(files, capsys):
    dt.train(*files, workers=0, max_batches=1, verbose=True)
    printed = capsys.readouterr()
    assert " 1: " in printed.out
    assert "weights go to runs/small" in printed.out
    assert printed.err == ""


def test_the_number_of_threads_is_set_back(files, monkeypatch):
    set_to = []
    monkeypatch.setattr(torch, "set_num_threads", set_to.append)
    before = torch.get_num_threads()
    result = dt.train(*files, workers=0, max_batches=1, threads=before + 1)
    assert set_to == [before + 1, before]
    plan = json.loads((result.folder / "small_plan.json").read_bytes())
    assert plan["threads"] == before + 1


def test_several_processes_give_the_same_kind_of_result(files, monkeypatch):
    def in_one(plan, devices, make_callbacks):  # tests/training/test_launch.py starts several
        assert devices == ["cpu", "cpu"]
        return launch(plan, ["cpu"], make_callbacks)

    monkeypatch.setattr(train_module, "launch", in_one)
    cfg, data = files
    result = dt.train(cfg, data, workers=0, processes=2, max_batches=1)
    assert (result.iterations, len(result.losses), result.names) == (1, 1, NAMES)
    assert not result.network.training
    assert result.network.header.seen == dt.load(cfg, result.final_weights).header.seen == 4


@pytest.mark.parametrize(
    ("options", "kind", "parts"),
    [
        (
            {"max_batch": 2},
            TypeError,
            ("no such option", "max_batch=", "did you mean max_batches=?"),
        ),
        ({"imgsz": 320}, TypeError, ("imgsz=", "did you mean width= and height=?")),
        ({"evaluate": True}, TypeError, ("no such option", "map, ", "got evaluate=")),
        (
            {"max_batches": "2"},
            TypeError,
            ("max_batches=", "a whole number, 1 or more", "'2' (str)"),
        ),
        ({"map": 1}, TypeError, ("map=", "True or False", "1 (int)")),
        (
            {"callbacks": [Stopped]},
            TypeError,
            ("callbacks=", "darknet_torch.Callback", "Stopped()"),
        ),
        ({"callbacks": Stopped()}, TypeError, ("callbacks=", "a list of")),
        (
            {"max_batches": 0},
            dt.UsageError,
            ("max_batches=", "a whole number, 1 or more", "got 0"),
        ),
        ({"iou": 1.5}, dt.UsageError, ("iou=", "a number, 0 to 1", "got 1.5")),
        (
            {"precision": "float8"},
            dt.UsageError,
            ("precision=", "'float32', 'tf32', 'bfloat16', 'float16'"),
        ),
        ({"max_batches": 2**31}, dt.UsageError, ("max_batches=", "2147483647 at most")),
        ({"seed": 10**400}, dt.UsageError, ("seed=", "9223372036854775807 at most")),
        ({"iou": 10**400}, dt.UsageError, ("iou=", "a number, 0 to 1")),
        ({"learning_rate": -1}, dt.UsageError, ("learning-rate", "above 0", "-1")),
        ({"epochs": 1, "max_batches": 1}, dt.UsageError, ("exclude each other",)),
        ({"gpus": [0, 1], "processes": 2}, dt.UsageError, ("exclude each other",)),
        ({"gpus": [0, 0]}, dt.UsageError, ("a GPU twice", "got 0,0")),
        ({"gpus": [0, 99]}, dt.UsageError, ("no such device", "cuda:99")),
        ({"device": "cuda:99"}, dt.UsageError, ("no such device",)),
        ({"weights": "gone.weights"}, dt.WeightsError, ("gone.weights",)),
        ({"resume": True}, dt.UsageError, ("nothing to resume",)),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(
    files, tmp_path, options, kind, parts
):
    with pytest.raises(kind) as error:
        dt.train(*files, **{"workers": 0, **options})
    assert isinstance(error.value, dt.DarknetError)
    for part in parts:
        assert part in str(error.value)
    assert not list((tmp_path / "runs").glob("*")) if (tmp_path / "runs").exists() else True


@pytest.mark.parametrize(("cfg", "data"), [(None, "squares.data"), ("small.cfg", 3)])
def test_paths_are_paths(cfg, data):
    with pytest.raises(dt.ArgumentError, match="expected a path"):
        dt.train(cfg, data)


def test_callbacks_for_several_processes_must_be_picklable(files):
    class Local(Callback):
        pass

    with pytest.raises(dt.ArgumentError, match=r"Local: a callback cannot be sent"):
        dt.train(*files, processes=2, callbacks=[Local()])


def test_a_folder_with_weights_is_refused(files, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/small_final.weights").write_bytes(b"x")
    with pytest.raises(dt.UsageError, match="would overwrite them"):
        dt.train(*files, workers=0, backup=tmp_path / "here")

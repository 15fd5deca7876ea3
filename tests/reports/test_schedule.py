"""The schedule of the learning rate that will really run."""

import json
import re

import pytest

from darknet_torch.cfg.zoo import shipped
from darknet_torch.lint.cfg import lint_cfg
from darknet_torch.model.loading import build
from tests.cli.command import dtorch
from tests.training.runs import DETECTOR, detector_data, written

LONG = (
    DETECTOR.replace("burn_in=2", "burn_in=4000")
    .replace("max_batches=6", "max_batches=500000")
    .replace("steps=5\nscales=.1", "steps=400000,450000\nscales=.1,.1")
)


@pytest.fixture
def files(tmp_path):
    data = detector_data(tmp_path / "data", 5)
    return written(tmp_path, LONG), data, tmp_path / "backup"


def run(files, *words):
    cfg, data, backup = files
    return dtorch(
        *("train", "--cfg", cfg, "--data", data, "--backup", backup, "--workers", 0, *words)
    )


def rates(result):
    return [float(rate) for rate in re.findall(r"avg loss, ([\d.]+) rate", result.stdout)]


def test_a_burn_in_longer_than_the_run_is_reported_with_the_rates(files):
    """burn_in=4000 with --max-batches 400 trained at a rate of 0, in silence."""
    result = run(files, "--max-batches", 20, "--show-batch", files[2].with_suffix(".png"))
    assert result.exit_code == 0
    assert (
        "small.cfg:1: training ends before burn_in does: expected burn_in far below "
        "max_batches=20, 2 at most as a rule, got burn_in=4000; "
        "use dtorch train --scale-schedule, or write burn_in=2" in result.stderr
    )
    assert "steps come after the end of training: 400000,450000" in result.stderr
    assert "the learning rates of this run: 3.91e-17 at iteration 1, " in result.stderr
    assert "6.25e-12 at iteration 20" in result.stderr


def test_scale_schedule_scales_burn_in_and_steps(files):
    result = run(files, "--max-batches", 20, "--scale-schedule")
    assert result.exit_code == 0
    assert "warning" not in result.stderr
    assert (
        "note: " in result.stderr
        and "scaled for --scale-schedule: max_batches=20 (cfg: 500000), burn_in=2 (cfg: 4000), "
        "steps=16,18 (cfg: 400000,450000)"
        in result.stderr
    )
    found = rates(result)
    assert found[0] == pytest.approx(0.01 / 2**4, abs=1e-6)
    assert found[1:15] == [0.01] * 14
    assert found[15:] == pytest.approx([0.001] * 2 + [0.0001] * 3)


def test_epochs_count_the_pictures_and_are_kept_in_the_plan(files):
    result = run(files, "--epochs", 3, "--learning-rate", 0.004)
    assert result.exit_code == 0
    assert "scaled for --epochs 3 of 5 inputs, 4 at a time: max_batches=4" in result.stderr
    assert rates(result)[0] == 0.004
    plan = json.loads((files[2] / "small_plan.json").read_text())
    assert (plan["epochs"], plan["learning_rate"]) == (3, 0.004)
    assert plan["net_options"]["max_batches"] == 4
    assert plan["net_options"]["steps"] == [2, 3]  # 3.2 and 3.6, below max_batches
    assert plan["net_options"]["learning_rate"] == pytest.approx(0.004)


def test_the_advice_for_a_large_rate_suits_the_option_as_well_as_the_cfg(files):
    """To write learning_rate= into the cfg would change nothing where the option is given."""
    message = run(files, "--max-batches", 1, "--learning-rate", 2).stderr
    assert "this learning_rate is very large: expected a number above 0 and at most 1, got 2" in (
        message
    )
    assert "take 0.001 to begin with" in message


def test_epochs_follow_the_batch_and_the_pictures_that_are_used(files):
    more = ("--epochs", 2, "--show-batch", files[2].with_suffix(".png"))
    assert "max_batches=5 (" in run(files, *more, "--batch", 2, "--subdivisions", 1).stderr
    assert "max_batches=1 (" in run(files, *more, "--overfit", 2).stderr


def test_darknets_own_spelling_has_no_option_that_scales(files):
    cfg, data, backup = files
    command = ("detector", "train", data, cfg, "--backup", backup, "--workers", 0)
    for word in ("--scale-schedule", "--epochs"):
        result = dtorch(*command, word)
        assert (result.exit_code, "No such option" in result.stderr) == (2, True)
    result = dtorch(*command, "--max-batches", 1)
    assert rates(result) == [0]
    assert "training ends before burn_in does" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--epochs", 2, "--max-batches", 5), "--epochs and --max-batches exclude each other"),
        (("--learning-rate", 0), "--learning-rate is out of its bounds: expected a number above"),
        (("--learning-rate", "nan"), "got nan"),
        (("--learning-rate", "inf"), "got inf"),
    ],
)
def test_options_that_cannot_be_followed_are_refused(files, words, message):
    result = run(files, *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not files[2].exists()


@pytest.mark.parametrize(("length", "advised"), [(400, 40), (6000, 600), (7000, 700)])
def test_check_advises_a_burn_in_that_fits_the_length(tmp_path, length, advised):
    """burn_in=1000 was advised for 400 iterations."""
    cfg = written(tmp_path, LONG.replace("max_batches=500000", f"max_batches={length}"))
    fixes = [finding.fix for finding in lint_cfg(cfg).findings if "burn_in" in finding.what]
    assert fixes == [f"write burn_in={advised}"]


def test_new_scales_burn_in_and_steps_to_the_length_asked_for(tmp_path):
    cfg = tmp_path / "x.cfg"
    base = shipped(".cfg")["yolo-fastest-1.1"]
    result = dtorch("new", base, "--classes", 3, "--max-batches", 400, "--out", cfg)
    assert result.exit_code == 0
    net = build(cfg).net
    assert (net.max_batches, net.burn_in, net.steps) == (400, 40, (320, 360))
    assert lint_cfg(cfg).classes == 3
    assert not [item for item in lint_cfg(cfg).findings if "burn_in" in item.what]


def test_new_takes_the_length_in_epochs(tmp_path):
    data = detector_data(tmp_path / "data", 5)
    cfg = tmp_path / "x.cfg"
    words = ("new", "yolov4-tiny", "--batch", 2, "--subdivisions", 1, "--out", cfg)
    assert dtorch(*words, "--data", data, "--epochs", 100).exit_code == 0
    net = build(cfg).net
    assert (net.max_batches, net.burn_in, net.steps) == (250, 25, (200, 225))
    for more, message in (
        (("--classes", 3), "--epochs has no pictures to count: expected --data with pictures"),
        (("--data", data, "--max-batches", 5), "--epochs and --max-batches exclude each other"),
    ):
        refused = dtorch(*words, "--force", "--epochs", 2, *more)
        assert refused.exit_code == 2
        assert message in refused.stderr

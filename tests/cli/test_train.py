"""`dtorch train`."""

import re

import cv2
import pytest

from darknet_torch import load
from darknet_torch.cli.darknet.train import train_
from darknet_torch.cli.main import main
from darknet_torch.cli.train import make_plan, train
from darknet_torch.cli.train_options import TrainOptions
from tests.cli.command import dtorch
from tests.cli.terminals import terminal
from tests.training.runs import (
    DETECTOR,
    detector_data,
    written,
)

LINE = re.compile(
    r" (\d+): [\d.]+, [\d.]+ avg loss, [\d.]+ rate, [\d.]+ seconds, (\d+) images, "
    r"[\d.]+ hours left, [\d.]+ images/s"
)


@pytest.fixture
def files(tmp_path):
    detector_data(tmp_path / "data", 3, "valid")
    return written(tmp_path, DETECTOR), detector_data(tmp_path / "data"), tmp_path / "backup"


def test_the_lines_are_those_of_darknet(files):
    cfg, data, backup = files
    result = dtorch("train", "--cfg", cfg, "--data", data, "--backup", backup, "--workers", 0)
    assert result.exit_code == 0, result.stderr
    found = [LINE.fullmatch(line) for line in result.stdout.splitlines()]
    assert all(found)
    assert [match.group(1, 2) for match in found] == [(str(i), str(4 * i)) for i in range(1, 7)]
    assert "v3 (ciou loss, Normalizer: (iou: 0.07, obj: 1.00, cls: 1.00) Region 5" in result.stderr
    assert (backup / "small_final.weights").exists()


def test_quiet_prints_the_lines_alone(files):
    cfg, data, backup = files
    result = dtorch(
        *("train", "--cfg", cfg, "--data", data, "--backup", backup, "--workers", 0, "--quiet")
    )
    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == 6


def test_a_terminal_shows_the_training_in_one_block(files, monkeypatch):
    cfg, data, backup = files
    words = ("train", "--cfg", cfg, "--data", data, "--backup", backup, "--workers", 0, "--map")
    with terminal(monkeypatch) as shown:
        main([str(word) for word in words], standalone_mode=False)
    lines = shown.lines()
    assert not any(LINE.fullmatch(line) for line in lines)
    assert not any(line.startswith("v3 (ciou loss") for line in lines)
    (place,) = (n for n, line in enumerate(lines) if line.startswith("iteration "))
    assert re.fullmatch(r"iteration 6/6   epoch 4\.0   images/s [\d.]+", lines[place])
    assert re.fullmatch(
        r"loss \S+   average \S+   box \S+   object and class \S+", lines[place + 1]
    )
    assert re.fullmatch(r"IoU 0\.\d\d   recall \d\.\d\d   rate 1\.0e-03", lines[place + 2])
    assert lines[place + 3] == "last mAP@0.50 0.00 % at 6"
    assert f"weights go to {backup}"[:80] in lines[:place]
    assert any(line.startswith(" mean average precision") for line in lines[:place])
    assert lines[place + 4] == "last mAP@0.50 0.00 % at iteration 6"
    assert any(line.startswith("next: train longer, ") for line in lines[place + 4 :])


@pytest.mark.parametrize(
    ("words", "darknet_bugs", "exact_order"),
    [
        ((), "fix", False),
        (("--darknet-bugs", "fix"), "fix", False),
        (("--darknet-bugs", "reproduce"), "reproduce", False),
        (("--exact-order",), "fix", True),
    ],
)
def test_bugs_and_the_order_of_sums_are_part_of_the_plan(files, words, darknet_bugs, exact_order):
    cfg, data, _ = files
    own = train.make_context("train", ["--cfg", str(cfg), "--data", str(data), *words])
    darknets = train_.make_context("train", [str(data), str(cfg), *words])
    for context in (own, darknets):
        plan = make_plan(TrainOptions(**context.params))
        assert (plan.darknet_bugs, plan.exact_order) == (darknet_bugs, exact_order)


def test_the_first_batch_can_be_drawn(files, tmp_path):
    cfg, data, backup = files
    picture = tmp_path / "batch.png"
    result = dtorch(
        *("train", "--cfg", cfg, "--data", data, "--backup", backup, "--show-batch", picture)
    )
    assert result.exit_code == 0, result.stderr
    image = cv2.imread(str(picture))
    assert image.shape[0] > 64
    assert image.shape[1] > 2 * 64
    assert not backup.exists()


def test_overfit_evaluates_on_the_pictures_that_it_trained_on(files):
    cfg, data, backup = files
    result = dtorch(
        *("train", "--cfg", cfg, "--data", data, "--backup", backup, "--overfit", 2),
        *("--workers", 0),
    )
    assert result.exit_code == 0, result.stderr
    assert "mean average precision" in result.stdout


def test_names_of_shipped_definitions_and_partial_weights(files, tmp_path):
    cfg, data, backup = files
    dtorch("train", "--cfg", cfg, "--data", data, "--backup", backup, "--workers", 0)
    part = tmp_path / "small.conv.3"
    dtorch("partial", cfg, backup / "small_final.weights", part, 3)
    again = tmp_path / "again"
    result = dtorch(
        *("train", "--cfg", cfg, "--data", data, "--weights", part, "--backup", again),
        *("--workers", 0, "--max-batches", 1),
    )
    assert result.exit_code == 0, result.stderr
    # burn_in: the first step is nearly nothing, so the first layer is still as it was cut.
    old = load(cfg, backup / "small_final.weights").layers[0].convolution.weights
    new = load(cfg, again / "small_final.weights").layers[0].convolution.weights
    assert (old - new).abs().max() < 1e-2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no network: expected --cfg CFG"),
        (("--resume",), "needs the cfg and the data of its first command: dtorch train --cfg"),
        (("--cfg", "CFG"), "no data set"),
        (
            ("--cfg", "CFG", "--data", "DATA", "--gpus", "a"),
            "not a list of numbers: expected such as 0,1",
        ),
        (
            ("--cfg", "CFG", "--data", "DATA", "--gpus", "0,1", "--processes", "2"),
            "--gpus and --processes exclude each other: expected one of them, got --gpus 0,1 "
            "--processes 2; give --gpus to train on GPUs, --processes to train on CPUs",
        ),
        (("--cfg", "CFG", "--data", "missing.data"), "missing.data"),
        (("--cfg", "CFG", "--data", "DATA", "--resume"), "_last.weights"),
        (("--cfg", "CFG", "--data", "DATA", "--weights", "gone.weights"), "gone.weights"),
        (("CFG",), "no data set"),
        (("DATA", "CFG", "gone.weights"), "gone.weights"),
        (("CFG", "DATA", "--resume"), "_last.weights"),
        (("CFG", "photos", "DATA"), "photos: two data sets: expected one data set"),
        (("CFG", "DATA", "--cfg", "other.cfg"), "two cfg files"),
    ],
)
def test_wrong_usage_is_reported_in_one_line(files, words, message, tmp_path):
    cfg, data, backup = files
    places = {"CFG": str(cfg), "DATA": str(data)}
    result = dtorch(
        "train", *(places.get(word, word) for word in words), "--backup", backup, "--workers", 0
    )
    assert result.exit_code == 2
    assert message in result.stderr
    assert not list(backup.glob("*.weights")) if backup.exists() else True


def test_cfg_options_without_effect_are_reported(files, tmp_path):
    _, data, backup = files
    text = DETECTOR.replace("hue=.05", "adversarial_lr=.1").replace("size=3\n", "size=3\nsway=1\n")
    cfg = written(tmp_path, text, "odd.cfg")
    words = ("train", "--cfg", cfg, "--data", data, "--backup", backup, "--workers", 0)
    result = dtorch(*words, "--max-batches", 1)
    assert result.exit_code == 0
    assert "adversarial_lr= has no effect in training here" in result.stderr
    assert "[convolutional] sway= has no effect in training here" in result.stderr
    assert dtorch(*words, "--strict").exit_code == 2


def test_a_cfg_without_max_batches_is_refused(files, tmp_path):
    _, data, backup = files
    cfg = written(tmp_path, DETECTOR.replace("max_batches=6\n", ""), "endless.cfg")
    result = dtorch("train", "--cfg", cfg, "--data", data, "--backup", backup)
    assert result.exit_code == 2
    assert "max_batches=" in result.stderr


def test_what_darknet_refuses_is_refused(files, tmp_path):
    _, data, backup = files
    refused = written(tmp_path, DETECTOR.replace("hue=.05", "cutmix=1"), "cutmix.cfg")
    result = dtorch("train", "--cfg", refused, "--data", data, "--backup", backup)
    assert result.exit_code == 2
    assert "cutmix" in result.stderr


def test_a_dry_run_checks_everything_and_writes_nothing(files, tmp_path):
    cfg, data, backup = files
    words = ("train", "--cfg", cfg, "--data", data, "--backup", backup, "--workers", 0)
    result = dtorch(*words, "--dry-run", "--checkpoint-activations")
    assert result.exit_code == 0, result.stderr
    assert "checkpoint_activations = True" in result.stdout
    assert "memory for 2 pictures at once at 64 x 64: about " in result.stdout
    assert not backup.exists()
    backup.mkdir()
    (backup / "small_last.weights").write_bytes(b"")
    refused = dtorch(*words, "--dry-run")
    assert refused.exit_code == 2
    assert "a run of this cfg has left its weights here" in refused.stderr


def test_a_batch_is_drawn_or_the_plan_is_checked(files, tmp_path):
    cfg, data, _ = files
    words = ("train", "--cfg", cfg, "--data", data, "--dry-run")
    result = dtorch(*words, "--show-batch", tmp_path / "batch.png")
    assert result.exit_code == 2
    assert "--dry-run and --show-batch exclude each other" in result.stderr
    assert not (tmp_path / "batch.png").exists()

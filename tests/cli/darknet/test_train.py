"""Training with Darknet's command line."""

import pytest

from tests.cli.command import dtorch
from tests.training.runs import (
    CHARACTERS,
    CLASSIFIER,
    DETECTOR,
    classifier_data,
    detector_data,
    written,
)


@pytest.fixture
def files(tmp_path):
    detector_data(tmp_path / "data", 3, "valid")
    return written(tmp_path, DETECTOR), detector_data(tmp_path / "data"), tmp_path / "backup"


def test_darknets_command_line_trains_with_its_flags(files, tmp_path):
    cfg, data, backup = files
    with data.open("a") as file:
        file.write(f"backup={backup}\nsaveweights=3\n")
    dtorch("train", "--cfg", cfg, "--data", data, "--max-batches", 2, "--workers", 0)
    first = backup / "small_final.weights"
    result = dtorch(
        *("detector", "train", data, cfg, first, "-map", "-clear", "-dont_show"), "--workers", 0
    )
    assert result.exit_code == 0, result.stderr
    assert "mean average precision (mAP@0.50)" in result.stdout
    names = {path.name for path in backup.iterdir()}
    assert {"small_3.weights", "small_6.weights", "small_best.weights"} <= names


def test_darknets_flags_without_effect_are_noted(files):
    cfg, data, backup = files
    flags = "-dont_show -nogpu -mjpeg_port 8090 -chart c.png -mAP_epochs 2 -thresh .1 -show_imgs"
    command = ("detector", "train", data, cfg, *flags.split(), "-benchmark_layers")
    result = dtorch(*command, "--backup", backup, "--workers", 0, "--max-batches", 1)
    assert result.exit_code == 0, result.stderr
    notes = [line for line in result.stderr.splitlines() if " has no effect: " in line]
    assert [note.split()[1] for note in notes] == [
        *("-mjpeg_port", "-chart", "-thresh", "-show_imgs", "-benchmark_layers")
    ]
    assert notes[2] == "note: -thresh has no effect: --map evaluates at every score"
    assert "note: --map-every has no effect without --map" in result.stderr


def test_a_classifier_learns_colours(tmp_path):
    cfg, data = written(tmp_path, CLASSIFIER), classifier_data(tmp_path / "colours")
    result = dtorch(
        *("classifier", "train", data, cfg, "--map", "--backup", tmp_path / "b", "--workers", 0)
    )
    assert result.exit_code == 0, result.stderr
    assert "24: top 1: 1.000000" in result.stdout
    weights = tmp_path / "b" / "small_final.weights"
    evaluated = dtorch("classifier", "valid", data, cfg, weights)
    assert evaluated.exit_code == 0, evaluated.stderr


def test_a_character_model_learns_a_text(tmp_path):
    cfg, text = written(tmp_path, CHARACTERS), tmp_path / "text.txt"
    text.write_text("abcd" * 200)
    result = dtorch("rnn", "train", cfg, "-file", text, "--backup", tmp_path / "b")
    assert result.exit_code == 0, result.stderr
    losses = [float(line.split(": ")[1].split(",")[0]) for line in result.stdout.splitlines()]
    # A text of four characters in turn: from ln 256 = 5.5 per character to nearly nothing.
    assert losses[0] > 4
    assert losses[-1] < 0.5

"""The flags of Darknet's own `detector test`, on `dtorch detect`."""

import json

import cv2
import pytest
import torch

from tests.cli.command import dtorch
from tests.toy.files import CFG, PICTURE, WEIGHTS

DONE, UNUSABLE = 0, 2
MODEL = (CFG, WEIGHTS)


@pytest.fixture
def picture(tmp_path, monkeypatch):
    """The left half of the picture, which a letterbox does not stretch, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("half.png", cv2.imread(str(PICTURE))[:, :240])
    return "half.png"


def detect(*arguments):
    """`dtorch detect X.cfg X.weights` with more."""
    return dtorch("detect", *MODEL, *arguments)


def boxes(*arguments):
    """The lines of boxes; the first line has times."""
    result = detect(*arguments)
    assert result.exit_code == DONE
    assert set(result.stderr.splitlines()) <= {"results: found.json"}
    return result.stdout.splitlines()[1:]


def test_thresh_is_the_threshold(picture):
    assert boxes(picture, "-thresh", "0.01") == boxes(picture, "--threshold", "0.01")
    assert len(boxes(picture, "-thresh", "0.01")) > len(boxes(picture)) > 0
    assert boxes(picture, "-thresh", "1") == []


@pytest.mark.parametrize("flag", ["-ext_output", "-dont_show"])
def test_flags_for_the_default_behaviour_change_nothing(picture, flag):
    assert boxes(picture, flag) == boxes(flag, picture) == boxes(picture)


def test_letter_box_is_letterbox(picture):
    assert boxes(picture, "-letter_box") == boxes(picture, "--letterbox")
    assert boxes(picture, "-letter_box") != boxes(picture)


def test_out_writes_json_and_prints_the_lines(picture, tmp_path):
    printed = json.loads(detect(picture, "--format", "json").stdout)
    assert boxes(picture, "-out", "found.json") == boxes(picture)
    assert json.loads((tmp_path / "found.json").read_text()) == printed
    assert printed[0]["objects"]


def test_i_below_zero_is_the_cpu(picture):
    assert boxes(picture, "-i", "-1") == boxes(picture, "--device", "cpu")
    assert boxes(picture, "-i", "-1", "--device", "cuda:99") == boxes(picture)


def test_nogpu_is_the_cpu(picture):
    assert boxes(picture, "-nogpu", "-i", "0", "--device", "cuda:99") == boxes(picture)


@pytest.mark.parametrize("flag", ["-benchmark", "-json_port 8070", "-s 0", "-hier .5"])
def test_flags_without_effect_are_noted(picture, flag):
    result = detect(picture, *flag.split())
    assert result.exit_code == DONE
    assert result.stderr.startswith(f"note: {flag.split()[0]} has no effect: ")
    assert result.stdout.splitlines()[1:] == boxes(picture)
    assert detect(picture, "--quiet", *flag.split()).stderr == ""


def test_i_changes_nothing_where_there_is_no_gpu(picture, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = detect(picture, "-i", "1")
    assert (result.exit_code, result.stdout.count("\n")) == (DONE, len(boxes(picture)) + 1)
    assert result.stderr == "note: -i 1 has no effect: there is no GPU here\n"
    assert detect(picture, "-i", "1", "--quiet").stderr == ""


def test_i_is_the_number_of_a_gpu(picture, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    missing = max(torch.cuda.device_count(), 7)
    result = detect(picture, "-i", missing)
    assert (result.exit_code, result.stdout) == (UNUSABLE, "")
    assert "no such device" in result.stderr
    assert f"'cuda:{missing}'" in result.stderr


def test_several_flags_work_together(picture, tmp_path):
    flags = "-thresh 0.01 -ext_output -dont_show -letter_box -out found.json -i -1"
    lines = boxes(picture, *flags.split())
    assert lines == boxes(picture, "--threshold", 0.01, "--letterbox")
    expected = detect(picture, "--threshold", 0.01, "--letterbox", "--format", "json").stdout
    assert json.loads((tmp_path / "found.json").read_text()) == json.loads(expected)


@pytest.mark.parametrize("arguments", [("-i", "gpu"), ("-i",), ("-out",)], ids=" ".join)
def test_a_flag_without_its_value_is_wrong_usage(picture, arguments):
    result = detect(picture, *arguments)
    assert (result.exit_code, result.stdout) == (UNUSABLE, "")
    assert arguments[0] in result.stderr


def test_the_help_does_not_show_darknets_flags():
    text = dtorch("detect", "--help").stdout
    assert "--letterbox" in text
    for flag in ("-ext_output", "-dont_show", "-letter_box"):
        assert flag not in text


def test_the_cfg_and_the_weights_may_be_swapped(picture):
    swapped = dtorch("detect", *reversed(MODEL), picture)
    assert swapped.exit_code == DONE
    assert swapped.stdout.splitlines()[1:] == boxes(picture)


@pytest.mark.parametrize(
    "words", [("detector", "valid"), ("detector", "map"), ("detector", "train")]
)
def test_a_forgotten_data_argument_is_reported(words):
    result = dtorch(*words, *MODEL, "photo.jpg")
    assert result.exit_code == UNUSABLE
    assert f"{CFG.name}: a cfg in the place of DATA: expected dtorch {words[0]}" in (
        result.stderr.replace("main", "dtorch")
    )

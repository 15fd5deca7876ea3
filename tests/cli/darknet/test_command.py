"""Darknet's files in any order, and its flags without a dash."""

import shutil

import pytest

from darknet_torch.cli.darknet.command import order_files
from tests.cli.command import dtorch
from tests.cli.labelled_sample import make_data
from tests.toy.files import CFG, PICTURE, WEIGHTS

D, C, W = "a.data", "a.cfg", "a.weights"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([D, C, W], [D, C, W]),
        ([W, C, D], [D, C, W]),
        ([C, W, D, "x.jpg"], [D, C, W, "x.jpg"]),
        (["x.jpg", W, "y.jpg", D, C], [D, C, W, "x.jpg", "y.jpg"]),
        ([C, D, "x.jpg"], [D, C, "", "x.jpg"]),
        ([D, C, "x.MP4"], [D, C, "", "x.MP4"]),
        ([D, C, "yolov4-tiny"], [D, C, "yolov4-tiny"]),  # a name of downloaded weights
        (["darknet53.conv.74", C, D], [D, C, "darknet53.conv.74"]),
        ([C, "A.DATA", "a.pt"], ["A.DATA", C, "a.pt"]),
        ([D, C], [D, C]),
        ([C, W], ["", C, W]),
        ([W, C, "x.jpg"], ["", C, W, "x.jpg"]),
        (["x.jpg", C], ["", C, "", "x.jpg"]),
    ],
)
def test_files_are_put_in_darknets_order(words, expected):
    assert order_files(words, ["data", "cfg", "weights"], has_sources=True) == expected


@pytest.mark.parametrize(
    "words",
    [["x.jpg"], [D, D, C], [C, "b.cfg", D], ["voc", C, W], [C, D, W, W], []],
)
def test_what_is_not_clear_stays_as_it_is(words):
    assert order_files(words, ["data", "cfg", "weights"], has_sources=True) == words


def test_without_sources_what_is_left_is_the_weights():
    assert order_files([C, D, "x.jpg"], ["data", "cfg", "weights"], has_sources=False) == [
        D,
        C,
        "x.jpg",
    ]


def test_commands_without_data_take_two_files_in_any_order():
    roles = ["cfg", "weights"]
    assert order_files([W, C], roles, has_sources=False) == [C, W]
    assert order_files([C], roles, has_sources=False) == [C]
    assert order_files(["a", W], roles, has_sources=False) == ["a", W]


@pytest.mark.parametrize("words", [("statistics",), ("rnn", "train", "--show-batch", "x.png")])
def test_a_cfg_and_weights_may_be_swapped(files, words):
    _, cfg, weights = files
    expected = dtorch(*words, cfg, weights)
    assert expected.exit_code == (0 if words == ("statistics",) else 2)
    assert dtorch(*words, weights, cfg).output == expected.output != ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a data set and a model."""
    folder = tmp_path_factory.mktemp("darknet")
    shutil.copy(make_data(folder), folder / "toy.data")
    for file in (CFG, WEIGHTS):
        shutil.copy(file, folder / f"toy{file.suffix}")
    shutil.copy(PICTURE, folder)
    shutil.copy(WEIGHTS, folder / "verbose")
    (folder / "forms.names").write_text("round\nfour\nthree\n")
    return folder


@pytest.fixture
def files(folder, monkeypatch):
    """The files in the working folder that its commands need, in Darknet's order."""
    monkeypatch.chdir(folder)
    return ["toy.data", "toy.cfg", "toy.weights"]


def test_files_and_flags_of_a_command_may_come_in_any_order(files):
    data, cfg, weights = files
    expected = dtorch("detector", "map", *files, "-thresh", ".5")
    assert expected.exit_code == 0, expected.stderr
    assert "for conf_thresh = 0.50" in expected.stdout
    for words in (
        ["-Dont-Show", "detector", "--thresh=.5", "map", weights, data, cfg],
        ["detector", "map", weights, cfg, data, "noshow", "thresh", ".5"],  # without a dash
    ):
        assert dtorch(*words).stdout == expected.stdout


def test_a_word_that_names_a_file_is_no_flag(files):
    data, cfg, _ = files
    result = dtorch("detector", "test", data, cfg, "verbose", "shapes.png")
    assert (result.exit_code, result.stderr) == (0, "")


def test_names_may_stand_among_the_files(files):
    result = dtorch("detector", "test", "shapes.png", "forms.names", *files, "-dont_show")
    assert result.exit_code == 0, result.stderr
    assert "four: " in result.stdout
    assert "square" not in result.stdout


def test_detection_needs_no_data(files):
    _, cfg, weights = files
    result = dtorch(
        "detector", "-verbose", "-thresh", ".5", "test", "forms.names", cfg, "shapes.png", weights
    )
    assert result.exit_code == 0, result.stderr
    assert "four: " in result.stdout
    assert dtorch("detector", "test", cfg, "shapes.png").exit_code == 0  # weights of its name


def test_the_help_shows_only_what_has_an_effect():
    shown = dtorch("detector", "map", "--help").stdout
    assert "--points" in shown
    for option in ("--min-score", "--sweep", "--export", "--results", "--format"):
        assert option not in shown
    assert "Source:" not in dtorch("detector", "test", "--help").stdout


def test_an_option_without_effect_is_noted(files):
    result = dtorch("detector", "map", *files, "--sweep", "0.1,0.2", "-iou_thresh", ".5")
    assert result.exit_code == 0
    assert result.stderr == "note: --sweep has no effect: dtorch eval has it\n"


def test_flags_of_other_commands_are_noted(files):
    words = ["detector", "test", *files, "shapes.png", "-iou_thresh", ".5", "-map"]
    result = dtorch(*words)
    assert result.exit_code == 0, result.stderr
    assert "note: -iou_thresh has no effect: this command does not use it" in result.stderr
    assert "note: -map has no effect: this command does not use it" in result.stderr

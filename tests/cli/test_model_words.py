"""A model's files among the words of `dtorch detect`, and what is found by their names."""

import shutil
from pathlib import Path

import pytest

from darknet_torch import convert, load
from darknet_torch.errors import CfgError
from tests.cli.command import dtorch, python
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS

DONE, UNUSABLE = 0, 2
FOUND = ["triangle", "circle", "triangle", "square"]
SEARCH = """
import sys
from darknet_torch.downloads.model_files import resolve_model
print(resolve_model(None, sys.argv[1]).taken, "torch" in sys.modules)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a picture, and the files of a training in run/."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    shutil.copy(PICTURE, "dog.png")
    shutil.copy(CFG, "run/toy.cfg")
    shutil.copy(NAMES, "run/toy.names")
    shutil.copy(WEIGHTS, "run/toy_best.weights")
    return tmp_path


def detected(*words):
    """What was printed to standard error, and the classes that were found."""
    result = dtorch("detect", *words)
    assert result.exit_code == DONE, result.stderr
    return result.stderr.strip(), [line.split(":")[0] for line in result.stdout.splitlines()[1:]]


def refused(*words, command="detect"):
    result = dtorch(command, *words)
    assert result.exit_code == UNUSABLE
    return result.stderr


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        (["run/toy_best.weights", "dog.png"], "cfg run/toy.cfg, names run/toy.names"),
        (["dog.png", "run/toy_best.weights"], "cfg run/toy.cfg, names run/toy.names"),
        (
            ["--weights", "run/toy_best.weights", "dog.png"],
            "cfg run/toy.cfg, names run/toy.names",
        ),
        (["run/toy.cfg", "dog.png"], "weights run/toy_best.weights, names run/toy.names"),
        (["dog.png", "run/toy.names"], "cfg run/toy.cfg, weights run/toy_best.weights"),
        (["run/toy_best.weights", "dog.png", "--names", "run/toy.names"], "cfg run/toy.cfg"),
        (["run/toy_best.weights", "dog.png", "--quiet"], ""),
        (["run/toy_best.weights", "run/toy.cfg", "run/toy.names", "dog.png", "--quiet"], ""),
    ],
)
def test_what_is_not_given_is_found_by_name_and_named_in_one_line(words, taken):
    assert detected(*words) == (taken, FOUND)


def test_only_darknets_own_order_writes_predictions_jpg():
    detected("run/toy_best.weights", "dog.png")
    assert not Path("predictions.jpg").exists()
    detected("run/toy_best.weights", "run/toy.cfg", "dog.png")
    assert Path("predictions.jpg").exists()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_converted_file_is_enough(suffix):
    convert("run/toy_best.weights", f"x{suffix}", names="run/toy.names")
    assert detected(f"x{suffix}", "dog.png") == (
        f"cfg inside x{suffix}, names inside x{suffix}",
        FOUND,
    )


def test_a_name_of_a_shipped_network_is_a_word_unless_a_file_has_it():
    assert "to fetch the published ones: dtorch download yolov3-tiny" in refused(
        "yolov3-tiny", "dog.png"
    )
    shutil.copy("dog.png", "yolov3-tiny")
    assert detected("run/toy_best.weights", "yolov3-tiny")[1] == FOUND


def test_two_files_of_a_kind_are_refused():
    message = refused("run/toy.cfg", "run/toy_best.weights", "other.weights", "dog.png")
    assert "other.weights: two weights files: expected one weights file" in message
    assert "two cfg files" in refused("--cfg", "a.cfg", "run/toy.cfg", "dog.png")


def test_several_weights_are_listed():
    data = bytearray(Path("run/toy_best.weights").read_bytes())
    data[-1] ^= 1
    Path("run/toy_last.weights").write_bytes(data)
    message = refused("run/toy.cfg", "dog.png")
    assert "several weights files" in message
    assert "got run/toy_best.weights, run/toy_last.weights" in message


def test_pictures_alone_are_refused_with_what_is_missing():
    message = refused("dog.png")
    assert "no network: expected --cfg CFG --weights FILE; or one of a cfg, weights" in message
    assert "got dog.png, none of which is one" in message


def test_a_misspelt_suffix_gets_a_suggestion():
    message = refused("run/toy_best.weigths", "dog.png")
    assert f"did you mean {str(Path('run/toy_best.weights'))!r}?" in message


def test_a_model_alone_is_refused():
    assert "no pictures or videos" in refused("run/toy_best.weights")
    assert "no pictures" in refused("run/toy_best.weights", command="classify")


@pytest.mark.parametrize(
    ("name", "kind"), [("x.onnx", "ONNX"), ("x.torchscript", "TorchScript"), ("x.pt2", "torch")]
)
def test_a_graph_is_refused_as_one(name, kind):
    Path(name).write_bytes(b"graph")
    assert f"{name}: {kind}" in refused(name, "dog.png")
    assert "graphs can be written, not read" in refused("--cfg", "run/toy.cfg", name, "dog.png")


def test_other_commands_find_the_cfg_too():
    info = dtorch("info", "run/toy_best.weights")
    assert (info.exit_code, info.stderr) == (DONE, "cfg run/toy.cfg\n")
    result = dtorch("convert", "run/toy_best.weights", "x.pt")
    assert (result.exit_code, result.stderr) == (DONE, "cfg run/toy.cfg\n")
    shutil.copy("run/toy_best.weights", "run/toy.weights")
    assert dtorch("convert", "run/toy.weights", "y.pt").stderr == ""
    assert "yolo" in dtorch("info", "x.pt").stdout
    statistics = dtorch("statistics", "run/toy.cfg", "x.pt", "--json")
    assert (
        statistics.stdout
        == dtorch("statistics", "run/toy.cfg", "run/toy_best.weights", "--json").stdout
    )


def test_load_takes_weights_alone():
    expected = load("run/toy.cfg", "run/toy_best.weights").state_dict()
    convert("run/toy_best.weights", "x.pt")
    for network in (load("run/toy_best.weights"), load("x.pt"), load("run/toy.cfg", "x.pt")):
        state = network.state_dict()
        assert all(array.equal(expected[name]) for name, array in state.items())


def test_a_search_without_a_choice_imports_no_torch():
    run = python(SEARCH, "run/toy_best.weights")
    assert run.stdout == "('cfg run/toy.cfg',) False\n"


@pytest.mark.parametrize(
    "words", [("run", "dog.png"), ("--weights", "run", "dog.png"), ("--cfg", "run", "dog.png")]
)
def test_the_folder_of_a_training_is_refused_with_its_weights(words):
    shutil.copy("run/toy_best.weights", "run/toy_last.weights")
    assert "name one of the weights in run: run/toy_best.weights, run/toy_last.weights" in refused(
        *words
    )


def test_the_folder_of_a_training_is_refused_by_load():
    with pytest.raises(CfgError, match=r"run: is a folder: .*run/toy_best\.weights"):
        load("run")


def test_misspelt_files_are_refused_with_the_near_ones_of_their_folders():
    model = ("--weights", "run/toy_best.weights")
    assert "did you mean 'run/toy.cfg'?" in refused("--cfg", "run/toyy.cfg", *model, "dog.png")
    assert "did you mean 'run/toy.names'?" in refused(*model, "--names", "run/ty.names", "dog.png")
    assert "did you mean 'run/toy_best.weights'?" in refused("run/toy_bset.weights", "dog.png")
    result = dtorch("detect", *model, "dogg.png")
    assert result.exit_code == 1
    assert "dogg.png: no such picture; did you mean 'dog.png'?" in result.stderr

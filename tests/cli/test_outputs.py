"""No output of any command replaces a file that the command reads."""

import os
import shutil
from collections.abc import Iterator

import click
import cv2
import numpy as np
import pytest

from darknet_torch import load
from darknet_torch.cli.main import main
from darknet_torch.cli.parameter_types import OutputPath
from darknet_torch.cli.path_prompt import PROMPT
from darknet_torch.model.weights import write_weights
from tests.cli.command import dtorch
from tests.media.sample_videos import sample_frames, write_video

UNUSABLE = 2
NET = "[net]\nwidth=32\nheight=32\nchannels=3\nbatch=1\nsubdivisions=1\nmax_batches=2\n"
DETECTOR = NET + (
    "[convolutional]\nfilters=6\nsize=1\nstride=32\nactivation=linear\n"
    "[yolo]\nmask=0\nanchors=8,8\nclasses=1\nnum=1\n"
)
CLASSIFIER = NET + "[convolutional]\nfilters=2\nsize=1\n[avgpool]\n[softmax]\n"

MODEL = "--cfg d.cfg --weights d.weights"
DARKNET = "d.data d.cfg d.weights"
DETECTION_INPUTS = "d.cfg d.weights d.names d.data a.png list.txt b.jpg v.avi"
SOURCES = "list.txt a.png v.avi"
DETECT = f"detect {MODEL} --data d.data {SOURCES}"
DATA_INPUTS = "d.data d.names list.txt a.png a.txt b.jpg b.txt"
EVALUATION_INPUTS = f"d.cfg d.weights {DATA_INPUTS}"
CLASSIFY_INPUTS = "c.cfg c.weights c.data c.labels red.png blue.png c.txt"
CLASSIFY = "--cfg c.cfg --weights c.weights --data c.data red.png c.txt"
EVAL = f"eval {MODEL} --data d.data"

# (the command line, its outputs that are files, the files that it reads)
TABLE = [
    ("average d.cfg {} d.weights e.weights", [""], "d.cfg d.weights e.weights"),
    (f"bench {MODEL}", ["--out"], "d.cfg d.weights"),
    ("bench d.cfg", ["--out"], "d.cfg d.weights"),  # found by name
    ("check d.cfg d.weights d.data", ["--out"], EVALUATION_INPUTS),
    (f"classify {CLASSIFY}", ["--out", "-out"], CLASSIFY_INPUTS),
    (
        "classifier predict c.data c.cfg c.weights red.png c.txt",
        ["--out", "-out"],
        CLASSIFY_INPUTS,
    ),
    ("classifier train c.data c.cfg c.weights", ["--show-batch"], CLASSIFY_INPUTS),
    ("classifier valid c.data c.cfg c.weights", ["--out", "-out"], CLASSIFY_INPUTS),
    ("convert d.weights {} --cfg d.cfg --names d.names", [""], "d.weights d.cfg d.names"),
    ("dataset check --data d.data", ["--out"], DATA_INPUTS),
    ("dataset show --data d.data", ["--out"], DATA_INPUTS),
    ("dataset stats --data d.data", ["--out", "--plot"], DATA_INPUTS),
    (DETECT, ["--out", "-out", "-out_filename", "-json_file_output"], DETECTION_INPUTS),
    (
        f"detector demo {DARKNET} v.avi",
        ["-out", "-out_filename"],
        "v.avi d.data d.names d.weights",
    ),
    (f"detector demo {DARKNET} v.avi", ["--out", "-json_file_output"], "v.avi d.cfg"),
    (f"detector map {DARKNET}", ["--out", "-out"], EVALUATION_INPUTS),
    (f"detector recall {DARKNET}", ["--out", "-out"], EVALUATION_INPUTS),
    (
        f"detector test {DARKNET} {SOURCES}",
        ["--out", "-out", "-out_filename", "-json_file_output"],
        DETECTION_INPUTS,
    ),
    (f"detector train {DARKNET}", ["--show-batch"], EVALUATION_INPUTS),
    (f"detector valid {DARKNET}", ["--out"], EVALUATION_INPUTS),
    (EVAL, ["--out", "-out"], EVALUATION_INPUTS),
    (f"{EVAL} --results r.json", ["--out"], "r.json d.data list.txt a.txt"),
    (f"map {MODEL} --data d.data", ["--out", "-out"], EVALUATION_INPUTS),
    (f"info {MODEL}", ["--graph"], "d.cfg d.weights"),
    ("info d.cfg", ["--graph"], "d.cfg"),
    ("kmeans --cfg d.cfg --data d.data", ["--out"], f"d.cfg {DATA_INPUTS}"),
    ("kmeans --write d.cfg --data d.data", ["--out"], f"d.cfg {DATA_INPUTS}"),
    ("lr-plot d.cfg --max-batches 9", ["--out"], "d.cfg"),
    ("kmeans --cfg d.cfg --data d.data", ["--plot"], "d.cfg d.data a.png"),
    ("new d.cfg --force --data d.data", ["--out"], f"d.cfg {DATA_INPUTS}"),
    ("new d.cfg --force --names d.names", ["--out"], "d.cfg d.names"),
    ("partial d.cfg d.weights {} 1", [""], "d.cfg d.weights"),
    ("rnn train d.cfg d.weights -file a.txt", ["--show-batch"], "d.cfg d.weights a.txt"),
    (f"train {MODEL} --data d.data", ["--show-batch"], EVALUATION_INPUTS),
]
# Options that name a folder: what is written into it avoids inputs or is compared with them.
FOLDERS = {
    "classifier valid --export",
    "classifier valid --plots",
    "classifier valid --report",
    "dataset augment ",
    "dataset convert --out",
    "dataset init --out",
    "dataset merge --out",
    "dataset split --out",
    "detect --crops",
    "detect --plots",
    "detect --report",
    "detect --save",
    "detector demo --crops",
    "detector demo --plots",
    "detector demo --report",
    "detector demo --save",
    "detector map --export",
    "detector map --plots",
    "detector map --report",
    "detector recall --export",
    "detector recall --plots",
    "detector recall --report",
    "detector test --crops",
    "detector test --plots",
    "detector test --report",
    "detector test --save",
    "detector valid --export",
    "detector valid --plots",
    "detector valid --report",
    "download --to",
    "eval --export",
    "eval --plots",
    "eval --report",
    "map --export",
    "report --out",
    "report --plots",
    "map --plots",
    "map --report",
}


def write_model(folder, stem, text):
    (folder / f"{stem}.cfg").write_text(text)
    write_weights(load(folder / f"{stem}.cfg"), folder / f"{stem}.weights")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder with a detector, a classifier and pictures, and what each of its files contains."""
    folder = tmp_path_factory.mktemp("inputs")
    write_model(folder, "d", DETECTOR)
    write_model(folder, "c", CLASSIFIER)
    shutil.copy(folder / "d.weights", folder / "e.weights")
    for name in ("a.png", "b.jpg", "red.png", "blue.png"):
        cv2.imwrite(str(folder / name), np.full((32, 32, 3), len(name) * 9, np.uint8))
    write_video(folder / "v.avi", sample_frames(2))
    texts = {
        "a.txt": "0 .5 .5 .2 .3\n",
        "b.txt": "0 .5 .5 .3 .2\n",
        "list.txt": "a.png\nb.jpg\n",
        "d.names": "thing\n",
        "d.data": "classes=1\ntrain=list.txt\nvalid=list.txt\nnames=d.names\nresults=results\n",
        "c.labels": "red\nblue\n",
        "c.txt": "red.png\nblue.png\n",
        "c.data": "classes=2\ntrain=c.txt\nvalid=c.txt\nlabels=c.labels\n",
        "r.json": "[]",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def folder(inputs, tmp_path, monkeypatch):
    """A working folder with a copy of the inputs."""
    copy = tmp_path / "work"
    shutil.copytree(inputs, copy)
    monkeypatch.chdir(copy)
    return copy


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def command_line(line, option, path):
    """The words of a command with `path` as the value of an output option, or as its {}."""
    if not option:
        return [path if word == "{}" else word for word in line.split()]
    return [*line.split(), option, path]


@pytest.mark.parametrize(("line", "options", "names"), TABLE, ids=[line for line, *_ in TABLE])
def test_no_output_replaces_an_input(line, options, names, folder):
    before = contents(folder)
    for option in options:
        for name in names.split():
            words = command_line(line, option, name)
            result = dtorch(*words)
            assert result.exit_code == UNUSABLE, words
            parts = [
                f"{name}: cannot be written over an input",
                "expected a file that is not read",
                f"{name}, which is read",
                "give another path",
            ]
            assert all(part in result.stderr for part in parts), (words, result.stderr)
            assert contents(folder) == before, words


def every_command(command: click.Command, *words: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield " ".join(words), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from every_command(inner, *words, name)


def outputs() -> Iterator[tuple[str, OutputPath]]:
    """Every output parameter of every command, and its type; -log has a test of its own."""
    for words, command in every_command(main):
        for parameter in command.params:
            if isinstance(parameter.type, OutputPath) and parameter.name != "log":
                is_argument = isinstance(parameter, click.Argument)
                yield f"{words} {'' if is_argument else parameter.opts[0]}", parameter.type


def test_the_table_has_every_output_of_every_command():
    words_of = {words for words, _ in every_command(main)}
    tested = {
        f"{next(words for words in words_of if f'{line} '.startswith(f'{words} '))} {option}"
        for line, options, _ in TABLE
        for option in options
    }
    found = dict(outputs())
    assert {name for name, kind in found.items() if kind.file} == tested
    assert {name for name, kind in found.items() if not kind.file} == FOLDERS


def test_parameters_that_sound_like_outputs_are_outputs():
    """Such as a new option --plot of another command."""
    sounds = {"out", "dst", "save", "plot", "plots", "graph", "report", "export", "write"}
    sounds |= {"show_batch", "out_filename", "json_out", "json_file_output"}
    others = {
        f"{words} {parameter.name}"
        for words, command in every_command(main)
        for parameter in command.params
        if parameter.name in sounds and not isinstance(parameter.type, OutputPath)
    }
    # The cfg of --write is an input that is changed, with a backup; -out is part of a name here.
    assert others == {"kmeans write", "detector valid json_out"}


def test_every_path_says_whether_it_is_read_or_written():
    for words, command in every_command(main):
        for parameter in command.params:
            if parameter.name in ("cfg", "weights", "names", "data", "source", "images", "files"):
                assert isinstance(parameter.type, click.Path) or words.startswith("download")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (f"detector train {DARKNET}", EVALUATION_INPUTS),
        (f"detector map {DARKNET}", EVALUATION_INPUTS),
        (DETECT, DETECTION_INPUTS),
    ],
)
def test_a_log_is_never_appended_to_an_input(line, names, folder):
    before = contents(folder)
    for name in names.split():
        result = dtorch(*line.split(), "-log", name)
        assert result.exit_code == UNUSABLE
        assert f"{name}: " in result.stderr
    assert contents(folder) == before


class TestOtherSpellings:
    @pytest.mark.parametrize("link", [os.symlink, os.link])
    def test_a_link_to_an_input_is_refused(self, link, folder):
        link("v.avi", "link.avi")
        before = contents(folder)
        for source, output in (("v.avi", "link.avi"), ("link.avi", "v.avi")):
            result = dtorch("detector", "demo", *DARKNET.split(), source, "-out_filename", output)
            assert result.exit_code == UNUSABLE
            assert f"{output}: cannot be written over an input" in result.stderr
        assert contents(folder) == before

    @pytest.mark.parametrize("source", [".", "*.png", "a.png"])
    def test_a_picture_found_in_a_folder_or_by_a_glob_is_refused(self, source, folder):
        before = contents(folder)
        result = dtorch("detect", *MODEL.split(), source, "--out", f"{folder}/a.png")
        assert result.exit_code == UNUSABLE
        assert "cannot be written over an input" in result.stderr
        assert contents(folder) == before

    def test_files_found_by_default_are_refused(self, folder):
        """The weights and the names next to the cfg, and the .data file next to it."""
        before = contents(folder)
        for words in (
            ["detect", "--cfg", "d.cfg", "a.png", "--out", "d.weights"],
            ["detect", "--cfg", "d.cfg", "a.png", "--out", "d.names"],
            ["eval", "--cfg", "d.cfg", "--out", "d.data"],
            ["eval", "--cfg", "d.cfg", "--out", "list.txt"],
        ):
            assert "cannot be written over an input" in dtorch(*words).stderr, words
        assert contents(folder) == before

    def test_sources_that_come_on_standard_input_are_refused(self, folder):
        before = contents(folder)
        for words in (["-"], []):
            line = ["detector", "test", *DARKNET.split(), *words, "--out", "a.png"]
            result = dtorch(*line, stdin="a.png\n")
            assert (result.exit_code, result.stdout) == (UNUSABLE, "" if words else PROMPT)
            assert "a.png: cannot be written over an input" in result.stderr
        assert contents(folder) == before


class TestDerivedOutputs:
    """Files whose paths the user did not give."""

    def test_saved_pictures_and_videos_get_other_names(self, folder):
        before = contents(folder)
        assert dtorch("detect", *MODEL.split(), *SOURCES.split(), "--save", ".").exit_code == 0
        after = contents(folder)
        assert {name: after[name] for name in before} == before
        assert set(after) - set(before) == {"a-2.png", "b-2.jpg", "v-2.avi"}

    def test_label_files_do_not_replace_the_list(self, folder):
        (folder / "names.txt").write_text("thing\n")
        (folder / "pictures.txt").write_text("pictures.png\nnames.png\n")
        for name in ("pictures.png", "names.png"):
            shutil.copy("a.png", name)
        words = ["--names", "names.txt", "pictures.txt"]
        before = contents(folder)
        line = ["detect", *MODEL.split(), *words, "--format", "txt", "--out", "."]
        assert dtorch(*line).exit_code == 0
        after = contents(folder)
        assert set(after) - set(before) == {"pictures-2.txt", "names-2.txt"}
        assert {name: after[name] for name in before} == before
        result = dtorch("detect", *MODEL.split(), *words, "-save_labels")
        assert result.exit_code == UNUSABLE
        assert "pictures.txt: cannot be written over an input" in result.stderr
        assert contents(folder) == after

    def test_predictions_jpg_is_not_drawn_over_the_picture_that_is_read(self, folder):
        shutil.copy("b.jpg", "predictions.jpg")
        before = contents(folder)
        result = dtorch("detector", "test", *DARKNET.split(), "predictions.jpg")
        assert result.exit_code == 0
        assert "warning: predictions.jpg: cannot be written over an input" in result.stderr
        assert contents(folder) == before

    def test_exported_results_do_not_replace_those_that_are_read(self, folder):
        export = ["--export", "out"]
        assert dtorch(*EVAL.split(), *export).exit_code == 0
        before = contents(folder)
        for kind, results in (("coco", "coco_results.json"), ("voc", ""), ("txt", "")):
            line = ["--data", "d.data", "--results", f"out/{kind}/{results}", *export]
            result = dtorch("eval", *line, "--export-format", kind)
            assert result.exit_code == UNUSABLE, kind
            assert "cannot be written over an input" in result.stderr
            assert contents(folder) == before

    def test_results_of_valid_do_not_replace_an_input(self, folder):
        shutil.copy("list.txt", "results.txt")
        (folder / "d.data").write_text("classes=1\nvalid=my_thing.txt\nnames=d.names\nresults=.\n")
        shutil.copy("list.txt", "my_thing.txt")
        before = contents(folder)
        result = dtorch("detector", "valid", *DARKNET.split(), "-out", "my_")
        assert result.exit_code == UNUSABLE
        assert "my_thing.txt: cannot be written over an input" in result.stderr
        assert contents(folder) == before

    def test_anchors_do_not_replace_the_list(self, folder):
        shutil.copy("list.txt", "anchors.txt")
        (folder / "d.data").write_text("classes=1\ntrain=anchors.txt\nnames=d.names\n")
        size = ["-num_of_clusters", 1, "-width", 32, "-height", 32]
        result = dtorch("detector", "calc_anchors", "d.data", *size)
        assert result.exit_code == UNUSABLE
        assert "anchors.txt: cannot be written over an input" in result.stderr
        assert (folder / "anchors.txt").read_text() == (folder / "list.txt").read_text()


class TestWhatIsStillWritten:
    def test_an_earlier_output_is_replaced_also_next_to_the_inputs(self, folder):
        for _ in range(2):
            result = dtorch(*DETECT.split(), "--format", "json", "--out", "found.json")
            assert result.exit_code == 0, result.stderr
            assert dtorch(*EVAL.split(), "--out", "report.txt").exit_code == 0

    def test_a_training_replaces_the_weights_that_it_starts_from(self, folder):
        """As in Darknet, where such a run goes on in the same folder."""
        shutil.copy("d.weights", "d_final.weights")
        line = "detector train d.data d.cfg d_final.weights -clear --backup . --max-batches 1"
        result = dtorch(*line.split(), "--workers", 0)
        assert result.exit_code == 0, result.stderr
        assert (folder / "d_final.weights").read_bytes() != (folder / "d.weights").read_bytes()


def test_two_outputs_with_one_path_are_refused(folder):
    line = ["kmeans", "--cfg", "d.cfg", "--data", "d.data", "--plot", "x.png", "--out", "./x.png"]
    result = dtorch(*line)
    assert result.exit_code == UNUSABLE
    expected = "two outputs have the same path: expected a path for each output, got"
    assert expected in result.stderr
    assert not (folder / "x.png").exists()
    together = ["--format", "txt", "--out", "found", "--save", "found"]
    assert dtorch(*DETECT.split(), *together).exit_code == 0
    devices = ["--out", os.devnull, "-json_file_output", os.devnull]
    assert dtorch(*DETECT.split(), *devices).exit_code == 0

"""`dtorch info`, from the command line to its exit status."""

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from darknet_torch import load, write_weights
from darknet_torch.cfg.zoo import shipped
from darknet_torch.model.loading import build
from darknet_torch.model.summary import summarize
from tests.cli.command import dtorch

DONE, UNUSABLE = 0, 2
CFG = """[net]
width=32
height=24
channels=3
[convolutional]
filters=4
size=3
pad=1
[batchnorm]
[shortcut]
from=0
"""
FLOATS = 4 + 4 * 27 + 4 * 4  # with the biases of [batchnorm], as AlexeyAB's code has them


def shown(*arguments):
    """The printed output, without any warning."""
    result = dtorch("info", *arguments)
    assert (result.exit_code, result.stderr) == (DONE, "")
    return result.stdout


def refused(*arguments):
    result = dtorch("info", *arguments)
    assert (result.exit_code, result.stdout) == (UNUSABLE, "")
    return result.stderr


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a cfg."""
    monkeypatch.chdir(tmp_path)
    Path("mine.cfg").write_text(CFG)
    return tmp_path


def write_floats(path, count):
    Path(path).write_bytes(bytes([0] * 4 + [2] + [0] * 15) + np.ones(count, "<f4").tobytes())


def write_own(path):
    write_weights(load("mine.cfg"), path)


def test_the_names_of_the_shipped_cfgs_are_listed():
    assert shown("--list").splitlines() == list(shipped(".cfg"))


class TestTable:
    def test_the_table_has_a_line_for_each_layer_and_the_sums(self):
        head, *rows, operations, values = shown("mine.cfg").splitlines()
        assert head.split() == ["layer", "input", "output", "BFLOPS", "values", "field"]
        assert [row.split()[1] for row in rows] == ["convolutional", "batchnorm", "shortcut"]
        assert operations.startswith("Total BFLOPS ")
        assert values == f"{FLOATS} values, weight file of {20 + 4 * FLOATS} bytes"

    def test_a_shipped_definition_goes_by_its_name(self):
        text = shown("yolov3-tiny")
        assert "8,858,734 values, weight file of 35,434,956 bytes" in text
        assert "Total BFLOPS 5.571" in text  # as AlexeyAB's code prints for 416 x 416

    @pytest.mark.parametrize("name", ["mine.cfg", "yolov3-tiny"])
    def test_the_cfg_may_be_an_option(self, name):
        assert shown("--cfg", name) == shown(name)

    def test_the_input_size_can_be_given(self):
        assert "64 x  48 x    4" in shown("mine.cfg", "--width", 64, "--height", 48)

    def test_the_dialect_decides_which_arrays_there_are(self):
        text = shown("mine.cfg", "--dialect", "pjreddie")
        assert f"{FLOATS - 4} values, weight file of {20 + 4 * (FLOATS - 4)} bytes" in text


class TestWeights:
    def test_weights_that_fit_change_nothing(self):
        write_own("some.weights")
        assert shown("mine.cfg", "--weights", "some.weights") == shown("mine.cfg")

    def test_verbose_prints_what_was_loaded(self):
        write_own("some.weights")
        result = dtorch("info", "mine.cfg", "--weights", "some.weights", "--verbose")
        assert result.stderr == f"loaded some.weights: {FLOATS} values\n"

    def test_weights_next_to_the_cfg_are_not_read(self, folder):
        (folder / "mine.weights").write_bytes(b"broken")
        shown("mine.cfg")

    @pytest.mark.parametrize(
        ("floats", "message"),
        [
            (FLOATS - 1, "some.weights: ends inside layer 1 [batchnorm]"),
            (FLOATS + 1, "some.weights: has 4 bytes left over"),
        ],
    )
    def test_weights_that_do_not_fit_are_refused(self, floats, message):
        write_floats("some.weights", floats)
        assert message in refused("mine.cfg", "--weights", "some.weights")

    def test_leftover_bytes_can_be_allowed(self):
        write_floats("some.weights", FLOATS + 1)
        result = dtorch("info", "mine.cfg", "--weights", "some.weights", "--allow-leftover")
        assert result.exit_code == DONE
        assert "has 4 bytes left over after the last layer" in result.stderr

    def test_missing_weights_are_reported(self):
        message = refused("mine.cfg", "--weights", "gone.weights")
        assert "gone.weights: no such weight file" in message

    def test_weights_of_the_other_code_base_show_its_network(self):
        write_floats("some.weights", FLOATS - 4)
        result = dtorch("info", "mine.cfg", "--weights", "some.weights")
        assert result.exit_code == DONE
        assert result.stdout == shown("mine.cfg", "--dialect", "pjreddie")
        assert result.stderr.startswith("warning: some.weights: ")
        assert "use --dialect pjreddie" in result.stderr
        assert "dialect" in refused("mine.cfg", "--weights", "some.weights", "--strict")

    def test_partial_weights_are_reported_unless_quiet(self):
        write_floats("some.weights", 4 + 4 * 27)
        arguments = ("mine.cfg", "--weights", "some.weights")
        result = dtorch("info", *arguments)
        assert result.exit_code == DONE
        assert "warning: some.weights: 112 values, a partial file" in result.stderr
        assert shown(*arguments, "--quiet") == result.stdout


class TestJson:
    def test_json_has_what_the_summary_has(self):
        record = json.loads(shown("mine.cfg", "--json"))
        assert record == json.loads(json.dumps(summarize(build("mine.cfg")).to_dict()))
        assert record == json.loads(shown("mine.cfg", "--format", "json"))
        assert record["parameters"] == FLOATS

    def test_warnings_are_not_mixed_into_json(self, folder):
        (folder / "mine.cfg").write_text(CFG.replace("pad=1", "pad=1\nbadkey=1"))
        result = dtorch("info", "mine.cfg", "--json")
        assert json.loads(result.stdout)["parameters"] == FLOATS
        assert "unknown key 'badkey'" in result.stderr


class TestGraph:
    def test_the_graph_is_drawn_and_the_table_printed(self, folder):
        text = shown("mine.cfg", "--graph", "mine.svg")
        assert text == shown("mine.cfg")
        drawing = ElementTree.fromstring((folder / "mine.svg").read_bytes())
        texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
        assert texts[:2] == ["mine", "0 convolutional 4 3x3/1"]

    def test_any_name_of_a_cfg_can_be_the_title(self, folder):
        Path("a<b>&ü.cfg").write_text(CFG)
        shown("a<b>&ü.cfg", "--graph", "mine.svg")
        drawing = ElementTree.fromstring((folder / "mine.svg").read_bytes())
        assert drawing.find("{http://www.w3.org/2000/svg}title").text == "a<b>&ü"

    def test_a_graph_into_a_missing_folder_is_reported(self):
        assert "no/mine.svg: cannot be written" in refused("mine.cfg", "--graph", "no/mine.svg")

    def test_a_graph_is_not_written_under_the_suffix_of_another_format(self, folder):
        message = refused("mine.cfg", "--graph", "mine.png")
        assert "mine.png: this graph format cannot be written: expected .svg, got .png" in message
        assert "; write mine.svg and convert it" in message
        assert not (folder / "mine.png").exists()

    @pytest.mark.parametrize("name", ["mine.SVG", "mine"])
    def test_a_graph_may_have_the_suffix_in_capitals_or_none(self, name, folder):
        shown("mine.cfg", "--graph", name)
        assert ElementTree.fromstring((folder / name).read_bytes()) is not None


class TestUnusableCfgs:
    def test_no_cfg_is_wrong_usage(self):
        assert "no network: expected dtorch info CFG" in refused()

    def test_an_unknown_cfg_gets_a_suggestion(self):
        assert "did you mean 'yolov3-tiny'?" in refused("yolov3-tny")

    def test_a_broken_cfg_is_reported_with_its_line(self, folder):
        (folder / "mine.cfg").write_text(CFG.replace("size=3", "size=three"))
        assert "mine.cfg:7: 'size' is not an integer" in refused("mine.cfg")

    def test_warnings_are_errors_under_strict(self, folder):
        (folder / "mine.cfg").write_text(CFG.replace("pad=1", "pad=1\nbadkey=1"))
        assert "mine.cfg:9: unknown key 'badkey'" in refused("mine.cfg", "--strict")
        assert dtorch("info", "mine.cfg").stderr.startswith("warning: mine.cfg:9: ")
        assert shown("mine.cfg", "--quiet")

    def test_an_extension_is_a_note_and_no_error_under_strict(self, folder):
        (folder / "mine.cfg").write_text(CFG.replace("pad=1", "pad=1\nactivation=hard_swish"))
        result = dtorch("info", "mine.cfg", "--strict")
        assert result.exit_code == DONE
        assert result.stderr.startswith("note: mine.cfg:5: hard_swish is an extension of ")


def test_options_that_the_c_code_ignores_are_shown():
    Path("own.cfg").write_text(CFG.replace("[net]\n", "[net]\nnormalize=imagenet\nfill=picture\n"))
    line = "input: normalize=imagenet, fill=picture, which the C code ignores"
    assert dtorch("info", "own.cfg").stdout.splitlines()[-1] == line
    summary = json.loads(dtorch("info", "own.cfg", "--format", "json").stdout)
    assert summary["extensions"] == ["normalize=imagenet", "fill=picture"]
    assert "input:" not in shown("mine.cfg")


def test_the_check_of_a_cfg_notes_them():
    text = CFG.replace("[net]\n", "[net]\nnormalize=imagenet\n")
    Path("own.cfg").write_text(text)
    result = dtorch("check", "own.cfg")
    assert "note: own.cfg:1: an extension of darknet_torch in [net]" in result.stdout
    assert "normalize=imagenet" in result.stdout

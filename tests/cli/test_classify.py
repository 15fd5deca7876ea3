"""`dtorch classify`, from the command line to its exit status."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from darknet_torch import build_network, load, write_weights
from darknet_torch.cfg.grammar import parse_cfg
from tests.cli.command import dtorch
from tests.toy import files as toy

DONE, SOME_FAILED, UNUSABLE = 0, 1, 2

COLORS = ("red", "green", "blue", "yellow", "cyan", "purple", "black")
# Factors on red, green and blue, and biases: each class wins where its colours are full.
WEIGHTS = [[8, -8, -8], [-8, 8, -8], [-8, -8, 8], [5, 5, -9], [-9, 5, 5], [5, -9, 5], [-7] * 3]
BIASES = [0, 0, 0, -2, -2, -1, 3]
CFG = """[net]
width=8
height=8
channels=3
[convolutional]
filters=7
size=1
activation=linear
[avgpool]
[softmax]
"""
BGR = {"red": (0, 0, 255), "blue": (255, 0, 0), "cyan": (255, 255, 0)}
ALL = {f"pics/{name}.png": name for name in sorted(BGR)}


def classify(*arguments):
    return dtorch("classify", "--cfg", "colors.cfg", *arguments)


def best(*arguments):
    """Path and best class of each picture, from the JSON on standard output."""
    records = json.loads(classify("--format", "json", *arguments).stdout)
    return {record["filename"]: record["classes"][0]["name"] for record in records}


def listed(*arguments):
    """The names in the lines of one picture."""
    header, *lines = classify(*arguments).stdout.splitlines()
    assert "Predicted in" in header
    return [line.split(":")[0] for line in lines]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a network that recognises colours, pictures, and no names yet."""
    monkeypatch.chdir(tmp_path)
    network = build_network(parse_cfg(CFG))
    slots = {slot.name: slot.tensor for slot in network.layers[0].weight_slots()}
    with torch.no_grad():
        slots["weights"].copy_(torch.tensor(WEIGHTS)[:, :, None, None])
        slots["biases"].copy_(torch.tensor(BIASES))
    Path("colors.cfg").write_text(CFG)
    write_weights(network, "colors.weights")
    Path("colors.names").write_text("\n".join(COLORS) + "\n")
    Path("pics").mkdir()
    for name, color in BGR.items():
        cv2.imwrite(f"pics/{name}.png", np.full((10, 12, 3), color, np.uint8))
    return tmp_path


class TestSources:
    def test_a_picture_gives_its_time_and_its_classes(self):
        result = classify("pics/cyan.png")
        assert (result.exit_code, result.stderr) == (DONE, "")
        header, first, *others = result.stdout.splitlines()
        assert header.startswith("pics/cyan.png: Predicted in ")
        assert header.endswith(" milli-seconds.")
        assert first.startswith("cyan: 0.99")
        assert len(others) == 4
        scores = [float(line.split(": ")[1]) for line in (first, *others)]
        assert scores == sorted(scores, reverse=True)

    @pytest.mark.parametrize("source", ["pics", "pics/*.png", "list.txt"])
    def test_folders_globs_and_lists_name_several_pictures(self, folder, source):
        (folder / "list.txt").write_text("\n".join(ALL))
        assert best(source) == ALL

    def test_pictures_stay_in_the_order_given(self):
        given = ["pics/red.png", "pics/blue.png", "pics/cyan.png"]
        assert list(best(*given)) == given

    def test_batches_change_nothing(self):
        one, two = (
            json.loads(classify("--batch", batch, "--format", "json", "pics").stdout)
            for batch in (1, 2)
        )
        for a, b in zip(one, two, strict=True):
            assert a["filename"] == b["filename"]
            for mine, yours in zip(a["classes"], b["classes"], strict=True):
                assert mine["name"] == yours["name"]
                # JSON has six decimals.
                assert mine["confidence"] == pytest.approx(yours["confidence"], abs=2e-6)


class TestFormats:
    def test_json_has_a_record_for_each_picture(self):
        records = json.loads(
            classify("--format", "json", "--top", 2, "pics/red.png", "pics/blue.png").stdout
        )
        assert [record["filename"] for record in records] == ["pics/red.png", "pics/blue.png"]
        red = records[0]["classes"]
        assert [thing["class_id"] for thing in red] == [0, 5]
        assert [thing["name"] for thing in red] == ["red", "purple"]
        assert red[0]["confidence"] > 0.9 > 0.1 > red[1]["confidence"]

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_out_writes_the_results_to_a_file_instead(self, folder, form):
        printed = classify("--format", form, "pics/red.png").stdout
        result = classify("--format", form, "--out", "results", "pics/red.png")
        assert (result.exit_code, result.stdout) == (DONE, "")
        written = (folder / "results").read_text()
        if form == "json":
            assert json.loads(written) == json.loads(printed)
        else:
            assert written.splitlines()[1:] == printed.splitlines()[1:]  # the first has times


class TestTop:
    def test_top_is_the_number_of_classes(self):
        assert listed("--top", 2, "pics/red.png") == ["red", "purple"]

    def test_top_is_limited_to_the_classes_there_are(self):
        assert sorted(listed("--top", 99, "pics/red.png")) == sorted(COLORS)

    @pytest.mark.parametrize(
        ("line", "count"), [("top = 3", 3), ("", 5), ("top = many", 5), ("top = 0", 1)]
    )
    def test_the_data_file_may_give_top(self, folder, line, count):
        (folder / "colors.data").write_text(f"names = colors.names\n{line}\n")
        assert len(listed("--data", "colors.data", "pics/red.png")) == count

    def test_the_option_overrides_the_data_file(self, folder):
        (folder / "colors.data").write_text("names = colors.names\ntop = 3\n")
        assert listed("--data", "colors.data", "--top", 1, "pics/red.png") == ["red"]

    def test_no_network_is_wrong_usage(self):
        assert classify("--top", 0, "pics/red.png").exit_code == UNUSABLE


class TestNames:
    @pytest.fixture
    def named(self, folder):
        """A function that makes a names file, each name after a letter."""

        def make(letter, path):
            Path(path).write_text("\n".join(f"{letter}-{name}" for name in COLORS))

        return make

    def test_classes_without_names_are_numbered(self, folder):
        (folder / "colors.names").unlink()
        assert listed("--top", 1, "pics/blue.png") == ["class 2"]

    def test_names_can_be_given(self, named):
        named("n", "other.names")
        assert listed("--names", "other.names", "--top", 1, "pics/red.png") == ["n-red"]

    def test_labels_serve_as_names(self, named):
        named("l", "labels.list")
        assert listed("--labels", "labels.list", "--top", 1, "pics/red.png") == ["l-red"]

    @pytest.mark.parametrize(
        ("lines", "name"),
        [
            ("names = n.txt", "n-red"),
            ("labels = l.txt", "l-red"),
            ("labels = l.txt\nnames = n.txt", "n-red"),
        ],
    )
    def test_names_of_a_data_file_come_before_its_labels(self, folder, named, lines, name):
        named("n", "n.txt")
        named("l", "l.txt")
        (folder / "colors.data").write_text(f"classes = 7\n{lines}\n")
        assert listed("--data", "colors.data", "--top", 1, "pics/red.png") == [name]

    def test_options_override_the_data_file_and_names_override_labels(self, folder, named):
        for letter in "ndl":
            named(letter, f"{letter}.txt")
        (folder / "colors.data").write_text("names = d.txt\n")
        options = ("--data", "colors.data", "--top", 1, "pics/red.png")
        assert listed("--labels", "l.txt", *options) == ["l-red"]
        assert listed("--names", "n.txt", "--labels", "l.txt", *options) == ["n-red"]

    def test_paths_in_a_data_file_may_be_relative_to_it(self, folder, named):
        (folder / "data").mkdir()
        named("d", "data/some.names")
        (folder / "data" / "some.data").write_text("names = some.names\n")
        assert listed("--data", "data/some.data", "--top", 1, "pics/red.png") == ["d-red"]

    def test_a_data_file_without_names_is_reported(self, folder):
        (folder / "colors.data").write_text("classes = 7\n")
        result = classify("--data", "colors.data", "pics/red.png")
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        assert "colors.data: has no names= or labels=" in result.stderr

    def test_too_few_names_are_refused(self, folder):
        (folder / "few.names").write_text("red\ngreen\n")
        result = classify("--names", "few.names", "pics/red.png")
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        assert "expected 7 names" in result.stderr
        assert "few.names" in result.stderr

    @pytest.mark.parametrize("option", ["--names", "--labels", "--data"])
    def test_a_missing_file_is_reported(self, option):
        result = classify(option, "gone.file", "pics/red.png")
        assert result.exit_code == UNUSABLE
        assert "gone.file" in result.stderr


class TestPreprocessing:
    def half_red(self, folder):
        """Red, with a blue end that the middle of the picture does not show."""
        image = np.full((10, 40, 3), BGR["red"], np.uint8)
        image[:, 26:] = BGR["blue"]
        cv2.imwrite(str(folder / "wide.png"), image)
        return "wide.png"

    @pytest.mark.parametrize(
        ("options", "shows_the_end"),
        [
            ([], False),
            (["--stretch"], False),
            (["--letterbox"], True),
            (["--dialect", "pjreddie"], True),
            (["--dialect", "pjreddie", "--stretch"], False),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else None,
    )
    def test_the_network_sees_the_middle_or_all(self, folder, options, shows_the_end):
        records = json.loads(
            classify("--format", "json", "--top", 7, *options, self.half_red(folder)).stdout
        )
        scores = {thing["name"]: thing["confidence"] for thing in records[0]["classes"]}
        assert (scores["red"] < 0.9) is shows_the_end

    def test_the_input_size_can_be_given(self, folder):
        """At twice the height, the crop repeats the pixels at the edge of the resized picture."""
        image = np.full((20, 20, 3), BGR["red"], np.uint8)
        image[0] = BGR["blue"]
        cv2.imwrite(str(folder / "striped.png"), image)
        plain, tall = (
            json.loads(classify("--format", "json", "--top", 1, *options, "striped.png").stdout)
            for options in ([], ["--height", 40])
        )
        assert plain[0]["classes"][0]["name"] == "red"
        assert tall[0]["classes"][0] != plain[0]["classes"][0]


class TestFailingPictures:
    @pytest.fixture(autouse=True)
    def broken(self, folder):
        (folder / "corrupt.jpg").write_bytes(b"no picture")

    @pytest.mark.parametrize("batch", [1, 2, 8])
    def test_broken_pictures_are_reported_and_the_others_processed(self, batch):
        pictures = ("pics/red.png", "corrupt.jpg", "missing.png", "pics/blue.png")
        result = classify("--batch", batch, *pictures)
        assert result.exit_code == SOME_FAILED
        headers = [line for line in result.stdout.splitlines() if "Predicted" in line]
        assert [header.split(":")[0] for header in headers] == ["pics/red.png", "pics/blue.png"]
        assert "corrupt.jpg: not a picture" in result.stderr
        assert "missing.png: no such picture" in result.stderr
        assert "2 of 4 pictures failed" in result.stderr

    def test_json_stays_valid_with_broken_pictures(self):
        result = classify("--format", "json", "corrupt.jpg", "pics/red.png")
        assert result.exit_code == SOME_FAILED
        assert [r["filename"] for r in json.loads(result.stdout)] == ["pics/red.png"]

    def test_a_folder_without_pictures_is_wrong_usage(self, folder):
        (folder / "empty").mkdir()
        result = classify("empty")
        assert result.exit_code == UNUSABLE
        assert "empty: no pictures" in result.stderr


class TestUnusableModels:
    def refused(self, *arguments):
        result = dtorch("classify", *arguments)
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        return result.stderr

    def test_pictures_without_a_network_are_wrong_usage(self):
        message = self.refused("pics/red.png")
        assert "no network: expected --cfg CFG --weights FILE" in message

    def test_a_network_without_pictures_is_wrong_usage(self):
        assert "SOURCE" in self.refused("--cfg", "colors.cfg")

    def test_a_detector_is_refused_with_the_command_for_it(self):
        message = self.refused("--cfg", toy.CFG, "pics/red.png")
        assert "not a classifier" in message
        assert "dtorch detect" in message

    def test_a_character_model_is_refused_with_the_command_for_it(self, folder):
        (folder / "letters.cfg").write_text("[net]\ninputs=4\n[connected]\noutput=4\n")
        write_weights(load("letters.cfg"), "letters.weights")
        assert "dtorch rnn" in self.refused("--cfg", "letters.cfg", "pics/red.png")

    def test_missing_weights_are_reported(self, folder):
        message = self.refused("--cfg", "colors.cfg", "--weights", "gone", "pics/red.png")
        assert "gone: no such weight file" in message
        (folder / "colors.weights").unlink()
        message = self.refused("--cfg", "colors.cfg", "pics/red.png")
        assert "no weights: expected --weights FILE" in message

    def test_weights_that_do_not_fit_are_refused(self, folder):
        data = (folder / "colors.weights").read_bytes()
        (folder / "colors.weights").write_bytes(data[:-4])
        message = self.refused("--cfg", "colors.cfg", "pics/red.png")
        assert "ends inside layer 0 [convolutional]" in message

    def test_an_unknown_cfg_gets_a_suggestion(self):
        message = self.refused("--cfg", "darknet91", "pics/red.png")
        assert "did you mean 'darknet19'?" in message

    def test_strict_makes_warnings_errors(self, folder):
        (folder / "colors.cfg").write_text(CFG.replace("size=1", "size=1\nbadkey=1"))
        message = self.refused("--strict", "--cfg", "colors.cfg", "pics/red.png")
        assert "unknown key 'badkey'" in message
        assert classify("pics/red.png").exit_code == DONE

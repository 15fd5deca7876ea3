"""`dtorch convert`, from the command line to its exit status."""

import shutil
import sys

import pytest
import torch

from tests.cli.command import dtorch
from tests.conversion.small_models import DETECTOR, NET, write_model
from tests.toy.files import CFG, NAMES, WEIGHTS

DONE, UNUSABLE = 0, 2


def convert(*arguments):
    return dtorch("convert", *arguments)


def refused(*arguments):
    """The one line on standard error of a conversion that is refused."""
    result = convert(*arguments)
    assert result.exit_code == UNUSABLE
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("dtorch: ")
    return line


@pytest.fixture
def toy(tmp_path):
    """The toy with its cfg and its names next to it, in a folder of its own."""
    for path in (CFG, NAMES, WEIGHTS):
        shutil.copy(path, tmp_path)
    return tmp_path / WEIGHTS.name


@pytest.mark.parametrize(
    ("suffix", "kind"), [("pt", "PyTorch state_dict"), ("safetensors", "safetensors")]
)
def test_converting_back_restores_the_bytes_and_reports_that(suffix, kind, toy, tmp_path):
    state, back = tmp_path / f"a.{suffix}", tmp_path / "back.weights"
    there = convert(toy, state)
    assert (there.exit_code, there.stderr) == (DONE, "")
    values = (toy.stat().st_size - 20) // 4
    assert there.stdout.splitlines() == [
        f"{toy} -> {state}: {kind}",
        f"worst difference 0 (all arrays: 0 of {values} values)",
        "converted back to .weights, it restores the original byte for byte",
    ]
    again = convert(state, back)
    assert (again.exit_code, again.stderr) == (DONE, "")
    assert again.stdout.splitlines() == [
        f"{state} -> {back}: Darknet",
        f"also wrote {back.with_suffix('.cfg')}",
        f"also wrote {back.with_suffix('.names')}",
        f"worst difference 0 (all arrays: 0 of {values} values)",
    ]
    assert back.read_bytes() == toy.read_bytes()
    assert back.with_suffix(".names").read_bytes() == NAMES.read_bytes()


def test_the_worst_difference_of_a_graph_is_printed_for_every_size(tmp_path):
    _, weights = write_model(tmp_path)
    result = convert(weights, tmp_path / "a.pt2", "--decode", "--fold")
    assert (result.exit_code, result.stderr) == (DONE, "")
    first, note, names_note, last = result.stdout.splitlines()
    assert first.endswith("a.pt2: torch.export")
    assert names_note == "note: no names of classes found; --names FILE stores them"
    assert note == "returns boxes, folded"
    assert last.startswith("worst difference ")
    for place in ("1 x 32x32: ", "3 x 32x32: ", "1 x 64x64: "):
        assert place in last


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ([], "returns raw"),
        (["--fold"], "returns raw, folded"),
        (["--decode"], "returns boxes"),
    ],
)
def test_options_of_graphs_reach_torchscript(options, note, tmp_path):
    _, weights = write_model(tmp_path)
    result = convert(weights, tmp_path / "a.torchscript", *options)
    assert result.stdout.splitlines()[1] == note


def test_the_dialect_is_rewritten(tmp_path):
    cfg, weights = write_model(tmp_path)
    result = convert(weights, tmp_path / "p.weights", "--dialect-to", "pjreddie")
    assert result.exit_code == DONE
    assert "rewritten for pjreddie: outputs differ by " in result.stdout
    assert (tmp_path / "p.weights").stat().st_size == weights.stat().st_size
    assert convert(tmp_path / "p.weights", tmp_path / "p.pt", "--cfg", cfg).exit_code == DONE


def test_given_names_are_written(tmp_path):
    _, weights = write_model(tmp_path)
    names = tmp_path / "mine.list"
    names.write_text("one\ntwo\n")
    convert(weights, tmp_path / "a.pt", "--names", names)
    convert(tmp_path / "a.pt", tmp_path / "b.weights")
    assert (tmp_path / "b.names").read_text() == "one\ntwo\n"


def test_warnings_are_on_standard_error_unless_quiet(tmp_path):
    _, weights = write_model(tmp_path, f"{NET}momentun=0.9\n" + DETECTOR.removeprefix(NET))
    loud = convert(weights, tmp_path / "a.pt")
    assert loud.exit_code == DONE
    assert "momentun" in loud.stderr
    quiet = convert(weights, tmp_path / "b.pt", "--quiet")
    assert (quiet.exit_code, quiet.stderr) == (DONE, "")
    assert "worst difference 0 " in quiet.stdout


def test_under_strict_warnings_are_errors(tmp_path):
    _, weights = write_model(tmp_path, f"{NET}momentun=0.9\n" + DETECTOR.removeprefix(NET))
    result = convert(weights, tmp_path / "a.pt", "--strict")
    assert result.exit_code == UNUSABLE
    assert "refused under --strict: " in result.stderr
    assert not (tmp_path / "a.pt").exists()


def test_bytes_left_over_are_allowed_on_request(tmp_path):
    _, weights = write_model(tmp_path)
    weights.write_bytes(weights.read_bytes() + bytes(8))
    assert "8 bytes left over" in refused(weights, tmp_path / "a.pt")
    result = convert(weights, tmp_path / "a.pt", "--allow-leftover")
    assert result.exit_code == DONE
    assert "restores the original in its values, but not byte for byte" in result.stdout


class TestRefusals:
    @pytest.fixture
    def weights(self, tmp_path):
        return write_model(tmp_path)[1]

    def test_a_missing_file(self, tmp_path):
        assert "gone.pt: no such file" in refused(tmp_path / "gone.pt", tmp_path / "a.weights")

    def test_an_unknown_suffix(self, weights, tmp_path):
        assert "unknown suffix: expected .weights" in refused(weights, tmp_path / "a.tflite")

    def test_a_file_over_itself(self, weights):
        assert "cannot be written over an input" in refused(weights, weights)

    def test_an_unknown_cfg(self, weights, tmp_path):
        assert "did you mean" in refused(weights, tmp_path / "a.pt", "--cfg", "yolov33")

    @pytest.mark.parametrize(
        "option",
        [["--decode"], ["--nms"], ["--fold"], ["--opset", "18"], ["--threshold", "0.5"]],
        ids=lambda option: option[0],
    )
    def test_options_of_graphs_for_a_state(self, option, weights, tmp_path):
        message = refused(weights, tmp_path / "a.pt", *option)
        assert "graph options are for .onnx, .torchscript and .pt2" in message

    def test_a_layer_with_a_state(self, tmp_path):
        _, weights = write_model(tmp_path, "[net]\ninputs=4\n[gru]\noutput=2\n")
        message = refused(weights, tmp_path / "a.onnx")
        assert "small.cfg:3: layer 0 [gru] keeps a state between steps" in message

    def test_no_heads(self, tmp_path):
        _, weights = write_model(tmp_path, f"{NET}[convolutional]\nfilters=2\n")
        assert "there are no boxes: layer 0" in refused(weights, tmp_path / "a.onnx", "--nms")

    def test_another_dialect_that_computes_otherwise(self, tmp_path):
        cfg = f"{NET}[maxpool]\nsize=9\nstride=1\n[convolutional]\nfilters=2\n"
        _, weights = write_model(tmp_path, cfg)
        arguments = (weights, tmp_path / "p.weights", "--dialect-to", "pjreddie")
        assert "layer 0 [maxpool] (" in refused(*arguments)
        assert convert(*arguments, "--tolerance", "1").exit_code == DONE

    def test_a_tolerance_of_zero(self, weights, tmp_path):
        """Variances that compensate another epsilon are rounded, so outputs differ."""
        message = refused(
            weights, tmp_path / "a.pt2", "--dialect-to", "pjreddie", "--tolerance", 0
        )
        assert "expected a difference of 0 at most, got " in message

    def test_code_in_a_pickle(self, tmp_path):
        torch.save(torch.nn.Linear(1, 1), tmp_path / "module.pt")
        assert "contains more than tensors and plain values" in refused(
            tmp_path / "module.pt", tmp_path / "a.weights"
        )

    def test_a_package_that_is_not_installed(self, weights, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "onnxscript", None)
        message = refused(weights, tmp_path / "a.onnx")
        assert message.endswith("; pip install onnx onnxruntime onnxscript")

"""The command line starts fast: no torch before there is work for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import darknet_torch
from darknet_torch.cfg.zoo import BUNDLED_PICTURE
from darknet_torch.cli.main import main
from tests.cli.command import ROOT, RUN, RUN_AND_LIST, python

# Runs `dtorch` with each list of words of a JSON list, which is on standard input; prints the
# exit status of each, and which of the heavy packages are loaded after it.
RUN_EACH = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from darknet_torch.cli.main import main

found = []
for words in json.load(sys.stdin):
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            main(words, prog_name="dtorch")
        except SystemExit as end:
            status = end.code
    found.append((status, [name for name in ("numpy", "torch", "cv2") if name in sys.modules]))
print(json.dumps(found))
"""
# Runs `dtorch`, and prints which modules it has loaded that a detection does not need.
RUN_AND_LIST_UNNEEDED = f"""
import sys
UNNEEDED = (
    "checkpoints", "datasets.pseudo_labels", "evaluation", "export", "loading.filling", "report",
    "training",
)
try:
    {RUN}
finally:
    found = [name for name in UNNEEDED if f"darknet_torch.{{name}}" in sys.modules]
    print(found, file=sys.stderr)
"""
# Command lines that need no network, and their exit status.
LIGHT = [
    (["--version"], 0),
    ([], 2),
    (["detect", "--threshold", "7"], 2),
    (["detect", "--batch", "0"], 2),
    (["detect", "--resize", "stretchy"], 2),
    (["detect", "--backend", "abacus"], 2),
    (["detect", "--no-such-option"], 2),
    (["detect", "picture.png"], 2),
    (["classify", "picture.png"], 2),
    (["classify", "--top", "0", "x.png"], 2),
    (["detector", "calc_anchors", "x.data"], 2),
    (["classifier", "predict", "x.data"], 2),
    (["detector", "test", "x.data", "x.cfg", "x.weights", "-c", "0"], 2),
    (["detector", "demo"], 2),
    (["detect", "--cfg", "x.cfg", "--format", "txt", "x.png"], 2),
    (["detect", "--cfg", "x.cfg", "--max-detections", "-1", "x.png"], 2),
    (["detect", "--cfg", "x.cfg", "--classes", " , ", "x.png"], 2),
    (["detect", "--cfg", "x.cfg", "--format", "xml", "x.png"], 2),
    (["detector", "recall", "no.data"], 2),
    (["eval"], 2),
    (["eval", "--points", "1"], 2),
    (["eval", "--cfg", "yolov3", "--sweep", "x"], 2),
    (["info"], 2),
    (["info", "--width", "0", "yolov3"], 2),
    (["kmeans", "-k", "0"], 2),
    (["kmeans", "--sweep", "9"], 2),
    (["rnn", "generate"], 2),
    (["rnn", "generate", "--length", "-1"], 2),
    (["completion"], 2),
    (["completion", "fish"], 0),
    (["doctor", "--format", "xml"], 2),
    (["cache"], 0),
    (["cache", "clear"], 0),
    (["download"], 2),
    (["download", "yolov0"], 2),
    (["download", "--list"], 0),
    (["download", "--timeout", "0", "yolov3"], 2),
    (["convert"], 2),
    (["convert", "a.weights"], 2),
    (["convert", "a.weights", "a.onnx", "--opset", "7"], 2),
    (["convert", "a.weights", "a.pt", "--dialect-to", "latin"], 2),
    (["convert", "a.weights", "a.pt", "--tolerance", "-1"], 2),
    (["partial", "a.cfg", "a.weights", "out", "0"], 2),
    (["average", "a.cfg", "out"], 2),
    (["average", "a.cfg", "out", "one.weights"], 2),
    (["statistics"], 2),
    (["dataset", "check"], 2),
    (["dataset", "convert", "--data", "x.data", "--to", "yolo", "--out", "x"], 2),
    (["dataset", "show", "--data", "x.data", "--count", "0"], 2),
    (["new"], 2),
    (["new", "yolov3", "--classes", "0"], 2),
    (["check", "x.cfg", "--format", "yaml"], 2),
    (["check"], 2),
    (["check", "none.weights"], 2),
    (["no-such-command"], 2),
]


def every_command(command, words=()):
    """The words of a command and of all commands in it."""
    yield list(words)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from every_command(command.get_command(context, name), (*words, name))


def run_each(lines):
    """The exit status of each command line and the heavy packages that are loaded after it."""
    result = python(RUN_EACH, stdin=json.dumps(lines))
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_help_of_every_command_imports_no_heavy_package():
    lines = [[*words, "--help"] for words in every_command(main)]
    assert ["detector", "demo", "--help"] in lines
    for words, found in zip(lines, run_each(lines), strict=True):
        assert found == [0, []], words


def test_wrong_options_import_no_heavy_package():
    lines = [words for words, _ in LIGHT]
    for (words, status), found in zip(LIGHT, run_each(lines), strict=True):
        assert found == [status, []], words


def test_finding_anchors_imports_no_torch(tmp_path):
    (tmp_path / "a.txt").write_text("0 .5 .5 .1 .2\n0 .5 .5 .3 .2\n0 .5 .5 .5 .5\n")
    (tmp_path / "train.list").write_text(str(tmp_path / "a.jpg"))
    (tmp_path / "a.data").write_text(f"classes=1\ntrain={tmp_path / 'train.list'}\n")
    cfg = tmp_path / "a.cfg"
    cfg.write_bytes((ROOT / "cfg" / "yolov3-tiny.cfg").read_bytes())
    words = "kmeans", "-k", "3", "--write", str(cfg), "--data", str(tmp_path / "a.data")
    result = python(RUN_AND_LIST, *words)
    assert result.returncode == 0, result.stderr
    assert "torch" not in result.stderr.splitlines()[-1]


def test_the_bundled_model_runs_as_a_process_of_its_own(tmp_path):
    result = python(RUN_AND_LIST_UNNEEDED, "detect", "--save", str(tmp_path / "out"))
    assert result.returncode == 0, result.stderr
    assert result.stderr == f"annotated: 1 picture in {tmp_path / 'out'}\n[]\n"
    first, *found = result.stdout.splitlines()
    assert f"{BUNDLED_PICTURE}: Predicted in " in first
    assert len(found) > 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == [BUNDLED_PICTURE]


def test_the_package_imports_no_torch_either():
    code = "import sys, darknet_torch; sys.exit('torch' in sys.modules)"
    assert python(code).returncode == 0


def invoke(*arguments):
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_the_commands(flag):
    result = invoke(flag)
    assert result.exit_code == 0
    assert "detect  " in result.stdout


def test_the_version_is_that_of_the_package():
    assert invoke("--version").stdout == f"dtorch, version {darknet_torch.__version__}\n"


def test_the_help_of_detect_names_what_every_command_shares():
    text = invoke("detect", "--help").stdout
    for option in (
        "--cfg --weights --names --data --dialect --width --height --batch --device --precision "
        "--backend "
        "--threshold -thresh --nms-threshold --letterbox --stretch --resize --exif --no-exif "
        "--max-pixels --seed --workers --threads --strict --quiet --verbose --format --out --save "
        "--classes --max-detections --reconnects --show"
    ).split():
        assert f"{option} " in text or f"{option}," in text, option


def test_an_unknown_option_gets_a_suggestion():
    result = invoke("detect", "--treshold", "0.5")
    assert result.exit_code == 2
    assert "--threshold" in result.stderr


def status_and_errors(redirections, *words):
    """Run `dtorch` by a shell; return its exit status, or that of the first of a pipe."""
    shell = f'("$@"; echo $? >&3) {redirections}'
    result = subprocess.run(
        ["sh", "-c", f"exec 3>&1; {shell}", "sh", sys.executable, "-c", RUN, *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return int(result.stdout), result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_output_for_which_there_is_no_room_is_an_error():
    assert status_and_errors(">/dev/full", "download", "--list") == (
        2,
        "dtorch: the output: cannot be written: expected room on the disk, "
        "got No space left on device; make room, or write to another disk\n",
    )
    assert status_and_errors("2>/dev/full", "download", "absent.weights")[0] == 2


def test_a_closed_pipe_is_noticed_without_standard_error():
    assert status_and_errors("2>&- | exec true", "download", "--list")[0] == 141

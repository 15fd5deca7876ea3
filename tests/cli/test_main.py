"""The command line starts fast: no torch before there is work for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import darknet_torch
from darknet_torch.cli.main import main

ROOT = Path(darknet_torch.__file__).parents[1]
RUN = "from darknet_torch.cli.main import main; main(prog_name='dtorch')"
RUN_AND_TELL = f"""
import sys
try:
    {RUN}
finally:
    print("torch" in sys.modules, "cv2" in sys.modules, file=sys.stderr)
"""


def python(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["detect", "--help"], 0),
        (["--version"], 0),
        ([], 2),
        (["detect", "--threshold", "7"], 2),
        (["detect", "--batch", "0"], 2),
        (["detect", "--resize", "stretchy"], 2),
        (["detect", "--backend", "abacus"], 2),
        (["detect", "--no-such-option"], 2),
        (["detect", "picture.png"], 2),
        (["classify", "--help"], 0),
        (["classify", "picture.png"], 2),
        (["classify", "--top", "0", "x.png"], 2),
        (["detector", "--help"], 0),
        (["detector", "calc_anchors", "--help"], 0),
        (["detector", "calc_anchors", "x.data"], 2),
        (["classifier", "valid", "--help"], 0),
        (["classifier", "predict", "--help"], 0),
        (["classifier", "predict", "x.data"], 2),
        (["detector", "test", "--help"], 0),
        (["detector", "test", "x.data", "x.cfg", "x.weights", "-c", "0"], 2),
        (["detector", "demo", "--help"], 0),
        (["detector", "demo"], 2),
        (["detect", "--cfg", "x.cfg", "--format", "txt", "x.png"], 2),
        (["detect", "--cfg", "x.cfg", "--max-detections", "-1", "x.png"], 2),
        (["detect", "--cfg", "x.cfg", "--classes", " , ", "x.png"], 2),
        (["detect", "--cfg", "x.cfg", "--format", "xml", "x.png"], 2),
        (["detector", "--help"], 0),
        (["detector", "map", "--help"], 0),
        (["detector", "recall", "no.data"], 2),
        (["detector", "valid", "--help"], 0),
        (["eval", "--help"], 0),
        (["map", "--help"], 0),
        (["eval"], 2),
        (["eval", "--points", "1"], 2),
        (["eval", "--cfg", "yolov3", "--sweep", "x"], 2),
        (["info", "--help"], 0),
        (["info"], 2),
        (["info", "--width", "0", "yolov3"], 2),
        (["kmeans", "--help"], 0),
        (["kmeans", "-k", "0"], 2),
        (["kmeans", "--sweep", "9"], 2),
        (["rnn", "--help"], 0),
        (["rnn", "generate", "--help"], 0),
        (["rnn", "validate", "--help"], 0),
        (["rnn", "generate"], 2),
        (["rnn", "generate", "--length", "-1"], 2),
        (["completion", "--help"], 0),
        (["completion"], 2),
        (["completion", "fish"], 0),
        (["doctor", "--help"], 0),
        (["doctor", "--format", "xml"], 2),
        (["download", "--help"], 0),
        (["download"], 2),
        (["download", "yolov0"], 2),
        (["download", "--list"], 0),
        (["download", "--timeout", "0", "yolov3"], 2),
        (["convert", "--help"], 0),
        (["convert"], 2),
        (["convert", "a.weights"], 2),
        (["convert", "a.weights", "a.onnx", "--opset", "7"], 2),
        (["convert", "a.weights", "a.pt", "--dialect-to", "latin"], 2),
        (["convert", "a.weights", "a.pt", "--tolerance", "-1"], 2),
        (["partial", "--help"], 0),
        (["partial", "a.cfg", "a.weights", "out", "0"], 2),
        (["average", "--help"], 0),
        (["average", "a.cfg", "out"], 2),
        (["average", "a.cfg", "out", "one.weights"], 2),
        (["statistics", "--help"], 0),
        (["statistics", "a.cfg"], 2),
        (["dataset", "--help"], 0),
        (["dataset", "convert", "--help"], 0),
        (["dataset", "check"], 2),
        (["dataset", "convert", "--data", "x.data", "--to", "yolo", "--out", "x"], 2),
        (["dataset", "show", "--data", "x.data", "--count", "0"], 2),
        (["new", "--help"], 0),
        (["new"], 2),
        (["new", "yolov3", "--classes", "0"], 2),
        (["check", "--help"], 0),
        (["check", "x.cfg", "--format", "yaml"], 2),
        (["check"], 2),
        (["check", "none.weights"], 2),
        (["no-such-command"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_help_and_wrong_options_import_neither_torch_nor_opencv(arguments, status):
    result = python(RUN_AND_TELL, *arguments)
    assert result.returncode == status
    assert result.stderr.splitlines()[-1] == "False False"
    assert "Traceback" not in result.stderr


def test_finding_anchors_imports_no_torch(tmp_path):
    (tmp_path / "a.txt").write_text("0 .5 .5 .1 .2\n0 .5 .5 .3 .2\n0 .5 .5 .5 .5\n")
    (tmp_path / "train.list").write_text(str(tmp_path / "a.jpg"))
    (tmp_path / "a.data").write_text(f"classes=1\ntrain={tmp_path / 'train.list'}\n")
    cfg = tmp_path / "a.cfg"
    cfg.write_bytes((ROOT / "cfg" / "yolov3-tiny.cfg").read_bytes())
    words = "kmeans", "-k", "3", "--write", str(cfg), "--data", str(tmp_path / "a.data")
    result = python(RUN_AND_TELL, *words)
    assert result.returncode == 0, result.stderr
    assert result.stderr.splitlines()[-1].startswith("False ")


def test_the_bundled_sample_runs_as_a_process_of_its_own(tmp_path):
    result = python(RUN, "detect", "--save", str(tmp_path / "out"))
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    first, *found = result.stdout.splitlines()
    assert "shapes.png: Predicted in " in first
    assert len(found) == 4
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["shapes.png"]


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
        "--cfg --weights --names --data --dialect --width --height --batch --device --backend "
        "--threshold -thresh --nms-threshold --letterbox --stretch --resize --exif --no-exif "
        "--seed --workers --threads --strict --quiet --verbose --format --out --save "
        "--classes --max-detections --reconnects --show"
    ).split():
        assert f"{option} " in text or f"{option}," in text, option


def test_an_unknown_option_gets_a_suggestion():
    result = invoke("detect", "--treshold", "0.5")
    assert result.exit_code == 2
    assert "--threshold" in result.stderr


def test_an_unknown_command_gets_a_suggestion():
    for words, close in ((["detec"], "detect"), (["detector", "tset"], "test")):
        result = invoke(*words)
        assert result.exit_code == 2
        assert f"No such command {words[-1]!r}. Did you mean {close!r}?" in result.stderr
    assert "Did you mean" not in invoke("x").stderr


def test_an_unknown_command_is_wrong_usage():
    result = invoke("detekt")
    assert result.exit_code == 2
    assert "detekt" in result.stderr

"""The first hour: from a folder as other programs leave it to a model in plain onnxruntime."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import dtorch
from tests.docs.pages import ROOT
from tests.examples.exports import EXPORTS
from tests.export.cases import needs_loops_in_onnx
from tests.training.other_processes import Stop, status_when_stopped
from tests.training.runs import DETECTOR, NAMES, written

EXAMPLES = ROOT / "examples"
RUN = Path("runs") / "squares"


def succeeds(*words):
    """What a command prints; it must succeed."""
    result = dtorch(*words)
    assert result.exit_code == 0, result.output
    return result.output


LONG = pytest.mark.long
# An export to ONNX takes longer than everything before it. By default its two commands run once,
# in tests/docs/test_readme.py, which looks at what they find.
CASES = [
    *(pytest.param(export, False, id=export.__name__) for export in EXPORTS),
    *(pytest.param(x, True, id=f"{x.__name__} to onnxruntime", marks=LONG) for x in EXPORTS),
]


@pytest.mark.parametrize(("export", "is_whole"), CASES)
def test_from_a_folder_to_onnxruntime(export, is_whole, tmp_path, monkeypatch):
    export(tmp_path / "photos", tmp_path / "source")
    written(tmp_path, DETECTOR)
    monkeypatch.chdir(tmp_path)

    understood = succeeds("dataset", "init", "photos")
    assert "9 pictures" in understood
    assert all(name in understood for name in NAMES)
    (data,) = Path("photos").glob("*.data")
    succeeds("check", data)
    succeeds("new", "small.cfg", "--data", data, "--max-batches", 6, "--out", "squares.cfg")
    succeeds("kmeans", "--cfg", "squares.cfg", "--data", data, "--write", "squares.cfg")

    train = ("train", "--cfg", "squares.cfg", "--data", data, "--map", "--workers", 0)
    train = (*train, "--iou", 0)  # six iterations learn nothing that overlaps
    train = (*train, "--save-last", 2)
    assert status_when_stopped(train, Stop(rename=8)) == -signal.SIGKILL
    assert (RUN / "squares_last.weights").exists()
    assert not (RUN / "squares_final.weights").exists()
    assert re.search(r"iteration \d", succeeds(*train, "--resume"))

    best = RUN / "squares_best.weights"
    assert "mAP@0.50" in succeeds("eval", "--data", data, "--weights", best)
    (photo,) = Path("photos").rglob("valid_1.png")
    found = succeeds("detect", best, photo, "--threshold", 0, "--save", "found")
    assert any(name in found for name in NAMES)
    assert (tmp_path / "found" / photo.name).exists()

    if not is_whole:
        return
    needs_loops_in_onnx()
    succeeds("convert", "--nms", "--threshold", 0.001, best, "squares.onnx")
    script = [sys.executable, str(EXAMPLES / "detect_onnx.py"), "squares.onnx", str(photo)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0].split("\t")
    assert first[0] == str(photo)
    assert first[1] in NAMES


@LONG
def test_the_script_finds_what_it_drew(tmp_path):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    folder = tmp_path / "hour"
    done = subprocess.run(
        ["sh", str(EXAMPLES / "first_hour.sh"), str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    scores = re.findall(r"\(mAP@0.50\) = ([\d.]+)", done.stdout)
    assert float(scores[-1]) > 0.5
    assert (folder / "found" / "shapes_000.jpg").exists()
    assert re.search(r"shapes_000.jpg\t(circle|square|triangle)\t", done.stdout)


def test_the_script_uses_the_commands_that_are_tested_above():
    text = (EXAMPLES / "first_hour.sh").read_text()
    used = [shlex.split(line)[1:3] for line in text.splitlines() if line.startswith("dtorch ")]
    assert [words[0] for words in used] == (
        "dataset check new kmeans check train eval detect convert".split()
    )


def refusal_of_the_script(*words, **environment):
    done = subprocess.run(
        ["/bin/sh", str(EXAMPLES / "first_hour.sh"), *map(str, words)],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    return done.stderr


def test_the_script_says_what_it_lacks_and_makes_nothing(tmp_path):
    folder = tmp_path / "hour"
    assert "expected one word" in refusal_of_the_script()
    assert f"{tmp_path} exists already" in refusal_of_the_script(tmp_path)
    assert ". .venv/bin/activate" in refusal_of_the_script(folder)
    (tmp_path / "dtorch").write_text("#!/bin/sh\n")
    (tmp_path / "dtorch").chmod(0o755)
    found = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert "false has no OpenCV" in refusal_of_the_script(folder, **found, PYTHON="false")
    (tmp_path / "python").symlink_to("/bin/false")
    assert f"{tmp_path / 'python'} has no OpenCV" in refusal_of_the_script(folder, **found)
    assert not folder.exists()


def test_a_graph_without_nms_is_refused_in_one_line(tmp_path):
    """onnxruntime is replaced: an export to ONNX takes long."""
    (tmp_path / "onnxruntime.py").write_text(
        "from types import SimpleNamespace as N\n"
        "class InferenceSession:\n"
        "    def __init__(self, *_, **__): pass\n"
        "    def get_outputs(self): return [N(name='boxes'), N(name='scores')]\n"
    )
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "detect_onnx.py"), "decoded.onnx", "photo.jpg"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "decoded.onnx: made without --nms: dtorch convert --nms WEIGHTS decoded.onnx\n"
    )

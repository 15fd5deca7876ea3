"""Every command and example of the README runs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

import darknet_torch as dt
from darknet_torch.zoo import sample_folder

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
COMMANDS = [
    line.partition("#")[0].strip()
    for language, block in BLOCKS
    if language == "sh"
    for line in block.splitlines()
    if line.strip()
]
EXAMPLES = [block for language, block in BLOCKS if language == "python"]
LETTERS = """[net]
inputs=256
[rnn]
output=16
hidden=16
activation=tanh
[connected]
output=256
activation=linear
[softmax]
"""
# Run by CI, of which this is a part; and what `make` has done before this runs.
RUN_ELSEWHERE = ("make test", "pip install .")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with what the README's reader has: a model, pictures, and this source tree."""
    folder = tmp_path_factory.mktemp("readme")
    sample = sample_folder()
    for suffix in (".cfg", ".weights", ".names"):
        shutil.copy(sample / f"toy-shapes{suffix}", folder / f"custom{suffix}")
    (folder / "photos").mkdir()
    picture = cv2.imread(str(sample / "shapes.png"))
    for name in ("photo.jpg", "photos/one.jpg", "photos/two.jpg"):
        cv2.imwrite(str(folder / name), picture)
    dt.write_weights(dt.load("yolov3-tiny"), folder / "yolov3-tiny.weights")
    dt.write_weights(dt.load("cifar"), folder / "cifar.weights")
    (folder / "cifar.names").write_text("".join(f"kind {number}\n" for number in range(10)))
    (folder / "letters.cfg").write_text(LETTERS)
    dt.write_weights(dt.load(folder / "letters.cfg"), folder / "letters.weights")
    (folder / "text.txt").write_text("Once upon a time.\n")
    for name in ("tools", "tests", "cfg", "darknet_torch"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def run(command, folder):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",  # an untrained character model writes any bytes
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith("make")])
def test_the_command_works(command, folder):
    if command in RUN_ELSEWHERE:
        pytest.skip("installs; CI and `make install` run it")
    status, output = run(command, folder)
    assert status == 0, output


def test_make_detect_finds_the_shapes(tmp_path):
    venv = Path(sys.prefix)
    if not (venv / "installed").exists():
        pytest.skip("not in the environment that the Makefile makes")
    status, output = run(f"make detect VENV={venv} SAMPLE_OUT={tmp_path}", ROOT)
    assert status == 0, output
    assert "triangle: " in output
    assert list(tmp_path.glob("*.png"))


def test_ci_runs_make_test():
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_example_works(example, folder, monkeypatch):
    monkeypatch.chdir(folder)
    exec(compile(example, "README.md", "exec"), {})


def test_there_are_commands_and_examples():
    assert len(COMMANDS) >= 10
    assert len(EXAMPLES) >= 2


def test_relative_links_lead_somewhere():
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"

"""Every command and example of the README runs."""

import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from darknet_torch.cfg.zoo import BUNDLED_DETECTIONS, sample_folder
from tests.cli.command import dtorch
from tests.docs.pages import LETTERS, ROOT, blocks, commands, fill_folder, run, save_untrained
from tests.examples.exports import photos_with_txt
from tests.export.cases import needs_loops_in_onnx
from tests.training.runs import DETECTOR, detector_data, written

COMMANDS = commands("README.md")
EXAMPLES = blocks("README.md", "python")
# Commands that CI runs itself, and those that `make` ran before this test.
RUN_ELSEWHERE = ("make test", "pip install .")
SHELL = frozenset("|<>&;$*?")  # what only a shell understands


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files that the README assumes: models, pictures, and this source tree."""
    folder = tmp_path_factory.mktemp("readme")
    fill_folder(folder)
    (folder / "cifar.names").write_text("".join(f"kind {number}\n" for number in range(10)))
    (folder / "letters.cfg").write_text(LETTERS)
    save_untrained(folder, "yolov3-tiny", "cifar", "letters")
    (folder / "text.txt").write_text("Once upon a time.\n")
    written(folder, DETECTOR)
    detector_data(folder / "squares")
    (folder / "squares.data").write_text(detector_data(folder / "squares", 3, "valid").read_text())
    (folder / "custom.data").write_text("classes=3\nnames=custom.names\n")
    photos_with_txt(folder / "labelled", folder / "source")
    return folder


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith("make")])
def test_the_command_works(command, folder, monkeypatch):
    if command in RUN_ELSEWHERE:
        pytest.skip("installs; CI and `make install` run it")
    if "detections.onnx" in command:
        needs_loops_in_onnx()
    program, *words = shlex.split(command)
    if program == "dtorch" and not SHELL.intersection(command):
        monkeypatch.chdir(folder)
        result = dtorch(*words)  # without another start of Python, which takes longest
        status, output = result.exit_code, result.output
    else:
        status, output = run(command, folder)
    assert status == 0, output
    if "dtorch train" in command:  # too short to learn what an evaluation can measure
        for last in folder.glob("runs/shapes/shapes_last.weights"):
            shutil.copyfile(last, last.with_name("shapes_best.weights"))
    if "--out shapes.cfg" in command:  # a few layers under that name, which train in a second
        written(folder, DETECTOR, "shapes.cfg")


def test_make_detect_finds_the_stored_objects(tmp_path):
    venv = Path(sys.prefix)
    if run(f"make -q install VENV={venv}", ROOT)[0]:
        pytest.skip("it would install: this is not the environment that make has just made")
    status, output = run(f"make detect VENV={venv} SAMPLE_OUT={tmp_path}", ROOT)
    assert status == 0, output
    stored = json.loads((sample_folder() / BUNDLED_DETECTIONS).read_bytes())
    assert all(f"{one['name']}: " in output for one in stored)
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

"""Every command and example of the README runs."""

import importlib
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from darknet_torch.cfg.zoo import BUNDLED_DETECTIONS, sample_folder, shipped
from darknet_torch.model.registry import LAYER_TYPES
from tests.cli.command import dtorch
from tests.docs.pages import ROOT, blocks, commands, fill_folder, run
from tests.examples.exports import photos_with_txt
from tests.export.cases import needs_loops_in_onnx
from tests.toy.files import NAMES
from tests.training.runs import DETECTOR, detector_data, written

TEXT = (ROOT / "README.md").read_text()
# Installing takes minutes: `make dist` does it, and tests/test_dockerfile.py compares the lines.
COMMANDS = [line for line in commands("README.md") if not line.startswith(("make ", "pip "))]
EXAMPLES = blocks("README.md", "python")
IN_TABLES = re.findall(r"\| `(python tools/.+?)` \|", TEXT)
# Records that tests/parity/test_own_records.py compares, one in each test.
COMPARED_ELSEWHERE = (
    "python tools/parity.py layers tests/parity/data/layers",
    "python tools/parity.py train tests/parity/data/train",
    "python tools/parity.py rates tests/parity/data/learning_rates.json",
)
SHELL = frozenset("|<>&;$*?")  # what only a shell understands


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files that the README assumes: models, pictures, and this source tree."""
    folder = tmp_path_factory.mktemp("readme")
    fill_folder(folder)
    written(folder, DETECTOR)
    detector_data(folder / "squares")
    (folder / "squares.data").write_text(detector_data(folder / "squares", 3, "valid").read_text())
    (folder / "custom.data").write_text("classes=3\nnames=custom.names\n")
    photos_with_txt(folder / "labelled", folder / "source")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_works(command, folder, monkeypatch):
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
    if "detect_onnx.py" in command:
        found = {tuple(line.split("\t")[:2]) for line in output.splitlines()}
        assert found == {("photo.jpg", name) for name in NAMES.read_text().split()}
    if "dtorch train" in command:  # too short to learn what an evaluation can measure
        for last in folder.glob("runs/shapes/shapes_last.weights"):
            shutil.copyfile(last, last.with_name("shapes_best.weights"))
    if "--out shapes.cfg" in command:  # a few layers under that name, which train in a second
        written(folder, DETECTOR, "shapes.cfg")


@pytest.mark.parametrize(
    "command", [one for one in IN_TABLES if " tests/" in one or " cfg" in one]
)
def test_the_command_of_the_table_works(command, folder, monkeypatch):
    if command in COMPARED_ELSEWHERE:
        assert Path(ROOT, command.split()[-1]).exists()
        return
    monkeypatch.chdir(folder)
    program, script, *words = command.split()
    assert program == "python"
    tool = importlib.import_module(script.removesuffix(".py").replace("/", "."))
    result = CliRunner().invoke(tool.main, words)
    assert result.exit_code == 0, result.output


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


def test_it_is_a_first_screen_and_no_manual():
    assert len(TEXT.splitlines()) <= 170
    doors = TEXT.partition("\n## I have ")[2].partition("\n## More")[0].split("\n## I have ")
    assert len(doors) == 3
    for door in doors:
        lines = "".join(re.findall(r"```\w+\n(.*?)```", door, re.DOTALL)).splitlines()
        assert len([line for line in lines if line.strip()]) <= 12, door


def test_the_speeds_are_those_of_the_page_about_performance():
    rows = TEXT.partition("\n## Speed\n")[2].partition("\n## ")[0].splitlines()
    shown = [row.split("|") for row in rows if re.match(r"\| (torch|auto) / ", row)]
    measured = [row.split("|") for row in (ROOT / "docs/performance.md").read_text().splitlines()]
    assert len(shown) == 5
    for _, title, *ratios in shown:
        (row,) = [one[2:] for one in measured if one[1:2] == [title]]
        assert [one.split(",")[0].strip() for one in row] == [one.strip() for one in ratios]


def test_the_numbers_of_what_runs_are_those_of_the_code():
    assert f"[all {len(LAYER_TYPES)} types](docs/layers.md)" in TEXT
    assert f"| definitions | {len(shipped('.cfg'))} ship " in TEXT
    data = ROOT / "tests" / "parity" / "data"
    for kind, words in (
        ("layers", "{} networks of options"),
        ("forward", "{} public ones"),
        ("train", "{} recorded"),
    ):
        assert words.format(len([*(data / kind).glob("*.json")])) in TEXT
    rates = json.loads((data / "learning_rates.json").read_bytes())
    assert f"all {len(rates)} recorded schedules" in TEXT
    census = (ROOT / "docs/census.md").read_text()
    cfgs = len(re.findall(r"^\| \S+ \| \d+ \| ", census, re.MULTILINE))
    assert f"all {cfgs} load" in TEXT


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

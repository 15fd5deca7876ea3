"""Every command and example of the page about schedules runs, and its tables are complete."""

import re
import shlex

import pytest

from darknet_torch.training.optimizer_names import OPTIMIZERS
from darknet_torch.training.schedules.members import declared_parameters
from darknet_torch.training.schedules.registry import SCHEDULES, WARM_UPS
from tests.cli.command import dtorch
from tests.docs.pages import ROOT, blocks, commands
from tests.training.runs import DETECTOR, detector_data, written

PAGE = "docs/schedules.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    written(tmp_path, DETECTOR, "custom.cfg")
    data = detector_data(tmp_path / "squares")
    (tmp_path / "custom.data").write_text(data.read_text())
    return tmp_path


def test_the_commands_and_the_example_work(folder):
    for command in commands(PAGE):
        program, *arguments = shlex.split(command)
        assert program == "dtorch"
        more = (*("--workers", 0), *("--threads", 1), *("--max-batches", 1))
        result = dtorch(*arguments, *(more if arguments[0] == "train" else ()))
        assert result.exit_code == 0, f"{command}: {result.output}"
    assert (folder / "rate.svg").exists()
    assert (folder / "custom_lr.png").exists()
    [example] = blocks(PAGE, "python")
    found = {}
    exec(compile(example, PAGE, "exec"), found)
    assert found["result"].iterations == 4


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("Schedules", [name for name in SCHEDULES.members if name != "callable"]),
        ("Warm-up", list(WARM_UPS.members)),
        ("Optimizers", list(OPTIMIZERS)),
    ],
)
def test_a_table_has_a_row_for_each_name(heading, names):
    section = (ROOT / PAGE).read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w[\w-]*)`", section, re.MULTILINE) == names


@pytest.mark.parametrize("member", [*SCHEDULES.members.values(), *WARM_UPS.members.values()])
def test_the_page_names_each_parameter(member):
    text = (ROOT / PAGE).read_text()
    assert all(f"`{name}" in text for name in declared_parameters(member))

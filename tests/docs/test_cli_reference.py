"""docs/cli-reference.md is what tools/cli_reference.py writes now."""

import click
import pytest
from click.testing import CliRunner

from darknet_torch.cli.main import main
from tests.cli.test_options import leaf_commands
from tools import cli_reference


@pytest.fixture(scope="module")
def page():
    return cli_reference.page()


def test_the_page_is_up_to_date(page):
    written = cli_reference.OUT.read_text("utf-8")
    assert written == page, "run python tools/cli_reference.py"


def test_the_tool_writes_the_page(tmp_path, page):
    out = tmp_path / "reference.md"
    result = CliRunner().invoke(cli_reference.main, ["--out", str(out)])
    assert result.exit_code == 0, result.output
    assert out.read_text("utf-8") == page


def test_every_command_has_its_section(page):
    assert page.count("\n## dtorch ") == len(list(leaf_commands(main)))


def test_every_option_has_its_row(page):
    for command in leaf_commands(main):
        shown = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
        for option in shown:
            assert all(name in page for name in option.opts), f"{command.name}: {option.opts}"


@pytest.mark.parametrize(
    "line",
    [
        "| [`dtorch kmeans`](#dtorch-kmeans) | Find anchors for the boxes of a data set",
        "dtorch dataset init [OPTIONS] [DATA]...",
        "| `--batch N/auto` | Pictures per batch; auto measures which size is fastest. ",
        "| `-thresh, --threshold, --thresh FLOAT RANGE` | Scores at or below are dropped. ",
    ],
)
def test_a_line_has_links_values_and_defaults(line, page):
    assert f"\n{line}" in page


def test_examples_are_blocks_of_code(page):
    assert "```text\ndtorch detect yolov4-tiny.weights dog.jpg\n" in page
    assert "\b" not in page

"""docs/cfg-reference.md is what tools/cfg_reference.py writes now."""

import pytest
from click.testing import CliRunner

from darknet_torch.model.registry import LAYER_TYPES
from tools import cfg_reference


def test_the_page_is_up_to_date():
    written = cfg_reference.OUT.read_text("utf-8")
    assert written == cfg_reference.page(), "run python tools/cfg_reference.py"


def test_the_tool_writes_the_page(tmp_path):
    out = tmp_path / "reference.md"
    result = CliRunner().invoke(cfg_reference.main, ["--out", str(out)])
    assert result.exit_code == 0, result.output
    assert out.read_text("utf-8") == cfg_reference.page()


@pytest.mark.parametrize("layer", LAYER_TYPES, ids=lambda layer: layer.section_names[0])
def test_every_section_has_its_place(layer):
    assert cfg_reference.page().count(f"\n## [{layer.section_names[0]}]\n") == 1


@pytest.mark.parametrize(
    "row",
    [
        "| `size` | an integer >= 1 | 1 |  | ",
        "| `policy` | constant, step, steps, exp, poly, random, sigmoid, sgdr | constant |",
        "| `from` | integers between commas | must be given |  |",
        "| `probability` | a number",
        "| `try_fix_nan` | no effect here |  | alexeyab |",
    ],
)
def test_a_row_has_kind_bounds_default_and_code_base(row):
    assert f"\n{row}" in cfg_reference.page()


def test_defaults_that_differ_are_given_for_both():
    assert "| 0.2; pjreddie 0.5 |" in cfg_reference.page()


def test_the_rows_of_a_table_have_as_many_columns():
    rows = [line for line in cfg_reference.page().splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {6}


@pytest.mark.parametrize("layer", LAYER_TYPES, ids=lambda layer: layer.section_names[0])
def test_every_section_has_its_example(layer):
    assert f"```ini\n{layer.example_cfg}```\n" in cfg_reference.page()

"""docs/dialects.md has the row of every bug and every dialect, and names fields that exist."""

import dataclasses
import re
from pathlib import Path

import pytest

from darknet_torch.cfg.darknet_bugs import DARKNET_BUGS
from darknet_torch.cfg.dialect import ALEXEYAB, DIALECTS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "dialects.md").read_text("utf-8")


def row(bug):
    dialects = ", ".join(bug.dialects)
    return f"| `{bug.name}` | {dialects} | {bug.source} | {bug.effect} | {bug.fix} |"


@pytest.mark.parametrize("bug", DARKNET_BUGS, ids=lambda bug: bug.name)
def test_every_bug_has_the_row_that_the_list_gives(bug):
    assert row(bug) in PAGE.splitlines()


def test_no_row_describes_a_bug_that_is_not_in_the_list():
    assert re.findall(r"^\| `([A-Z0-9_]+)` \|", PAGE, re.MULTILINE) == [
        b.name for b in DARKNET_BUGS
    ]


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_is_introduced(name):
    assert re.search(rf"^- `{name}`", PAGE, re.MULTILINE)


def test_the_fields_of_the_table_exist():
    named = re.findall(r"^\| `([a-z_]+)\.([a-z_]+)` \|", PAGE, re.MULTILINE)
    assert len(named) == 5
    for group, field in named:
        assert field in {one.name for one in dataclasses.fields(getattr(ALEXEYAB, group))}

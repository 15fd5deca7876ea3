"""docs/api-reference.md is what tools/api_reference.py writes now."""

import pytest
from click.testing import CliRunner

import darknet_torch
from tools import api_reference

DOC = """Cut `a_b` at <x>.

Used as ``f(_x)``:

    _code = "*"

Args:
    first: a path,
        or a name.

        Or two.
    width, height: pixels.

Returns:
    A number, or
    zero: nothing.

Source: file.c some_function.
"""
MARKDOWN = """Cut `a_b` at &lt;x>.

Used as `f(_x)`:

    _code = "*"

**Args**

- `first`: a path,
    or a name.

    Or two.
- `width, height`: pixels.

**Returns**

A number, or
zero: nothing.

Source: file.c some\\_function.
"""


@pytest.fixture(scope="module")
def page():
    return api_reference.page()


def test_the_page_is_up_to_date(page):
    written = api_reference.OUT.read_text("utf-8")
    assert written == page, "run python tools/api_reference.py"


def test_the_tool_writes_the_page(tmp_path, page):
    out = tmp_path / "reference.md"
    result = CliRunner().invoke(api_reference.main, ["--out", str(out)])
    assert result.exit_code == 0, result.output
    assert out.read_text("utf-8") == page


def test_every_public_name_has_one_place():
    named = sorted(name for names in api_reference.TOPICS.values() for name in names)
    assert named == sorted({*darknet_torch.__all__} - {"__version__"})


def test_a_docstring_becomes_markdown():
    doc = DOC.replace("``", "`").strip()
    assert "\n".join(api_reference.to_markdown(doc)) == MARKDOWN


def test_methods_have_their_docstrings(page):
    assert "\n#### Detections.draw\n\nReturn a copy of the picture with the boxes" in page
    assert "\n#### Callback.on_start\n\nCalled before the first iteration.\n" in page

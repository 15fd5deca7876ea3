"""The pictures of report pages in the documentation."""

import pytest

from tests.docs.pages import ROOT
from tools.report_screenshots import SCREENSHOTS, STEPS

LARGEST = 200_000  # bytes


@pytest.mark.parametrize("one", SCREENSHOTS, ids=lambda one: one.name)
def test_each_picture_is_small_and_on_a_page(one):
    assert 10_000 < (ROOT / "docs" / f"{one.name}.jpg").stat().st_size < LARGEST
    pages = [page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md")]
    assert sum(f"]({one.name}.jpg)" in page for page in pages) == 1
    assert one.page in {step.makes for step in STEPS}

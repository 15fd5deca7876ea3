"""The largest page opens quickly."""

import pytest

from darknet_torch.report.thumbnails import MOST_PICTURES
from tests.report.fabricated_page import content
from tests.web.expected import by_kind, card_line, shown

pytestmark = pytest.mark.web
BOXES = 30
LIMIT = 2.0  # seconds in which scripts run, which is the promise


def test_time_of_scripts(opened):
    page = content(pictures=MOST_PICTURES, boxes=BOXES, in_all=2000)
    opened.command("Performance.enable")
    opened.page(page)
    assert opened.drawn(0) == by_kind(shown(page.pictures[0], 0.25))
    metrics = {
        each["name"]: each["value"] for each in opened.command("Performance.getMetrics")["metrics"]
    }
    assert 0 < metrics["ScriptDuration"] < LIMIT
    assert opened.cards() == {each.name: card_line(each, 0.25) for each in page.pictures}
    last = MOST_PICTURES - 1
    assert opened.drawn(last) == by_kind(shown(page.pictures[last], 0.25))
    opened.move_slider(0.6)
    assert opened.drawn(last) == by_kind(shown(page.pictures[last], 0.6))
    # Only what is on the screen is drawn.
    assert opened.run("return document.querySelectorAll('svg.boxes').length") < 100

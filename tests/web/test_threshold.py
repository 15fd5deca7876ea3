"""The slider changes counts and boxes, by the rules of the evaluation."""

import pytest

from tests.report.fabricated_page import content
from tests.web.expected import by_errors, by_kind, card_line, shown

pytestmark = pytest.mark.web
# Some are no float32, and scores are equal to all of them.
THRESHOLDS = (0, 0.01, 0.07, 0.1, 0.25, 0.3, 0.57, 0.7, 0.99, 1)


@pytest.fixture(scope="module")
def page():
    return content()


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_counts_and_boxes(opened, page, threshold):
    opened.page(page)
    opened.move_slider(threshold)
    index = round(100 * threshold)
    expected = [
        [counts.name, *(str(column[index]) for column in counts.columns.values())]
        for counts in page.counts
    ]
    assert opened.rows("#count-table") == expected
    assert opened.find("#at").text == f"{threshold:.2f}"
    boxes = {picture.name: shown(picture, threshold) for picture in page.pictures}
    assert opened.cards() == {each.name: card_line(each, threshold) for each in page.pictures}
    assert list(opened.cards()) == by_errors(page.pictures, threshold)
    for number, picture in enumerate(page.pictures):
        assert opened.drawn(number) == by_kind(boxes[picture.name])


def test_boxes_follow_while_the_slider_moves(opened, page):
    opened.page(page)
    before = list(opened.cards())
    opened.run(
        """
        const slider = document.getElementById("threshold");
        slider.value = 0.9;
        slider.dispatchEvent(new Event("input", {bubbles: true}));
        """
    )
    opened.until("return document.getElementById('at').textContent === '0.90'")
    cards = opened.cards()
    assert cards == {each.name: card_line(each, 0.9) for each in page.pictures}
    assert list(cards) == before  # pictures move only when the slider rests


def test_the_summary_is_announced(opened, page):
    opened.page(page)
    opened.move_slider(0.4)
    summary = opened.find("#summary")
    columns = page.counts[-1].columns
    assert summary.text == "all: " + ", ".join(f"{key} {columns[key][40]}" for key in columns)
    assert summary.aria_role == "status"
    assert opened.find("#threshold").accessible_name == "Threshold"
    assert opened.find("#threshold").get_attribute("aria-valuetext") == "0.40"


def test_a_sorted_table_of_counts_stays_sorted(opened):
    opened.page(content(boxes=20, names=tuple("abcdefgh")))
    opened.click("#count-table thead th:nth-child(2) button")
    orders = set()
    for threshold in (0, 0.5, 0.8):
        opened.move_slider(threshold)
        *rows, last = opened.rows("#count-table")
        counts = [int(row[1]) for row in rows]
        assert counts == sorted(counts)
        assert last[0] == "all"
        orders.add("".join(row[0] for row in rows))
    assert len(orders) == 3


def test_the_slider_stands_at_the_threshold_of_the_page(opened, page):
    opened.page(page)
    assert opened.find("#threshold").get_attribute("value") == "0.25"
    assert opened.cards() == {each.name: card_line(each, 0.25) for each in page.pictures}

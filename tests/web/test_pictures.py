"""Switches, order and filter of pictures, and a picture enlarged."""

import numpy as np
import pytest

from tests.report.fabricated_page import HOSTILE, content
from tests.web.expected import by_errors, by_kind, card_line, errors, shown

pytestmark = pytest.mark.web


@pytest.fixture(scope="module")
def page():
    return content(pictures=9, in_all=2000)


def _lines(page, **switched_on):
    return {each.name: card_line(each, 0.25, **switched_on) for each in page.pictures}


def test_how_many_there_are(opened, page):
    opened.page(page)
    assert "9 of 2,000 pictures: those with the most errors." in opened.find("#pictures").text


def test_a_class_is_switched_off_and_on(opened, page):
    opened.page(page)
    opened.click("#classes .choices label:nth-child(2)")
    assert opened.cards() == _lines(page, classes={0, 2})
    assert list(opened.cards()) == by_errors(page.pictures, 0.25, classes={0, 2})
    assert opened.drawn(4) == by_kind(shown(page.pictures[4], 0.25, classes={0, 2}))
    opened.click("#classes .choices label:nth-child(2)")
    assert opened.cards() == _lines(page)


def test_all_classes_and_none(opened, page):
    opened.page(page)
    opened.click("#no-classes")
    assert opened.cards() == _lines(page, classes=())
    assert opened.drawn(0) == {}
    opened.click("#all-classes")
    assert opened.cards() == _lines(page)


def test_a_kind_is_switched_off(opened, page):
    opened.page(page)
    opened.click("#kinds label:nth-of-type(6)")
    kinds = {"correct", "class", "place", "duplicate", "false"}
    assert opened.cards() == _lines(page, kinds=kinds)
    assert opened.drawn(2) == by_kind(shown(page.pictures[2], 0.25, kinds=kinds))


def test_few_classes_need_no_filter(opened, page):
    opened.page(page)
    assert opened.browser.find_elements("css selector", "#class-filter") == []


def test_many_classes_are_filtered(opened):
    names = tuple(f"class {index}" for index in range(13))
    page = content(pictures=6, boxes=19, names=names)
    assert {box.class_id for each in page.pictures for box in each.boxes} == set(range(13))
    opened.page(page)
    opened.find("#class-filter").send_keys("CLASS 1")
    labels = opened.browser.find_elements("css selector", "#classes .choices label")
    listed = [label.text for label in labels if label.is_displayed()]
    assert listed == ["class 1", "class 10", "class 11", "class 12"]
    opened.click("#no-classes")  # of those listed
    assert opened.cards() == _lines(page, classes={0, *range(2, 10)})


def test_orders(opened, page):
    from selenium.webdriver.support.ui import Select

    opened.page(page)
    order = Select(opened.find("#order"))
    order.select_by_value("name")
    numbered = [name for name in opened.cards() if name.startswith("images/")]
    assert numbered == [f"images/{index}.jpg" for index in range(3, 9)]
    order.select_by_value("detections")
    counts = [int(line.split(", ")[1].split()[0]) for line in opened.cards().values()]
    assert counts == sorted(counts, reverse=True)
    order.select_by_value("errors")
    assert list(opened.cards()) == by_errors(page.pictures, 0.25)


def test_with_errors_only(opened, page):
    opened.page(page)
    opened.click("#kinds label:nth-of-type(2)")
    for kind in (3, 4, 6):
        opened.click(f"#kinds label:nth-of-type({kind})")
    kinds = {"correct", "false"}
    opened.click("#errors-only")
    wrong = {each.name for each in page.pictures if errors(shown(each, 0.25, kinds=kinds))}
    assert 0 < len(wrong) < len(page.pictures)
    assert set(opened.cards()) == wrong
    assert opened.find("#in-view").text == f"{len(wrong)} shown here."
    opened.click("#errors-only")
    assert len(opened.cards()) == len(page.pictures)


def test_a_picture_enlarged(opened, page):
    opened.page(page)
    opened.click(".card[data-index='4'] button")
    picture = page.pictures[4]
    boxes = shown(picture, 0.25)
    assert opened.find("#dialog-name").text == picture.name
    assert f"{len(boxes)} boxes at the threshold 0.25" in opened.find("#dialog-note").text
    rows = opened.rows("#boxes")
    labels = {"correct": "Correct", "class": "Class", "place": "Place", "false": "False"}
    labels |= {"duplicate": "Duplicate", "missed": "Missed"}
    names = ("person", "bicycle", HOSTILE)
    expected = sorted(boxes, key=lambda box: -1 if box.score is None else box.score, reverse=True)
    for row, box, number in zip(rows, expected, range(1, 99), strict=False):
        score = "\u2013" if box.score is None else f"{np.float32(box.score):.3f}"
        assert row == [str(number), names[box.class_id], score, labels[box.kind]]
    assert len(rows) == len(boxes) == len(opened.browser.find_elements("css selector", ".tag"))


def test_boxes_lie_where_they_are_on_the_picture(opened, page):
    opened.page(page)
    opened.click(".card[data-index='4'] button")
    box = max(shown(page.pictures[4], 0.25), key=lambda each: each.score or 0)
    sides = opened.run(
        """
        const stage = document.getElementById("stage").getBoundingClientRect();
        const line = document.querySelector("#stage svg .line").getBoundingClientRect();
        return [(line.left - stage.left) / stage.width, (line.top - stage.top) / stage.height,
          (line.right - stage.left) / stage.width, (line.bottom - stage.top) / stage.height,
          stage.width / stage.height];
        """
    )
    # The browser lays out in sixty-fourths of a pixel, of a picture of hundreds.
    assert sides[:4] == pytest.approx(box.xyxy, abs=0.01)
    assert sides[4] == pytest.approx(page.pictures[4].width / page.pictures[4].height, rel=0.01)

"""Tables are sorted by the buttons in their heads."""

import pytest

from darknet_torch.report.content import PageContent, Section, Table

pytestmark = pytest.mark.web
ROWS = [
    ("class 10", 1200, 0.5, "b", "v"),
    ("class 9", 90, None, "-", None),
    ("Zebra", 1000, 0.125, 7, "u"),
    ("apple", None, 1.0, 70.5, "w"),
    ("class 1", -3, 0.06, None, None),
    ("bus", 90, 0.5, "a", "x"),
]
NAMES = [row[0] for row in ROWS]


@pytest.fixture
def table(opened):
    """The names in the table, after a click on the head of a column."""
    part = Table("Numbers", ("name", "count", "share", "mixed", "text"), ROWS, digits=1)
    opened.page(PageContent("Tables", {}, {}, (Section("Section", parts=(part,)),)))

    def click(column):
        opened.click(f".sortable thead th:nth-child({column + 1}) button")
        return [row[0] for row in opened.rows(".sortable")]

    click.opened = opened
    return click


def test_columns(table):
    assert table(1) == ["class 1", "class 9", "bus", "Zebra", "class 10", "apple"]
    assert table(1) == ["class 10", "Zebra", "class 9", "bus", "class 1", "apple"]
    assert table(0) == ["apple", "bus", "class 1", "class 9", "class 10", "Zebra"]
    # By the number, and not by the one decimal that is shown; equal ones as they came.
    assert table(2) == ["class 1", "Zebra", "class 10", "bus", "apple", "class 9"]
    assert table(2) == ["apple", "class 10", "bus", "Zebra", "class 1", "class 9"]
    assert table(3) == ["Zebra", "apple", "class 9", "bus", "class 10", "class 1"]
    assert table(3) == ["apple", "Zebra", "class 10", "bus", "class 9", "class 1"]
    assert table(4) == ["Zebra", "class 10", "apple", "bus", "class 9", "class 1"]
    assert table(4) == ["bus", "apple", "class 10", "Zebra", "class 9", "class 1"]


def test_the_order_is_said(table):
    heads = table.opened.browser.find_elements("css selector", ".sortable thead th")
    assert [head.get_attribute("aria-sort") for head in heads] == [None] * 5
    table(2)
    assert [head.get_attribute("aria-sort") for head in heads] == [
        None,
        None,
        "ascending",
        None,
        None,
    ]
    table(2)
    assert heads[2].get_attribute("aria-sort") == "descending"
    table(0)
    assert [head.get_attribute("aria-sort") for head in heads] == [
        "ascending",
        None,
        None,
        None,
        None,
    ]


def test_names_for_those_who_do_not_see_it(table):
    opened = table.opened
    assert opened.find(".scroll").accessible_name == "Numbers"
    assert opened.find(".sortable thead button").accessible_name == "name"

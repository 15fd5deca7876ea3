"""A page is usable by the keyboard alone, on a phone, in the dark, and on paper."""

import dataclasses

import pytest

from darknet_torch.report.content import Section
from tests.report.fabricated_page import class_table, content

pytestmark = pytest.mark.web


@pytest.fixture(scope="module")
def page():
    return content()


@pytest.fixture(scope="module")
def keys():
    return pytest.importorskip("selenium.webdriver").Keys


def _focused(opened, selector):
    """Wait until the focus is in an element; a dialog gives it back a moment after it closes."""
    return opened.until("return document.activeElement.closest(arguments[0])", selector)


def test_the_first_link_skips_to_the_content(opened, page, keys):
    opened.page(page)
    opened.press(keys.TAB)
    assert opened.run("return document.activeElement.textContent") == "Skip to the content"
    assert opened.find(".skip").rect["x"] >= 0
    opened.press(keys.ENTER)
    assert _focused(opened, "#main")


def test_the_slider_by_arrows(opened, page, keys):
    opened.page(page)
    opened.tab_to("#threshold")
    opened.press(keys.ARROW_RIGHT, keys.ARROW_RIGHT, keys.ARROW_RIGHT)
    assert opened.find("#at").text == "0.28"
    expected = [str(column[28]) for column in page.counts[-1].columns.values()]
    assert opened.rows("#count-table")[-1][1:] == expected
    opened.press(keys.END)
    assert opened.find("#at").text == "1.00"
    assert _focused(opened, "#threshold")


@pytest.mark.parametrize("key", ["ENTER", "SPACE"])
def test_tables_by_keys(opened, page, keys, key):
    opened.page(page)
    opened.tab_to(".sortable th:nth-child(2) button")
    opened.press(getattr(keys, key))
    counts = [int(row[1].replace(",", "")) for row in opened.rows("#table-2-1")]
    assert counts == sorted(counts)
    opened.press(getattr(keys, key))
    counts = [int(row[1].replace(",", "")) for row in opened.rows("#table-2-1")]
    assert counts == sorted(counts, reverse=True)
    assert _focused(opened, ".sortable th:nth-child(2)")


def test_pictures_by_keys(opened, page, keys):
    opened.page(page)
    names = list(opened.cards())
    opened.tab_to(".card button")
    opened.press(keys.ENTER)
    assert opened.find("#dialog-name").text == names[0]
    opened.press(keys.ESCAPE)
    assert not opened.find("#dialog").is_displayed()
    assert _focused(opened, ".card:nth-child(1)")
    opened.press(keys.ENTER, *[keys.ARROW_RIGHT] * (len(names) + 2))
    assert opened.find("#dialog-name").text == names[-1]  # no further than the last
    opened.press(keys.ARROW_LEFT)
    assert opened.find("#dialog-name").text == names[-2]
    opened.press(keys.ESCAPE)
    assert _focused(opened, f".card:nth-child({len(names) - 1})")


def test_a_switch_by_keys(opened, page, keys):
    opened.page(page)
    before = opened.cards()
    opened.tab_to("#kinds input")
    opened.press(keys.SPACE)
    assert opened.cards() != before


def test_the_focus_is_seen(opened, page, keys):
    opened.page(page)
    for selector in ("nav a", ".sortable th button", "#threshold", "#order", ".card button"):
        opened.tab_to(selector)
        style = "getComputedStyle(document.activeElement)"
        assert opened.run(f"return {style}.outlineStyle") == "solid", selector
        assert opened.run(f"return parseFloat({style}.outlineWidth)") >= 2, selector


def test_every_control_has_a_name(opened, page):
    opened.page(page)
    assert _nameless(opened, "body > :not(dialog) ") == []
    opened.click(".card button")
    assert _nameless(opened, "dialog ") == []


def _nameless(opened, place):
    kinds = ("input", "button", "select", "[tabindex='0']")
    selector = ", ".join(place + kind for kind in kinds)
    controls = opened.browser.find_elements("css selector", selector)
    shown = [each for each in controls if each.is_displayed()]
    assert len(shown) > 5
    return [each.get_attribute("outerHTML") for each in shown if not each.accessible_name]


@pytest.fixture(scope="module")
def wide_page():
    """A page whose names are longer than a phone is wide."""
    names = ("person", "x" * 120, "a class of several words " * 6)
    whole = content(names=names)
    table = class_table(names)
    wide = dataclasses.replace(
        table,
        head=tuple(f"column {index}" for index in range(12)),
        rows=[(*row, *row, *row, *row) for row in table.rows],
    )
    picture = dataclasses.replace(whole.pictures[0], name="folder/" * 30 + "n" * 90)
    return dataclasses.replace(
        whole,
        title="runs/" + "t" * 90,
        facts={"weights": "w" * 200, "k" * 60: "v"},
        sections=(*whole.sections, Section("S" * 70, ("p" * 200,), (wide,))),
        pictures=(picture, *whole.pictures[1:]),
    )


def test_a_phone(opened, wide_page):
    opened.page(wide_page, width=375, height=700)
    assert opened.run("return document.documentElement.scrollWidth") <= 375
    table = "document.querySelector('#table-3-1').parentElement"
    assert opened.run(f"return {table}.scrollWidth > {table}.clientWidth")  # scrolls on its own
    for index in range(len(wide_page.pictures)):
        opened.click(f".card[data-index='{index}'] button")
        rect = opened.find("#dialog").rect
        assert rect["x"] >= 0
        assert rect["x"] + rect["width"] <= 375
        dialog = "document.getElementById('dialog')"
        assert opened.run(f"return {dialog}.scrollWidth <= {dialog}.clientWidth")
        opened.click("#close")
    assert opened.run("return document.documentElement.scrollWidth") <= 375


def test_a_phone_shows_all_controls(opened, page):
    opened.page(page, width=375, height=700)
    for control in opened.browser.find_elements("css selector", "#slider *, #controls *"):
        rect = control.rect
        assert rect["x"] >= 0
        assert rect["x"] + rect["width"] <= 375


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_contrast_with_the_page(opened, page, scheme):
    opened.page(page, features={"prefers-color-scheme": scheme})
    luminances = opened.run(
        """
        const luminance = (colour) => {
          const parts = colour.match(/[0-9.]+/g).slice(0, 3).map((part) => {
            const value = part / 255;
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const body = getComputedStyle(document.body);
        const panel = getComputedStyle(document.getElementById("controls")).backgroundColor;
        return ["body", "nav a", ".note", ".explanation", ".wrong .count"].map((selector) => {
          const colour = getComputedStyle(document.querySelector(selector)).color;
          return [luminance(colour), luminance(body.backgroundColor), luminance(panel)];
        });
        """
    )
    assert (luminances[0][1] < 0.1) == (scheme == "dark")
    for text, *grounds in luminances:
        for ground in grounds:
            low, high = sorted((text, ground))
            assert (high + 0.05) / (low + 0.05) >= 4.5  # level AA of WCAG 2


@pytest.mark.parametrize(("motion", "expected"), [("reduce", "auto"), ("no-preference", "smooth")])
def test_motion(opened, page, motion, expected):
    opened.page(page, features={"prefers-reduced-motion": motion})
    style = "getComputedStyle(document.documentElement).scrollBehavior"
    assert opened.run(f"return {style}") == expected


def test_paper(opened, page):
    opened.page(page)
    opened.command("Emulation.setEmulatedMedia", media="print")
    for selector in ("nav", "#slider", "#controls"):
        assert not opened.find(selector).is_displayed()
    assert opened.find("#count-table").is_displayed()
    opened.run("dispatchEvent(new Event('beforeprint'))")
    cards = opened.run("return document.querySelectorAll('.card:has(svg.boxes)').length")
    assert cards == len(page.pictures)
    opened.command("Emulation.setEmulatedMedia", media="")

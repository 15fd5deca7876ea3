"""A page opens from disk, runs nothing but its own script, and asks the network for nothing."""

import dataclasses

import pytest

from darknet_torch.plots.figure import Figure
from darknet_torch.plots.inline_svg import inline_svg
from darknet_torch.report.content import PageContent, Plot, Section
from darknet_torch.report.page import render_page
from tests.report.fabricated_page import HOSTILE, HOSTILE_FILES, content, without_truths

pytestmark = pytest.mark.web


def test_no_request_leaves_the_page(opened):
    opened.page(content())
    for number in range(6):
        opened.drawn(number)  # scrolls there
    opened.until("return [...document.images].every((image) => image.naturalWidth > 0)")
    addresses = opened.requests()
    assert sum(address.startswith("file:") for address in addresses) == 1
    assert any(address.startswith("data:image/jpeg") for address in addresses)
    assert all(address.startswith(("file:", "data:")) for address in addresses)


def test_names_are_shown_as_they_are(opened):
    opened.page(content())
    assert HOSTILE in opened.browser.title
    assert HOSTILE in opened.find("h1").text
    assert HOSTILE in [row[0] for row in opened.rows("#count-table")]
    assert HOSTILE in opened.find("#classes").text
    assert set(HOSTILE_FILES) <= set(opened.cards())
    assert opened.run("return document.scripts.length") == 2
    assert opened.run("return document.images.length") == 6


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_names_are_shown_as_they_are_when_enlarged(opened, name):
    page = content()
    opened.page(page)
    index = [picture.name for picture in page.pictures].index(name)
    opened.click(f".card[data-index='{index}'] button")
    assert opened.run("return document.getElementById('dialog-name').textContent") == name
    assert opened.run("return document.querySelector('#stage img').alt") == name


def test_another_script_is_refused_and_seen(opened, tmp_path):
    page = render_page(content())
    path = tmp_path / "harmed.html"
    path.write_text(page.replace("<main", "<script>window.harm = 1</script><main"), "utf-8")
    opened.file(path)
    assert opened.run("return window.harm") is None
    assert any("Content Security Policy" in each for each in opened.console())


def test_a_request_is_refused_and_seen(opened, tmp_path):
    page = render_page(content())
    path = tmp_path / "harmed.html"
    path.write_text(page.replace("<main", '<img src="http://127.0.0.1:9/a.png"><main'), "utf-8")
    opened.file(path)
    assert any("Content Security Policy" in each for each in opened.console())


def test_a_plot_of_matplotlib(opened):
    figure = Figure(size=(6, 4))
    figure.axes[0].plot([0, 1], [1, 0], label="a")
    first, second = (inline_svg(figure, name) for name in ("one", "two"))
    section = Section("Curves", parts=(Plot("Curve", first, "Falls."), Plot("Again", second, "")))
    opened.page(PageContent("Plots", {}, {}, (section,)), width=375, height=700)
    for plot in opened.browser.find_elements("css selector", ".paper"):
        assert plot.aria_role == "image"
        assert 200 < plot.find_element("css selector", "svg").size["width"] <= 375
    assert opened.find(".paper").accessible_name == "Curve. Falls."


def test_without_scripts_tables_and_plots_are_there(opened):
    page = content()
    opened.page(page, scripts=False)
    assert "Scripts are off" in opened.find("header").text
    table = opened.find("#count-table").text
    assert (
        f"all {' '.join(str(column[25]) for column in page.counts[-1].columns.values())}" in table
    )
    assert opened.find(".plot svg").is_displayed()
    assert opened.find("#grid img").is_displayed()
    assert not opened.find("#slider").is_displayed()
    assert not opened.find("#controls").is_displayed()


def test_a_page_without_errors(opened):
    page = without_truths()
    opened.page(page)
    assert list(opened.cards()) == [picture.name for picture in page.pictures]
    assert not any("error" in line for line in opened.cards().values())
    assert opened.browser.find_elements("css selector", "#errors-only") == []


def test_a_page_without_a_slider(opened):
    page = dataclasses.replace(content(), counts=(), threshold=0.005)
    opened.page(page)
    assert opened.browser.find_elements("css selector", "#threshold") == []
    opened.click(".card button")
    assert "at the threshold 0.005" in opened.find("#dialog-note").text

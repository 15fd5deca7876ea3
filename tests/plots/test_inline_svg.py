"""Figures in pages: ids of their own, no styles, nothing from outside."""

import re
import xml.etree.ElementTree as ET

import pytest

from darknet_torch.plots.figure import Figure
from darknet_torch.plots.inline_svg import inline_svg

SVG = "{http://www.w3.org/2000/svg}"


def draw(label="a"):
    """Draw what has all kinds of references: markers, a clipped line, a picture."""
    figure = Figure(size=(3, 2))
    axes = figure.axes[0]
    axes.plot([0, 1, 2], [0.123456, 1, 0], "o--", label=label)
    axes.imshow([[0, 1]], extent=(0, 1, 0, 1), interpolation="none")
    axes.set_title(label)
    return figure


@pytest.fixture(scope="module")
def svg():
    return inline_svg(draw(), "one", 'says "<x>" & y')


def ids(svg):
    return set(re.findall(rb' id="([^"]*)"', svg))


def test_it_is_an_element_with_a_description(svg):
    root = ET.fromstring(svg)
    assert svg.startswith(b"<svg ") and root.tag == f"{SVG}svg"
    assert root.get("role") == "img" and root.get("aria-label") == 'says "<x>" & y'
    assert b"viewBox=" in svg


def test_ids_differ_between_the_figures_of_a_page(svg):
    other = inline_svg(draw(), "two", 'says "<x>" & y')
    assert ids(svg) and not ids(svg) & ids(other)
    assert len(svg) == len(other)


def test_equal_figures_are_equal_bytes(svg):
    assert svg == inline_svg(draw(), "one", 'says "<x>" & y')


def test_references_are_to_its_own_ids_alone(svg):
    values = [value for element in ET.fromstring(svg).iter() for value in element.attrib.values()]
    urls = {found[1] for value in values if (found := re.fullmatch(r"url\(#(.*)\)", value))}
    hrefs = [e.get("href") for e in ET.fromstring(svg).iter() if e.get("href")]
    pictures = [href for href in hrefs if not href.startswith("#")]
    links = {href[1:] for href in hrefs if href.startswith("#")}
    assert urls and links and {name.encode() for name in urls | links} == ids(svg)
    assert len(pictures) == 1 and re.fullmatch(r"data:image/png;base64,[\w+/=]+", pictures[0])
    assert len(re.findall(rb"https?:", svg)) == 1  # the namespace


def test_nothing_needs_a_style_or_a_script(svg):
    assert not re.search(rb"style|script|metadata|DOCTYPE|<\?xml|xlink", svg)
    [line] = [e for e in ET.fromstring(svg).iter() if e.get("stroke-dasharray")]
    assert line.get("fill") == "none" and line.get("stroke") == "#0072b2"


def test_texts_are_texts():
    svg = inline_svg(draw("<script>$x_1$ 汉字 \\frac"), "one")
    texts = [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]
    assert "<script>$x_1$ 汉字 \\frac" in texts
    assert b"<script" not in svg


def test_positions_keep_a_tenth_of_a_point(svg):
    assert not re.search(rb' (d|x|y)="[^"]*\.\d\d', svg)
    points = [e.get("d").split() for e in ET.fromstring(svg).iter(f"{SVG}path")]
    assert all("L" not in (a, b) or a != b for d in points for a, b in zip(d, d[3:], strict=False))

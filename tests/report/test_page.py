"""The HTML of a page, without a browser; tests/web has the tests with one."""

import base64
import dataclasses
import hashlib
import html.parser
import json
import re
import sys

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.input_files import protected_inputs
from darknet_torch.report.content import Box, PageContent, PagePicture, Section, Table
from darknet_torch.report.page import render_page, write_page
from tests.report.fabricated_page import HOSTILE, HOSTILE_FILES, KINDS, content


class _Reader(html.parser.HTMLParser):
    """Collects what a browser would find in a page."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.scripts, self.styles, self.policy = [], [], [], [], None
        self._open = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"]

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        last = self._open[-1] if self._open else ""
        {"script": self.scripts, "style": self.styles}.get(last, self.texts).append(data)


@pytest.fixture(scope="module")
def whole():
    return content()


@pytest.fixture(scope="module")
def page(whole):
    return render_page(whole)


@pytest.fixture(scope="module")
def found(page):
    return _Reader(page)


def _data(page):
    return json.loads(_Reader(page).scripts[0])


def test_equal_contents_give_equal_pages(whole, page):
    assert render_page(whole) == page


def test_names_are_texts(found):
    text = "".join(found.texts)
    for name in (HOSTILE, *HOSTILE_FILES, 'runs/"best" & last.weights'):
        assert name in text
    assert len(found.scripts) == 2  # the data, the script of the page
    assert not any(key.startswith("on") for _, attributes in found.tags for key in attributes)


def test_data_cannot_end_their_element(page, whole):
    written = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1]
    assert not set(written) & set("<>&\u2028\u2029")
    names = [picture["name"] for picture in json.loads(written)["pictures"]]
    assert names == [picture.name for picture in whole.pictures]


def test_control_characters_are_visible(whole):
    evil, shown = "\x1b]0;a\x07\u202eb", r"\x1b]0;a\x07\u202eb"
    table = Table(evil, (evil,), [(evil,)], note=evil)
    page = render_page(
        dataclasses.replace(
            whole,
            title=evil,
            facts={evil: evil},
            settings={evil: evil},
            class_names=(evil, *whole.class_names[1:]),
            sections=(Section(evil, (evil,), (table,)),),
            pictures=(dataclasses.replace(whole.pictures[0], name=evil),),
        )
    )
    assert not set(page) & set("\x1b\x07\u202e")
    assert page.count(shown) > 12
    data = _data(page)
    assert (data["classes"][0], data["pictures"][0]["name"]) == (shown, shown)


def test_the_policy_allows_the_page_its_own_style_and_script_alone(found):
    policy = dict(part.split(" ", 1) for part in found.policy.split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert policy["script-src"] == _hash(found.scripts[1])
    assert policy["style-src"] == _hash(found.styles[0])
    assert policy["style-src-attr"] == "'none'"


def _hash(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_nothing_is_loaded(found):
    addresses = [
        value
        for _, attributes in found.tags
        for key, value in attributes.items()
        if key in ("src", "href", "srcset", "action", "data", "xlink:href")
    ]
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)


def test_scores_are_the_shortest_decimals_of_their_float32(whole):
    scores = (0.10000000149011612, 0.30000001192092896, 0.123456789, 1e-7, 1.0)
    boxes = [Box((0, 0, 1, 1), 0, "correct", score) for score in scores]
    boxes.append(Box((0, 0.123456789, 1, 1), 0, "missed", found_at=0.10000000149011612))
    picture = dataclasses.replace(whole.pictures[0], boxes=boxes)
    written = _data(render_page(dataclasses.replace(whole, pictures=(picture,))))
    rows = written["pictures"][0]["boxes"]
    assert [row[6] for row in rows] == [0.1, 0.3, 0.12345679, 1e-7, 1.0, None]
    assert rows[-1] == [0, 0.12346, 1, 1, 0, KINDS.index(KINDS[-1]), None, 0.1]


def test_cells():
    rows = [("a", 1234567, 0.5), ("b", 2, None), ("c", 3, float("nan")), ("d", 4, -0.125)]
    table = Table("Numbers", ("name", "count", "share"), rows, digits=3)
    section = Section("Section", parts=(table,))
    page = render_page(PageContent("Title", {}, {}, (section,)))
    cells = re.findall(r"<t[dh][^>]*>[^<]*</t[dh]>", page)
    assert '<td class="number" data-value="1234567.0">1,234,567</td>' in cells
    assert '<td class="number" data-value="0.5">0.500</td>' in cells
    assert cells.count('<td class="number" data-value="">\u2013</td>') == 2
    assert '<td class="number" data-value="-0.125">-0.125</td>' in cells


def test_the_least_page():
    found = _Reader(render_page(PageContent("Title", {}, {}, ())))
    assert "Title" in found.texts
    assert not {"img", "table", "dialog", "input"} & {tag for tag, _ in found.tags}


def test_a_path_of_any_bytes(tmp_path):
    path = b"caf\xe9-\xff.jpg".decode("utf-8", "surrogateescape")
    picture = PagePicture(path + "\ud800", 4, 4, b"", (Box((0, 0, 1, 1), 0, "false", 0.5),))
    kinds = (KINDS[4],)
    page = PageContent(path, {}, {}, (), ("cat",), kinds, pictures=(picture,))
    assert b"caf\xe9-\xff.jpg" in write_page(page, tmp_path).read_bytes()


def test_a_page_of_an_earlier_run_is_overwritten(whole, page, tmp_path):
    folder = tmp_path / "new" / "report"
    path = write_page(PageContent("Earlier", {}, {}, ()), folder)
    assert write_page(whole, folder) == path == folder / "index.html"
    assert path.read_text("utf-8") == page
    assert [each.name for each in folder.iterdir()] == ["index.html"]


def test_a_page_of_another_program_is_kept(tmp_path):
    path = tmp_path / "index.html"
    path.write_text("<title>My site</title>")
    with pytest.raises(UsageError, match="over a file of another program"):
        write_page(PageContent("Title", {}, {}, ()), tmp_path)
    assert path.read_text() == "<title>My site</title>"


def test_an_input_is_kept(tmp_path):
    path = write_page(PageContent("Input", {}, {}, ()), tmp_path)
    protected_inputs.add([path])
    try:
        with pytest.raises(UsageError, match="over an input"):
            write_page(PageContent("Title", {}, {}, ()), tmp_path)
    finally:
        protected_inputs.clear()
    assert "Input" in path.read_text("utf-8")


def test_without_jinja2(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UsageError, match="needs the package jinja2"):
        render_page(PageContent("Title", {}, {}, ()))

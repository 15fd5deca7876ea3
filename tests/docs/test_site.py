"""The pages of docs/ as a site: navigation, links, and nothing from other servers."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from functools import cache

import pytest
from click.testing import CliRunner

from tests.docs.pages import ROOT
from tools import site_check

DOCS = ROOT / "docs"
PAGES = {path.name: path.read_text("utf-8") for path in sorted(DOCS.glob("*.md"))}
CONFIG = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
BEYOND_GITHUB = re.compile(
    r"^(?:!!!|\?\?\?|===) |--8<--|\{[:.#] ?[\w.#]|:(?:material|octicons)-", re.MULTILINE
)


def pages_in(navigation):
    """The files of a navigation, in order."""
    for entry in navigation:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else pages_in(value)


def without_code(text):
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


@cache
def anchors(page):
    """The anchors that GitHub gives to the headings of a page."""
    found, counts = set(), Counter()
    for title in re.findall(r"^#+ (.+)$", without_code(PAGES[page]), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        found.add(f"{slug}-{counts[slug]}" if counts[slug] else slug)
        counts[slug] += 1
    return found


def test_every_page_has_its_place_in_the_navigation():
    assert sorted(pages_in(CONFIG["nav"])) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_pages_and_their_headings(page):
    links = re.findall(r"\]\(([^)\s:#]*)(?:#([^)\s]+))?\)", without_code(PAGES[page]))
    for target, anchor in links:
        assert not target.startswith(".."), f"{target} is not part of the site"
        assert (DOCS / (target or page)).exists(), target
        if anchor:
            assert anchor in anchors(target or page), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_title_and_no_syntax_that_github_does_not_know(page):
    assert PAGES[page].startswith("# ")
    assert not re.search(r"`[^`\n]*\\\|[^`\n]*`", PAGES[page]), "a bar in code, in a table"
    prose = re.sub(r"`[^`\n]+`", "", without_code(PAGES[page]))
    assert BEYOND_GITHUB.findall(prose) == []


@pytest.mark.parametrize(
    ("name", "text", "loads"),
    [
        ("a.html", '<img src="https://example.org/a.png">', ["https://example.org/a.png"]),
        ("a.html", '<link rel="stylesheet" href="//example.org/a.css">', ["//example.org/a.css"]),
        ("a.html", '<script src="http://example.org/a.js"></script>', ["http://example.org/a.js"]),
        ("a.html", '<img srcset="a.png 1x, https://b.org/b.png 2x">', ["https://b.org/b.png"]),
        ("a.html", '<p style="background:url(https://b.org/b.png)">', ["https://b.org/b.png"]),
        ("a.html", "<style>@import 'https://b.org/b.css';</style>", ["https://b.org/b.css"]),
        ("a.css", 'a { background: url("https://b.org/b.png") }', ["https://b.org/b.png"]),
        ("a.html", '<a href="https://example.org">', []),
        ("a.html", '<link rel="canonical" href="https://example.org"><img src="a.png">', []),
        ("a.css", "a { background: url(data:image/svg+xml;base64,AA==) }", []),
        ("a.html", "<p>url(https://example.org)</p>", []),
    ],
)
def test_loads_from_other_servers_are_found(name, text, loads, tmp_path):
    (tmp_path / name).write_text(text)
    assert site_check.external_loads(tmp_path / name) == loads
    result = CliRunner().invoke(site_check.main, [str(tmp_path)])
    assert result.exit_code == (1 if loads else 0)


def test_a_folder_without_pages_is_refused(tmp_path):
    result = CliRunner().invoke(site_check.main, [str(tmp_path)])
    assert result.exit_code == 2
    assert "has no pages; `make docs` builds the site" in result.output


@pytest.mark.long
def test_the_site_is_built_without_warnings_and_loads_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("zensical", reason="make docs installs it, and does the same")
    shutil.copyfile(ROOT / "zensical.toml", tmp_path / "zensical.toml")
    shutil.copytree(DOCS, tmp_path / "docs")
    build = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    result = CliRunner().invoke(site_check.main, [str(tmp_path / "site"), "--browser"])
    assert result.exit_code == 0, result.output

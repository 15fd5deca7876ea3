"""Check that no page of the built site loads anything from another server.

python tools/site_check.py site

Reads the HTML and CSS. With --browser, Chromium opens every page, too, and reports what its
scripts try to load.
"""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import click

_LOADING_LINKS = set(
    "stylesheet icon preload prefetch modulepreload preconnect dns-prefetch manifest".split()
)
_LOADING_ATTRIBUTES = ("src", "srcset", "poster", "data", "background", "style")
_STYLE_URL = re.compile(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""")
_EXTERNAL = re.compile(r"(?:^|[\s,])((?:https?:|wss?:|ftp:)?//[^\s,]+)", re.IGNORECASE)
_POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; report-uri /report"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class _Loads(HTMLParser):
    """Collects what the elements of a page load."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        values = {name: value or "" for name, value in attributes}
        if tag == "link" and _LOADING_LINKS.intersection(values.get("rel", "").lower().split()):
            self.urls.append(values.get("href", ""))
        for name in _LOADING_ATTRIBUTES:
            value = values.get(name, "")
            self.urls += style_urls(value) if name == "style" else [value]

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.urls += style_urls(data)


def style_urls(text: str) -> list[str]:
    """The URLs that a style sheet loads."""
    return _STYLE_URL.findall(text)


def external_loads(path: Path) -> list[str]:
    """The URLs on other servers that a page or a style sheet loads; links to follow are none."""
    text = path.read_text("utf-8")
    if path.suffix == ".css":
        urls = style_urls(text)
    else:
        parser = _Loads()
        parser.feed(text)
        urls = parser.urls
    return [external for url in urls for external in _EXTERNAL.findall(url)]


def loads_in_browser(site: Path, browser: str) -> list[str]:
    """What Chromium was asked to load from elsewhere when it opened all pages of the site.

    The pages are served with a policy that forbids it, and the browser reports each attempt.
    """
    reports: list[str] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, site, reports))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with tempfile.TemporaryDirectory() as profile:
            _open(browser, f"http://127.0.0.1:{server.server_port}/all-pages", profile)
    finally:
        server.shutdown()
        server.server_close()
    return sorted(set(reports))


def _open(browser: str, url: str, profile: str) -> None:
    """Open a page, and wait until its scripts have had ten seconds of the browser's own time."""
    words = "--headless --no-sandbox --disable-gpu --virtual-time-budget=10000 --dump-dom".split()
    subprocess.run(
        [browser, *words, f"--user-data-dir={profile}", url],
        check=True,
        capture_output=True,
        timeout=300,
    )


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the site, a page with all of its pages, and takes the browser's reports."""

    def __init__(self, site: Path, reports: list[str], *args: object) -> None:
        self.site, self.reports = site, reports
        super().__init__(*args, directory=str(site))

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", _POLICY)
        super().end_headers()

    def do_GET(self) -> None:
        if self.path != "/all-pages":
            super().do_GET()
            return
        pages = sorted(str(path.relative_to(self.site)) for path in self.site.rglob("*.html"))
        frames = "".join(f'<iframe src="/{escape(page)}"></iframe>' for page in pages)
        self._answer(200, f"<!doctype html><title>all</title>{frames}".encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        report = json.loads(body)["csp-report"]
        self.reports.append(f"{report['document-uri']}: {report['blocked-uri']}")
        self._answer(204, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Print nothing."""


def _problems(site: Path, *, in_browser: bool) -> Iterator[str]:
    """What the pages load from elsewhere, each with its page."""
    pages = sorted([*site.rglob("*.html"), *site.rglob("*.css")])
    if not pages:
        raise click.UsageError(f"{site} has no pages; `make docs` builds the site")
    for path in pages:
        yield from (f"{path.relative_to(site)}: {url}" for url in external_loads(path))
    if in_browser:
        browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
        if browser is None:
            click.echo("no Chromium: what scripts load was not checked", err=True)
        else:
            yield from loads_in_browser(site, browser)


@click.command(help=__doc__)
@click.argument("site", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--browser", "in_browser", is_flag=True, help="Open the pages in Chromium, too.")
def main(site: Path, in_browser: bool) -> None:
    """Check a site."""
    problems = list(_problems(site, in_browser=in_browser))
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise SystemExit(f"{len(problems)} loads from other servers")
    click.echo(f"{site}: nothing is loaded from elsewhere")


if __name__ == "__main__":
    main()

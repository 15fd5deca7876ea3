"""A local server that sends a file, or fails: it interrupts, redirects, stalls, sends others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from darknet_torch.downloads import published
from darknet_torch.downloads.published import Published

_PATIENCE = 10  # seconds after which a stalled answer ends by itself if a test fails


def publish(monkeypatch: pytest.MonkeyPatch, *entries: Published) -> None:
    """Replace the table of published files by these."""
    names = {name: entry for entry in entries for name in entry.names}
    monkeypatch.setattr(published, "_BY_NAME", names)


class Server(ThreadingHTTPServer):
    """Answers requests for `/<place>/<name>` with the behaviours of that place, one after another.

    Attributes:
        data: the contents of the file.
        places: place -> behaviours, the last of which is repeated.
        requests: (place, Range header) of every request.
        go_on: when set, stalled answers continue.
    """

    daemon_threads = True

    def __init__(self, data: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.data = data
        self.places: dict[str, list[Callable[[Answer], None]]] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.released = threading.Event()

    def mirrors(self, **places: list[Callable[[Answer], None]]) -> str:
        """The value of DTORCH_MIRROR for places with these behaviours."""
        self.places |= places
        return " ".join(f"http://127.0.0.1:{self.server_port}/{place}/" for place in places)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors: clients close the connection early in many tests."""


class Answer(BaseHTTPRequestHandler):
    """The answer to one request."""

    server: Server

    def do_GET(self) -> None:
        place = self.path.split("/")[1]
        self.server.requests.append((place, self.headers["Range"]))
        behaviours = self.server.places[place]
        behaviour = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        behaviour(self)

    def log_message(self, *words: object) -> None:
        """Log nothing."""

    def head(self, status: int = 200, **headers: object) -> None:
        """Send status and headers; underscores in their names stand for hyphens."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def body(self, data: bytes) -> None:
        with suppress(ConnectionError):
            self.wfile.write(data)
            self.wfile.flush()

    @property
    def data(self) -> bytes:
        return self.server.data


def good(answer: Answer, *, tag: str = '"one"', most: int | None = None) -> None:
    """Send the file, or the requested rest of it, but at most `most` bytes."""
    data, wanted = answer.data, answer.headers["Range"]
    headers = {"ETag": tag} if tag.startswith(('"', "W/")) else {"Last_Modified": tag}
    start, status = 0, 200
    if wanted and answer.headers["If-Range"] == tag:
        start, status = int(wanted.removeprefix("bytes=").rstrip("-")), 206
        headers["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
    answer.head(status, Content_Length=len(data) - start, **headers)
    answer.body(data[start:][:most])


def interrupting(most: int, tag: str = '"one"') -> Callable[[Answer], None]:
    """Close the connection after `most` bytes, every time."""
    return lambda answer: good(answer, tag=tag, most=most)


def ignoring_range(answer: Answer) -> None:
    """Send the whole file whatever range is requested."""
    answer.head(Content_Length=len(answer.data), ETag='"one"')
    answer.body(answer.data)


def without_length(answer: Answer) -> None:
    answer.head()
    answer.body(answer.data)


def wrong_range(answer: Answer) -> None:
    """Send a range of the file, but from its start."""
    if not answer.headers["Range"]:
        ignoring_range(answer)
        return
    length = len(answer.data)
    answer.head(206, Content_Range=f"bytes 0-{length - 1}/{length}", Content_Length=length)
    answer.body(answer.data)


def refusing_range(answer: Answer) -> None:
    if answer.headers["Range"]:
        answer.head(416, Content_Length=0)
    else:
        ignoring_range(answer)


def status(code: int) -> Callable[[Answer], None]:
    return lambda answer: answer.head(code, Content_Length=0)


def page(kind: str) -> Callable[[Answer], None]:
    """Send a web page as long as the file, with a given content type."""

    def answer_with(answer: Answer) -> None:
        answer.head(Content_Type=kind, Content_Length=len(answer.data))
        answer.body(b"\n <!DOCTYPE html>".ljust(len(answer.data)))

    return answer_with


def announcing(length: int) -> Callable[[Answer], None]:
    """Send the file with a given Content-Length."""

    def answer_with(answer: Answer) -> None:
        answer.head(Content_Length=length)
        answer.body(answer.data)

    return answer_with


def sending(data: bytes, kind: str, *, length: int | None = None) -> Callable[[Answer], None]:
    """Send other data with a content type, and a Content-Length that may be wrong."""

    def answer_with(answer: Answer) -> None:
        answer.head(Content_Type=kind, Content_Length=len(data) if length is None else length)
        answer.body(data)

    return answer_with


def too_long(answer: Answer) -> None:
    """Send the file and more bytes after it."""
    answer.head()
    answer.body(answer.data + b"more")


def wrong_bytes(answer: Answer) -> None:
    """Send as many other bytes."""
    answer.head(Content_Length=len(answer.data), ETag='"wrong"')
    answer.body(bytes(len(answer.data)))


def redirect(to: str) -> Callable[[Answer], None]:
    return lambda answer: answer.head(302, Location=to, Content_Length=0)


def silent(answer: Answer) -> None:
    """Send no answer at all."""
    answer.server.released.wait(_PATIENCE)


def stalling(answer: Answer) -> None:
    """Send half of the file, and the rest when `released` is set."""
    half = len(answer.data) // 2
    answer.head(Content_Length=len(answer.data), ETag='"one"')
    answer.body(answer.data[:half])
    answer.server.released.wait(_PATIENCE)
    answer.body(answer.data[half:])


def dripping(answer: Answer) -> None:
    """Send a byte every 20 ms."""
    answer.head(Content_Length=len(answer.data))
    for byte in answer.data:
        answer.body(bytes([byte]))
        if answer.server.released.wait(0.02):
            return

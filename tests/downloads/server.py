"""A server on this machine that gives a file, or lies, breaks off, redirects and stalls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from darknet_torch.cfg.zoo import sample_folder
from darknet_torch.downloads import published
from darknet_torch.downloads.published import Published

WEIGHTS = sample_folder() / "toy-shapes.weights"
_PATIENCE = 10  # seconds until a stalled answer ends by itself, should a test fail


def publish(monkeypatch: pytest.MonkeyPatch, *entries: Published) -> None:
    """Make these the published files."""
    names = {name: entry for entry in entries for name in entry.names}
    monkeypatch.setattr(published, "_BY_NAME", names)


class Server(ThreadingHTTPServer):
    """Answers a request for `/<place>/<name>` as the behaviours of the place say, in turn.

    Attributes:
        data: the file.
        places: place -> behaviours, of which the last goes on for ever.
        requests: (place, Range header) of every request.
        go_on: ends what stalls.
    """

    daemon_threads = True

    def __init__(self, data: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.data = data
        self.places: dict[str, list[Callable[[Answer], None]]] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.go_on = threading.Event()

    def mirrors(self, **places: list[Callable[[Answer], None]]) -> str:
        """The value of DTORCH_MIRROR for places that behave so."""
        self.places |= places
        return " ".join(f"http://127.0.0.1:{self.server_port}/{place}/" for place in places)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away in the middle are what this is for."""


class Answer(BaseHTTPRequestHandler):
    """One answer."""

    server: Server

    def do_GET(self) -> None:
        place = self.path.split("/")[1]
        self.server.requests.append((place, self.headers["Range"]))
        behaviours = self.server.places[place]
        behaviour = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        behaviour(self)

    def log_message(self, *words: object) -> None:
        """Nothing."""

    def head(self, status: int = 200, **headers: object) -> None:
        """Status and headers, underscores in their names being hyphens."""
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
    """The file, or the rest of it that is asked for; at most `most` bytes of it."""
    data, wanted = answer.data, answer.headers["Range"]
    headers = {"ETag": tag} if tag.startswith(('"', "W/")) else {"Last_Modified": tag}
    start, status = 0, 200
    if wanted and answer.headers["If-Range"] == tag:
        start, status = int(wanted.removeprefix("bytes=").rstrip("-")), 206
        headers["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
    answer.head(status, Content_Length=len(data) - start, **headers)
    answer.body(data[start:][:most])


def breaking(most: int, tag: str = '"one"') -> Callable[[Answer], None]:
    """Breaks off after `most` bytes, again and again."""
    return lambda answer: good(answer, tag=tag, most=most)


def anew(answer: Answer) -> None:
    """The whole file, whatever is asked for."""
    answer.head(Content_Length=len(answer.data), ETag='"one"')
    answer.body(answer.data)


def without_length(answer: Answer) -> None:
    answer.head()
    answer.body(answer.data)


def another_part(answer: Answer) -> None:
    """A part of the file, but from its start."""
    if not answer.headers["Range"]:
        anew(answer)
        return
    length = len(answer.data)
    answer.head(206, Content_Range=f"bytes 0-{length - 1}/{length}", Content_Length=length)
    answer.body(answer.data)


def no_such_range(answer: Answer) -> None:
    if answer.headers["Range"]:
        answer.head(416, Content_Length=0)
    else:
        anew(answer)


def status(code: int) -> Callable[[Answer], None]:
    return lambda answer: answer.head(code, Content_Length=0)


def page(kind: str) -> Callable[[Answer], None]:
    """A web page as long as the file, said to be of a kind."""

    def answer_with(answer: Answer) -> None:
        answer.head(Content_Type=kind, Content_Length=len(answer.data))
        answer.body(b"\n <!DOCTYPE html>".ljust(len(answer.data)))

    return answer_with


def announcing(length: int) -> Callable[[Answer], None]:
    """The file, said to be of another length."""

    def answer_with(answer: Answer) -> None:
        answer.head(Content_Length=length)
        answer.body(answer.data)

    return answer_with


def endless(answer: Answer) -> None:
    """The file, and more behind it."""
    answer.head()
    answer.body(answer.data + b"more")


def wrong(answer: Answer) -> None:
    """Other bytes, as many."""
    answer.head(Content_Length=len(answer.data), ETag='"wrong"')
    answer.body(bytes(len(answer.data)))


def redirect(to: str) -> Callable[[Answer], None]:
    return lambda answer: answer.head(302, Location=to, Content_Length=0)


def silent(answer: Answer) -> None:
    """No answer at all."""
    answer.server.go_on.wait(_PATIENCE)


def stalling(answer: Answer) -> None:
    """Half of the file, and the rest when `go_on` says so."""
    half = len(answer.data) // 2
    answer.head(Content_Length=len(answer.data), ETag='"one"')
    answer.body(answer.data[:half])
    answer.server.go_on.wait(_PATIENCE)
    answer.body(answer.data[half:])


def dripping(answer: Answer) -> None:
    """A byte now and then."""
    answer.head(Content_Length=len(answer.data))
    for byte in answer.data:
        answer.body(bytes([byte]))
        if answer.server.go_on.wait(0.02):
            return

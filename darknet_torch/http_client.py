"""Requests for files on http and https servers: time-outs, redirects, and why one failed."""

from __future__ import annotations

import base64
import io
import math
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPMessage,
    HTTPResponse,
    HTTPSConnection,
)
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from darknet_torch.printable import shorten
from darknet_torch.text import is_web_url

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 1 << 18
_SLOWEST = 1024  # bytes a second; a slower transfer counts as stalled
_LONGEST_REASON = 200  # characters
_SAFE = "%/:=&?~#+!$,;'@()*[]|"  # characters that stay as the user wrote them


class TransferError(Exception):
    """A URL did not give the file; the message says why.

    Attributes:
        interrupted: the transfer had started, so that it can be resumed.
        status: the status of the server's answer, such as 404; None without an answer.
    """

    def __init__(
        self, reason: str, *, interrupted: bool = False, status: int | None = None
    ) -> None:
        super().__init__(reason)
        self.interrupted = interrupted
        self.status = status


class _TimedReader(io.RawIOBase):
    """The data of a socket, each wait for which ends some seconds after the last `renew`.

    The socket's own timeout begins anew with each byte, so that a server could send the lines
    around the data for ever.
    """

    def __init__(self, data: io.RawIOBase, seconds: float) -> None:
        self._data, self._seconds = data, seconds
        self.renew()

    def renew(self) -> None:
        """Wait for as long again."""
        self._end = time.monotonic() + self._seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        if time.monotonic() > self._end:
            raise TimeoutError("timed out")
        return self._data.readinto(buffer)

    def close(self) -> None:
        self._data.close()
        super().close()


class _Response(HTTPResponse):
    """A response whose head, and whose every chunk, ends within the timeout of the socket."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp.close()
        data = cast(io.RawIOBase, sock.makefile("rb", buffering=0))
        self._reader = _TimedReader(data, sock.gettimeout() or math.inf)
        self.fp = io.BufferedReader(self._reader)

    def read1(self, n: int = -1) -> bytes:
        self._reader.renew()
        return super().read1(n)


class _Connection(HTTPConnection):
    response_class = _Response


class _EncryptedConnection(HTTPSConnection):
    response_class = _Response


class _HTTPHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_Connection, req)


class _HTTPSHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_EncryptedConnection, req)  # checks certificates, as by default


class _WebRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https alone, and from https to https alone.

    urllib would follow those to ftp, too, and would leave an encrypted connection for a plain one.
    """

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request to follow; see `urllib.request.HTTPRedirectHandler`.

        Raises:
            TransferError: it leads to another scheme, or from https to http.
        """
        fp.close()  # urllib would read the redirect's content, however long
        if not is_web_url(newurl):
            what = f"a redirect to {_one_line(newurl)}, which is not an http or https URL"
            raise TransferError(what)
        if _is_encrypted(req.full_url) and not _is_encrypted(newurl):
            what = f"a redirect from https to {_one_line(newurl)}, which is not encrypted"
            raise TransferError(what)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def open_url(
    url: str, *, timeout: float, headers: Mapping[str, str] | None = None
) -> HTTPResponse:
    """Request a file, and follow redirects to other http and https URLs; from https to https only.

    Args:
        url: of the file; ``user:password@`` before the host is sent as basic authentication.
        timeout: seconds to wait for an answer.
        headers: further headers of the request.

    Returns:
        The response, whose data has not been read.

    Raises:
        TransferError: it is no such URL, the server cannot be reached, or it refuses.
    """
    if not is_web_url(url):
        raise TransferError("not an http or https URL")
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _HTTPHandler(),
        _HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _WebRedirects(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    try:
        response = opener.open(_request(url, headers or {}), timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        raise TransferError(_one_line(f"{error.code} {error.reason}"), status=error.code) from None
    except (OSError, HTTPException, ValueError) as error:
        raise TransferError(_failure_reason(error, timeout)) from None
    assert isinstance(response, HTTPResponse), "there are no other handlers"
    return response


def _is_encrypted(url: str) -> bool:
    """Whether the transfer from a web URL is encrypted, by TLS with a checked certificate."""
    return url.partition("://")[0].lower() == "https"


def _request(url: str, headers: Mapping[str, str]) -> urllib.request.Request:
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    path, query = (quote(part, safe=_SAFE) for part in (parts.path, parts.query))
    plain = urlunsplit((parts.scheme.lower(), host, path, query, ""))
    # Some servers refuse urllib's own name.
    request = urllib.request.Request(plain, headers={"User-Agent": "darknet_torch", **headers})
    if login:
        token = base64.b64encode(unquote(login).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _failure_reason(error: Exception, timeout: float) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return f"no answer within {timeout:g} s"
    return f"cannot be reached ({_one_line(cause)})"


def _one_line(reason: object) -> str:
    """Return a reason, which urllib or the server may have given at length, as one short line."""
    return shorten(" ".join(str(reason).split()), _LONGEST_REASON)


def chunks(
    response: HTTPResponse, timeout: float, *, longest: float = math.inf
) -> Iterator[bytes]:
    """Yield the data of a response as it arrives, until it ends or stalls.

    Args:
        response: from `open_url`.
        timeout: seconds almost without data after which to give up.
        longest: seconds after which to give up whatever comes.

    Raises:
        TransferError: the connection broke, almost no data came, or it took too long.
    """
    start = since = time.monotonic()
    received = 0
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except (OSError, HTTPException) as error:
            stalled = isinstance(error, TimeoutError)
            what = f"no data for {timeout:g} s" if stalled else f"interrupted ({_one_line(error)})"
            raise TransferError(what, interrupted=True) from None
        if not chunk:
            return
        yield chunk
        received += len(chunk)
        now = time.monotonic()
        if now - start > longest:
            raise TransferError(f"not all of it within {longest:g} s", interrupted=True)
        if now - since > timeout:
            if received < _SLOWEST * timeout:
                raise TransferError(
                    f"stalled: {received} bytes in {now - since:.0f} s", interrupted=True
                )
            since, received = now, 0

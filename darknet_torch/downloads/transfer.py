"""One file from one URL: resumed where it broke off, given up when nothing comes."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from darknet_torch.downloads.part import Part

_CHUNK = 1 << 18
_SLOWEST = 1024  # bytes a second; what comes slower stands still
_PAGE = b"<"  # what web pages start with; a weight file that does would be of version 60

_OK, _PARTIAL, _UNSATISFIABLE = 200, 206, 416

Advance = Callable[[int], object]


class TransferError(Exception):
    """Why a URL did not give the file.

    Attributes:
        broke_off: it began to; the rest may come another time.
    """

    def __init__(self, reason: str, *, broke_off: bool = False) -> None:
        super().__init__(reason)
        self.broke_off = broke_off


def transfer(
    url: str, part: Part, *, sizes: Collection[int], timeout: float, advance: Advance
) -> None:
    """Bring `part` to the whole length of the file at `url`.

    Goes on where the part ends if it came from there and the server says that the file is
    still the same, else starts anew.

    Args:
        sizes: the lengths that the file may have, bytes.
        timeout: seconds without an answer, or with hardly any bytes, after which to give up.
        advance: called with the number of bytes that are there, again and again.

    Raises:
        TransferError: the file did not come.
        OSError, UsageError: the part cannot be written.
    """
    validator = part.validator(url)
    offset = part.length if validator else 0
    response = _open(url, offset, validator, timeout)
    if response.status == _PARTIAL and _content_range(response)[0] != offset:
        response.close()  # another part than asked for: take all of it
        response = _open(url, 0, "", timeout)
    with response:
        resumed = offset > 0 and response.status == _PARTIAL
        _check(response, resumed, sizes)
        if not resumed:
            part.begin(url, _validator(response))
        _receive(response, part.path, sizes=sizes, timeout=timeout, advance=advance)


def _open(url: str, offset: int, validator: str, timeout: float) -> HTTPResponse:
    """The answer to a request for the file, from `offset` on if it is still the same."""
    headers = {"User-Agent": "darknet_torch"}  # some refuse Python's own
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": validator}
    try:
        request = urllib.request.Request(url, headers=headers)
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == _UNSATISFIABLE and offset:
                return _open(url, 0, "", timeout)
            # Of a redirect that leads in a circle urllib tells in several lines.
            raise TransferError(" ".join(f"{error.code} {error.reason}".split())) from None
    except (OSError, HTTPException, ValueError) as error:
        raise TransferError(_reason(error, timeout)) from None
    if not isinstance(response, HTTPResponse):
        response.close()
        raise TransferError("no http and no https")
    return response


def _reason(error: Exception, timeout: float) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return f"no answer within {timeout:g} s"
    return f"cannot be reached ({cause})"


def _content_range(response: HTTPResponse) -> tuple[int | None, int | None]:
    """First byte and length of the whole file, where the answer says so."""
    said = re.match(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if said is None:
        return None, None
    return int(said[1]), None if said[2] == "*" else int(said[2])


def _check(response: HTTPResponse, resumed: bool, sizes: Collection[int]) -> None:
    """Refuse an answer that says itself that it is not the file."""
    kind = response.headers.get_content_type()
    if kind == "text/html":
        raise TransferError(f"a web page ({kind}), not the file")
    if response.status != (_PARTIAL if resumed else _OK):
        raise TransferError(f"{response.status} {response.reason}")
    length = _content_range(response)[1] if resumed else response.length
    if length is not None and length not in sizes:
        raise TransferError(f"another file: expected {_either(sizes)} bytes, announced {length}")


def _either(sizes: Collection[int]) -> str:
    return " or ".join(str(size) for size in sizes)


def _validator(response: HTTPResponse) -> str:
    """What to send as If-Range: a strong ETag, else the date. Source: RFC 9110, 13.1.5."""
    tag: str = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def _receive(
    response: HTTPResponse,
    path: Path,
    *,
    sizes: Collection[int],
    timeout: float,
    advance: Advance,
) -> None:
    """Append what comes to the part, up to the length of the file."""
    with path.open("ab") as file:
        have = file.tell()
        advance(have)
        for chunk in _chunks(response, timeout):
            if not have and chunk.lstrip().startswith(_PAGE):
                raise TransferError("a web page, not the file")
            file.write(chunk)
            have += len(chunk)
            advance(have)
            if have > max(sizes):
                raise TransferError(f"another file: longer than {max(sizes)} bytes")
    if have not in sizes:
        raise TransferError(
            f"broke off: expected {_either(sizes)} bytes, got {have}", broke_off=True
        )


def _chunks(response: HTTPResponse, timeout: float) -> Iterator[bytes]:
    """The bytes of an answer as they come, until they end or hardly come any more."""
    since, few = time.monotonic(), 0
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except (OSError, HTTPException) as error:
            stalled = isinstance(error, TimeoutError)
            what = f"no bytes for {timeout:g} s" if stalled else f"broke off ({error})"
            raise TransferError(what, broke_off=True) from None
        if not chunk:
            return
        yield chunk
        few += len(chunk)
        now = time.monotonic()
        if now - since > timeout:
            if few < _SLOWEST * timeout:
                raise TransferError(
                    f"stands still: {few} bytes in {now - since:.0f} s", broke_off=True
                )
            since, few = now, 0

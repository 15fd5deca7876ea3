"""Pictures on http and https servers. No torch."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from darknet_torch.errors import ImageError
from darknet_torch.http_client import TransferError, chunks, open_url

TIMEOUT = 30.0  # seconds without an answer, or almost without data
LONGEST = 600.0  # seconds for the whole picture
MAX_BYTES = 2**28  # of a picture from a server: 256 MiB
_LONGEST_TYPE = 100  # characters of it in a message
_FIRST = 32  # bytes that show what a file is
_NO_PICTURE = ("video", "audio", "multipart")  # the last is how cameras send MJPEG
_PAGE = "text/html"
_UNAUTHORIZED = 401
# JPEG, PNG, GIF, BMP, TIFF, WebP, JPEG 2000, AVIF, PNM, PAM, PFM, Radiance, Sun raster.
_PICTURE_START = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n|GIF8[79]a|BM.{4}\0\0\0\0|II\*\0|MM\0\*|RIFF.{4}WEBP"
    rb"|.{4}jP  \r\n\x87\n|.{4}ftyp(?:avif|avis|mif1)|P[1-7Ff]\s|#\?RADIANCE|#\?RGBE"
    rb"|\x59\xa6\x6a\x95",
    re.DOTALL,
)


@dataclass(frozen=True)
class WebFile:
    """What a server sent for a URL.

    Attributes:
        content_type: as the server says it, such as "image/jpeg".
        picture: the whole content; None if it is not a picture, and then it was not read.
    """

    content_type: str
    picture: bytes | None


def fetch_picture(url: str, *, timeout: float = TIMEOUT) -> bytes:
    """Fetch a picture file.

    Args:
        url: its http or https URL.
        timeout: seconds without an answer, or almost without data, after which to give up.

    Returns:
        The content of the file, at most `MAX_BYTES`; not decoded.

    Raises:
        ImageError: it cannot be fetched, is not a picture, is too large or arrived in part.
    """
    found = fetch_if_picture(url, timeout=timeout)
    if found.picture is None:
        raise ImageError(
            "not a picture",
            where=url,
            expected="a picture file",
            got=found.content_type[:_LONGEST_TYPE],
        )
    return found.picture


def fetch_if_picture(url: str, *, timeout: float = TIMEOUT) -> WebFile:
    """Request a file, and read it if its type or its first bytes are those of a picture.

    Args:
        url, timeout: see `fetch_picture`.

    Raises:
        ImageError: it cannot be fetched; it is a web page; or it is a picture that is too large
            or arrived in part.
    """
    try:
        with open_url(url, timeout=timeout) as response:
            kind = response.headers.get_content_type()
            if not _may_be_picture(kind):
                return WebFile(kind, None)
            length, data = response.length, chunks(response, timeout, longest=LONGEST)
            start = _read_start(data)
            if is_picture(kind, start):
                return WebFile(kind, _read_whole(url, start, data, length))
            if kind == _PAGE:
                raise ImageError(
                    "a web page, not a picture",
                    where=url,
                    fix="give the URL of a picture",
                )
            return WebFile(kind, None)
    except TransferError as error:
        if error.status == _UNAUTHORIZED and "@" in url:
            return WebFile("unknown", None)  # OpenCV knows further kinds of authentication
        raise ImageError(str(error), where=url, expected="a picture file") from None


def is_picture(content_type: str, start: bytes) -> bool:
    """Whether a file is a picture, by its type or else by its first bytes.

    Args:
        content_type: as the server says it; some say "application/octet-stream" of everything.
        start: the first 32 bytes of the file, or all that it has.
    """
    if content_type.partition("/")[0] == "image":
        return True
    return _may_be_picture(content_type) and _PICTURE_START.match(start) is not None


def _may_be_picture(content_type: str) -> bool:
    return content_type.partition("/")[0] not in _NO_PICTURE


def _read_start(data: Iterator[bytes]) -> bytes:
    start = b""
    for chunk in data:
        start += chunk
        if len(start) >= _FIRST:
            break
    return start


def _read_whole(url: str, start: bytes, data: Iterator[bytes], length: int | None) -> bytes:
    if length is not None and length > MAX_BYTES:
        raise _too_large(url, f"{length} bytes")
    content = bytearray()
    for chunk in itertools.chain((start,), data):
        content += chunk
        if len(content) > MAX_BYTES:
            raise _too_large(url, "more")
    if length is not None and len(content) < length:
        raise ImageError(
            "the transfer was interrupted",
            where=url,
            expected=f"{length} bytes",
            got=len(content),
            fix="try again",
        )
    return bytes(content)


def _too_large(url: str, got: str) -> ImageError:
    return ImageError(
        "the picture is too large", where=url, expected=f"at most {MAX_BYTES} bytes", got=got
    )

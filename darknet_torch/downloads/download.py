"""Published weight files to this machine: each place in turn, until one gives the file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from darknet_torch.downloads import TIMEOUT
from darknet_torch.downloads.finding import cache_folder
from darknet_torch.downloads.part import Part
from darknet_torch.downloads.published import MIRROR, Published, find_published
from darknet_torch.downloads.transfer import Advance, TransferError, transfer
from darknet_torch.errors import DownloadError, UsageError
from darknet_torch.files import atomic_write

_RESUMES = 10  # how often one place may break off and go on
_BLOCK = 1 << 20
_VERSION, _HEADER = 12, 20  # bytes of a weight file's version, and with `seen` behind it

Say = Callable[[str], object]


def download(
    name: str,
    folder: str | os.PathLike[str] | None = None,
    *,
    force: bool = False,
    timeout: float = TIMEOUT,
    say: Say = lambda text: None,
    advance: Advance = lambda count: None,
) -> Path:
    """Fetch a published weight file, unless it is there already.

    A file that broke off is resumed. What comes is compared with the published length and,
    where one is known, with its digest, before it takes its place.

    Args:
        name: such as "yolov3", "yolov3.weights" or "darknet53.conv.74".
        folder: where to put it; the cache by default, where its name is enough to load it.
        force: fetch it even so.
        timeout: seconds after which a place that gives nothing is given up.
        say: called with a line on what is going on.
        advance: called with the number of bytes that are there, again and again.

    Returns:
        The file.

    Raises:
        UsageError: there is none of that name, or the folder cannot be written.
        DownloadError: no place gave it.
    """
    published = find_published(name)
    target = (cache_folder() if folder is None else Path(folder)) / published.name
    try:
        if not force and _there(target, published, say):  # the folder may be read-only
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target, say) as waited:
            if waited and _there(target, published, say):
                return target
            if published.part_of:
                whole = download(
                    published.part_of, target.parent, timeout=timeout, say=say, advance=advance
                )
                _cut(whole, target, published)
            else:
                _fetch(published, target, timeout, say, advance)
    except OSError as error:
        raise UsageError(
            f"cannot be written ({error.strerror or error})", where=error.filename or target
        ) from None
    return target


def _there(target: Path, published: Published, say: Say) -> bool:
    """Whether the file is at `target` already; says why one that is there is not it."""
    wrong = fault(target, published) if target.is_file() else ""
    if wrong:
        say(f"{target}: {wrong}; fetching it anew")
    return wrong is None


def fault(path: Path, published: Published) -> str | None:
    """Why a file is not the published one; None if it is, as far as is known."""
    length = path.stat().st_size
    if length not in published.sizes:
        return f"wrong length: expected {published.size} bytes, got {length}"
    kinds = {digest.partition(":")[0] for digest in published.digests}
    found = {f"{kind}:{_digest(path, kind)}" for kind in sorted(kinds)}
    if kinds and found.isdisjoint(published.digests):
        return f"wrong digest: expected {published.digests[0]}, got {', '.join(sorted(found))}"
    return None


def _digest(path: Path, kind: str) -> str:
    digest = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _alone(target: Path, say: Say) -> Iterator[bool]:
    """Keep other processes from fetching the same file meanwhile; whether one was at it."""
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    waited = False
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"{target}: another process is fetching it; waiting")
        waited = True
        lock.acquire()
    try:
        yield waited
    finally:
        lock.release()


def _cut(whole: Path, target: Path, published: Published) -> None:
    """The first layers of a weight file, as if never trained.

    Source: darknet.c partial (AlexeyAB).
    """
    shorter = find_published(whole.name).size - whole.stat().st_size
    header = _HEADER - shorter
    with whole.open("rb") as source, atomic_write(target) as file:
        file.write(source.read(_VERSION).ljust(header, b"\0"))
        source.seek(header)
        file.write(source.read(published.size - _HEADER))


def _fetch(published: Published, target: Path, timeout: float, say: Say, advance: Advance) -> None:
    """Put the file at `target`, from the first place that gives it.

    Raises:
        DownloadError: none does.
        OSError, UsageError: it cannot be written.
    """
    part, reasons = Part.of(target), []
    if part.length and fault(part.path, published) is None:  # interrupted before the end
        part.finish(target)
        return
    for url in published.urls():
        say(f"fetching {url}")
        try:
            _fetch_from(url, part, published, timeout, advance)
            part.finish(target)
            return
        except TransferError as error:
            reasons.append(f"{url}: {error}")
            say(reasons[-1])
    raise DownloadError(
        "no place gives this file"
        + "".join(f"\n  {reason}" for reason in reasons)
        + f"\n  fetch it elsewhere and put the file at {target}, or name a mirror in {MIRROR}",
        where=published.name,
    )


def _fetch_from(
    url: str, part: Part, published: Published, timeout: float, advance: Advance
) -> None:
    """Bring `part` to the whole file from one place, which may break off and go on."""
    for left in reversed(range(_RESUMES)):
        before = part.length
        try:
            transfer(url, part, sizes=published.sizes, timeout=timeout, advance=advance)
            break
        except TransferError as error:
            goes_on = error.broke_off and part.length > before
            if not (left and goes_on):
                raise
    wrong = fault(part.path, published)
    if wrong is not None:
        part.drop()
        raise TransferError(wrong)

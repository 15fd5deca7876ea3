"""Where downloaded weight files are kept, and which file a name stands for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from darknet_torch.cfg.zoo import companion, definitions_folder
from darknet_torch.downloads.published import Published, nearest_name, published_by_name
from darknet_torch.errors import UsageError, WeightsError

CACHE = "DTORCH_CACHE"
_FOLDER = "darknet_torch"


def cache_folder() -> Path:
    """The folder of downloaded files: DTORCH_CACHE, or a folder in the user's cache.

    Raises:
        UsageError: the user has no home folder.
    """
    given = os.environ.get(CACHE)
    return Path(given) if given else _user_cache() / _FOLDER


def _user_cache() -> Path:
    try:
        if sys.platform == "win32":
            local = os.environ.get("LOCALAPPDATA")
            return Path(local) if local else Path.home() / "AppData" / "Local"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches"
        given = Path(os.environ.get("XDG_CACHE_HOME", ""))
        # The XDG specification says to ignore relative paths.
        return given if given.is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        raise UsageError("there is no home folder", fix=f"set {CACHE} to a folder") from None


def downloaded(published: Published) -> Path | None:
    """The path of a published file in the cache; None if it was not downloaded."""
    path = cache_folder() / published.name
    return path if path.is_file() else None


def find_weights(weights: str | os.PathLike[str]) -> Path:
    """The path of a weight file.

    Args:
        weights: a path, or the name of a downloaded file such as "yolov3". A file comes first.

    Raises:
        WeightsError: it is the name of a published file that was not downloaded, or there is
            no such file and the name is similar to that of a published one.
    """
    path = Path(weights)
    if (path.exists() and not path.is_dir()) or path.name != os.fspath(weights):
        return path
    published = published_by_name(path.name)
    if published is None:
        close = None if path.exists() else nearest_name(path.name)
        if close is None:
            return path
        raise WeightsError("no such weight file", where=path, fix=f"did you mean {close!r}?")
    found = downloaded(published)
    if found is None:
        raise WeightsError(
            "no such weight file, and the published one of that name is not downloaded",
            where=path,
            fix=f"to fetch it: {_how_to_fetch(published)}",
        )
    return found


def _how_to_fetch(published: Published) -> str:
    """What to do with a network, and without one."""
    name, target = published.names[0], cache_folder() / published.name
    return f"dtorch download {name}; without a network put the file at {target}"


def default_weights(cfg: Path) -> Path:
    """The weight file to use with a cfg if the user gives none.

    That is the file of the same name next to the cfg. For a shipped definition it may also be
    the published file, if it was downloaded.

    Raises:
        UsageError: there is no such file.
    """
    beside = companion(cfg, ".weights")
    if beside.exists():
        return beside
    published = published_by_name(cfg.stem) if cfg.parent == definitions_folder() else None
    found = downloaded(published) if published else None
    if found is not None:
        return found
    raise UsageError(
        "no weights",
        expected="--weights FILE",
        got=f"no --weights, and no {beside}",
        fix=f"to fetch the published ones: {_how_to_fetch(published)}" if published else None,
    )

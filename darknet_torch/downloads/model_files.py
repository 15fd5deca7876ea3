"""The files of a model, found by the paths and names that a user gives. No torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cfg.zoo import companion, definitions_folder, find_cfg
from darknet_torch.downloads.finding import cache_folder, downloaded
from darknet_torch.downloads.published import Published, nearest_name, published_by_name
from darknet_torch.errors import UsageError, WeightsError
from darknet_torch.text import is_file, is_folder, path_exists

StrPath = str | os.PathLike[str]


@dataclass(frozen=True)
class ModelFiles:
    """The files of a model.

    Attributes:
        cfg: the cfg file, which exists.
        weights: the weight file; None for a model without one. It exists if it was found by a
            name or by default; a path that the user gave is not checked.
    """

    cfg: Path
    weights: Path | None = None

    def companion(self, suffix: str) -> Path:
        """Return the path of the file next to the cfg with its name and another suffix."""
        return companion(self.cfg, suffix)


def resolve_model(
    cfg: StrPath | None, weights: StrPath | None = None, *, default_weights: bool = False
) -> ModelFiles:
    """Find the files of a model.

    Args:
        cfg: path of a cfg, or the name of a shipped one, such as "yolov3". None: the cfg of
            the same name next to the weights.
        weights: path of a weight file, or the name of a downloaded one, such as "yolov3".
        default_weights: without weights, take those of the same name next to the cfg; of a
            shipped definition also the published ones, if they were downloaded.

    Raises:
        CfgError: there is no such cfg.
        WeightsError: `weights` is the name of a published file that was not downloaded, or is
            not a file but similar to such a name; or there is no file to find a cfg for.
        UsageError: there is no cfg next to the weights, or there are no default weights.
    """
    if cfg is None:
        if weights is None:
            raise UsageError("no network", expected="a cfg or a weight file", got="neither")
        found = resolve_weights(weights)
        return ModelFiles(_cfg_of(found), found)
    path = find_cfg(cfg)
    if weights is not None:
        return ModelFiles(path, resolve_weights(weights))
    return ModelFiles(path, _default_weights(path) if default_weights else None)


def resolve_weights(weights: StrPath) -> Path:
    """Find a weight file by its path, or by the name of a downloaded one; see `resolve_model`.

    Raises:
        WeightsError: as `resolve_model`.
    """
    path = Path(weights)
    if (path_exists(path) and not is_folder(path)) or path.name != os.fspath(weights):
        return path
    published = published_by_name(path.name)
    if published is None:
        close = None if path_exists(path) else nearest_name(path.name)
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


def _cfg_of(weights: Path) -> Path:
    """Return the cfg of the same name next to the weights."""
    if not is_file(weights):
        what = "is a folder" if is_folder(weights) else "no such file"
        raise WeightsError(what, where=weights, expected="a weight file or a checkpoint")
    cfg = companion(weights, ".cfg")
    if not path_exists(cfg):
        raise UsageError(
            "does not say which network it belongs to",
            where=weights,
            expected=f"--cfg CFG, or {cfg.name} next to it",
        )
    return cfg


def _default_weights(cfg: Path) -> Path:
    """Return the weight file of a cfg for which none is given."""
    neighbour = companion(cfg, ".weights")
    if path_exists(neighbour):
        return neighbour
    published = published_by_name(cfg.stem) if cfg.parent == definitions_folder() else None
    found = downloaded(published) if published else None
    if found is not None:
        return found
    raise UsageError(
        "no weights",
        expected="--weights FILE",
        got=f"no --weights, and no {neighbour}",
        fix=f"to fetch the published ones: {_how_to_fetch(published)}" if published else None,
    )


def _how_to_fetch(published: Published) -> str:
    """Return how to get a published file with a network, and without one."""
    name, target = published.names[0], cache_folder() / published.name
    return f"dtorch download {name}; without a network put the file at {target}"

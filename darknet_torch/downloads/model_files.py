"""The files of a model, found by the paths and names that a user gives. No torch."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from darknet_torch.cfg.model_names import (
    ModelFileKind,
    contains_cfg,
    graph_kind,
    kind_of,
    model_stems,
)
from darknet_torch.cfg.zoo import companion, definitions_folder, find_cfg
from darknet_torch.downloads.finding import cache_folder, downloaded
from darknet_torch.downloads.model_search import (
    Mismatch,
    find_cfg_of,
    find_model_of,
    find_weights_of,
    similar_model_file,
    weights_in_folder,
)
from darknet_torch.downloads.published import Published, nearest_name, published_by_name
from darknet_torch.errors import CfgError, UsageError, WeightsError
from darknet_torch.text import is_file, is_folder, path_exists

StrPath = str | os.PathLike[str]


class NoWeightsError(UsageError):
    """No weights were given, and none were found by the name of the cfg."""


@dataclass(frozen=True)
class ModelFiles:
    """The files of a model.

    Attributes:
        cfg: the cfg file, which exists; None for the one inside `weights`.
        weights: the weight file; None for a model without one. It exists if it was found by a
            name or by default; a path that the user gave is not checked.
        taken: what was found by the name of another file, for messages, such as
            "cfg yolov4-tiny (shipped)".
    """

    cfg: Path | None
    weights: Path | None = None
    taken: tuple[str, ...] = field(default=(), compare=False)

    def companion(self, suffix: str) -> Path:
        """Return the path of the model's file with another suffix.

        It lies next to the cfg and has its name. Where the cfg is inside the weights, it lies
        next to these and has their name without what trainings add to it.
        """
        if self.cfg is not None:
            return companion(self.cfg, suffix)
        assert self.weights is not None, "there is a cfg or there are weights"
        return self.weights.with_name(f"{model_stems(self.weights)[-1]}{suffix}")


def resolve_model(
    cfg: StrPath | None,
    weights: StrPath | None = None,
    *,
    names: StrPath | None = None,
    default_weights: bool = False,
    mismatch: Mismatch | None = None,
) -> ModelFiles:
    """Find the files of a model.

    The cfg of a weight file is the one inside it (.pt, .safetensors); else the one next to it
    that has its name, where ``_best``, ``_last``, ``_final``, ``_1000`` and the like may be left
    out; else one of that name in the folders of its project or of the working folder (``cfg``,
    ``data``, ``backup``, ``weights``); else the shipped definition of that name. Where there are
    several, those that the length of the weight file does not fit are left out.

    Args:
        cfg: path of a cfg, or the name of a shipped one, such as "yolov3". A file of weights in
            its place stands for `weights`. None: found by the name of the weights.
        weights: path of a weight file, or the name of a downloaded one, such as "yolov3".
        names: a .names or .data file, by whose name the others are found if neither is given.
        default_weights: without weights, take those of the same name next to the cfg, else the
            only ones that a training of it left there; of a shipped definition also the
            published ones, if they were downloaded.
        mismatch: says why a weight file does not fit a cfg; without it every file fits.

    Raises:
        CfgError: there is no such cfg, or it is a folder.
        WeightsError: `weights` is the name of a published file that was not downloaded, or is
            not a file but similar to such a name; or there is no file to find a cfg for.
        NoWeightsError: no weights are found.
        UsageError: no cfg is found; or several files are found that fit.
    """
    if cfg is not None and weights is None and _is_weights(Path(cfg)):
        cfg, weights = None, cfg
    if cfg is None and weights is None and names is not None:
        return _resolve_by_names(Path(names), default_weights=default_weights, mismatch=mismatch)
    if cfg is None:
        if weights is None:
            raise UsageError("no network", expected="a cfg or a weight file", got="neither")
        return _with_cfg(resolve_weights(weights), mismatch)
    if is_folder(cfg):
        fix = weights_in_folder(Path(cfg))
        raise CfgError("is a folder", where=cfg, expected="a cfg or a weight file", fix=fix)
    path = find_cfg(cfg)
    if weights is not None:
        return ModelFiles(path, resolve_weights(weights))
    return _with_weights(path, mismatch) if default_weights else ModelFiles(path)


def _is_weights(path: Path) -> bool:
    kind = kind_of(path)
    return kind is ModelFileKind.WEIGHTS or (kind is None and contains_cfg(path))


def resolve_weights(weights: StrPath) -> Path:
    """Find a weight file by its path, or by the name of a downloaded one; see `resolve_model`.

    Raises:
        WeightsError: as `resolve_model`.
        UsageError: it is a graph, by its suffix.
    """
    path = Path(weights)
    kind = graph_kind(path)
    if kind is not None:
        raise UsageError(
            f"{kind} graphs can be written, not read",
            where=path,
            expected="a weight file or a state_dict",
            fix="give the .weights, .pt or .safetensors file that the graph was made from; "
            "docs/conversion.md and examples/detect_onnx.py show how to run a graph itself",
        )
    if path_exists(path) and not is_folder(path):
        return path
    is_name = path.name == os.fspath(weights)
    published = published_by_name(path.name) if is_name else None
    if published is None:
        close = None if path_exists(path) else _nearest_weights(path, is_name=is_name)
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


def _nearest_weights(path: Path, *, is_name: bool) -> str | None:
    """The file in the same folder, or the published one, that a misspelt path stands for."""
    similar = similar_model_file(path)
    if similar is not None and kind_of(similar) is ModelFileKind.WEIGHTS:
        return str(similar)
    return nearest_name(path.name) if is_name else None


def _resolve_by_names(
    names: Path, *, default_weights: bool, mismatch: Mismatch | None
) -> ModelFiles:
    """The files of a model of which only the names, or the .data file, are given."""
    cfg, weights = find_model_of(names)
    if cfg is None:
        assert weights is not None
        found = _with_cfg(weights.path, mismatch)
        return ModelFiles(found.cfg, found.weights, (f"weights {weights}", *found.taken))
    if not default_weights:
        return ModelFiles(cfg.path, taken=(f"cfg {cfg}",))
    found = _with_weights(cfg.path, mismatch)
    taken = found.taken or (f"weights {found.weights}",)
    return ModelFiles(found.cfg, found.weights, (f"cfg {cfg}", *taken))


def _with_cfg(weights: Path, mismatch: Mismatch | None) -> ModelFiles:
    """The files of a model of which only the weights are given."""
    if not is_file(weights):
        what = "is a folder" if is_folder(weights) else "no such file"
        fix = weights_in_folder(weights)
        raise WeightsError(what, where=weights, expected="a weight file or a checkpoint", fix=fix)
    if contains_cfg(weights):
        return ModelFiles(None, weights)
    cfg = find_cfg_of(weights, mismatch)
    return ModelFiles(cfg.path, weights, (f"cfg {cfg}",))


def _with_weights(cfg: Path, mismatch: Mismatch | None) -> ModelFiles:
    """The files of a model of which only the cfg is given."""
    neighbour = companion(cfg, ".weights")
    if path_exists(neighbour):
        return ModelFiles(cfg, neighbour)
    near = find_weights_of(cfg, mismatch)
    if near is not None:
        return ModelFiles(cfg, near.path, (f"weights {near}",))
    is_shipped = cfg.parent == definitions_folder()
    published = published_by_name(cfg.stem) if is_shipped else None
    found = downloaded(published) if published else None
    if found is not None:
        return ModelFiles(cfg, found)
    raise NoWeightsError(
        "no weights",
        expected="--weights FILE",
        got=f"no --weights, and no {neighbour.name if is_shipped else neighbour}",
        fix=f"to fetch the published ones: {_how_to_fetch(published)}" if published else None,
    )


def _how_to_fetch(published: Published) -> str:
    """Return how to get a published file with a network, and without one."""
    name, target = published.names[0], cache_folder() / published.name
    return f"dtorch download {name}; without a network put the file at {target}"

"""The search for a model's files by the name of one of them. No torch."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cfg.model_names import (
    ModelFileKind,
    can_run,
    contains_cfg,
    is_put_aside,
    kind_of,
    model_stems,
)
from darknet_torch.cfg.zoo import definitions_folder, read_names, resolve_names, shipped
from darknet_torch.downloads.published import published_by_name, published_of_size
from darknet_torch.errors import NamesError, UsageError, warn
from darknet_torch.text import is_file, is_folder, similar_file

# Says why a weight file does not fit a cfg; None if it does. Only torch knows, so it is given.
Mismatch = Callable[[Path, Path], str | None]
_KNOWN_CLASSES = {80: "coco", 20: "voc"}  # classes and their shipped names
# The folders of a Darknet project, as both Darknets and their READMEs name them.
_PROJECT_FOLDERS = ("cfg", "data", "backup", "weights")
_MOST_NAMED = 8  # weights of a folder in an error
_MOST_TRIED = 20  # cfg files of a folder that an error may suggest


@dataclass(frozen=True)
class Candidate:
    """A file that a name leads to.

    Attributes:
        path: it exists.
    """

    path: Path

    @property
    def is_shipped(self) -> bool:
        """Whether it is a shipped definition or list of names."""
        return self.path.parent == definitions_folder()

    def __str__(self) -> str:
        return f"{self.path.stem} (shipped)" if self.is_shipped else str(self.path)


def find_cfg_of(weights: Path, mismatch: Mismatch | None = None) -> Candidate:
    """Find the cfg of a weight file by its name, and its length where names leave a choice.

    It is looked for next to the file, then in the folders of the project, as `_around` lists
    them, then among the shipped definitions.

    Args:
        weights: the file, which exists.
        mismatch: says why a weight file does not fit a cfg; without it every file fits.

    Raises:
        UsageError: there is none, or there are several that differ and fit.
        WeightsError: it is no weight file.
    """
    own, known = _groups([weights], ".cfg"), _shipped_cfgs(weights)
    first = [candidate for group in own for candidate in group]
    if len(first) == 1 and not known:
        return first[0]  # loading says more about a file that does not fit
    reasons: dict[Candidate, str | None] = {}
    for group in (*own, known):
        reasons |= {one: mismatch(one.path, weights) if mismatch else None for one in group}
        fitting = [candidate for candidate in group if reasons[candidate] is None]
        if fitting:
            return _only(fitting, weights, "--cfg")
    if reasons:
        raise _mismatch_error(weights, reasons, _suggest_cfg(weights, mismatch))
    raise UsageError(
        "does not say which network it belongs to",
        where=weights,
        expected=f"--cfg CFG, or {_alternatives(weights, '.cfg')}",
        fix=_suggest_cfg(weights, mismatch),
    )


def find_weights_of(cfg: Path, mismatch: Mismatch | None = None) -> Candidate | None:
    """Find the only weights that a training of a cfg left next to it; None without any.

    Where there are none, the folders of the project are searched. For a shipped definition the
    working folder is searched as if the cfg lay there, too.

    Raises:
        UsageError: there are several that differ and fit.
    """
    is_shipped = Candidate(cfg).is_shipped
    folders = [cfg.parent, Path()] if is_shipped else [cfg.parent]
    found = _weights_in(folders, cfg.stem) or _weights_in(_around(folders[-1]), cfg.stem)
    if mismatch is not None and (is_shipped or len(found) > 1):
        fitting = [one for one in found if _fits(cfg, one.path, mismatch)]
        # Weights of a shipped name are often of a training with other classes.
        found = fitting if is_shipped else fitting or found
    return _only(found, cfg, "--weights") if found else None


def _fits(cfg: Path, weights: Path, mismatch: Mismatch) -> bool:
    return contains_cfg(weights) or mismatch(cfg, weights) is None


def find_model_of(names: Path) -> tuple[Candidate | None, Candidate | None]:
    """Find the cfg, or else the weights, of a .names or .data file by its name.

    Each is looked for next to the file, then in the folders of the project.

    Returns:
        The cfg and the weights, one of which is None.

    Raises:
        UsageError: there is neither, or there are several.
    """
    stem = model_stems(names)[-1]
    for cfgs in _groups([names], ".cfg"):
        if cfgs:
            return _only(cfgs, names, "--cfg"), None
    for folders in ([names.parent], _around(names.parent)):
        if found := _weights_in(folders, stem):
            return None, _only(found, names, "--weights")
    raise UsageError(
        "does not say which network it belongs to",
        where=names,
        expected=f"--cfg CFG, or {_alternatives(names, '.cfg')}",
    )


def find_names_of(files: Iterable[Path | None], classes: int | None = None) -> Candidate | None:
    """Find the names of a model's classes next to its files, in its project, or shipped.

    Args:
        files: its cfg and its weights, if there are any.
        classes: how many there are; None if that is not known, and any number fits.

    Returns:
        A .names file with the name of one of the files, else the list of COCO or VOC if their
        number fits; else None. A file that is found is returned even if it does not fit, so that
        its number of names is reported.

    Raises:
        UsageError: several files differ and have that many names.
    """
    given = [path for path in files if path is not None]
    groups = _groups(given, ".names")
    for group in groups:
        fitting = [one for one in group if classes in (None, _count_names(one.path))]
        if fitting:
            return _only(fitting, given[-1], "--names")
    for group in filter(None, groups):
        return group[0]
    known = shipped(".names").get(_KNOWN_CLASSES.get(classes or 0, ""))
    return Candidate(known) if known else None


def find_class_names(
    files: Sequence[Path | None], classes: int, *, is_detector: bool
) -> tuple[str, ...]:
    """Return the names of a model's classes in the file that `find_names_of` finds.

    Args:
        files: its cfg and its weights, if there are any.
        classes: how many there are.
        is_detector: whether it has detection heads.

    Returns:
        The names; () if there are none.

    Warns:
        CfgWarning: what is found does not fit, or several files do, so that none is taken.
    """
    try:
        found = find_names_of(files, classes)
        # Any network may have 80 or 20 outputs; only of a detector they are probably classes.
        if found is None or (found.is_shipped and not is_detector):
            return ()
        return resolve_names(found.path, classes, allow_more=not is_detector)
    except (NamesError, UsageError) as error:
        warn(
            f"no names of the classes are taken: {error.what}",
            where=error.where,
            expected=error.expected,
            got=error.got,
            fix="pass the right ones: Detector(network, names=...)",
        )
        return ()


def similar_model_file(path: Path) -> Path | None:
    """Return the file of a model whose name a misspelt one in its folder stands for, if any."""
    return similar_file(path, lambda file: kind_of(file) is not None)


def weights_in_folder(folder: Path) -> str | None:
    """Say which weights a folder has, such as that of a training; None if it has none."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return None
    kinds = ((path, kind_of(path)) for path in paths if can_run(path) and not is_put_aside(path))
    found = [str(path) for path, kind in kinds if kind is ModelFileKind.WEIGHTS]
    if not found:
        return None
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return f"name one of the weights in {folder}: {', '.join(found[:_MOST_NAMED])}{more}"


def _count_names(path: Path) -> int:
    try:
        return len(read_names(path))
    except NamesError:
        return -1


def _groups(files: Sequence[Path], suffix: str) -> list[list[Candidate]]:
    """The files with the names of others and another suffix, the nearest name first.

    Returns:
        Those next to the files, then those in the folders of their projects.
    """
    own = [(path, [path.parent]) for path in files]
    around = [(path, _around(path.parent)) for path in files]
    return [_named(group, suffix) for group in (own, around)]


def _named(files: Iterable[tuple[Path, list[Path]]], suffix: str) -> list[Candidate]:
    paths = (
        folder / f"{stem}{suffix}"
        for path, folders in files
        for stem in model_stems(path)
        for folder in folders
    )
    return [Candidate(path) for path in dict.fromkeys(paths) if is_file(path)]


def _around(folder: Path) -> list[Path]:
    """The folders of the Darknet projects that a folder and the working folder belong to.

    A project has folders such as cfg/ and backup/: it is the folder above one of these names,
    else the folder itself. Its own files count, and those in its folders of these names.
    """
    if folder == definitions_folder():
        return []
    found = {os.path.realpath(folder): folder}
    for member in (folder, Path()):
        inside = member.absolute().name.lower() in _PROJECT_FOLDERS
        root = (member.parent if member.name else member / os.pardir) if inside else member
        for path in (root, *(root / name for name in _PROJECT_FOLDERS)):
            if is_folder(path):
                found.setdefault(os.path.realpath(path), path)
    return list(found.values())[1:]


def _shipped_cfgs(weights: Path) -> list[Candidate]:
    """The shipped definitions that the name of a weight file leads to."""
    known = {name.lower(): path for name, path in shipped(".cfg").items()}
    names = []
    for stem in model_stems(weights):
        published = published_by_name(stem)
        names += [stem, published.definition if published else ""]
    return [Candidate(known[name.lower()]) for name in names if name.lower() in known][:1]


def _weights_in(folders: Iterable[Path], stem: str) -> list[Candidate]:
    """The whole weights in folders that a model of that name, or its training, may have left."""
    found = []
    for folder in dict.fromkeys(folders):
        try:
            paths = sorted(folder.iterdir())
        except OSError:
            continue
        found += [
            Candidate(path)
            for path in paths
            if kind_of(path) is ModelFileKind.WEIGHTS
            and can_run(path)
            and not is_put_aside(path)
            and stem in model_stems(path)
            and is_file(path)
        ]
    return found


def _only(candidates: Sequence[Candidate], where: Path, option: str) -> Candidate:
    """The only candidate, not counting copies.

    Raises:
        UsageError: there are several.
    """
    distinct: list[Candidate] = []
    for candidate in candidates:
        if not any(_same_content(candidate.path, other.path) for other in distinct):
            distinct.append(candidate)
    if len(distinct) > 1:
        listed = ", ".join(str(candidate) for candidate in distinct)
        kind = option.lstrip("-")
        raise UsageError(
            f"its name leads to several {kind} files",
            where=where,
            expected=f"{option} FILE, or one {kind} file of its name",
            got=listed,
            fix=f"choose one of them: {option} {distinct[0].path}",
        )
    return distinct[0]


def _same_content(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other) or filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _alternatives(path: Path, suffix: str) -> str:
    """Say which files are looked for, and where."""
    names = " or ".join(f"{stem}{suffix}" for stem in model_stems(path))
    around = ", ".join(str(folder) for folder in _around(path.parent))
    return f"{names} next to it" + (f" or in {around}" if around else "")


def _mismatch_error(
    weights: Path, reasons: dict[Candidate, str | None], fix: str | None
) -> UsageError:
    which = "any cfg" if len(reasons) > 1 else "the cfg"
    return UsageError(
        f"does not fit {which} that its name leads to",
        where=weights,
        expected="--cfg CFG, the cfg that it was trained with",
        got="; ".join(f"{candidate}: {reason}" for candidate, reason in reasons.items()),
        fix=fix,
    )


def _suggest_cfg(weights: Path, mismatch: Mismatch | None) -> str | None:
    """Name the cfg files that a weight file fits by its length alone; None without any."""
    fitting = []
    if mismatch is not None:
        cfgs = sorted(weights.parent.glob("*.cfg"))[:_MOST_TRIED]
        fitting = [str(path) for path in cfgs if mismatch(path, weights) is None]
    published = published_of_size(weights.stat().st_size)
    if published is not None and published.definition_name in shipped(".cfg"):
        fitting.append(published.definition_name)
    if not fitting:
        return None
    return "its length fits " + " and ".join(f"--cfg {name}" for name in fitting)

"""What is wrong in a data set, by itself and for a cfg."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cfg.data_file import resolve
from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.check import find_problems
from darknet_torch.datasets.classification import (
    ClassifiedPictures,
    is_classification,
    open_classification,
)
from darknet_torch.datasets.darknet import DataFile
from darknet_torch.datasets.examples import DataSet, Problem
from darknet_torch.datasets.opening import dataset_format, list_splits, open_dataset
from darknet_torch.datasets.reading import resolve_class_names
from darknet_torch.lint.anchor_fit import anchors_fit
from darknet_torch.lint.cfg import CheckedCfg
from darknet_torch.lint.finding import Finding, Severity, collecting, error, make, note, warning
from darknet_torch.model.network import Network
from darknet_torch.model.output_layers import classifier_outputs

_TRAIN = "train"

# Kind of fault -> what to do about it. Kinds of the first table lose boxes or pictures.
_ERRORS = {
    "missing picture": "correct its line in the list, or put the picture there",
    "unreadable picture": "save it again as JPEG or PNG, or take it off the list",
    "no pictures": "fill the list",
    "bad line": "write class x y width height",
    "unreadable labels": "make the file readable",
    "class id": "correct the class, or classes= and names=",
    "zero size": "delete the line, or draw the box again",
    "bad box": "draw the box again",
    "unknown class": "add the class to the names, or correct it",
    "unknown image": "delete the record",
    "bad image": "give it id and file_name",
    "number of classes": "make classes= the number of names",
    "no names": "write names=FILE",
    "duplicate category": "give each category an id of its own",
    "duplicate image id": "give each image an id of its own",
    "difficult list": "give it a line for each picture",
    "several labels": "make labels that do not occur in each other's paths",
    "no label": "put the class into the path, or correct labels=",
    "no size": "give the picture's height and width",
}
_WARNINGS = {
    "no label file": "write an empty .txt if there is nothing on it",
    "no labels": "label it, or take it off the list",
    "less than a pixel": "draw the box again, or delete the line",
    "out of range": "cut the box at the picture's edge",
    "duplicate box": "delete one of the lines",
    "class without boxes": "label some, or delete the class",
    "duplicate name": "give each class a name of its own",
    "empty name": "name the class",
    "duplicate picture": "delete one of the lines",
    "same content": "take one of them off the list",
    "in two splits": "take it off one of the lists: what is trained on cannot judge",
    "shared label file": "give pictures different names",
    "labels without picture": "put the picture beside it, or delete the file",
    "wrong size": "correct the size in the labels",
}
KINDS = {
    **{kind: (Severity.ERROR, fix) for kind, fix in _ERRORS.items()},
    **{kind: (Severity.WARNING, fix) for kind, fix in _WARNINGS.items()},
}


@dataclass(frozen=True)
class DataSource:
    """A data set to check, with what its path does not say; see `open_dataset`."""

    path: Path
    images: Path | None = None
    names: str | None = None
    voc_origin: int = VOC_ORIGIN
    workers: int = 2


def lint_data(source: DataSource, cfg: CheckedCfg | None = None) -> list[Finding]:
    """All that is wrong in a data set, and where it does not fit `cfg`."""
    found: list[Finding] = []
    with collecting(found):
        if is_classification(source.path):
            return _classification(source.path, None if cfg is None else cfg.network)
    splits: dict[str, DataSet] = {}
    names = []
    with collecting(found):
        names = list_splits(source.path)
    for split in names:
        with collecting(found):
            splits[split] = open_dataset(
                source.path,
                images=source.images,
                split=split,
                names=source.names,
                voc_origin=source.voc_origin,
            )
    if splits:
        found += [of_problem(item) for item in find_problems(splits, workers=source.workers)]
        found += _files(source.path, splits)
    if cfg is not None and cfg.sections:
        with collecting(found):
            found += _for_cfg(source, splits, cfg)
    return found


def of_problem(problem: Problem) -> Finding:
    """A fault of a data set, with what to do about it."""
    severity, fix = KINDS[problem.kind]
    return make(severity, problem.where, f"{problem.kind}: {problem.what}", fix=fix)


def _files(path: Path, splits: Mapping[str, DataSet]) -> Iterator[Finding]:
    """What a .data file should also say."""
    for name, data in splits.items():
        boxes = sum(len(item.labels) for item in data.examples if item.labels is not None)
        yield note(path, f"{name}: {len(data.examples)} pictures, {boxes} boxes")
    if dataset_format(path) != "darknet":
        return
    keys = DataFile.read(path).keys
    for key in ("train", "valid"):
        if key not in keys:
            yield note(path, f"has no {key}=", fix=f"write {key}=FILE, a list of pictures")
    backup = keys.get("backup")
    if backup is None or not resolve(path, backup).is_dir():
        yield note(
            path,
            "Darknet itself needs a folder to save weights into",
            expected="backup=FOLDER, which is there",
            got="none" if backup is None else f"backup={backup}, which is not",
        )


def _for_cfg(
    source: DataSource, splits: Mapping[str, DataSet], cfg: CheckedCfg
) -> Iterator[Finding]:
    """Where a detector's data set and its cfg disagree."""
    if cfg.classes is None:
        yield error(
            cfg.path,
            "no detector, but the data set has boxes",
            expected="a cfg with a detection head",
            got="none",
        )
        return
    have = _number_of_classes(source, splits)
    if have and have != cfg.classes:
        yield error(
            source.path,
            f"the data set and {cfg.path} have different numbers of classes",
            expected=f"{cfg.classes} classes, as the cfg has",
            got=have,
            fix=f"make a cfg with dtorch new {cfg.path} --classes {have}, or correct the names",
        )
    if cfg.network is not None and splits:
        yield from _too_many_boxes(splits, cfg.network)
        data = splits.get(_TRAIN) or next(iter(splits.values()))
        yield from anchors_fit(source.path, data, cfg.network, cfg)


def _number_of_classes(source: DataSource, splits: Mapping[str, DataSet]) -> int:
    """Of the data set, from its .data file if no list can be read; 0 if nothing says it."""
    if splits:
        return len(next(iter(splits.values())).names)
    names = resolve_class_names(source.names)
    if names or dataset_format(source.path) != "darknet":
        return len(names)
    file = DataFile.read(source.path)
    return len(file.names()) or file.classes or 0


def _too_many_boxes(splits: Mapping[str, DataSet], network: Network) -> Iterator[Finding]:
    """Source: data.c fill_truth_detection."""
    most = getattr(network.heads[-1].options, "max", None)
    for data in splits.values():
        for item in data.examples:
            if most is not None and item.labels is not None and len(item.labels) > most:
                yield warning(
                    item.label_file or item.path,
                    f"{len(item.labels)} boxes, of which Darknet trains on {most} at a time",
                    expected=f"{most} at most, or max={len(item.labels)} in every head",
                )


def _classification(path: Path, network: Network | None) -> list[Finding]:
    """What is wrong in a classifier's data set."""
    found: list[Finding] = []
    splits = [None] if path.is_dir() else list_splits(path)
    opened: list[ClassifiedPictures] = []
    for split in splits:
        with collecting(found):
            opened.append(open_classification(path, split=split))
    for pictures in opened:
        found += [of_problem(problem) for problem in pictures.problems]
        found += [
            of_problem(Problem("missing picture", str(item), "no such picture"))
            for item in pictures.paths
            if not item.exists()
        ]
        found.append(note(path, f"{pictures.origin}: {len(pictures.paths)} pictures"))
    if opened and network is not None and not network.heads:
        with collecting(found):
            found += _classifier_count(path, len(opened[0].labels), classifier_outputs(network))
    return found


def _classifier_count(path: Path, have: int, wanted: int) -> Sequence[Finding]:
    if have == wanted:
        return []
    return [
        error(
            path,
            "the classifier has another number of outputs than there are labels",
            expected=f"{wanted} labels",
            got=have,
            fix=f"make a cfg with dtorch new CFG --classes {have}",
        )
    ]

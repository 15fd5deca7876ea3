"""Check a data set, by itself and together with a cfg."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.check import find_problems
from darknet_torch.datasets.classification import (
    ClassifiedPictures,
    is_classification,
    open_classification,
)
from darknet_torch.datasets.darknet import DataFile
from darknet_torch.datasets.examples import DataSet, Problem
from darknet_torch.datasets.label_rule import LABEL_FAULTS
from darknet_torch.datasets.opening import (
    check_same_classes,
    data_file,
    list_splits,
    open_dataset,
)
from darknet_torch.datasets.problem_list import first_problems
from darknet_torch.datasets.reading import resolve_class_names
from darknet_torch.datasets.split_names import same_split
from darknet_torch.errors import counted
from darknet_torch.lint.anchor_fit import check_anchor_fit
from darknet_torch.lint.cfg import CheckedCfg
from darknet_torch.lint.finding import (
    Finding,
    Severity,
    collect_findings,
    error,
    make_finding,
    note,
    warning,
)
from darknet_torch.model.network import Network
from darknet_torch.model.output_layers import count_classifier_outputs
from darknet_torch.text import is_folder, path_exists

_TRAIN = "train"

# Kind of problem -> how to fix it. Those of the first table make boxes or pictures unusable.
_ERRORS = {
    "missing picture": "correct its line in the list, or add the picture",
    "unreadable picture": "save it again as JPEG or PNG, or remove it from the list",
    "no pictures": "fill the list",
    "bad line": "write: class x y width height",
    "unreadable labels": "make the file readable",
    "unreadable folder": "make the folder readable",
    **{fault.kind: fault.fix for fault in LABEL_FAULTS},
    "class ids count from 1": "subtract 1 from every class id",
    "bad entry": "delete the entry",
    "bad box": "draw the box again",
    "unknown class": "add the class to the names, or correct it",
    "unknown image": "delete the record",
    "bad image": "give it id and file_name",
    "number of classes": "make classes= the number of names",
    "no names": "write names=FILE",
    "bad category": "give it an id and a name",
    "bad mark": "write 0 or 1",
    "duplicate category": "give each category a unique id",
    "duplicate image id": "give each image a unique id",
    "difficult list": "write one line for each picture",
    "several labels": "choose labels that are not part of each other's paths",
    "no label": "put the class name into the path, or correct labels=",
    "no size": "give the picture's height and width",
}
_WARNINGS = {
    "no label file": "create an empty .txt if it shows no objects",
    "no labels": "label it, or remove it from the list",
    "less than a pixel": "draw the box again, or delete the line",
    "out of range": "clip the box to the picture",
    "duplicate box": "delete one of the lines",
    "class without boxes": "label some objects, or delete the class",
    "duplicate name": "give each class a unique name",
    "empty name": "name the class",
    "duplicate picture": "delete one of the lines",
    "same content": "remove one of them from the list",
    "in two splits": "remove it from one of the lists: do not evaluate on training data",
    "near duplicate in two splits": "keep them in one split: do not evaluate on training data",
    "shared label file": "give pictures different names",
    "labels without picture": "put the picture next to it, or delete the file",
    "wrong size": "correct the size in the labels",
    "cut off": "copy or download the picture again",
    "unread YAML": "write train:, val: and names: into it, or delete it",
    "class name": "write the name in one line",
}
_NOTES = {
    "near duplicate": "nothing to do while both stay in one split; one of them is enough",
    "unnamed classes": "write the names, one on a line, into classes.txt",
    "heading": "give its name with --names to make it a class",
    "outline": "boxes are all that a detector learns",
    "no split": "put them into the folder of a split",
    "other suffix": "correct the name in the list or the labels, or rename the picture",
}
KINDS = {
    **{kind: (Severity.ERROR, fix) for kind, fix in _ERRORS.items()},
    **{kind: (Severity.WARNING, fix) for kind, fix in _WARNINGS.items()},
    **{kind: (Severity.NOTE, fix) for kind, fix in _NOTES.items()},
}


@dataclass(frozen=True)
class DataSource:
    """The data set to check, as `open_dataset` takes it.

    Attributes:
        path: a detector's data set in any form, or a folder of classes.
        images: the folder of the pictures, for COCO.
        names: a names file, instead of the data set's own names.
        voc_origin: the number of the first column and row in VOC's annotations, 0 or 1.
        workers: how many threads decode pictures.
        exif: the boxes are of pictures rotated according to their EXIF orientation.
    """

    path: Path
    images: Path | None = None
    names: str | None = None
    voc_origin: int = VOC_ORIGIN
    workers: int = 2
    exif: bool = True

    def words(self) -> list[str]:
        """The words that name it on the command line of `dtorch dataset`."""
        given = [str(self.path)]
        given += [] if self.images is None else ["--images", str(self.images)]
        given += [] if self.names is None else ["--names", self.names]
        given += [] if self.voc_origin == VOC_ORIGIN else ["--voc-origin", str(self.voc_origin)]
        return [*given, *([] if self.exif else ["--no-exif"])]


def lint_data(source: DataSource, cfg: CheckedCfg | None = None) -> list[Finding]:
    """Check a data set, and whether it fits `cfg`.

    If a list of pictures cannot be read, the others are checked nevertheless.
    """
    found: list[Finding] = []
    with collect_findings(found):
        if is_classification(source.path):
            return check_classification(source.path, None if cfg is None else cfg.network)
    splits, found = read_splits(source)
    if splits:
        problems = find_problems(splits, workers=source.workers, source=source.words())
        found += [finding_from_problem(item) for item in first_problems(problems)]
        with collect_findings(found):
            found += _describe_splits(source.path, splits)
    if cfg is not None and cfg.sections:
        with collect_findings(found):
            found += _compare_with_cfg(source, splits, cfg)
    return list(dict.fromkeys(found))  # a key that is read for every split has its note again


def read_splits(
    source: DataSource, chosen: Sequence[str] = ()
) -> tuple[dict[str, DataSet], list[Finding]]:
    """Read what can be read of a detector's data set.

    Args:
        source: the data set.
        chosen: the splits to read; by default all.

    Returns:
        The splits, and the errors and warnings, such as why others cannot be read.
    """
    found: list[Finding] = []
    splits: dict[str, DataSet] = {}
    names: Sequence[str] = ()
    with collect_findings(found):
        names = list_splits(source.path)
    if names and chosen:
        names = [same_split(split, names) for split in chosen]
    for split in names:
        with collect_findings(found):
            splits[split] = open_dataset(
                source.path,
                images=source.images,
                split=split,
                names=source.names,
                voc_origin=source.voc_origin,
                exif=source.exif,
            )
    if splits:
        with collect_findings(found):
            check_same_classes(splits)
    return splits, list(dict.fromkeys(found))


def finding_from_problem(problem: Problem) -> Finding:
    """Make a finding from a problem of a data set, with how to fix it."""
    severity, fix = KINDS[problem.kind]
    return make_finding(
        severity,
        problem.where,
        f"{problem.kind}: {problem.what}",
        expected=problem.expected,
        got=problem.got,
        fix=problem.fix or fix,
    )


def _describe_splits(path: Path, splits: Mapping[str, DataSet]) -> Iterator[Finding]:
    """Report the number of pictures and boxes, and the keys that a .data file lacks."""
    for name, data in splits.items():
        boxes = sum(len(item.labels) for item in data.examples if item.labels is not None)
        found = f"{counted(len(data.examples), 'picture')}, {counted(boxes, 'box')}"
        yield note(path, f"{name}: {found}")
    file = data_file(path)
    if file is None:
        return
    path, keys = file, DataFile.read(file).keys
    for key in ("train", "valid"):
        if key not in keys:
            yield note(path, f"has no {key}=", fix=f"write {key}=FILE, a list of pictures")
    backup = keys.get("backup")
    if backup is None or not is_folder(backup.path()):
        yield note(
            path,
            "Darknet itself needs an existing folder to save weights in",
            expected="backup=FOLDER",
            got="no backup="
            if backup is None
            else f"backup={backup.spelling}, which does not exist",
        )


def _compare_with_cfg(
    source: DataSource, splits: Mapping[str, DataSet], cfg: CheckedCfg
) -> Iterator[Finding]:
    """Report where a detector's data set and its cfg disagree."""
    if cfg.classes is None:
        yield error(
            cfg.path,
            "the cfg is not a detector, but the data set has boxes",
            expected="a cfg with a detection head",
            got="none",
        )
        return
    have = _number_of_classes(source, splits)
    if have and have != cfg.classes:
        yield error(
            source.path,
            f"the data set and {cfg.path} have different numbers of classes",
            expected=f"{cfg.classes} classes, as in the cfg",
            got=have,
            fix=f"make a cfg with dtorch new {cfg.path} --classes {have}, or correct the names",
        )
    if cfg.network is not None and splits:
        yield from _check_box_counts(splits, cfg.network)
        data = splits.get(_TRAIN) or next(iter(splits.values()))
        yield from check_anchor_fit(source.path, data, cfg.network, cfg)


def _number_of_classes(source: DataSource, splits: Mapping[str, DataSet]) -> int:
    """Return the data set's number of classes, by its names or classes=, or 0 if unknown."""
    if splits:
        return len(next(iter(splits.values())).names)
    names = resolve_class_names(source.names)
    path = data_file(source.path)
    if names or path is None:
        return len(names)
    file = DataFile.read(path)
    return len(file.names()) or file.classes or 0


def _check_box_counts(splits: Mapping[str, DataSet], network: Network) -> Iterator[Finding]:
    """Report pictures with more boxes than Darknet trains on at a time.

    Source: data.c fill_truth_detection.
    """
    most = getattr(network.heads[-1].options, "max", None)
    for data in splits.values():
        for item in data.examples:
            if most is not None and item.labels is not None and len(item.labels) > most:
                yield warning(
                    item.label_file or item.path,
                    f"{len(item.labels)} boxes, of which Darknet trains on {most} at a time",
                    expected=f"{most} at most, or max={len(item.labels)} in every head",
                )


def check_classification(path: Path, network: Network | None) -> list[Finding]:
    """Check a classifier's data set, and whether it has as many labels as the cfg has outputs."""
    found: list[Finding] = []
    splits = [None] if is_folder(path) else list_splits(path)
    opened: list[ClassifiedPictures] = []
    for split in splits:
        with collect_findings(found):
            opened.append(open_classification(path, split=split))
    for pictures in opened:
        found += [finding_from_problem(problem) for problem in pictures.problems]
        found += [
            finding_from_problem(Problem("missing picture", str(item), "no such picture"))
            for item in pictures.paths
            if not path_exists(item)
        ]
        found.append(note(path, f"{pictures.origin}: {counted(len(pictures.paths), 'picture')}"))
    if opened and network is not None and not network.heads:
        with collect_findings(found):
            found += _check_label_count(
                path, len(opened[0].labels), count_classifier_outputs(network)
            )
    return found


def _check_label_count(path: Path, have: int, wanted: int) -> Sequence[Finding]:
    """Report a number of labels that differs from the classifier's number of outputs."""
    if have == wanted:
        return []
    return [
        error(
            path,
            "the number of labels differs from the number of outputs of the classifier",
            expected=f"{wanted} labels",
            got=have,
            fix=f"make a cfg with dtorch new CFG --classes {have}",
        )
    ]

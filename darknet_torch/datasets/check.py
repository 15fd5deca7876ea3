"""Finds the problems in a data set: pictures, labels, boxes, classes, splits. No torch."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from darknet_torch.datasets.darknet import DIFFICULT, read_labels
from darknet_torch.datasets.duplicates import (
    find_near_duplicates,
    find_repeated_contents,
    find_repeated_paths,
)
from darknet_torch.datasets.examples import DataSet, Example, Problem
from darknet_torch.datasets.label_rule import find_wrong_boxes, join_shifted_classes
from darknet_torch.datasets.near_duplicates import Fingerprint, fingerprint
from darknet_torch.datasets.picture_size import picture_size
from darknet_torch.errors import ImageError
from darknet_torch.media.decoding import read_picture
from darknet_torch.media.sources import PICTURE_SUFFIXES
from darknet_torch.results.boxes import cxcywh_to_xyxy
from darknet_torch.text import backslash_fix, is_folder, path_exists, refusal

Splits = Mapping[str, DataSet]
_TOLERANCE = 0.5  # pixels that an edge may lie outside: the error of rounding to whole pixels
_SAME_BOX = 1e-6  # boxes that differ by less are equal: the sixth decimal of Darknet's labels


@dataclass(frozen=True)
class _DecodedPicture:
    """The height and width of a picture and a hash of its pixels, or why decoding failed.

    Of a picture that is damaged, but can be decoded, `damage` says what is wrong.
    """

    size: tuple[int, int] | None = None
    digest: str = ""
    fingerprint: Fingerprint | None = None
    error: str = ""
    damage: str = ""


def find_problems(
    splits: Splits,
    *,
    workers: int = 2,
    near_duplicates: bool = True,
    source: Sequence[str] = (),
) -> list[Problem]:
    """Find all problems in the splits of a data set.

    Every picture is decoded. The kinds of problem, in addition to those found while reading, are
    "no pictures", "duplicate name", "empty name", "class without boxes", "missing picture",
    "unreadable picture", "cut off", "wrong size", "no label file", "shared label file",
    "labels without picture", "duplicate picture", "same content", "in two splits", "near
    duplicate" (a note), "near duplicate in two splits", those of `label_rule.find_wrong_boxes`,
    and for other boxes "less than a pixel", "out of range" and "duplicate box".

    Args:
        splits: from `open_splits`.
        workers: number of threads that decode pictures.
        near_duplicates: also find pictures that are nearly the same.
        source: the words that name the data set on a command line; see `split_again`.
    """
    paths = {item.path: item.exif for data in splits.values() for item in data.examples}
    decode = partial(_decode, near_duplicates=near_duplicates)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        decoded = dict(zip(paths, pool.map(decode, paths, paths.values()), strict=True))
    found = [problem for data in splits.values() for problem in data.problems]
    found += _class_problems(splits)
    for name, data in splits.items():
        if not data.examples:
            found.append(Problem("no pictures", data.origin, f"no pictures in {name}"))
        for item in data.examples:
            found += _example_problems(item, data.names, decoded[item.path])
    digests = {path: picture.digest for path, picture in decoded.items()}
    found += find_repeated_paths(splits)
    found += find_repeated_contents(splits, digests, source)
    if near_duplicates:
        prints = {path: picture.fingerprint for path, picture in decoded.items()}
        found += find_near_duplicates(splits, digests, prints, source)
    found += _shared_label_files(splits)
    found += _labels_without_picture(splits)
    classes = len(next(iter(splits.values())).names) or None
    found = join_shifted_classes(found, list(splits.values()), classes)
    return list(dict.fromkeys(found))  # a picture that is listed twice has its problems twice


def _decode(path: Path, exif: bool, *, near_duplicates: bool) -> _DecodedPicture:
    try:
        decoded = read_picture(path, exif=exif)
    except ImageError as error:
        return _DecodedPicture(error=str(error).removeprefix(f"{path}: "))
    image, damage = decoded.image, str(decoded.damage or "").removeprefix(f"{path}: ")
    height, width = image.shape[:2]
    digest = hashlib.blake2b(image.tobytes(), digest_size=16)
    digest.update(f"{height} {width}".encode())
    return _DecodedPicture((height, width), digest.hexdigest(), fingerprint(image), damage=damage)


def _class_problems(splits: Splits) -> Iterator[Problem]:
    first = next(iter(splits.values()))
    earlier: set[str] = set()
    for index, name in enumerate(first.names):
        if not name:
            yield Problem("empty name", first.origin, f"class {index} has no name")
        elif name in earlier:
            yield Problem("duplicate name", first.origin, f"two classes are called {name!r}")
        earlier.add(name)
    labels = [item.labels for data in splits.values() for item in data.examples]
    used = {int(key) for found in labels if found is not None for key in found.class_ids}
    for index, name in enumerate(first.names):
        if index not in used:
            what = f"class {index} ({name}) has no box in {', '.join(splits)}"
            yield Problem("class without boxes", first.origin, what)


def _example_problems(
    item: Example, names: tuple[str, ...], decoded: _DecodedPicture
) -> Iterator[Problem]:
    where = str(item.path)
    is_missing = not path_exists(item.path)
    if is_missing:
        what = refusal(item.path) or backslash_fix(item.path) or ""
        yield Problem("missing picture", where, f"no such picture{what and f'; {what}'}")
    elif decoded.error:
        yield Problem("unreadable picture", where, decoded.error)
    if decoded.damage:
        yield Problem("cut off", where, decoded.damage)
    if item.size and decoded.size and item.size != decoded.size:
        yield Problem("wrong size", where, _describe_wrong_size(item, decoded.size))
    has_no_labels = item.labels is None and item.label_file and not path_exists(item.label_file)
    if has_no_labels and not is_missing:
        yield Problem("no label file", where, f"no labels: there is no {item.label_file}")
    yield from _box_problems(item, names, decoded.size)


def _describe_wrong_size(item: Example, size: tuple[int, int]) -> str:
    """Compare the size in the labels with `size`, height and width of the picture.

    The usual cause of exchanged sides is that the labels are of the stored pixels, or that they
    are not, while the picture's EXIF data says that it is to be turned.
    """
    labelled, real = item.size or size, picture_size(item.path, exif=not item.exif)
    texts = [f"{width} x {height}" for height, width in (size, labelled)]
    what = "is {}, but the labels say {}".format(*texts)
    if labelled != real:
        return what
    if item.exif:
        return f"{what}, its size before its EXIF data turns it; use --no-exif"
    return f"{what}, its size after its EXIF data has turned it; leave out --no-exif"


def _box_problems(
    example: Example, names: tuple[str, ...], size: tuple[int, int] | None
) -> Iterator[Problem]:
    """Find the problems in the boxes of a picture.

    Args:
        names: the class names; if empty, every class id from 0 is valid.
        size: height and width of the picture in pixels; None if it cannot be read.
    """
    labels = example.labels
    if labels is None:
        return
    wrong, found = find_wrong_boxes(example, len(names) or None)
    yield from found
    height, width = size or example.size or (1 / _SAME_BOX, 1 / _SAME_BOX)
    pixels = labels.boxes * (width, height, width, height)
    corners, sides = cxcywh_to_xyxy(pixels), pixels[:, 2:]
    problems = {
        "less than a pixel": (sides < 1).any(1),
        "out of range": _reaches_outside(corners, (width, height)),
        "duplicate box": _repeated(np.column_stack((labels.class_ids, labels.boxes / _SAME_BOX))),
    }
    for kind, rows in problems.items():
        for row in np.flatnonzero(rows & ~wrong).tolist():
            box = " ".join(f"{value:g}" for value in labels.boxes[row])
            yield Problem(kind, example.box_place(row), f"class {labels.class_ids[row]}, {box}")


def _reaches_outside(corners: np.ndarray, limit: tuple[float, float]) -> np.ndarray:
    """[K] whether an edge of a box lies outside the picture."""
    edge = (corners[:, :2] < -_TOLERANCE) | (corners[:, 2:] > np.add(limit, _TOLERANCE))
    return np.any(edge, 1)


def _repeated(rows: np.ndarray) -> np.ndarray:
    """[K] whether an earlier row is the same after rounding."""
    repeated = np.ones(len(rows), bool)
    if len(rows):
        repeated[np.unique(np.rint(rows), axis=0, return_index=True)[1]] = False
    return repeated


def _shared_label_files(splits: Splits) -> Iterator[Problem]:
    users: dict[Path, dict[Path, None]] = defaultdict(dict)
    for item in (item for data in splits.values() for item in data.examples):
        if item.label_file:
            users[item.label_file][item.path] = None
    for file, pictures in users.items():
        if len(pictures) > 1:
            what = f"has the labels of {' and '.join(str(path) for path in pictures)}"
            yield Problem("shared label file", str(file), what)


def _labels_without_picture(splits: Splits) -> Iterator[Problem]:
    """Find Darknet label files in the label folders that belong to no picture."""
    examples = [item for data in splits.values() for item in data.examples]
    used = {item.label_file for item in examples}
    folders: dict[Path, set[Path]] = defaultdict(set)
    for file, picture in ((item.label_file, item.path) for item in examples):
        if file and file.suffix.lower() == ".txt" and is_folder(file.parent):
            folders[file.parent].add(picture.parent)
    for folder, picture_folders in folders.items():
        stems = {
            stem for path in picture_folders if is_folder(path) for stem in _picture_stems(path)
        }
        for file in sorted(set(folder.glob("*.txt")) - used):
            labels, _ = read_labels(file)
            known = {file.stem, file.stem.removeprefix(f"{DIFFICULT}_")} & stems
            if labels and not known:  # a text file without a single box is not a label file
                yield Problem("labels without picture", str(file), "belongs to no picture")


def _picture_stems(folder: Path) -> Iterator[str]:
    try:
        inside = list(folder.iterdir())
    except OSError:  # its pictures are named as unreadable or missing
        inside = []
    return (path.stem for path in inside if path.suffix.lower() in PICTURE_SUFFIXES)

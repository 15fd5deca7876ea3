"""Everything that may be wrong in a data set. No torch."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.datasets.check_boxes import box_problems
from darknet_torch.datasets.darknet import DIFFICULT, read_labels
from darknet_torch.datasets.examples import DataSet, Example, Problem
from darknet_torch.errors import ImageError
from darknet_torch.media.images import read_image
from darknet_torch.media.sources import PICTURE_SUFFIXES

Splits = Mapping[str, DataSet]
_UNIONS = ("trainval", "all")  # splits that hold what others hold, as they should


@dataclass(frozen=True)
class _Seen:
    """A picture that was opened: height and width, and a hash of its pixels, or what failed."""

    size: tuple[int, int] | None = None
    digest: str = ""
    error: str = ""


def find_problems(splits: Splits, *, workers: int = 2) -> list[Problem]:
    """All that is wrong in the splits of a data set.

    Every picture is decoded. Kinds of fault, besides those that reading finds: "no pictures",
    "duplicate name", "empty name", "class without boxes", "missing picture", "unreadable
    picture", "wrong size", "no label file", "shared label file", "labels without picture",
    "duplicate picture", "same content", "in two splits", and those of `box_problems`.

    Args:
        splits: from `open_splits`.
        workers: threads that decode.
    """
    paths = dict.fromkeys(item.path for data in splits.values() for item in data.examples)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        seen = dict(zip(paths, pool.map(_open, paths), strict=True))
    found = [problem for data in splits.values() for problem in data.problems]
    found += _class_problems(splits)
    for name, data in splits.items():
        if not data.examples:
            found.append(Problem("no pictures", data.origin, f"no pictures in {name}"))
        for item in data.examples:
            found += _example_problems(item, data.names, seen[item.path])
    found += _repeated_paths(splits)
    found += _repeated_contents(splits, seen)
    found += _shared_label_files(splits)
    found += _labels_without_picture(splits)
    return list(dict.fromkeys(found))  # a picture that stands twice has the same faults twice


def _open(path: Path) -> _Seen:
    try:
        image = read_image(path)
    except ImageError as error:
        return _Seen(error=str(error).removeprefix(f"{path}: "))
    height, width = image.shape[:2]
    digest = hashlib.blake2b(image.tobytes(), digest_size=16)
    digest.update(f"{height} {width}".encode())
    return _Seen((height, width), digest.hexdigest())


def _class_problems(splits: Splits) -> Iterator[Problem]:
    first = next(iter(splits.values()))
    for index, name in enumerate(first.names):
        if not name:
            yield Problem("empty name", first.origin, f"class {index} has no name")
        elif name in first.names[:index]:
            yield Problem("duplicate name", first.origin, f"two classes are called {name!r}")
    labels = [item.labels for data in splits.values() for item in data.examples]
    used = {int(key) for found in labels if found is not None for key in found.class_ids}
    for index, name in enumerate(first.names):
        if index not in used:
            what = f"class {index} ({name}) has no box in {', '.join(splits)}"
            yield Problem("class without boxes", first.origin, what)


def _example_problems(item: Example, names: tuple[str, ...], seen: _Seen) -> Iterator[Problem]:
    where = str(item.path)
    if not item.path.exists():
        yield Problem("missing picture", where, "no such picture")
    elif seen.error:
        yield Problem("unreadable picture", where, seen.error)
    if item.size and seen.size and item.size != seen.size:
        said, real = (f"{width} x {height}" for height, width in (item.size, seen.size))
        yield Problem("wrong size", where, f"is {real}, but the labels say {said}")
    if item.labels is None and item.label_file and not item.label_file.exists():
        yield Problem("no label file", where, f"no labels: there is no {item.label_file}")
    yield from box_problems(item, names, seen.size)


def _repeated_paths(splits: Splits) -> Iterator[Problem]:
    for name, data in splits.items():
        counts: dict[Path, int] = defaultdict(int)
        for item in data.examples:
            counts[item.path] += 1
        for path, count in counts.items():
            if count > 1:
                yield Problem("duplicate picture", str(path), f"stands {count} times in {name}")


def _repeated_contents(splits: Splits, seen: Mapping[Path, _Seen]) -> Iterator[Problem]:
    """Pictures with the same pixels, whatever their names and formats."""
    places: dict[str, dict[tuple[str, Path], None]] = defaultdict(dict)
    for name, data in splits.items():
        for item in data.examples:
            places[seen[item.path].digest][(name, item.path)] = None
    places.pop("", None)
    for found in places.values():
        for other, before in _pairs(list(found)):
            if other[0] == before[0]:
                yield Problem("same content", str(other[1]), f"the same picture as {before[1]}")
            else:
                what = f"is in {other[0]}, and in {before[0]} as {before[1]}"
                yield Problem("in two splits", str(other[1]), what)


def _pairs(places: list[tuple[str, Path]]) -> Iterator[tuple[tuple[str, Path], ...]]:
    """Each place of a picture but the first, with an earlier one: in its own split, if any."""
    for index, (split, path) in enumerate(places):
        before = [place for place in places[:index] if place[0] not in _UNIONS]
        own = [place for place in places[:index] if place[0] == split]
        earlier = own or ([] if split in _UNIONS else before)
        if earlier:
            yield (split, path), earlier[0]


def _shared_label_files(splits: Splits) -> Iterator[Problem]:
    users: dict[Path, dict[Path, None]] = defaultdict(dict)
    for item in (item for data in splits.values() for item in data.examples):
        if item.label_file:
            users[item.label_file][item.path] = None
    for file, pictures in users.items():
        if len(pictures) > 1:
            what = f"holds the labels of {' and '.join(str(path) for path in pictures)}"
            yield Problem("shared label file", str(file), what)


def _labels_without_picture(splits: Splits) -> Iterator[Problem]:
    """Label files of Darknet's that lie among the others and belong to no picture at all."""
    examples = [item for data in splits.values() for item in data.examples]
    used = {item.label_file for item in examples}
    folders: dict[Path, set[Path]] = defaultdict(set)
    for file, picture in ((item.label_file, item.path) for item in examples):
        if file and file.suffix == ".txt" and file.parent.is_dir():
            folders[file.parent].add(picture.parent)
    for folder, beside in folders.items():
        stems = {stem for place in beside if place.is_dir() for stem in _picture_stems(place)}
        for file in sorted(set(folder.glob("*.txt")) - used):
            labels, _ = read_labels(file)
            known = {file.stem, file.stem.removeprefix(f"{DIFFICULT}_")} & stems
            if labels and not known:  # without a single box it is some other text
                yield Problem("labels without picture", str(file), "belongs to no picture")


def _picture_stems(folder: Path) -> Iterator[str]:
    return (path.stem for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)

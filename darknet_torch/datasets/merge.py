"""Merges several data sets into one. No torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from darknet_torch.datasets.duplicates import find_repeated_contents, first_ones
from darknet_torch.datasets.examples import DataSet, Example, Labels, Problem
from darknet_torch.datasets.joined_names import JoinedNames
from darknet_torch.datasets.split_names import ALL, TRAIN
from darknet_torch.files import file_digest

Splits = Mapping[str, DataSet]
_SAME_SPLIT = {"valid": "val", "val": "valid"}  # Darknet's name and VOC's
_WHOLE = (ALL, "default")  # the only split of data sets without splits; "default" is CVAT's
_DROP = "leave one of them out with --drop-duplicates"
_SAME_BOX = 1e-6  # boxes that differ by less are equal: the sixth decimal of Darknet's labels


def merge_data_sets(
    sets: Sequence[Splits],
    *,
    names: Sequence[str] = (),
    renamed: Mapping[str, str] | None = None,
    drop_duplicates: bool = False,
) -> tuple[dict[str, DataSet], list[Problem]]:
    """Merge several data sets; classes are joined by name, see `JoinedNames.join`.

    Splits of the same name become one; "val" and "valid" are the same name. A data set without
    splits goes to "train" if another one has it, with a note. A picture that several
    sets list is there once, with the boxes of all of them.

    Args:
        sets: the splits of each data set, from `open_splits`.
        names, renamed: see `JoinedNames.join`.
        drop_duplicates: also treat equal picture files of different sets as one picture, in the
            splits of the first of these sets. By default all are kept.

    Returns:
        The merged splits, whose problems are those of the sets; and what merging found, mostly
        notes.

    Raises:
        UsageError: as `JoinedNames.join`.
    """
    sets, whole = _put_whole_sets_into_train(sets)
    joined = JoinedNames.join(
        [next(iter(one.values())) for one in sets], names=names, renamed=renamed
    )
    sets = [{split: joined.translate(data) for split, data in one.items()} for one in sets]
    digests = _shared_digests(sets)
    firsts = _find_firsts(sets, digests) if drop_duplicates else {}
    labels, notes = _join_labels(sets, firsts)
    merged = _join_splits(sets, labels, firsts)
    equal, leaks = [], []
    for problem in find_repeated_contents(merged, digests):
        if problem.kind == "same content":
            equal.append(replace(problem, is_note=True))
        else:
            leaks.append(replace(problem, fix=_DROP))
    origin = next(iter(merged.values())).origin
    return merged, [
        *joined.problems,
        *whole,
        *first_ones(notes, origin, "pictures are in several data sets"),
        *first_ones(equal, origin, "pictures are equal to another one"),
        *first_ones(leaks, origin, "pictures are in two splits"),
    ]


def _put_whole_sets_into_train(sets: Sequence[Splits]) -> tuple[list[Splits], list[Problem]]:
    """Put data sets without splits into "train" if others have it: training reads one list."""
    if not any(TRAIN in one for one in sets):
        return [*sets], []
    what = "has no splits; its pictures are put into train"
    put: list[Splits] = []
    notes = []
    for one in sets:
        (split, data), *others = one.items()
        if others or split not in _WHOLE:
            put.append(one)
            continue
        put.append({TRAIN: data})
        notes.append(Problem("no splits", data.origin, what, is_note=True))
    return put, notes


def _shared_digests(sets: Sequence[Splits]) -> dict[Path, str]:
    """For each picture a text that equal files of other sets share; "" if there are none."""
    digests = _content_digests(item.path for one in sets for item in _examples(one))
    owners: dict[str, set[int]] = defaultdict(set)
    for index, one in enumerate(sets):
        for item in _examples(one):
            owners[digests[item.path]].add(index)
    return {path: text if len(owners[text]) > 1 else "" for path, text in digests.items()}


def _content_digests(paths: Iterable[Path]) -> dict[Path, str]:
    """A text for each file that only equal ones share. Files of a unique size are not read."""
    digests: dict[Path, str] = {}
    by_size: dict[int, list[Path]] = defaultdict(list)
    for path in dict.fromkeys(paths):
        digests[path] = str(path)
        with suppress(OSError, ValueError):  # what cannot be read is reported when it is copied
            by_size[path.stat().st_size].append(path)
    for path in (path for alike in by_size.values() if len(alike) > 1 for path in alike):
        with suppress(OSError):
            digests[path] = file_digest(path)
    return digests


def _find_firsts(
    sets: Sequence[Splits], digests: Mapping[Path, str]
) -> dict[Path, tuple[int, Path]]:
    """For each picture of several sets, the first of these sets and the picture that it has."""
    firsts: dict[str, tuple[int, Path]] = {}
    found: dict[Path, tuple[int, Path]] = {}
    for index, one in enumerate(sets):
        for item in _examples(one):
            if digest := digests[item.path]:
                owner, first = firsts.setdefault(digest, (index, item.path))
                found.setdefault(item.path, (owner, item.path if owner == index else first))
    return found


def _join_labels(
    sets: Sequence[Splits], firsts: Mapping[Path, tuple[int, Path]]
) -> tuple[dict[Path, Labels | None], list[Problem]]:
    """The boxes of each picture from all sets, and a note for each picture of several sets."""
    found: dict[Path, Labels | None] = {}
    notes = []
    for one in sets:
        for path, item in {item.path: item for item in _examples(one)}.items():
            _, first = firsts.get(path, (0, path))
            if first not in found:
                found[first] = item.labels
                continue
            found[first] = _add_boxes(found[first], item.labels)
            what = "several data sets have it; it is kept once, with the boxes of all of them"
            if first != path:
                what = f"equal to {first}, which is kept, with the boxes of both"
            notes.append(Problem("in several sets", str(path), what, is_note=True))
    return found, notes


def _add_boxes(labels: Labels | None, more: Labels | None) -> Labels | None:
    """All boxes of `labels`, and those of `more` that are not among them."""
    if labels is None or more is None:
        return labels if more is None else more
    known = set(_rounded(labels))
    new = more.select(np.array([row not in known for row in _rounded(more)], bool))
    return Labels(
        *(
            np.concatenate((getattr(labels, name), getattr(new, name)))
            for name in ("class_ids", "boxes", "difficult")
        )
    )


def _rounded(labels: Labels) -> list[tuple[float, ...]]:
    """Class and box of each row, equal for equal boxes."""
    rows = np.column_stack((labels.class_ids, np.rint(labels.boxes / _SAME_BOX)))
    return [tuple(row) for row in rows.tolist()]


def _join_splits(
    sets: Sequence[Splits],
    labels: Mapping[Path, Labels | None],
    firsts: Mapping[Path, tuple[int, Path]],
) -> dict[str, DataSet]:
    """The splits of all sets, each picture once, without those that an earlier set has."""
    sources: dict[str, list[tuple[int, DataSet]]] = {}
    for index, one in enumerate(sets):
        for split, data in one.items():
            other = _SAME_SPLIT.get(split, split)
            is_other = split not in sources and other in sources and other not in one
            sources.setdefault(other if is_other else split, []).append((index, data))
    merged = {}
    for split, parts in sources.items():
        pictures: dict[Path, Example] = {}
        for index, item in ((index, item) for index, data in parts for item in data.examples):
            owner, _ = firsts.get(item.path, (index, item.path))
            if owner == index:
                pictures.setdefault(item.path, replace(item, labels=labels[item.path]))
        merged[split] = replace(
            parts[0][1],
            examples=tuple(pictures.values()),
            origin=" + ".join(data.origin for _, data in parts),
            problems=tuple(problem for _, data in parts for problem in data.problems),
        )
    return merged


def _examples(splits: Splits) -> Iterator[Example]:
    return (item for data in splits.values() for item in data.examples)

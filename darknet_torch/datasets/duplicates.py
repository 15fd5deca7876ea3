"""Reports pictures that a data set has several times, in one split or in two. No torch."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from darknet_torch.datasets.examples import DataSet, Problem
from darknet_torch.datasets.near_duplicates import Fingerprint, find_near_pairs

Splits = Mapping[str, DataSet]
# Splits that contain others on purpose; "all" may contain any.
_PARTS = {"trainval": ("train", "val", "valid"), "all": ()}
_SHOWN = 50  # pictures, before the others are only counted
_MORE = "pictures are nearly the same as another one"
_NAMED = 3  # pictures that two splits list, before there is one line for all


def split_again(source: Sequence[str]) -> str:
    """The command that splits a data set anew, into a new folder.

    Args:
        source: the words that name it on a command line, its path first; empty if several paths
            are one data set, which is not split at once.
    """
    if not source:
        return "dtorch dataset split"
    path = Path(source[0]).absolute()
    out = f"{path.stem if path.suffix else path.name}-split"
    return shlex.join(["dtorch", "dataset", "split", *source, "--out", out])


def find_repeated_paths(splits: Splits) -> Iterator[Problem]:
    """Find pictures that a split lists several times."""
    for name, data in splits.items():
        counts: dict[Path, int] = defaultdict(int)
        for item in data.examples:
            counts[item.path] += 1
        for path, count in counts.items():
            if count > 1:
                yield Problem("duplicate picture", str(path), f"is listed {count} times in {name}")


def find_repeated_contents(
    splits: Splits, digests: Mapping[Path, str], source: Sequence[str] = ()
) -> Iterator[Problem]:
    """Find pictures with the same pixels, whatever their names and file formats.

    Where two splits list the same files, such as all of them, there is one problem for these.

    Args:
        splits: the data sets by the name of the split.
        digests: of the pixels of each picture; "" if it cannot be read.
        source: as in `split_again`.
    """
    in_both: dict[tuple[str, str], list[Path]] = defaultdict(list)
    uses: dict[str, dict[tuple[str, Path], None]] = defaultdict(dict)
    for name, data in splits.items():
        for item in data.examples:
            uses[digests[item.path]][(name, item.path)] = None
    uses.pop("", None)
    for found in uses.values():
        for (split, path), (earlier_split, earlier_path) in _repetitions(list(found)):
            if split == earlier_split:
                what = f"the same picture as {earlier_path}"
                yield Problem("same content", str(path), what)
            elif path == earlier_path:
                in_both[split, earlier_split].append(path)
            else:
                yield _in_two_splits(path, split, earlier_split, earlier_path)
    for (split, other), paths in in_both.items():
        if len(paths) <= _NAMED:
            yield from (_in_two_splits(path, split, other, path) for path in paths)
            continue
        shown = ", ".join(map(str, paths[:_NAMED]))
        what = f"{len(paths)} pictures of {split} are in {other}, too, such as {shown}"
        fix = f"do not evaluate on training data: split again, {split_again(source)}"
        yield Problem("in two splits", splits[split].origin, what, fix=fix)


def _in_two_splits(path: Path, split: str, other: str, there: Path) -> Problem:
    return Problem("in two splits", str(path), f"is in {split}, and in {other} as {there}")


def _repetitions(uses: list[tuple[str, Path]]) -> Iterator[tuple[tuple[str, Path], ...]]:
    """Pair each repeated (split, path) of a picture with an earlier one, of the same split if any.

    A split that is a union may repeat the pictures of other splits.
    """
    for index, (split, path) in enumerate(uses):
        before = [use for use in uses[:index] if not _may_share(use[0], split)]
        same_split = [use for use in uses[:index] if use[0] == split]
        earlier = same_split or before
        if earlier:
            yield (split, path), earlier[0]


def _may_share(split: str, other: str) -> bool:
    """Whether one of two splits is a union that contains the other."""
    is_part = other in _PARTS.get(split, ()) or split in _PARTS.get(other, ())
    return is_part or "all" in (split, other)


def find_near_duplicates(
    splits: Splits,
    digests: Mapping[Path, str],
    fingerprints: Mapping[Path, Fingerprint | None],
    source: Sequence[str] = (),
) -> Iterator[Problem]:
    """Find pictures that are nearly the same, but not equal; in one split that is a note.

    The first ones are named, the others counted.

    Args:
        splits: the data sets by the name of the split.
        digests: as in `find_repeated_contents`.
        fingerprints: of each picture.
        source: as in `split_again`.
    """
    homes = _splits_of_pictures(splits)
    firsts: dict[str, Path] = {}
    for path in homes:
        firsts.setdefault(digests[path], path)
    paths = list(firsts.values())
    across, within = [], []
    fix = f"leave one out, or keep them together: {split_again(source)}"
    for one, other in find_near_pairs([fingerprints[path] for path in paths]):
        first, second = paths[one], paths[other]
        what = f"in {homes[second]}, nearly the same picture as {first} in {homes[first]}"
        if homes[first] == homes[second] or _may_share(homes[first], homes[second]):
            within.append(Problem("near duplicate", str(second), what, is_note=True))
        else:
            across.append(Problem("near duplicate in two splits", str(second), what, fix=fix))
    origin = next(iter(splits.values())).origin
    yield from first_ones(across, origin, _MORE)
    yield from first_ones(within, origin, _MORE)


def first_ones(found: Sequence[Problem], origin: str, what: str) -> Iterator[Problem]:
    """The first problems of a kind, and one that says how many others there are.

    Args:
        found: the problems.
        origin: the data set, for the message about the others.
        what: what that message says of them.
    """
    yield from found[:_SHOWN]
    if more := found[_SHOWN:]:
        yield replace(more[0], where=origin, what=f"{len(more)} more {what}")


def _splits_of_pictures(splits: Splits) -> dict[Path, str]:
    """The first split of each picture; a union of splits, which come last, if no other has it."""
    homes: dict[Path, str] = {}
    for name in sorted(splits, key=lambda name: name in _PARTS):
        for item in splits[name].examples:
            homes.setdefault(item.path, name)
    return homes

"""The names of splits: which mean the same, and which of them a path belongs to. No torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

ALL = "all"  # of a data set without splits
TRAIN = "train"
# What programs call the pictures to evaluate on while training: Darknet, VOC, and others.
SAME_AS_VALID = ("valid", "val", "validation")
_WORDS = {
    "train": TRAIN,
    "training": TRAIN,
    **{word: word for word in SAME_AS_VALID},
    "test": "test",
    "testing": "test",
}
_ORDER = (TRAIN, *SAME_AS_VALID, "test")
_YEAR = re.compile(r"[-_]?20\d\d$")
_WHAT = re.compile(r"[-_ ]?(labels|annotations?|boxes|coco|set|data|images)$")


def split_word(name: str) -> str | None:
    """The split that a folder or a file without its suffix is called after, or None.

    Examples: train2017 is "train", Valid is "valid", test_labels is "test".
    """
    word = _YEAR.sub("", name.lower())
    return _WORDS.get(word) or _WORDS.get(_WHAT.sub("", word.removeprefix("instances_")))


def split_of_parts(parts: Sequence[str]) -> str | None:
    """The split of the first folder of a path that is called after one, or None."""
    return next((word for part in parts if (word := split_word(part))), None)


def in_order(splits: Iterable[str]) -> list[str]:
    """Splits in the order train, valid, test, others."""
    places = {name: place for place, name in enumerate(_ORDER)}
    return sorted(splits, key=lambda name: (places.get(name, len(places)), name))


def whole_data_set(available: Sequence[str]) -> str | None:
    """The only split if it is not called after its use, such as "all" or CVAT's "default".

    None if there are several, or it is called "train", "valid", "test" or the like.
    """
    return available[0] if len(available) == 1 and split_word(available[0]) is None else None


def same_split(split: str, available: Sequence[str]) -> str:
    """The name in `available` that means `split`; `split` itself if there is none.

    "val", "valid" and "validation" mean the same; a data set without splits trains on all of it.
    """
    if split in available:
        return split
    if split == TRAIN:
        return whole_data_set(available) or split
    others = SAME_AS_VALID if split in SAME_AS_VALID else ()
    return next((name for name in others if name in available), split)


def choose_split(split: str | None, available: Sequence[str]) -> str:
    """The split to read: the one that is asked for, else the only one, else "train"."""
    if split is None:
        return available[0] if len(available) == 1 else TRAIN
    return same_split(split, available)


def group_by_split(root: Path, paths: Iterable[Path]) -> tuple[dict[str, list[Path]], list[Path]]:
    """Group files by the folders below `root` that are called after splits.

    Returns:
        The files of each split, or those of "all" if no folder is called after one; and the files
        outside of such folders, if there are any.
    """
    found: dict[str, list[Path]] = {}
    others: list[Path] = []
    for path in paths:
        split = split_of_parts(path.relative_to(root).parts[:-1])
        (others if split is None else found.setdefault(split, [])).append(path)
    if not found:
        return ({ALL: others} if others else {}), []
    return {name: found[name] for name in in_order(found)}, others

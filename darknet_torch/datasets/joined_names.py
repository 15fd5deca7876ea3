"""Joins the classes of several data sets by their names. No torch."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from darknet_torch.datasets.examples import DataSet, Example, Problem
from darknet_torch.errors import UsageError

_BLANKS = str.maketrans("", "", " \t_-")
_LEFT_OUT = -1


@dataclass(frozen=True)
class JoinedNames:
    """The classes of several data sets.

    Attributes:
        names: the names of the classes.
        renamed: old names -> new ones.
        problems: notes about names that differ in little, or are left out.
    """

    names: tuple[str, ...]
    renamed: Mapping[str, str]
    problems: tuple[Problem, ...]

    @staticmethod
    def join(
        data_sets: Sequence[DataSet],
        *,
        names: Sequence[str] = (),
        renamed: Mapping[str, str] | None = None,
    ) -> JoinedNames:
        """Join classes whose names are equal, letter by letter.

        Args:
            data_sets: the data sets.
            names: the classes in their order, others are left out; by default those of the first
                data set, then the new ones of each following one.
            renamed: old names -> new ones, which are applied first.

        Raises:
            UsageError: a data set has no names, or an old name is in none of them.
        """
        renamed = renamed or {}
        for data in data_sets:
            _check_named(data)
        _check_renamed(data_sets, renamed)
        found = dict.fromkeys(renamed.get(name, name) for one in data_sets for name in one.names)
        chosen = tuple(names) or tuple(found)
        problems = (*_missing_names(chosen, found), *_similar_names([*found, *names]))
        return JoinedNames(chosen, renamed, problems)

    def translate(self, data: DataSet) -> DataSet:
        """The data set with these classes.

        Boxes of a class that the data set does not have, or that is left out here, are left out;
        its problems say so.
        """
        numbers: dict[str, int] = {}
        for number, name in enumerate(self.names):
            numbers.setdefault(name, number)
        table = [numbers.get(self.renamed.get(name, name), _LEFT_OUT) for name in data.names]
        problems: list[Problem] = []
        examples = []
        for item in data.examples:
            translated, unknown = _translate(item, np.array([*table, _LEFT_OUT]))
            examples.append(translated)
            problems += unknown
        problems += _left_out(data, table)
        return replace(
            data,
            examples=tuple(examples),
            names=self.names,
            category_ids=(),
            problems=(*data.problems, *problems),
        )


def _translate(item: Example, table: np.ndarray) -> tuple[Example, Iterator[Problem]]:
    """An example with the classes of `table`, whose last entry is for those that do not exist."""
    if item.labels is None:
        return item, iter(())
    ids = item.labels.class_ids
    is_known = (ids >= 0) & (ids < len(table) - 1)
    new = table[np.where(is_known, ids, -1)]
    labels = replace(item.labels, class_ids=new).select(new != _LEFT_OUT)
    problems = (
        Problem(
            "class id",
            item.box_place(row),
            f"a box of class {ids[row]} is left out: there are {len(table) - 1} classes",
        )
        for row in np.flatnonzero(~is_known).tolist()
    )
    return replace(item, labels=labels), problems


def _left_out(data: DataSet, table: Sequence[int]) -> Iterator[Problem]:
    """A note for each class that `table` leaves out, with the number of its boxes."""
    labels = [item.labels for item in data.examples if item.labels is not None]
    counts = Counter(key for found in labels for key in found.class_ids.tolist())
    for key, name in enumerate(data.names):
        if table[key] == _LEFT_OUT and counts[key]:
            what = f"{counts[key]} boxes of {name!r} are left out: it is not among the names"
            yield Problem("left out", data.origin, what, is_note=True)


def _check_named(data: DataSet) -> None:
    """Refuse a data set without names, or with numbers that were made up for names."""
    made_up = tuple(f"class {index}" for index in range(len(data.names)))
    if data.names == made_up:
        raise UsageError(
            "the classes have no names, by which they could be joined",
            where=data.origin,
            expected="names=FILE in a .data file, or the names in the data set",
            got="none",
            fix="write names=FILE, one name per line, into the .data file",
        )


def _check_renamed(data_sets: Iterable[DataSet], renamed: Mapping[str, str]) -> None:
    known = dict.fromkeys(name for data in data_sets for name in data.names)
    for old in renamed:
        if old not in known:
            raise UsageError(
                "no data set has a class of the name to be changed",
                expected=f"one of {', '.join(known)}",
                got=repr(old),
                fix="correct the name in --rename OLD=NEW",
            )


def _missing_names(chosen: Sequence[str], found: Iterable[str]) -> Iterator[Problem]:
    for name in chosen:
        if name not in found:
            what = "no data set has a class of this name"
            yield Problem("class without boxes", repr(name), what, is_note=True)


def _similar_names(names: Iterable[str]) -> Iterator[Problem]:
    """Notes about names that differ only in case, blanks, hyphens or underscores."""
    alike: dict[str, dict[str, None]] = defaultdict(dict)
    for name in names:
        alike[name.translate(_BLANKS).casefold()][name] = None
    for first, *others in alike.values():
        for other in others:
            yield Problem(
                "similar names",
                repr(other),
                f"differs from {first!r} in case or blanks alone, and is another class",
                fix=f'if they are the same, --rename "{other}={first}"',
                is_note=True,
            )

"""The classes that a detector keeps, chosen by names or numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from darknet_torch.arguments import described
from darknet_torch.errors import UsageError, nearest
from darknet_torch.text import whole_number


def choose_class_ids(
    only: Sequence[str | int] | None,
    skip: Sequence[str | int],
    *,
    names: Sequence[str],
    classes: int,
) -> list[int] | None:
    """Return the ids of the classes to detect; None for all.

    Args:
        only: names or ids of the classes to detect; None for all.
        skip: names or ids of classes to leave out.
        names: of all classes, or () if they have none.
        classes: how many there are.

    Raises:
        UsageError: `only` or `skip` is not a list, or contains what is not a class.
    """
    if only is None and skip == ():
        return None
    given = {"only": () if only is None else only, "skip": skip}
    for option, one in given.items():
        _check_list(option, one)
    chosen = (
        range(classes) if only is None else [_find_class_id(one, names, classes) for one in only]
    )
    skipped = {_find_class_id(one, names, classes) for one in skip}
    return [class_id for class_id in chosen if class_id not in skipped]


def _check_list(option: str, given: object) -> None:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise UsageError(
            f"{option} is not a list",
            expected="a list of names or numbers",
            got=described(given),
            fix=f"{option}=[{given!r}]",
        )


def _find_class_id(name_or_id: str | int, names: Sequence[str], classes: int) -> int:
    if name_or_id in names:
        return names.index(str(name_or_id))
    number = whole_number(str(name_or_id))
    if number is not None and number < classes:
        return number
    close = nearest(str(name_or_id), names)
    raise UsageError(
        "no such class",
        where=name_or_id,
        expected=f"a name, or a number from 0 to {classes - 1}",
        fix=f"did you mean {close!r}?" if close else None,
    )

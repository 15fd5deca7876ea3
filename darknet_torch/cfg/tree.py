"""Trees of classes, as YOLO9000 and hierarchical classifiers use them. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from darknet_torch.errors import CfgError

_RUN = "group"


@dataclass(frozen=True)
class Tree:
    """A hierarchy of classes; siblings have neighbouring ids, parents come before children.

    Attributes:
        names: of the classes.
        parents: id of each class's parent, -1 for none.
        groups: (first id, how many) of each set of siblings.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    groups: tuple[tuple[int, int], ...]

    @property
    def group_of(self) -> list[int]:
        """Index of each class's group."""
        return [index for index, (_, size) in enumerate(self.groups) for _ in range(size)]

    @cached_property
    def child_group(self) -> list[int]:
        """Index of the group of each class's children, -1 for a leaf."""
        found = [-1] * len(self.parents)
        for index, (first, _) in enumerate(self.groups):
            if self.parents[first] >= 0:
                found[self.parents[first]] = index
        return found

    @property
    def levels(self) -> list[list[int]]:
        """The ids of each depth, the roots first."""
        depths: list[int] = []
        levels: list[list[int]] = []
        for class_id, parent in enumerate(self.parents):
            depth = depths[parent] + 1 if parent >= 0 else 0
            depths.append(depth)
            if depth == len(levels):
                levels.append([])
            levels[depth].append(class_id)
        return levels


def read_tree(path: Path) -> Tree:
    """Read a tree file: a line a class, its name and its parent's id.

    A line ``group P N`` stands for N nameless children of P, one behind the other; it is
    how the shipped trees are written. Lines that start with ``#`` are comments.

    Raises:
        CfgError: it is missing, or a line has no parent that came before it.

    Source: tree.c read_tree.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise CfgError(f"cannot be read ({error.strerror})", where=path) from None
    names: list[str] = []
    parents: list[int] = []
    for number, line in enumerate(lines, 1):
        # Split as bytes: only ASCII's white space ends a name.
        words = [word.decode("latin-1") for word in line.split()]
        if not words or words[0].startswith("#"):
            continue
        is_run = words[0] == _RUN and len(words) > 2
        try:
            parent = int(words[1]) if len(words) > 1 else -1
            count = int(words[2]) if is_run else 1
        except ValueError:
            parent, count = len(names), 1
        if not -1 <= parent < len(names):
            raise CfgError(
                "a class without a parent before it",
                where=f"{path}:{number}",
                expected=f"a name and an id in -1..{len(names) - 1}",
                got=repr(line.decode("latin-1")),
            )
        for _ in range(count):
            names.append(f"class {len(names)}" if is_run else words[0])
            parents.append(parent)
    return Tree(tuple(names), tuple(parents), _groups(parents))


def _groups(parents: list[int]) -> tuple[tuple[int, int], ...]:
    starts = [i for i, parent in enumerate(parents) if i == 0 or parent != parents[i - 1]]
    ends = [*starts[1:], len(parents)]
    return tuple((start, end - start) for start, end in zip(starts, ends, strict=True))

"""Trees of classes, as YOLO9000 and hierarchical classifiers use them. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from darknet_torch.cfg.class_lists import read_class_list
from darknet_torch.errors import CfgError
from darknet_torch.text import byte_lines, decode_text

_GROUP = "group"
_EXPECTED = "lines of a name and a parent's id"
_MOST_CLASSES = 1_000_000  # a group of more is a mistake, and would fill the memory


@dataclass(frozen=True)
class Tree:
    """A hierarchy of classes. Siblings have consecutive ids; parents come before children.

    Attributes:
        names: the name of each class.
        parents: the id of the parent of each class, -1 for none.
        groups: (first id, number of classes) of each set of siblings.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    groups: tuple[tuple[int, int], ...]

    @property
    def group_of(self) -> list[int]:
        """The index of the group that each class is in."""
        return [index for index, (_, size) in enumerate(self.groups) for _ in range(size)]

    @cached_property
    def child_group(self) -> list[int]:
        """The index of the group of the children of each class, -1 for a leaf."""
        found = [-1] * len(self.parents)
        for index, (first, _) in enumerate(self.groups):
            if self.parents[first] >= 0:
                found[self.parents[first]] = index
        return found

    @cached_property
    def levels(self) -> list[list[int]]:
        """The ids at each depth, the roots first."""
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
    """Read a tree file. Each line holds the name of a class and the id of its parent.

    A line ``group P N`` stands for N consecutive children of P without names; the shipped trees
    are written that way. Lines that start with ``#`` are comments.

    Raises:
        CfgError: the file cannot be read, is too large (see `read_class_list`), has no classes, a
            line names no parent that came before it, or a group is empty or too large.

    Source: tree.c read_tree.
    """
    lines = read_class_list(path, byte_lines, expected=_EXPECTED, error=CfgError)
    names: list[str] = []
    parents: list[int] = []
    for number, line in enumerate(lines, 1):
        # Bytes are split, not text: only the white space of ASCII ends a name.
        words = [decode_text(word) for word in line.split()]
        if not words or words[0].startswith("#"):
            continue
        is_group = words[0] == _GROUP and len(words) > 2
        try:
            parent = int(words[1]) if len(words) > 1 else -1
            count = int(words[2]) if is_group else 1
        except ValueError:
            parent, count = len(names), 1
        if not -1 <= parent < len(names):
            raise CfgError(
                "a class without a parent before it",
                where=f"{path}:{number}",
                expected=f"a name and an id in -1..{len(names) - 1}",
                got=repr(decode_text(line)),
            )
        if not 0 < count <= _MOST_CLASSES - len(names):
            raise CfgError(
                "a group of an impossible size",
                where=f"{path}:{number}",
                expected=f"1 class or more, and {_MOST_CLASSES} in all at most",
                got=count,
            )
        for _ in range(count):
            names.append(f"class {len(names)}" if is_group else words[0])
            parents.append(parent)
    if not names:
        raise CfgError("the tree has no classes", where=path, expected=_EXPECTED)
    return Tree(tuple(names), tuple(parents), group_siblings(parents))


def group_siblings(parents: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return `Tree.groups` of the parents of one class or more."""
    starts = [i for i, parent in enumerate(parents) if i == 0 or parent != parents[i - 1]]
    ends = [*starts[1:], len(parents)]
    return tuple((start, end - start) for start, end in zip(starts, ends, strict=True))

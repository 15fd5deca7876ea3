"""Probabilities over a tree of classes, on plain arrays."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from darknet_torch.cfg.tree import Tree
from darknet_torch.decoding.arrays import ArrayFunctions, FixedIndices


class ClassTree:
    """Softmax among siblings, and products of probabilities along the path from the root.

    Every method works along the last axis, the classes.

    Args:
        tree: the hierarchy.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    @cached_property
    def ids(self) -> FixedIndices:
        """The ids of all classes."""
        return FixedIndices(np.arange(len(self.tree.parents)))

    @cached_property
    def _levels(self) -> list[tuple[FixedIndices, FixedIndices]]:
        """The ids at each depth below the roots, and the ids of their parents."""
        parents = np.array(self.tree.parents)
        levels = [np.array(level) for level in self.tree.levels[1:]]
        return [(FixedIndices(level), FixedIndices(parents[level])) for level in levels]

    @cached_property
    def _group_of(self) -> FixedIndices:
        return FixedIndices(np.array(self.tree.group_of))

    @cached_property
    def _starts(self) -> FixedIndices:
        """Which classes are in the first group, where a walk starts."""
        return FixedIndices(self._group_of.values == 0)

    @cached_property
    def _continues(self) -> FixedIndices:
        """Which classes a walk may go to: of a parent, the group of its children."""
        children = np.array([*self.tree.child_group, -1])
        return FixedIndices(children[np.array(self.tree.parents)] == self._group_of.values)

    @cached_property
    def _from_last(self) -> FixedIndices:
        """Numbers above 0 that fall from the first class to the last."""
        return FixedIndices(self.ids.values[::-1] + 1)

    @cached_property
    def _has_children(self) -> FixedIndices:
        return FixedIndices(np.array(self.tree.child_group) >= 0)

    def softmax(self, functions: ArrayFunctions, x: Any) -> Any:
        """[..., C] to [..., C]: siblings add up to one. Source: softmax_layer.c softmax_tree."""
        groups = functions.indices(self._group_of, x)
        largest = functions.reduce_groups("amax", x, self._group_of)
        raised = functions.xp.exp(x - largest[..., groups])
        return raised / functions.reduce_groups("sum", raised, self._group_of)[..., groups]

    def chain(self, functions: ArrayFunctions, x: Any) -> Any:
        """Multiply each probability [..., C] by those of its ancestors.

        Source: tree.c hierarchy_predictions.
        """
        out = x * 1
        for ids, parents in self._levels:
            at = functions.indices(ids, x)
            out[..., at] *= out[..., functions.indices(parents, x)]
        return out

    def leaves(self, functions: ArrayFunctions, chained: Any) -> Any:
        """[..., C] with every class that has children set to 0."""
        inner = functions.indices(self._has_children, chained)
        return functions.xp.where(inner, 0.0, chained)

    def deepest(self, functions: ArrayFunctions, chained: Any, threshold: float = 0.5) -> Any:
        """[..., C] with the last class above `threshold` alone, the others 0.

        Source: region_layer.c get_region_boxes (AlexeyAB).
        """
        xp = functions.xp
        ids = functions.indices(self.ids, chained)
        last = xp.amax(xp.where(chained > threshold, ids, -1), -1)
        return xp.where(ids == last[..., None], chained, 0.0)

    def top(self, functions: ArrayFunctions, chained: Any, threshold: float = 0.5) -> Any:
        """[...] class ids: walk from the root to the best child, level by level.

        The walk ends where the product of the probabilities would not stay above `threshold`. The
        best of the first group is taken in any case; class 0 if one of them is not a number.

        Source: tree.c hierarchy_top_prediction (pjreddie).
        """
        xp, best = functions.xp, self._best_of_groups(functions, chained)
        start = best & functions.indices(self._starts, chained)
        certain = self.chain(functions, chained) > threshold
        reached = certain & (start | (best & functions.indices(self._continues, chained)))
        for level, parents in self._levels:
            at = functions.indices(level, chained)
            reached[..., at] &= reached[..., functions.indices(parents, chained)]
        ids = functions.indices(self.ids, chained)
        return xp.amax(xp.where(reached | start, ids, 0), -1)

    def _best_of_groups(self, functions: ArrayFunctions, x: Any) -> Any:
        """[..., C] bool: the class of the highest value of each group, the first of equal ones."""
        where, groups = functions.xp.where, functions.indices(self._group_of, x)
        best = x == functions.reduce_groups("amax", x, self._group_of)[..., groups]
        order = where(best, functions.indices(self._from_last, x), 0.0)
        first = functions.reduce_groups("amax", order, self._group_of)[..., groups]
        return best & (order == first)

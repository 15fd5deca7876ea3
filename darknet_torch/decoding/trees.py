"""Probabilities over a tree of classes, on plain arrays."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from darknet_torch.cfg.tree import Tree
from darknet_torch.decoding.arrays import ArrayFunctions


class ClassTree:
    """Softmax among siblings, and products of probabilities along the path from the root.

    Every method works along the last axis, the classes.

    Args:
        tree: the hierarchy.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    @cached_property
    def _levels(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The ids at each depth below the roots, and the ids of their parents."""
        parents = np.array(self.tree.parents)
        levels = [np.array(level) for level in self.tree.levels[1:]]
        return [(level, parents[level]) for level in levels]

    @cached_property
    def _group_of(self) -> np.ndarray:
        return np.array(self.tree.group_of)

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
        inner = functions.indices([child >= 0 for child in self.tree.child_group], chained)
        return functions.xp.where(inner, 0.0, chained)

    def deepest(self, functions: ArrayFunctions, chained: Any, threshold: float = 0.5) -> Any:
        """[..., C] with the last class above `threshold` alone, the others 0.

        Source: region_layer.c get_region_boxes (AlexeyAB).
        """
        xp = functions.xp
        ids = functions.indices(range(chained.shape[-1]), chained)
        last = xp.amax(xp.where(chained > threshold, ids, -1), -1)
        return xp.where(ids == last[..., None], chained, 0.0)

    def top(self, functions: ArrayFunctions, chained: Any, threshold: float = 0.5) -> Any:
        """[...] class ids: walk from the root to the best child, level by level.

        The walk ends where the product of the probabilities would not stay above `threshold`.

        Source: tree.c hierarchy_top_prediction (pjreddie).
        """
        rows = functions.to_numpy(chained).reshape(-1, chained.shape[-1])
        found = np.array([self._walk(row, threshold) for row in rows], np.int64)
        return functions.indices(found, chained).reshape(chained.shape[:-1])

    def _walk(self, row: np.ndarray, threshold: float) -> int:
        group, product = 0, 1.0
        children = self.tree.child_group
        while True:
            first, size = self.tree.groups[group]
            best = first + int(row[first : first + size].argmax())
            if product * float(row[best]) <= threshold:
                return best if group == 0 else self.tree.parents[first]
            product *= float(row[best])
            group = children[best]
            if group < 0:
                return best

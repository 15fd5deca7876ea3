"""Probabilities over a tree of classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from darknet_torch.cfg.tree import Tree


class TreeProbabilities(nn.Module):
    """Softmax among siblings, and products of probabilities along the path from the root.

    Every method works along the last dimension, the classes.
    """

    group_of: Tensor
    parents: Tensor

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        self.tree = tree
        self.register_buffer("group_of", torch.tensor(tree.group_of), persistent=False)
        self.register_buffer("parents", torch.tensor(tree.parents), persistent=False)
        self.levels = [torch.tensor(level) for level in tree.levels]

    def softmax(self, x: Tensor) -> Tensor:
        """[..., C] to [..., C]: siblings add up to one. Source: softmax_layer.c softmax_tree."""
        groups = self.group_of.expand_as(x)
        empty = x.new_full((*x.shape[:-1], len(self.tree.groups)), -torch.inf)
        largest = empty.scatter_reduce(-1, groups, x, "amax")
        raised = torch.exp(x - largest.gather(-1, groups))
        sums = torch.zeros_like(empty).scatter_add(-1, groups, raised)
        return raised / sums.gather(-1, groups)

    def chain(self, x: Tensor) -> Tensor:
        """Multiply each probability [..., C] by those of its ancestors.

        Source: tree.c hierarchy_predictions.
        """
        out = x.clone()
        for level in self.levels[1:]:
            level = level.to(x.device)
            out[..., level] *= out[..., self.parents[level]]
        return out

    def path(self, classes: Tensor) -> tuple[Tensor, Tensor]:
        """The path from each of `classes` [K] to the root.

        Returns:
            [K, C] bool: the classes on the path and their siblings; and [K, C] bool: the
            classes on the path.
        """
        rows = torch.arange(len(classes), device=classes.device)
        on_path = torch.zeros(
            len(classes), len(self.tree.parents), dtype=torch.bool, device=classes.device
        )
        groups = torch.zeros(
            len(classes), len(self.tree.groups), dtype=torch.bool, device=classes.device
        )
        for _ in self.levels:  # no path is longer
            known, at = classes >= 0, classes.clamp(min=0)
            on_path[rows, at] |= known
            groups[rows, self.group_of[at]] |= known
            classes = torch.where(known, self.parents[at], -1)
        return groups[:, self.group_of], on_path

    def leaves(self, chained: Tensor) -> Tensor:
        """[..., C] with every class that has children set to 0."""
        inner = torch.tensor([child >= 0 for child in self.tree.child_group])
        return torch.where(inner.to(chained.device), 0.0, chained)

    def deepest(self, chained: Tensor, threshold: float = 0.5) -> Tensor:
        """[..., C] with the last class above `threshold` alone, the others 0.

        Source: region_layer.c get_region_boxes (AlexeyAB).
        """
        ids = torch.arange(chained.shape[-1], device=chained.device)
        last = torch.where(chained > threshold, ids, -1).amax(-1, keepdim=True)
        return torch.where(ids == last, chained, 0.0)

    def top(self, chained: Tensor, threshold: float = 0.5) -> Tensor:
        """[...] class ids: walk from the root to the best child, level by level.

        The walk ends where the product of the probabilities would not stay above `threshold`.

        Source: tree.c hierarchy_top_prediction (pjreddie).
        """
        flat = chained.flatten(0, -2)
        found = [self._walk(row, threshold) for row in flat]
        return torch.tensor(found, device=chained.device).reshape(chained.shape[:-1])

    def _walk(self, row: Tensor, threshold: float) -> int:
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

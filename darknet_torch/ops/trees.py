"""Probabilities over a tree of classes, on tensors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from darknet_torch.cfg.tree import Tree
from darknet_torch.decoding.trees import ClassTree
from darknet_torch.ops.arrays import TORCH


class TreeProbabilities(nn.Module):
    """`ClassTree` for tensors, and what losses and classifiers ask of a tree.

    Every method works along the last dimension, the classes.

    Attributes:
        tree: the hierarchy.
        classes: its formulas.
    """

    group_of: Tensor
    parents: Tensor

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        self.tree = tree
        self.classes = ClassTree(tree)
        self.register_buffer("group_of", torch.tensor(tree.group_of), persistent=False)
        self.register_buffer("parents", torch.tensor(tree.parents), persistent=False)

    def softmax(self, x: Tensor) -> Tensor:
        """`ClassTree.softmax` of [..., C]."""
        return self.classes.softmax(TORCH, x)

    def chain(self, x: Tensor) -> Tensor:
        """`ClassTree.chain` of [..., C]."""
        return self.classes.chain(TORCH, x)

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
        for _ in self.tree.levels:  # no path is longer
            known, at = classes >= 0, classes.clamp(min=0)
            on_path[rows, at] |= known
            groups[rows, self.group_of[at]] |= known
            classes = torch.where(known, self.parents[at], -1)
        return groups[:, self.group_of], on_path

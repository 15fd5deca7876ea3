"""Classes as truths: one of many, smoothed, or with their ancestors. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.tree import Tree
from darknet_torch.errors import CfgError

SECRET_NUM = -1234  # "nothing is known of this class", as in darknet.h


@dataclass(frozen=True)
class ClassTruthEncoder:
    """How a class becomes a truth.

    Attributes:
        classes: of the network.
        smoothing: what the class gives to all the others together.
        tree: a hierarchy of the classes.
        made_up: the classes of pictures are not looked at; see `ClassificationSource`.
    """

    classes: int
    smoothing: float = 0.0
    tree: Tree | None = None
    made_up: bool = False

    @staticmethod
    def from_net(net: NetOptions, classes: int, tree: Tree | None) -> ClassTruthEncoder:
        """What the cfg asks for.

        Raises:
            CfgError: the tree is one of other classes.
        """
        if tree is not None and len(tree.parents) != classes:
            raise CfgError(
                "the tree does not fit the network",
                where=net.where,
                expected=f"{classes} classes",
                got=len(tree.parents),
            )
        return ClassTruthEncoder(classes, net.label_smooth_eps, tree, net.unsupervised)

    def encode(self, class_id: int) -> np.ndarray:
        """[classes] float32. Source: data.c fill_truth_smooth, load_labels_paths."""
        if self.made_up:
            return np.eye(1, self.classes, class_id, np.float32)[0]
        others = self.smoothing / (self.classes - 1) if self.classes > 1 else 0.0
        truth = np.full(self.classes, others, np.float32)
        truth[class_id] = 1 - self.smoothing
        if self.tree is not None:
            _fill_hierarchy(truth, self.tree)
        return truth


def _fill_hierarchy(truth: np.ndarray, tree: Tree) -> None:
    """Ancestors are true too; of groups without a true class nothing is known.

    Source: data.c fill_hierarchy (both code bases).
    """
    for class_id in np.flatnonzero(truth):
        parent = tree.parents[class_id]
        while parent >= 0:
            truth[parent] = 1
            parent = tree.parents[parent]
    for first, size in tree.groups:
        if not truth[first : first + size].any():
            truth[first : first + size] = SECRET_NUM

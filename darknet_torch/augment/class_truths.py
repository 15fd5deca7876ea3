"""Truth vectors of classes: one-hot, smoothed, or with the ancestors of a class. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.tree import Tree
from darknet_torch.errors import CfgError

SECRET_NUM = -1234  # the truth of this class is unknown; as in darknet.h


@dataclass(frozen=True)
class ClassTruthEncoder:
    """Converts a class id to a truth vector.

    Attributes:
        classes: number of classes of the network.
        smoothing: the probability that label smoothing moves from the class to all others.
        tree: the hierarchy of the classes, or None.
        unsupervised: ignore the labels of the pictures; see `ClassificationSource`.
    """

    classes: int
    smoothing: float = 0.0
    tree: Tree | None = None
    unsupervised: bool = False

    @staticmethod
    def from_net(net: NetOptions, classes: int, tree: Tree | None) -> ClassTruthEncoder:
        """Read the options of [net].

        Raises:
            CfgError: the tree has another number of classes than the network.
        """
        if tree is not None and len(tree.parents) != classes:
            raise CfgError(
                "the tree has another number of classes than the network",
                where=net.where,
                expected=f"{classes} classes",
                got=len(tree.parents),
            )
        return ClassTruthEncoder(classes, net.label_smooth_eps, tree, net.unsupervised)

    def encode(self, class_id: int) -> np.ndarray:
        """The truth of a class, [classes] float32.

        Source: data.c fill_truth_smooth, load_labels_paths.
        """
        if self.unsupervised:
            return np.eye(1, self.classes, class_id, np.float32)[0]
        others = self.smoothing / (self.classes - 1) if self.classes > 1 else 0.0
        truth = np.full(self.classes, others, np.float32)
        truth[class_id] = 1 - self.smoothing
        if self.tree is not None:
            _fill_hierarchy(truth, self.tree)
        return truth


def _fill_hierarchy(truth: np.ndarray, tree: Tree) -> None:
    """Set the ancestors to 1, and groups without a true class to unknown.

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

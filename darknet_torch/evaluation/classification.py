"""How often a classifier is right. No torch.

Source: classifier.c validate_classifier_single (both code bases).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.datasets.classification import ClassifiedPictures, class_in_path
from darknet_torch.evaluation.report import percent, table

UNKNOWN = -1  # the class of a picture that has none: no guess is right


@dataclass(frozen=True)
class ClassifierScore:
    """Right guesses, by class.

    Attributes:
        names: [C] of the classes.
        top: how many guesses each picture has.
        pictures: [C] int64, pictures of each class.
        top_1: [C] int64, those whose top_1 guess is right.
        top_k: [C] int64, those of which one of `top` guesses is right.
        unknown: pictures of no known class, which count as wrong.
    """

    names: tuple[str, ...]
    top: int
    pictures: np.ndarray
    top_1: np.ndarray
    top_k: np.ndarray
    unknown: int

    @property
    def total(self) -> int:
        """All pictures."""
        return int(self.pictures.sum()) + self.unknown

    def lines(self) -> list[str]:
        """Darknet's last line, and a table of the classes that have pictures."""
        top_1, top_k = self.top_1.sum() / self.total, self.top_k.sum() / self.total
        rows = [
            [
                self.names[i],
                str(self.pictures[i]),
                percent(self.top_1[i] / self.pictures[i]),
                percent(self.top_k[i] / self.pictures[i]),
            ]
            for i in np.flatnonzero(self.pictures)
        ]
        head = ["class", "pictures", "top 1", f"top {self.top}"]
        return [
            f"{self.total - 1}: top 1: {top_1:f}, top {self.top}: {top_k:f}",
            "",
            *table([head, *rows]),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, parts in 0-1."""
        rows = zip(self.names, self.pictures, self.top_1, self.top_k, strict=True)
        return {
            "pictures": self.total,
            "unknown": self.unknown,
            "top": self.top,
            "top_1": float(self.top_1.sum() / self.total),
            "top_k": float(self.top_k.sum() / self.total),
            "classes": [
                {
                    "class_id": i,
                    "name": name,
                    "pictures": int(count),
                    "top_1": float(top_1 / count) if count else None,
                    "top_k": float(top_k / count) if count else None,
                }
                for i, (name, count, top_1, top_k) in enumerate(rows)
            ],
        }


def true_class_ids(pictures: ClassifiedPictures) -> list[int]:
    """The class of each picture; of several labels in a path the top_1 counts.

    Source: classifier.c validate_classifier_single.
    """
    return [
        known
        if known is not None
        else next(iter(class_in_path(str(path), pictures.labels)), UNKNOWN)
        for path, known in zip(pictures.paths, pictures.class_ids, strict=True)
    ]


def score_classifier(
    guesses: np.ndarray, class_ids: Sequence[int], names: Sequence[str]
) -> ClassifierScore:
    """Count right guesses.

    Args:
        guesses: [N, K] class ids, the best first.
        class_ids: [N] the classes of the pictures, or `UNKNOWN`.
        names: of all classes.
    """
    truths = np.asarray(class_ids, np.int64)
    right = guesses == truths[:, None]
    known = truths != UNKNOWN

    def count(rows: np.ndarray) -> np.ndarray:
        return np.bincount(truths[rows & known], minlength=len(names))

    return ClassifierScore(
        tuple(names),
        guesses.shape[1],
        count(known),
        count(right[:, 0]),
        count(right.any(1)),
        int((~known).sum()),
    )

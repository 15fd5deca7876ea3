"""How often a classifier is right. No torch.

Source: classifier.c validate_classifier_single (both code bases).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.datasets.classification import ClassifiedPictures, classes_in_path
from darknet_torch.evaluation.report import per_cent, table

UNKNOWN = -1  # the class of a picture that has none: no guess is right


@dataclass(frozen=True)
class ClassifierScore:
    """Right guesses, by class.

    Attributes:
        names: [C] of the classes.
        top: how many guesses each picture has.
        pictures: [C] int64, pictures of each class.
        first: [C] int64, those whose first guess is right.
        among: [C] int64, those of which one of `top` guesses is right.
        unknown: pictures of no known class, which count as wrong.
    """

    names: tuple[str, ...]
    top: int
    pictures: np.ndarray
    first: np.ndarray
    among: np.ndarray
    unknown: int

    @property
    def total(self) -> int:
        """All pictures."""
        return int(self.pictures.sum()) + self.unknown

    def lines(self) -> list[str]:
        """Darknet's last line, and a table of the classes that have pictures."""
        first, among = self.first.sum() / self.total, self.among.sum() / self.total
        rows = [
            [
                self.names[i],
                str(self.pictures[i]),
                per_cent(self.first[i] / self.pictures[i]),
                per_cent(self.among[i] / self.pictures[i]),
            ]
            for i in np.flatnonzero(self.pictures)
        ]
        head = ["class", "pictures", "top 1", f"top {self.top}"]
        return [
            f"{self.total - 1}: top 1: {first:f}, top {self.top}: {among:f}",
            "",
            *table([head, *rows]),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, parts in 0-1."""
        rows = zip(self.names, self.pictures, self.first, self.among, strict=True)
        return {
            "pictures": self.total,
            "unknown": self.unknown,
            "top": self.top,
            "top_1": float(self.first.sum() / self.total),
            "top_k": float(self.among.sum() / self.total),
            "classes": [
                {
                    "class_id": i,
                    "name": name,
                    "pictures": int(count),
                    "top_1": float(first / count) if count else None,
                    "top_k": float(among / count) if count else None,
                }
                for i, (name, count, first, among) in enumerate(rows)
            ],
        }


def class_ids_of(pictures: ClassifiedPictures) -> list[int]:
    """The class of each picture; of several labels in a path the first counts.

    Source: classifier.c validate_classifier_single.
    """
    return [
        known
        if known is not None
        else next(iter(classes_in_path(str(path), pictures.labels)), UNKNOWN)
        for path, known in zip(pictures.paths, pictures.class_ids, strict=True)
    ]


def classifier_score(
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

"""Top-1 and top-k accuracy of a classifier. No torch.

Source: classifier.c validate_classifier_single (both code bases).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.datasets.classification import ClassifiedPictures, classes_in_path
from darknet_torch.evaluation.report import percent, table

UNKNOWN = -1  # the class id of a picture without a known class: every guess is wrong


@dataclass(frozen=True)
class ClassifierScore:
    """The numbers of correctly classified pictures, per class.

    Attributes:
        names: [C] names of the classes.
        top: number of guesses per picture.
        pictures: [C] int64, pictures of each class.
        top_1: [C] int64, pictures of each class whose first guess is right.
        top_k: [C] int64, pictures of each class for which one of the `top` guesses is right.
        unknown: number of pictures of no known class, which count as wrong.
    """

    names: tuple[str, ...]
    top: int
    pictures: np.ndarray
    top_1: np.ndarray
    top_k: np.ndarray
    unknown: int

    @property
    def total(self) -> int:
        """The number of all pictures."""
        return int(self.pictures.sum()) + self.unknown

    def lines(self) -> list[str]:
        """Return Darknet's last line, and a table of the classes that have pictures.

        Differs: the line starts with the number of pictures, where C's has the index of the last.
        """
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
            f"{self.total}: top 1: {top_1:f}, top {self.top}: {top_k:f}",
            "",
            *table([head, *rows]),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; accuracies are in 0-1."""
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
    """Return the class id of each picture, or `UNKNOWN`.

    If several labels occur in a path, the first one counts.

    Source: classifier.c validate_classifier_single.
    """
    return [
        known
        if known is not None
        else next(iter(classes_in_path(str(path), pictures.labels)), UNKNOWN)
        for path, known in zip(pictures.paths, pictures.class_ids, strict=True)
    ]


def score_classifier(
    guesses: np.ndarray, class_ids: Sequence[int], names: Sequence[str]
) -> ClassifierScore:
    """Count the right guesses.

    Args:
        guesses: [N, K] guessed class ids of each picture, the best guess first.
        class_ids: [N] class ids of the pictures, or `UNKNOWN`.
        names: names of all classes.
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

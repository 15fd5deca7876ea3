"""The classes of one picture, as text, JSON or a table. No torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

import numpy as np

from darknet_torch.extras import import_extra
from darknet_torch.printable import escape_in_line
from darknet_torch.results.selection import is_number, one_index, selected_indices, shortened


@dataclass(frozen=True)
class ClassScore:
    """One class of a picture.

    Attributes:
        class_id: from 0.
        score: 0-1.
        name: the name of the class, "class N" for a class without one.
    """

    class_id: int
    score: float
    name: str


@dataclass(frozen=True, repr=False)
class Classification:
    """The most likely classes of one picture, sorted by score, the highest first.

    ``for one in classification`` and ``classification[0]`` give a `ClassScore`; a slice, a mask,
    or a list of indices gives a `Classification`.

    Attributes:
        class_ids: [K] from 0.
        scores: [K] 0-1.
        names: the names of all classes; a class without a name is called "class N".
        parents: [K] id of each class's parent in the tree, -1 for a root; None without a tree.
        filename: path or URL of the picture, empty if it has none.
        engine: what ran the network, with its version; it does not count in comparisons.
    """

    class_ids: tuple[int, ...]
    scores: tuple[float, ...]
    names: tuple[str, ...]
    parents: tuple[int, ...] | None
    filename: str = ""
    engine: str = field(default="", compare=False)

    def __len__(self) -> int:
        return len(self.class_ids)

    def __iter__(self) -> Iterator[ClassScore]:
        return (self._class_score(index) for index in range(len(self)))

    @overload
    def __getitem__(self, key: int) -> ClassScore: ...
    @overload
    def __getitem__(self, key: slice | Sequence[int] | np.ndarray) -> Classification: ...

    def __getitem__(
        self, key: int | slice | Sequence[int] | np.ndarray
    ) -> ClassScore | Classification:
        """Return one class, or several as a `Classification`; see `Detections.__getitem__`.

        Raises:
            IndexError: a number is too high or too low, or a mask has another length.
            UsageError: the key is something else.
        """
        if is_number(key):
            return self._class_score(one_index(key, len(self)))
        indices = selected_indices(key, len(self))
        return replace(
            self,
            class_ids=tuple(self.class_ids[index] for index in indices),
            scores=tuple(self.scores[index] for index in indices),
            parents=self.parents and tuple(self.parents[index] for index in indices),
        )

    def _class_score(self, index: int) -> ClassScore:
        class_id = self.class_ids[index]
        return ClassScore(class_id, self.scores[index], self.name(class_id))

    def __repr__(self) -> str:
        return shortened(self, [f"{one.name} {one.score:.2f}" for one in self])

    def name(self, class_id: int) -> str:
        """Return the name of a class."""
        return self.names[class_id] if class_id < len(self.names) else f"class {class_id}"

    def lines(self) -> list[str]:
        """Return Darknet's lines of text, one per class.

        Source: classifier.c predict_classifier (AlexeyAB).
        """
        pairs = list(zip(self.class_ids, self.scores, strict=True))
        if self.parents is None:
            return [f"{self._shown_name(i)}: {score:f}" for i, score in pairs]
        parents = [self._shown_name(parent) if parent >= 0 else "Root" for parent in self.parents]
        return [
            f"{i}, {self._shown_name(i)}: {score:f}, parent: {parent} "
            for (i, score), parent in zip(pairs, parents, strict=True)
        ]

    def _shown_name(self, class_id: int) -> str:
        """The name of a class, whose control characters are visible, such as ``\\x1b``."""
        return escape_in_line(self.name(class_id))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        classes = [
            {"class_id": i, "name": self.name(i), "confidence": round(score, 6)}
            for i, score in zip(self.class_ids, self.scores, strict=True)
        ]
        found = {"filename": self.filename, "classes": classes}
        return found | ({"engine": self.engine} if self.engine else {})

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_numpy(self) -> np.ndarray:
        """Return [K, 2] float64: score, class id."""
        return np.array([self.scores, self.class_ids], np.float64).T.reshape(-1, 2)

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with one row per class: confidence, class (the id), name.

        Raises:
            UsageError: pandas is not installed.
        """
        pandas = import_extra("pandas", extra="pandas")
        return pandas.DataFrame(
            {
                "confidence": np.array(self.scores, np.float64),
                "class": np.array(self.class_ids, np.int64),
                "name": np.array([one.name for one in self], object),
            }
        )

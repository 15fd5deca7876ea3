"""The detections of two trainings' models on the same pictures, compared. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from darknet_torch.datasets.class_files import numbered_names
from darknet_torch.datasets.examples import DataSet
from darknet_torch.evaluation.records import DetectionTable, TruthTable, collect_truths
from darknet_torch.report.disagreement import (
    BOTH,
    ONLY,
    OTHER_CLASS,
    Agreement,
    compare_detections,
)


@dataclass(frozen=True)
class ModelDetections:
    """What a model has found in the pictures of a data set.

    Attributes:
        label: of its training.
        weights: its weight file.
        names: of its classes.
        detections: their picture numbers are positions in the data set.
        readable: [P] positions of the pictures that could be read, in order.
        failed: a message for each of the others.
    """

    label: str
    weights: str
    names: Sequence[str]
    detections: DetectionTable
    readable: Sequence[int]
    failed: Sequence[str] = ()


@dataclass(frozen=True)
class TwoModels:
    """The detections of two models on the same pictures, and the objects there.

    Attributes:
        models: the two, as they were run.
        data_set: the pictures.
        threshold: disagreements count from scores above it, 0-1.
        names: [C] names of the classes: those of the first model, then others of the second and
            of the data set.
        agreements: what each model says about the detections of the other; classes are indices
            in `names`.
        truths: the objects of the pictures, their classes likewise.
    """

    models: tuple[ModelDetections, ModelDetections]
    data_set: DataSet
    threshold: float
    names: tuple[str, ...]
    agreements: tuple[Agreement, Agreement]
    truths: TruthTable

    @property
    def labels(self) -> tuple[str, str]:
        """The labels of the two trainings."""
        return self.models[0].label, self.models[1].label

    def disagreements(self) -> np.ndarray:
        """Return how many detections of each picture do not agree at the threshold, [P] int64."""
        found = [one.detections.pictures[one.disagrees(self.threshold)] for one in self.agreements]
        return np.bincount(np.concatenate(found), minlength=len(self.data_set.examples))

    def counts(self, class_id: int | None = None) -> dict[str, Sequence[int]]:
        """Count detections of a class, or of all, at the thresholds 0, 0.01, ... 1.

        Returns:
            "detections of A", "detections of B", "both", "only A", "only B" and "other class",
            with the labels for A and B -> [101] counts. Detections of A are those in "both", in
            "only A", and A's part of "other class".
        """
        parts = [
            one.counts(np.full(len(one.detections), True))
            if class_id is None
            else one.counts(one.detections.class_ids == class_id)
            for one in self.agreements
        ]
        columns = {
            f"detections of {label}": sum(part.values())
            for label, part in zip(self.labels, parts, strict=True)
        }
        columns |= {BOTH: parts[0][BOTH]}
        columns |= {
            f"{ONLY} {label}": part[ONLY] for label, part in zip(self.labels, parts, strict=True)
        }
        columns |= {OTHER_CLASS: parts[0][OTHER_CLASS] + parts[1][OTHER_CLASS]}
        return {name: np.asarray(counts).tolist() for name, counts in columns.items()}


def compare_models(
    first: ModelDetections, second: ModelDetections, data_set: DataSet, threshold: float
) -> TwoModels:
    """Compare what two models have found in the pictures of a data set.

    Classes are the same if their names are. Numbers that stand for the names of a data set without
    any are the classes of the first model.

    Args:
        first, second: the models.
        data_set: the pictures.
        threshold: see `TwoModels`.
    """
    labelled = data_set.names
    if labelled == numbered_names(len(labelled)):
        labelled = tuple(first.names)
    names = tuple(dict.fromkeys((*first.names, *second.names, *labelled)))
    tables = [_renumbered(one.detections, one.names, names) for one in (first, second)]
    truths = collect_truths(data_set.examples)
    known = truths.select(truths.class_ids < len(labelled))
    return TwoModels(
        (first, second),
        data_set,
        threshold,
        names,
        compare_detections(tables[0], tables[1]),
        replace(known, class_ids=_numbers(labelled, names)[known.class_ids]),
    )


def _renumbered(table: DetectionTable, old: Sequence[str], new: Sequence[str]) -> DetectionTable:
    return replace(table, class_ids=_numbers(old, new)[table.class_ids])


def _numbers(old: Sequence[str], new: Sequence[str]) -> np.ndarray:
    """Return the index in `new` of each name of `old`."""
    return np.array([new.index(name) for name in old], np.int64)

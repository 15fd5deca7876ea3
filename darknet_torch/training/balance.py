"""--balance: rare classes are drawn more often, or count more in the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.examples import Example
from darknet_torch.datasets.label_rule import find_wrong_boxes
from darknet_torch.errors import CfgNote, UsageError, warn
from darknet_torch.heads.base import Head
from darknet_torch.heads.yolo import AnchorHead
from darknet_torch.model.network import Network

MOST = 20  # times that a class counts as much as the most frequent one


def class_weights(counts: np.ndarray) -> np.ndarray:
    """[classes] how much a class counts: largest count / its count, from 1 to `MOST`.

    Args:
        counts: [classes] boxes, or pictures, of each class; those without any get `MOST`.

    Source: parser.c get_classes_multipliers (AlexeyAB). Differs: it has no bound of its own.
    """
    most = max(1, int(counts.max(initial=0)))
    return most / np.maximum(counts, most / MOST)


def detection_weights(examples: Sequence[Example], classes: int) -> tuple[float, ...]:
    """How often each picture of a detector is drawn, compared with one of the commonest class.

    A class that a part f of the pictures have counts sqrt(largest f / f), a picture as much as
    its rarest class, and 1 without boxes. These are the repeat factors of LVIS (Gupta, Dollar,
    Girshick 2019, section 4.3), with the largest f as their threshold.

    Args:
        examples: the pictures.
        classes: number of classes of the network.
    """
    there = [np.unique(_usable_ids(example, classes)) for example in examples]
    counts = np.bincount(np.concatenate([np.zeros(0, np.int64), *there]), minlength=classes)
    factors = np.sqrt(class_weights(counts))
    return tuple([float(factors[ids].max(initial=1.0)) for ids in there])


def classification_weights(class_ids: Sequence[int], classes: int) -> tuple[float, ...]:
    """How often each picture of a classifier is drawn: all classes are drawn equally often."""
    ids = np.asarray(class_ids, np.int64)
    counts = np.bincount(ids, minlength=classes)
    return tuple((1 / counts[ids]).tolist())


def weigh_classes_of_heads(network: Network, examples: Sequence[Example]) -> None:
    """Let the boxes of rare classes count more: as counters_per_class= in each head would.

    Args:
        network: a detector; its heads change.
        examples: the pictures to train on.

    Raises:
        UsageError: a head has no such option.

    Source: yolo_layer.c delta_yolo_class, delta_yolo_box (AlexeyAB), their
    classes_multipliers.
    """
    for head in network.heads:
        if not isinstance(head, AnchorHead):
            raise _no_weights(head)
        counts = np.zeros(head.classes, np.int64)
        known = head.classes if head.class_map is None else len(head.class_map)
        for example in examples:
            ids = _usable_ids(example, known)
            mapped = ids if head.class_map is None else np.array(head.class_map)[ids]
            counts += np.bincount(mapped, minlength=head.classes)
        _set_counters(head, counts)


def _set_counters(head: AnchorHead, counts: np.ndarray) -> None:
    if head.options.counters_per_class:
        warn(
            "--balance weights replaces counters_per_class= of the cfg",
            where=head.options.where,
            category=CfgNote,
        )
    least = -(-int(counts.max(initial=1)) // MOST)
    bounded: Any = tuple(np.maximum(counts, max(1, least)).tolist())
    head.options = replace(head.options, counters_per_class=bounded)


def _no_weights(head: Head) -> UsageError:
    return UsageError(
        f"--balance weights has no effect on [{head.section}]",
        where=head.options.where,
        expected="[yolo] or [Gaussian_yolo], or a classifier",
        got=f"[{head.section}]",
        fix="--balance oversample draws pictures of rare classes more often",
    )


def counts_of(pictures: ClassifiedPictures, classes: int) -> np.ndarray:
    """[classes] pictures of each class of a classifier."""
    ids = [each for each in pictures.class_ids if each is not None and each < classes]
    return np.bincount(np.array(ids, np.int64), minlength=classes)


def _usable_ids(example: Example, classes: int) -> np.ndarray:
    """The classes of the boxes that a network with `classes` classes is trained on."""
    if example.labels is None:
        return np.zeros(0, np.int64)
    wrong, _ = find_wrong_boxes(example, classes)
    return example.labels.class_ids[~wrong & ~example.labels.difficult]

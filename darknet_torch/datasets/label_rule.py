"""The one rule for boxes that are left out, such as those in pixels. No torch.

Training, evaluation, anchors, statistics and checks all ask this module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from darknet_torch.datasets.examples import DataSet, Example, Labels, Problem

CLASS_ID = "class id"  # the kind of a box whose class does not exist
_LARGEST_SIDE = 1.01  # of the picture's; labelling tools round to pixels, so boxes reach beyond it
_MOST_CLASSES = 1_000_000  # where their number is unknown: more than any network has
_PIXELS_FROM = 2.0  # a fraction of the picture is never that large
_FORMAT = "x y width height as fractions of the picture, above 0 and at most 1"


@dataclass(frozen=True)
class LabelFault:
    """A reason to leave a box out.

    Attributes:
        kind: the kind of `Problem`.
        find: (K boxes, number of classes) -> [K] bool, the boxes that have it.
        what, expected, fix: parts of the message; `expected` may contain {last}, the last class.
    """

    kind: str
    find: Callable[[Labels, int], np.ndarray]
    what: str
    expected: str
    fix: str


def _has_unknown_class(labels: Labels, classes: int) -> np.ndarray:
    return (labels.class_ids < 0) | (labels.class_ids >= classes)


def _has_no_size(labels: Labels, classes: int) -> np.ndarray:
    return np.any(~(labels.boxes[:, 2:] > 0), 1)


def _has_centre_outside(labels: Labels, classes: int) -> np.ndarray:
    centres = labels.boxes[:, :2]
    return np.any(~((centres > 0) & (centres <= 1)), 1)


def _is_too_large(labels: Labels, classes: int) -> np.ndarray:
    return np.any(~(labels.boxes[:, 2:] <= _LARGEST_SIDE), 1)


# The first fault that a box has is reported.
_FAULTS = (
    LabelFault(
        CLASS_ID,
        _has_unknown_class,
        "the class does not exist; the box is left out",
        "a class from 0 to {last}",
        "correct the class, or classes= and names=",
    ),
    LabelFault(
        "zero size",
        _has_no_size,
        "the width or the height is not above 0; the box is left out",
        "a width and a height above 0",
        "delete the line, or draw the box again",
    ),
    LabelFault(
        "box outside",
        _has_centre_outside,
        "the centre is outside of the picture; the box is left out",
        _FORMAT,
        "correct the numbers, or delete the line",
    ),
    LabelFault(
        "box too large",
        _is_too_large,
        "the box is larger than the picture and is left out",
        _FORMAT,
        "clip the box to the picture",
    ),
)
_COUNT_FROM_ONE = "class ids count from 1"
_MANY = 2  # boxes of unknown classes; a single one is named itself
# What is said instead of a file whose boxes are all in pixels; each of them has a fault above.
_IN_PIXELS = LabelFault(
    "in pixels",
    lambda labels, classes: np.ones(len(labels), bool),
    "looks like pixels; the box is left out",
    _FORMAT,
    "divide x and width by the width of the picture, y and height by its height; or, if they are "
    "per cent, all by 100",
)
LABEL_FAULTS = (*_FAULTS, _IN_PIXELS)


def seem_to_count_from_one(lowest: int, highest: int, classes: int) -> bool:
    """Whether class ids are 1 to `classes`, as other tools count them."""
    return lowest >= 1 and highest == classes


def join_shifted_classes(
    problems: Sequence[Problem], splits: Sequence[DataSet], classes: int | None
) -> list[Problem]:
    """Say once that all class ids count from 1, instead of naming each box of the last class.

    Args:
        problems: what was found in the boxes.
        splits: all splits whose boxes these are.
        classes: number of classes; None if it is unknown.
    """
    if sum(problem.kind == CLASS_ID for problem in problems) < _MANY:
        return list(problems)
    labels = [item.labels for data in splits for item in data.examples if item.has_label_lines]
    ids = np.concatenate([np.zeros(0, np.int64), *(item.class_ids for item in labels if item)])
    if not classes or not len(ids) or not seem_to_count_from_one(ids.min(), ids.max(), classes):
        return list(problems)
    others = [problem for problem in problems if problem.kind != CLASS_ID]
    shifted = Problem(
        _COUNT_FROM_ONE,
        splits[0].origin,
        f"boxes of class {classes} are left out, and there are none of class 0",
        f"class ids from 0 to {classes - 1}",
        f"class ids from {ids.min()} to {ids.max()} in {len(ids)} labels",
        "subtract 1 from every class id",
    )
    return [shifted, *others]


def _looks_like_pixels(example: Example, labels: Labels) -> bool:
    """Whether every box of a label file has a number that is no fraction."""
    return example.has_label_lines and bool((labels.boxes >= _PIXELS_FROM).any(1).all())


def find_wrong_boxes(
    example: Example, classes: int | None
) -> tuple[np.ndarray, tuple[Problem, ...]]:
    """Find the boxes of a picture that no command uses, and say why.

    These are boxes whose class does not exist, boxes without a size, boxes whose centre is not
    in the picture, and boxes larger than it by more than a hundredth. If every box of a label
    file has a number of 2 or more, the file looks like one in pixels.

    Args:
        example: the picture and its labels.
        classes: number of classes; None if it is unknown.

    Returns:
        [K] bool, whether a box is wrong, and one problem for each wrong box in their order.

    Source: detector.c calc_anchors (AlexeyAB), which prints "Wrong label" for numbers that are
    not above 0 and at most 1; data.c correct_boxes, fill_truth_detection, which leave boxes
    out of training that lie outside of the picture or are of an unknown class. Differs: C
    names such boxes, but calc_anchors and ``map`` count them nevertheless, and a box whose
    centre is outside is trained on where a part of it is inside; sides up to 1.01 are correct.
    """
    labels = Labels.empty() if example.labels is None else example.labels
    known = classes or _MOST_CLASSES
    wrong = np.zeros(len(labels), bool)
    found: dict[int, Problem] = {}
    for fault in (_IN_PIXELS,) if _looks_like_pixels(example, labels) else _FAULTS:
        rows = np.flatnonzero(fault.find(labels, known) & ~wrong)
        wrong[rows] = True
        found |= {row: _describe(fault, example, row, known) for row in rows.tolist()}
    return wrong, tuple(problem for _, problem in sorted(found.items()))


def _describe(fault: LabelFault, example: Example, row: int, classes: int) -> Problem:
    assert example.labels is not None
    box = " ".join(f"{value:g}" for value in example.labels.boxes[row])
    return Problem(
        fault.kind,
        example.box_place(row),
        fault.what,
        fault.expected.format(last=classes - 1),
        f"class {example.labels.class_ids[row]}, {box}",
        fault.fix,
    )


def leave_out_wrong_boxes(data_set: DataSet, classes: int | None = None) -> DataSet:
    """The data set without the boxes that `find_wrong_boxes` finds; its problems name them.

    Args:
        data_set: the pictures and their labels.
        classes: number of classes; by default the number of its names, if it has any.
    """
    known = classes if classes is not None else len(data_set.names) or None
    examples, problems = list(data_set.examples), list(data_set.problems)
    for index in _find_suspects(examples, known or _MOST_CLASSES):
        example = examples[index]
        wrong, found = find_wrong_boxes(example, known)
        assert example.labels is not None
        problems += found
        examples[index] = replace(example, labels=example.labels.select(~wrong))
    problems = join_shifted_classes(problems, [data_set], known)
    return replace(data_set, examples=tuple(examples), problems=tuple(problems))


def count_wrong_boxes(examples: Sequence[Example], classes: int) -> dict[str, int]:
    """How many boxes `find_wrong_boxes` finds, by the kind of their fault."""
    counts = dict.fromkeys((fault.kind for fault in LABEL_FAULTS), 0)
    for index in _find_suspects(examples, classes):
        for problem in find_wrong_boxes(examples[index], classes)[1]:
            counts[problem.kind] += 1
    return counts


def _find_suspects(examples: Sequence[Example], classes: int) -> list[int]:
    """The indices of the pictures with a wrong box, found for all pictures at once."""
    labels = [Labels.empty() if item.labels is None else item.labels for item in examples]
    owners = np.repeat(np.arange(len(labels)), [len(item) for item in labels])
    together = Labels.from_arrays(
        np.concatenate([np.zeros(0, np.int64), *(item.class_ids for item in labels)]),
        np.concatenate([np.zeros((0, 4)), *(item.boxes for item in labels)]),
    )
    wrong = np.any([fault.find(together, classes) for fault in _FAULTS], 0)
    return np.unique(owners[wrong]).tolist()

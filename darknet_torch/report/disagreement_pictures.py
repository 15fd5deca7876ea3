"""The pictures on which two models disagree, those with the most disagreements first. No torch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from darknet_torch.evaluation.threshold_curves import ALL
from darknet_torch.report.content import Box, BoxKind, ClassCounts, PagePicture
from darknet_torch.report.disagreement import BOTH, ONLY, OTHER_CLASS, Agreement
from darknet_torch.report.relative_boxes import best_rows, clipped_corners
from darknet_torch.report.thumbnails import MOST_PICTURES, read_thumbnails
from darknet_torch.report.two_models import TwoModels

_OBJECT = "object"
_ONLY = (f"{ONLY} first", f"{ONLY} second")


def box_kinds(found: TwoModels) -> tuple[BoxKind, ...]:
    """Return the kinds of boxes on the pictures."""
    only = (
        BoxKind(kind, f"{ONLY} {label}", f"A detection of {label} alone.", True)
        for kind, label in zip(_ONLY, found.labels, strict=True)
    )
    return (
        *only,
        BoxKind(
            OTHER_CLASS,
            OTHER_CLASS,
            "A detection that overlaps one of another class of the other model by an IoU of 0.5 "
            "or more. The score is the lower of the two.",
            True,
        ),
        BoxKind(
            BOTH,
            BOTH,
            "Detections of both models of the same class, with an IoU of 0.5 or more. The box is "
            f"that of {found.labels[0]}, the score the lower of the two.",
            False,
        ),
        BoxKind(_OBJECT, _OBJECT, "An object of the labels.", False),
    )


def class_counts(found: TwoModels) -> tuple[ClassCounts, ...]:
    """Return the counts of each class that has detections, and of all together."""
    rows = [
        ClassCounts(name, found.counts(class_id))
        for class_id, name in enumerate(found.names)
        if any(np.any(one.detections.class_ids == class_id) for one in found.agreements)
    ]
    return (*rows, ClassCounts(ALL, found.counts()))


def disagreement_pictures(found: TwoModels, *, workers: int = 2) -> list[PagePicture]:
    """Return the pictures with the most disagreements, and read them again for thumbnails.

    Args:
        found: the detections.
        workers: threads that read pictures.

    Returns:
        At most `MOST_PICTURES`, those with the most disagreements first.
    """
    readable = np.array(found.models[0].readable, int)
    order = np.argsort(-found.disagreements()[readable], kind="stable")
    chosen = readable[order][:MOST_PICTURES].tolist()
    data = found.data_set
    paths = [data.examples[index].path for index in chosen]
    images = read_thumbnails(paths, workers=workers, exif=data.exif)
    return [
        PagePicture(str(paths[place]), width, height, image, *picture_boxes(found, chosen[place]))
        for place, (image, height, width) in images.items()
    ]


def picture_boxes(found: TwoModels, picture: int) -> tuple[list[Box], int]:
    """Return the boxes of a picture.

    Args:
        found: the detections.
        picture: its position in the data set.

    Returns:
        Those of the detections with the highest scores, at most `MOST_BOXES` of each model, and
        of the objects; and the number of detections that are left out.
    """
    boxes: list[Box] = []
    left_out = 0
    for agreement, only in zip(found.agreements, _ONLY, strict=True):
        table = agreement.detections
        rows, more = best_rows(table, picture)
        left_out += more
        for row in rows.tolist():
            boxes += _boxes(agreement, row, only, draws_both=only == _ONLY[0])
    return [*boxes, *_objects(found, picture)], left_out


def _boxes(agreement: Agreement, row: int, only: str, *, draws_both: bool) -> Iterator[Box]:
    """Yield the boxes of a detection: one for each kind that it is at some threshold.

    Each is shown from the threshold on at which the kind before it ends.
    """
    table = agreement.detections
    corners = clipped_corners(table.boxes[row : row + 1])[0]
    class_id, score = int(table.class_ids[row]), float(table.scores[row])
    agreed, contradicted = float(agreement.agreed[row]), float(agreement.contradicted[row])
    start = 0.0
    for kind, end in ((BOTH, agreed), (OTHER_CLASS, contradicted), (only, score)):
        if end > start:
            if kind != BOTH or draws_both:
                yield Box(corners, class_id, kind, end, found_at=start or None)
            start = end


def _objects(found: TwoModels, picture: int) -> list[Box]:
    truths = found.truths
    rows = np.flatnonzero(truths.pictures == picture)
    corners = clipped_corners(truths.boxes[rows])
    return [
        Box(corner, class_id, _OBJECT)
        for corner, class_id in zip(corners, truths.class_ids[rows].tolist(), strict=True)
    ]

"""The pictures of an evaluation's page, those with the most errors first. No torch."""

from __future__ import annotations

import numpy as np

from darknet_torch.evaluation.analysis import KINDS, MISSED, Analysis, Outcomes
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.report.content import Box, BoxKind, PagePicture
from darknet_torch.report.relative_boxes import best_rows, clipped_corners
from darknet_torch.report.thumbnails import MOST_PICTURES, read_thumbnails, thumbnail

IGNORED = "ignored"
BOX_KINDS = (
    BoxKind("correct", "correct", "A detection that is matched with an object.", False),
    BoxKind(MISSED, "missed", "An object without a correct detection.", True),
    BoxKind(
        "class",
        "wrong class",
        "A detection that overlaps an object of another class by an IoU of 0.5 or more.",
        True,
    ),
    BoxKind(
        "place",
        "wrong place",
        "A detection that overlaps an object of its class by an IoU of 0.1 to 0.5.",
        True,
    ),
    BoxKind(
        "duplicate",
        "duplicate",
        "A detection of an object that a detection with a higher score is matched with.",
        True,
    ),
    BoxKind("false", "false", "A detection where there is none of these objects.", True),
    BoxKind(
        IGNORED,
        "ignored",
        "A difficult object, which may be missed, or a detection that counts for nothing: on a "
        "difficult object, or after 100 better ones of its class in the picture, where COCO ends.",
        False,
    ),
)
_BLANK_SIDE, _BLANK_GREY = 320, 160  # pixels, 0-255


def found_at(outcomes: Outcomes) -> np.ndarray:
    """The score of the correct detection of each object.

    Returns:
        [T] float32, -1 for an object without one.
    """
    return np.append(outcomes.detections.scores, np.float32(-1))[outcomes.found_by]


def count_errors(analysis: Analysis, pictures: int) -> np.ndarray:
    """Return [pictures] int64, the errors of all kinds in each at `Analysis.confidence`."""
    by_kind = analysis.outcomes.errors_by_picture(analysis.confidence, pictures)
    return np.sum(list(by_kind.values()), 0)


def evaluation_boxes(outcomes: Outcomes, picture: int) -> tuple[list[Box], int]:
    """Return the boxes of a picture: its best detections, and its objects.

    Args:
        outcomes: of all pictures.
        picture: index of the picture.

    Returns:
        Detections, those of the highest scores first and at most `MOST_BOXES`, then all objects;
        and the number of detections that are left out.
    """
    table = outcomes.detections
    best, left_out = best_rows(table, picture)
    boxes = [
        Box(corners, class_id, KINDS[kind], score)
        for corners, class_id, kind, score in zip(
            clipped_corners(table.boxes[best]),
            table.class_ids[best].tolist(),
            outcomes.kinds[best].tolist(),
            table.scores[best].tolist(),
            strict=True,
        )
    ]
    return boxes + _objects(outcomes, picture), left_out


def _objects(outcomes: Outcomes, picture: int) -> list[Box]:
    """Return the objects of a picture: shown where they are missed, or always if difficult."""
    truths = outcomes.truths
    rows = np.flatnonzero(truths.pictures == picture)
    return [
        Box(corners, class_id, IGNORED)
        if difficult
        else Box(corners, class_id, MISSED, found_at=score if score >= 0 else None)
        for corners, class_id, difficult, score in zip(
            clipped_corners(truths.boxes[rows]),
            truths.class_ids[rows].tolist(),
            truths.difficult[rows].tolist(),
            found_at(outcomes)[rows].tolist(),
            strict=True,
        )
    ]


def evaluation_pictures(
    analysis: Analysis, ground_truth: GroundTruth, *, workers: int = 2, exif: bool = True
) -> list[PagePicture]:
    """Return the pictures with the most errors, and read them again for their thumbnails.

    A picture that cannot be read, such as one that a results file alone knows, is a grey area.

    Args:
        analysis: of all pictures.
        ground_truth: the pictures and objects that were analysed.
        workers: threads that read pictures.
        exif: rotate pictures according to their EXIF orientation, as in the evaluation.

    Returns:
        At most `MOST_PICTURES`, those with the most errors at `Analysis.confidence` first.
    """
    examples = ground_truth.data_set.examples
    errors = count_errors(analysis, len(examples))
    chosen = np.argsort(-errors, kind="stable")[:MOST_PICTURES].tolist()
    paths = [str(examples[index].path) for index in chosen]
    images = read_thumbnails(paths, workers=workers, exif=exif)
    pictures = []
    for place, (index, path) in enumerate(zip(chosen, paths, strict=True)):
        height, width = ground_truth.sizes[index].tolist()
        image, height, width = images.get(place) or (_blank(height, width), height, width)
        boxes, left_out = evaluation_boxes(analysis.outcomes, index)
        pictures.append(PagePicture(path, width, height, image, boxes, left_out))
    return pictures


def _blank(height: int, width: int) -> bytes:
    """Return the thumbnail of a grey picture with these sides' ratio."""
    scale = _BLANK_SIDE / max(height, width, 1)
    size = max(1, round(height * scale)), max(1, round(width * scale)), 3
    return thumbnail(np.full(size, _BLANK_GREY, np.uint8))

"""What a page must show at a threshold, by the definition."""

import collections

import numpy as np

from tests.report.fabricated_page import KINDS

ERRORS = {kind.name for kind in KINDS if kind.is_error}
KIND_INDEX = {kind.name: index for index, kind in enumerate(KINDS)}


def shown(picture, threshold, *, classes=None, kinds=None):
    """The boxes of a picture that are shown.

    Args:
        picture: of the page.
        threshold: 0-1.
        classes, kinds: those that are switched on; None for all.
    """
    return [
        box
        for box in picture.boxes
        if _is_at(box, np.float32(threshold))
        and (classes is None or box.class_id in classes)
        and (kinds is None or box.kind in kinds)
    ]


def _is_at(box, threshold):
    if box.score is not None and np.float32(box.score) <= threshold:
        return False
    return box.found_at is None or np.float32(box.found_at) <= threshold


def errors(boxes):
    """How many of these boxes are errors."""
    return sum(box.kind in ERRORS for box in boxes)


def by_kind(boxes):
    """Index of the kind -> number of these boxes."""
    return dict(collections.Counter(KIND_INDEX[box.kind] for box in boxes))


def card_line(picture, threshold, **switched_on):
    """The line below a picture; a detection that is not on the page may be above the threshold."""
    boxes = shown(picture, threshold, **switched_on)
    wrong, detections = errors(boxes), sum(box.score is not None for box in boxes)
    scores = [box.score for box in picture.boxes if box.score is not None]
    is_cut = picture.left_out and min(scores, default=1) > np.float32(threshold)
    more = " or more" if is_cut else ""
    return f"{_counted(wrong, 'error')}, {_counted(detections, 'detection')}{more}"


def _counted(number, name):
    return f"{number} {name}{'' if number == 1 else 's'}"


def by_errors(pictures, threshold, **switched_on):
    """The names of pictures with most errors first; equal ones stay in order."""
    ordered = sorted(pictures, key=lambda each: -errors(shown(each, threshold, **switched_on)))
    return [picture.name for picture in ordered]

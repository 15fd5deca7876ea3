"""Contents of pages as an evaluation makes them, but drawn at random."""

import dataclasses
import html

import cv2
import numpy as np

from darknet_torch.report.content import (
    Box,
    BoxKind,
    ClassCounts,
    PageContent,
    PagePicture,
    Plot,
    Section,
    Table,
)
from darknet_torch.report.thumbnails import thumbnail

HOSTILE = "<script>alert(1)</script>"
HOSTILE_FILES = (
    "a \"quoted\" 'name'.jpg",
    "</script><script>alert(2)</script>&amp;.jpg",
    "line\u2028separator & <!-- <img src=x onerror=alert(3)>.jpg",
)
THRESHOLDS = np.float32(np.arange(101) / 100)
KINDS = (
    BoxKind("correct", "Correct", "The best detection of an object.", False),
    BoxKind("class", "Class", "Overlaps an object of another class.", True),
    BoxKind("place", "Place", "Overlaps an object of its class too little.", True),
    BoxKind("duplicate", "Duplicate", "Overlaps an object that a better one found.", True),
    BoxKind("false", "False", "Overlaps no object.", True),
    BoxKind("missed", "Missed", "An object that no detection above the threshold found.", True),
)


def content(pictures=6, boxes=8, names=("person", "bicycle", HOSTILE), in_all=None):
    """The content of a page.

    Args:
        pictures: how many there are; the first have names that HTML could take for its own.
        boxes: on each picture.
        names: of the classes.
        in_all: pictures with those that are not on the page; None for as many as there are.
    """
    random = np.random.default_rng(5)
    shown = tuple(_picture(random, index, boxes, len(names)) for index in range(pictures))
    return PageContent(
        title=f"Evaluation of {HOSTILE} on valid.txt",
        facts={"weights": 'runs/"best" & last.weights', "data": "data/obj.data", "seed": "5"},
        headline={"mAP@.50": "61.3 %", "mAP@.50:.95": "38.2 %", "pictures": f"{pictures:,}"},
        sections=(
            Section("Summary", ("A detection counts if its score is above the threshold.",)),
            Section("Classes", (), (class_table(names), PLOT)),
        ),
        class_names=tuple(names),
        kinds=KINDS,
        threshold=0.25,
        counts=counts(shown, names),
        pictures=shown,
        pictures_in_all=in_all or pictures,
    )


def without_truths():
    """The content of a page about detections alone: no errors."""
    whole = content()
    pictures = tuple(
        dataclasses.replace(
            picture,
            boxes=tuple(
                dataclasses.replace(box, kind="detection") for box in picture.boxes if box.score
            ),
        )
        for picture in whole.pictures
    )
    kinds = (BoxKind("detection", "Detection", "What the network found.", False),)
    return dataclasses.replace(whole, kinds=kinds, pictures=pictures)


def class_table(names):
    """A table with texts, whole numbers, fractions and dashes."""
    rows = [
        (name, 7 * (index + 5) % 11 * 190, None if index % 3 == 1 else 0.9 / (index + 1))
        for index, name in enumerate(names)
    ]
    return Table("Average precision", ("class", "objects", "AP"), rows, "At an IoU of 0.5.", 3)


# As `inline_svg` writes it, in short.
_SVG = f"""<svg xmlns="http://www.w3.org/2000/svg" width="432pt" height="252pt"
 viewBox="0 0 432 252" role="img" aria-label="{html.escape(HOSTILE)}">
 <g id="one-figure_1"><path d="M 0 252 L 432 252 L 432 0 L 0 0 z" fill="#ffffff"/>
 <path id="one-line" d="M 20 20 L 400 220" fill="none" stroke="#0072b2"/></g>
</svg>
"""
PLOT = Plot("Precision and recall", _SVG.encode(), "Of each class.")


def _picture(random, index, boxes, classes):
    name = HOSTILE_FILES[index] if index < len(HOSTILE_FILES) else f"images/{index}.jpg"
    width, height = int(random.integers(300, 1500)), int(random.integers(300, 1500))
    coarse = random.integers(0, 255, (4, 5, 3), np.uint8)
    small = cv2.resize(coarse, (width // 4, height // 4), interpolation=cv2.INTER_CUBIC)
    shown = tuple(_box(random, classes) for _ in range(boxes))
    return PagePicture(name, width, height, thumbnail(small), shown, left_out=index % 2)


def _box(random, classes):
    left, top = random.uniform(0, 0.7, 2)
    width, height = random.uniform(0.05, 0.3, 2)
    kind = KINDS[random.integers(len(KINDS))].name
    score = np.float32(random.integers(101) / 100) if random.random() < 0.5 else random.random()
    scores = {"score": float(np.float32(score))}
    if kind == "missed":
        scores = {"found_at": None if random.random() < 0.5 else scores["score"]}
    sides = (left, top, left + width, top + height)
    return Box(sides, int(random.integers(classes)), kind, **scores)


def counts(pictures, names):
    """The counts of the boxes of all pictures, by the definition."""
    boxes = [box for picture in pictures for box in picture.boxes]
    of_classes = [
        _counts_of(name, [box for box in boxes if box.class_id == index])
        for index, name in enumerate(names)
    ]
    return (*of_classes, _counts_of("all", boxes))


def _counts_of(name, boxes):
    scores = [box.score for box in boxes if box.score is not None]
    correct = [box.score for box in boxes if box.kind == "correct"]
    objects = [box for box in boxes if box.score is None]
    found = [box.found_at for box in objects if box.found_at is not None]
    columns = {"detections": _above(scores), "correct": _above(correct)}
    columns["missed"] = len(objects) - _above(found)
    return ClassCounts(name, columns)


def _above(scores):
    return (np.array(scores, np.float32)[:, None] > THRESHOLDS).sum(0)

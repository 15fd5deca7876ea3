"""Writes data sets in the COCO format. No torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.datasets.examples import DataSet, Problem, RecordId
from darknet_torch.datasets.writing import (
    PlacedExample,
    corners_in_pixels,
    place_pictures,
    write_new_file,
)

_FOLDER = "images"
_DECIMALS = 4  # of a pixel


def write_coco(splits: Mapping[str, DataSet], out: Path, pictures: str) -> list[Problem]:
    """Write ``annotations/instances_SPLIT.json`` for each split, and ``images``.

    Image and category ids of the data set are kept; otherwise they are counted from 1.
    Difficult boxes become crowds, which COCO's evaluation also ignores.

    Args:
        splits: the data set's splits by name.
        out: the folder to write into.
        pictures: one of `formats.PICTURE_MODES`; pictures that are kept in place are named by
            their absolute paths.

    Returns:
        The labels and pictures that could not be written.

    Raises:
        UsageError: a file cannot be written.
    """
    folder = out / _FOLDER
    placed, problems = place_pictures(splits, folder, pictures)
    for name, items in placed.items():
        content = _make_content(
            splits[name], items, None if pictures == "keep" else folder, problems
        )
        file = out / "annotations" / f"instances_{name}.json"
        write_new_file(file, json.dumps(content, ensure_ascii=False) + "\n")
    return problems


def _make_content(
    data: DataSet, items: Sequence[PlacedExample], folder: Path | None, problems: list[Problem]
) -> dict[str, Any]:
    categories: Sequence[RecordId] = data.category_ids or range(1, len(data.names) + 1)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for key, item in zip(_image_ids(items), items, strict=True):
        found = corners_in_pixels(item.example, problems)
        if found is None:
            continue
        (height, width), corners = found
        path = item.picture.relative_to(folder) if folder else item.picture
        images.append({"id": key, "file_name": path.as_posix(), "height": height, "width": width})
        labels = item.example.labels
        if labels is None:
            what = "has no labels; written as a picture without objects"
            problems.append(Problem("no labels", str(item.example.path), what))
            continue
        for class_id, box, difficult in zip(
            labels.class_ids, corners, labels.difficult, strict=True
        ):
            if not 0 <= class_id < len(categories):
                what = (
                    f"a box of class {class_id} is left out: there are {len(categories)} classes"
                )
                problems.append(Problem("class id", str(item.example.path), what))
                continue
            record = {"id": len(annotations) + 1, "image_id": key}
            annotations.append(record | _annotation(categories[class_id], box, bool(difficult)))
    named = zip(categories, data.names, strict=True)
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": key, "name": name} for key, name in named],
    }


def _image_ids(items: Sequence[PlacedExample]) -> Sequence[RecordId]:
    own = [item.example.picture_id for item in items]
    known = [key for key in own if key is not None]
    return known if len(set(known)) == len(own) else range(1, len(own) + 1)


def _annotation(category: RecordId, corners: np.ndarray, difficult: bool) -> dict[str, Any]:
    left, top, right, bottom = corners.tolist()
    width, height = right - left, bottom - top
    return {
        "category_id": category,
        "bbox": [round(value, _DECIMALS) for value in (left, top, width, height)],
        "area": round(width * height, _DECIMALS),
        "iscrowd": int(difficult),
    }

"""Reads the COCO format: one JSON file for all pictures. No torch.

A COCO box is [left, top, width, height] in pixels, counted from 0 at the picture's top left
corner.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from darknet_torch.datasets.examples import DataSet, Example, Labels, Problem
from darknet_torch.datasets.picture_size import picture_size
from darknet_torch.datasets.reading import labels_from_corners
from darknet_torch.errors import ImageError, UsageError

_FAR = 1e9  # pixels; larger than any picture, but finite
_PARTS = ("images", "annotations", "categories")


def read_coco(
    file: Path,
    images: Path | None = None,
    names: tuple[str, ...] = (),
    *,
    exif: bool = True,
) -> DataSet:
    """Read the pictures of a COCO file with their boxes.

    Args:
        file: the JSON file.
        images: the folder that ``file_name`` is relative to; by default the folder of `file`.
        names: the categories to use as classes, in order; by default all categories in the
            order of their ids.
        exif: see `Example`.

    Raises:
        UsageError: `file` cannot be read or does not have the COCO format.
    """
    reader = _Reader(file, images or file.parent, load_json(file), exif)
    return reader.read(names)


def load_json(file: Path) -> dict[str, Any]:
    """The content of a COCO file, with its three lists checked.

    Raises:
        UsageError: the file cannot be read, or one of ``images``, ``annotations`` and
            ``categories`` is missing.
    """
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", where=file) from None
    except ValueError as error:
        raise UsageError(f"not JSON ({error})", where=file) from None
    keys = content if isinstance(content, dict) else {}
    parts = {part: keys.get(part) for part in _PARTS}
    if not all(_is_records(part) for part in parts.values()):
        raise UsageError(
            "not a COCO data set",
            where=file,
            expected=f"lists of objects {', '.join(_PARTS)}",
            got=", ".join(keys) or type(content).__name__,
        )
    return content


def _is_records(part: object) -> bool:
    return isinstance(part, list) and all(isinstance(item, dict) for item in part)


@dataclass
class _Boxes:
    class_ids: list[int] = field(default_factory=list)
    corners: list[list[float]] = field(default_factory=list)
    crowd: list[bool] = field(default_factory=list)


@dataclass
class _Reader:
    file: Path
    folder: Path
    content: dict[str, Any]
    exif: bool
    problems: list[Problem] = field(default_factory=list)

    def read(self, names: tuple[str, ...]) -> DataSet:
        """Build the data set, with classes in the order of `names` or of the category ids."""
        categories = self._categories(names)
        images = self._images()
        boxes = self._boxes(images, {key: index for index, (key, _) in enumerate(categories)})
        return DataSet(
            tuple(self._example(image, boxes[image["id"]]) for image in images),
            tuple(name for _, name in categories),
            str(self.file),
            tuple(key for key, _ in categories),
            tuple(self.problems),
        )

    def _categories(self, names: tuple[str, ...]) -> list[tuple[int, str]]:
        found = {item.get("id"): str(item.get("name")) for item in self.content["categories"]}
        if len(found) < len(self.content["categories"]):
            self._add_problem("duplicate category", "two categories have the same id")
        if not all(isinstance(key, int) for key in found):
            raise UsageError("a category has no integer id", where=self.file)
        if not names:
            return sorted(found.items())
        ids = {name: key for key, name in sorted(found.items(), reverse=True)}
        missing = [name for name in names if name not in ids]
        if missing:
            raise UsageError(
                "the given names do not match the categories",
                where=self.file,
                expected=f"names from {', '.join(ids)}",
                got=missing[0],
            )
        return [(ids[name], name) for name in names]

    def _images(self) -> list[dict[str, Any]]:
        known_ids: set[object] = set()
        images = []
        for image in self.content["images"]:
            key, name = image.get("id"), image.get("file_name")
            if not isinstance(key, int) or not isinstance(name, str):
                self._add_problem(
                    "bad image", f"an image without id or file_name: {str(image)[:60]}"
                )
            elif key in known_ids:
                self._add_problem("duplicate image id", f"two images have the id {key}")
            else:
                known_ids.add(key)
                images.append(image)
        return images

    def _boxes(self, images: list[dict[str, Any]], classes: dict[int, int]) -> dict[int, _Boxes]:
        """The boxes of each image id, in pixels."""
        found = {image["id"]: _Boxes() for image in images}
        for item in self.content["annotations"]:
            what, image, category = (
                f"annotation {item.get('id')}",
                item.get("image_id"),
                item.get("category_id"),
            )
            if not isinstance(image, int) or image not in found:
                self._add_problem(
                    "unknown image", f"{what} refers to image {image}, which does not exist"
                )
            elif not isinstance(category, int) or category not in classes:
                self._add_problem(
                    "unknown class", f"{what} has category {category}, which is not a class"
                )
            elif not _is_box(item.get("bbox")):
                self._add_problem("bad box", f"{what} has no bbox with four finite numbers")
            else:
                left, top, width, height = item["bbox"]
                boxes = found[image]
                boxes.class_ids.append(classes[category])
                boxes.corners.append([left, top, left + width, top + height])
                boxes.crowd.append(bool(item.get("iscrowd")))
        return found

    def _example(self, image: dict[str, Any], boxes: _Boxes) -> Example:
        path = self.folder / image["file_name"]
        size = _size(image)
        labels = self._labels(path, boxes, size)
        return Example(path, labels, size, image["id"], exif=self.exif)

    def _labels(self, path: Path, boxes: _Boxes, size: tuple[int, int] | None) -> Labels | None:
        if size is None and not boxes.class_ids:
            return Labels.empty()
        try:
            size = size or picture_size(path, exif=self.exif)
        except ImageError as error:
            self._add_problem(
                "no size", f"no height and width, and the picture cannot be measured: {error}"
            )
            return None
        return labels_from_corners(boxes.class_ids, boxes.corners, boxes.crowd, size)

    def _add_problem(self, kind: str, what: str) -> None:
        self.problems.append(Problem(kind, str(self.file), what))


def _size(image: dict[str, Any]) -> tuple[int, int] | None:
    height, width = image.get("height"), image.get("width")
    if isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0:
        return height, width
    return None


def _is_box(box: object) -> bool:
    return (
        isinstance(box, list)
        and len(box) == len(("left", "top", "width", "height"))
        and all(isinstance(value, int | float) and abs(value) < _FAR for value in box)
    )

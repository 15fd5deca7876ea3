"""COCO's form: one JSON file for all boxes. No torch.

A box is left, top, width and height in pixels, from 0 at the picture's corner.
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

_FAR = 1e9  # pixels; beyond any picture, and neither infinite nor no number
_PARTS = ("images", "annotations", "categories")


def read_coco(file: Path, images: Path | None = None, names: tuple[str, ...] = ()) -> DataSet:
    """The pictures of a COCO file, with their boxes.

    Args:
        file: the JSON.
        images: the folder that its file names are relative to; without it, the JSON's own.
        names: which of its categories are classes, in order; without them all are, in the
            order of their ids.

    Raises:
        UsageError: it cannot be read, or is not of this form.
    """
    reader = _Reader(file, images or file.parent, load_json(file))
    return reader.read(names)


def load_json(file: Path) -> dict[str, Any]:
    """The content of a COCO file, its three parts being there.

    Raises:
        UsageError: it cannot be read, or lacks one.
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
    problems: list[Problem] = field(default_factory=list)

    def read(self, names: tuple[str, ...]) -> DataSet:
        """The data set, its classes in the order of `names` or of the file."""
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
            raise UsageError("a category without a whole number as its id", where=self.file)
        if not names:
            return sorted(found.items())
        ids = {name: key for key, name in sorted(found.items(), reverse=True)}
        missing = [name for name in names if name not in ids]
        if missing:
            raise UsageError(
                "the names do not fit the categories",
                where=self.file,
                expected=f"names out of {', '.join(ids)}",
                got=missing[0],
            )
        return [(ids[name], name) for name in names]

    def _images(self) -> list[dict[str, Any]]:
        seen: set[object] = set()
        images = []
        for image in self.content["images"]:
            key, name = image.get("id"), image.get("file_name")
            if not isinstance(key, int) or not isinstance(name, str):
                self._add_problem(
                    "bad image", f"an image without id or file_name: {str(image)[:60]}"
                )
            elif key in seen:
                self._add_problem("duplicate image id", f"two images have the id {key}")
            else:
                seen.add(key)
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
                    "unknown image", f"{what} is of image {image}, which is not there"
                )
            elif not isinstance(category, int) or category not in classes:
                self._add_problem(
                    "unknown class", f"{what} is of category {category}, which is no class"
                )
            elif not _is_box(item.get("bbox")):
                self._add_problem("bad box", f"{what} has no bbox of four numbers")
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
        return Example(path, labels, size, image["id"])

    def _labels(self, path: Path, boxes: _Boxes, size: tuple[int, int] | None) -> Labels | None:
        if size is None and not boxes.class_ids:
            return Labels.empty()
        try:
            size = size or picture_size(path)
        except ImageError as error:
            self._add_problem("no size", f"no height and width, and none of {error}")
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

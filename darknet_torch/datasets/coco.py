"""Reads the COCO format: one JSON file for all pictures. No torch.

A COCO box is [left, top, width, height] in pixels, counted from 0 at the picture's top left
corner.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from darknet_torch.datasets.examples import DataSet, Example, Labels, Problem, RecordId
from darknet_torch.datasets.json_file import read_json, show
from darknet_torch.datasets.moved_files import locate_picture
from darknet_torch.datasets.picture_files import PictureFinder
from darknet_torch.datasets.picture_folders import find_picture_folder
from darknet_torch.datasets.picture_size import picture_size
from darknet_torch.datasets.reading import FARTHEST, in_one_line, labels_from_corners
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.text import refusal

_PARTS = ("images", "annotations", "categories")
_ID = "a number or a text as id"
_NO_GROUP = "none"  # the supercategory of categories that have none
_EXAMPLES = 3  # of known ids, in a message about an unknown one
_YES, _NO = ("true", "yes"), ("false", "no", "")


def read_coco(
    file: Path,
    images: Path | None = None,
    names: tuple[str, ...] = (),
    *,
    split: str = "",
    exif: bool = True,
) -> DataSet:
    """Read the pictures of a COCO file with their boxes.

    Args:
        file: the JSON file.
        images: the folder that ``file_name`` is relative to; by default the folder of `file`,
            or one near it, see `find_picture_folder`.
        names: the categories to use as classes, in order; by default all categories in the
            order of their ids, but the headings of Roboflow's files.
        split: its split, after which the folder of the pictures may be called.
        exif: see `Example`.

    Raises:
        UsageError: `file` cannot be read or does not have the COCO format.
    """
    content = load_json(file)
    if images is None:
        found = (item.get("file_name") for item in records(content, "images"))
        pictures = [name for name in found if isinstance(name, str)]
        images = find_picture_folder(file, split, pictures)
    return _Reader(file, images, content, exif).read(names)


def load_json(file: Path) -> dict[str, Any]:
    """The content of a COCO file, with its three lists checked.

    Entries of the lists need not be objects: see `records`.

    Raises:
        UsageError: the file cannot be read, or one of ``images``, ``annotations`` and
            ``categories`` is missing or not a list.
    """
    expected = f"lists of objects {', '.join(_PARTS)}"
    content = read_json(file, expected)
    keys = content if isinstance(content, dict) else {}
    wrong = [part for part in _PARTS if not isinstance(keys.get(part), list)]
    if wrong:
        got = f"{wrong[0]} {show(keys.get(wrong[0]))}" if keys else type(content).__name__
        raise UsageError("not a COCO data set", where=file, expected=expected, got=got)
    return content


def record_id(value: object) -> RecordId | None:
    """An id of a record as a key, or None if it cannot be one.

    Ids are compared as COCO's program does, which looks them up in a dictionary: 1 and 1.0 are
    the same id, 1 and "1" are not.

    Args:
        value: a value of a JSON file.
    """
    if isinstance(value, float):
        return (int(value) if value.is_integer() else value) if math.isfinite(value) else None
    return value if isinstance(value, int | str) else None


def id_order(key: RecordId) -> tuple[bool, Any]:
    """The key by which ids are sorted: numbers, then texts."""
    return isinstance(key, str), key


def records(content: dict[str, Any], part: str) -> list[dict[str, Any]]:
    """The entries of a list of a COCO file that are objects.

    Args:
        content: from `load_json`.
        part: one of ``images``, ``annotations`` and ``categories``.
    """
    return [item for item in content[part] if isinstance(item, dict)]


@dataclass
class _Boxes:
    class_ids: list[int] = field(default_factory=list)
    corners: list[list[float]] = field(default_factory=list)
    crowd: list[bool] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    areas: list[float] = field(default_factory=list)
    count: int = 0  # with those that are left out


@dataclass(frozen=True)
class _Image:
    key: RecordId
    path: Path
    size: tuple[int, int] | None


@dataclass
class _Reader:
    file: Path
    folder: Path
    content: dict[str, Any]
    exif: bool
    problems: list[Problem] = field(default_factory=list)

    def read(self, names: tuple[str, ...]) -> DataSet:
        """Build the data set, with classes in the order of `names` or of the category ids."""
        self._report_what_is_no_object()
        categories = self._categories(names)
        images = self._images()
        classes = {key: index for index, (key, _) in enumerate(categories)}
        boxes = {image.key: _Boxes() for image in images}
        for item in records(self.content, "annotations"):
            self._add_annotation(item, boxes, classes)
        return DataSet(
            tuple(self._example(image, boxes[image.key]) for image in images),
            tuple(name for _, name in categories),
            str(self.file),
            tuple(key for key, _ in categories),
            tuple(self.problems),
        )

    def _report_what_is_no_object(self) -> None:
        for part in _PARTS:
            for number, item in enumerate(self.content[part]):
                if not isinstance(item, dict):
                    what = f"{part}[{number}] is left out"
                    self._add_problem("bad entry", what, "an object", show(item))

    def _categories(self, names: tuple[str, ...]) -> list[tuple[RecordId, str]]:
        found: dict[RecordId, str] = {}
        for item in records(self.content, "categories"):
            key = record_id(item.get("id"))
            if key is None:
                what = f"a category without a usable id is left out: {show(item)}"
                self._add_problem("bad category", what, _ID, show(item.get("id")))
                continue
            if key in found:
                self._add_problem(
                    "duplicate category", f"two categories have the same id {show(key)}"
                )
            found[key] = self._class_name(key, item.get("name"))
        ordered = sorted(found.items(), key=lambda item: id_order(item[0]))
        headings = self._headings()
        classes = [item for item in ordered if item[0] not in headings]
        if names:  # of two categories with a name, the class is meant
            return self._choose([*classes, *ordered], names)
        for key in sorted(headings, key=id_order):
            what = (
                f"category {show(key)} ({found[key]}) has no box and groups others: it is no class"
            )
            self.problems.append(Problem("heading", str(self.file), what, is_note=True))
        return classes

    def _headings(self) -> set[RecordId]:
        """The ids of categories without boxes, in supercategory "none", that are those of others.

        Roboflow writes one, called after the project, with id 0.
        """
        items = records(self.content, "categories")
        values = (item.get("supercategory") for item in items)
        groups = {value for value in values if isinstance(value, str)}
        boxes = records(self.content, "annotations")
        used = {record_id(item.get("category_id")) for item in boxes}
        headings = (
            record_id(item.get("id"))
            for item in items
            if item.get("supercategory") == _NO_GROUP
            and isinstance(name := item.get("name"), str)
            and name in groups
        )
        return {key for key in headings if key is not None and key not in used}

    def _choose(
        self, categories: list[tuple[RecordId, str]], names: tuple[str, ...]
    ) -> list[tuple[RecordId, str]]:
        """The categories of the given names, in their order."""
        ids = {name: key for key, name in reversed(categories)}
        missing = [name for name in names if name not in ids]
        if missing:
            raise UsageError(
                "the given names do not match the categories",
                where=self.file,
                expected=f"names from {', '.join(ids)}",
                got=missing[0],
            )
        return [(ids[name], name) for name in names]

    def _class_name(self, key: RecordId, value: object) -> str:
        """The name of a category as one printable line; its id if it has none."""
        if value is None:
            name = f"category {key}"
            what = f"the category {show(key)} has no name and is called {name!r}"
            self._add_problem("class name", what, "a name")
        else:
            name = str(value) if isinstance(value, str | int | float) else show(value)
        written = in_one_line(name.encode("utf-8", "backslashreplace").decode())
        if written != name.strip():
            what = f"a class name that a names file cannot hold is read as {written!r}"
            self._add_problem("class name", what, "one line of text", show(value))
        return written

    def _images(self) -> list[_Image]:
        images: dict[RecordId, _Image] = {}
        pictures = PictureFinder()
        for item in records(self.content, "images"):
            key, name = record_id(item.get("id")), item.get("file_name")
            if key is None or not isinstance(name, str) or refusal(name) is not None:
                what = f"an image without a usable id or file_name is left out: {show(item)}"
                got = f"id {show(item.get('id'))}, file_name {show(name)}"
                reason = refusal(name) if isinstance(name, str) else None
                got += f" ({reason})" if reason else ""
                self._add_problem("bad image", what, f"{_ID}, and the name of a file", got)
            elif key in images:
                self._add_problem("duplicate image id", f"two images have the id {show(key)}")
            else:
                path, problem = pictures.find(locate_picture(self.folder, name), str(self.file))
                self.problems += problem
                images[key] = _Image(key, path, _size(item))
        return list(images.values())

    def _add_annotation(
        self,
        item: dict[str, Any],
        boxes: dict[RecordId, _Boxes],
        classes: dict[RecordId, int],
    ) -> None:
        """Add the box of an annotation, in pixels, to those of its image."""
        what = f"annotation {show(item.get('id'))}"
        image, category = record_id(item.get("image_id")), record_id(item.get("category_id"))
        if image is None or image not in boxes:
            got = show(item.get("image_id"))
            self._add_problem(
                "unknown image",
                f"{what} refers to image {got}, which does not exist",
                *_expected_id(boxes, got),
            )
            return
        found = boxes[image]
        found.count += 1
        if category is None or category not in classes:
            got = show(item.get("category_id"))
            self._add_problem(
                "unknown class",
                f"{what} has category {got}, which is not a class",
                *_expected_id(classes, got),
            )
        elif (box := _box(item.get("bbox"))) is None:
            expected = "[left, top, width, height] in pixels"
            got = show(item.get("bbox"))
            self._add_problem(
                "bad box", f"{what} has no bbox with four finite numbers", expected, got
            )
        else:
            left, top, width, height = box
            area = _number(item.get("area"))
            found.class_ids.append(classes[category])
            found.corners.append([left, top, left + width, top + height])
            found.crowd.append(self._is_crowd(item.get("iscrowd"), what))
            found.numbers.append(found.count)
            found.areas.append(width * height if area is None else area)

    def _is_crowd(self, value: object, what: str) -> bool:
        """Whether a mark means yes: a number but 0, or such a number or a word as text."""
        number = _number(value)
        word = value.strip().lower() if isinstance(value, str) else value
        if number is None and word not in (None, *_YES, *_NO):
            text = f"{what} has an iscrowd that is neither 0 nor 1; it is read as 0"
            self._add_problem("bad mark", text, "0 or 1", show(value))
        return bool(number) or word in _YES

    def _example(self, image: _Image, boxes: _Boxes) -> Example:
        labels = self._labels(image, boxes)
        return Example(image.path, labels, image.size, image.key, exif=self.exif)

    def _labels(self, image: _Image, boxes: _Boxes) -> Labels | None:
        if image.size is None and not boxes.class_ids:
            return Labels.empty()
        try:
            size = image.size or picture_size(image.path, exif=self.exif)
        except ImageError as error:
            self._add_problem(
                "no size", f"no height and width, and the picture cannot be measured: {error}"
            )
            return None
        return labels_from_corners(
            boxes.class_ids,
            boxes.corners,
            boxes.crowd,
            size,
            numbers=boxes.numbers,
            areas=boxes.areas,
        )

    def _add_problem(
        self, kind: str, what: str, expected: str | None = None, got: str | None = None
    ) -> None:
        self.problems.append(Problem(kind, str(self.file), what, expected, got))


def _expected_id(ids: Mapping[RecordId, object], got: str) -> tuple[str, str]:
    """What was expected instead of an id that is not among `ids`, and what was found."""
    examples = ", ".join(show(key) for key in islice(ids, _EXAMPLES))
    return (f"one of {len(ids)} ids: {examples}" if ids else "none at all"), got


def _size(image: dict[str, Any]) -> tuple[int, int] | None:
    height, width = _number(image.get("height")), _number(image.get("width"))
    if height is None or width is None or height < 1 or width < 1:
        return None
    return (int(height), int(width)) if height.is_integer() and width.is_integer() else None


def _number(value: object) -> float | None:
    """A finite number, also one that is written as text; None for anything else."""
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < FARTHEST else None


def _box(value: object) -> list[float] | None:
    """Four finite numbers, which may be written as text; None for anything else."""
    numbers = [_number(item) for item in value] if isinstance(value, list) else []
    box = [number for number in numbers if number is not None]
    is_whole = len(box) == len(numbers) == len(("left", "top", "width", "height"))
    return box if is_whole else None

"""Reads a CSV file with a box on each line. No torch.

Its columns are found by their names, or are those of a file without a header: keras-retinanet's
``path,x1,y1,x2,y2,class``, Roboflow's ``filename,width,height,class,xmin,ymin,xmax,ymax``, or
MakeSense's ``class,x,y,width,height,filename,width,height``. Corners are edges in pixels, from 0
at the picture's top left corner.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from darknet_torch.datasets.class_files import find_class_names, names_files
from darknet_torch.datasets.examples import DataSet, Example, Labels, Problem
from darknet_torch.datasets.moved_files import locate_picture
from darknet_torch.datasets.picture_files import PictureFinder
from darknet_torch.datasets.picture_folders import find_picture_folder
from darknet_torch.datasets.picture_size import picture_size
from darknet_torch.datasets.reading import (
    FARTHEST,
    first_places,
    in_one_line,
    labels_from_corners,
)
from darknet_torch.datasets.split_names import split_word
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.reading import guarded, read_to_memory
from darknet_torch.text import ascii_compatible, decode_path, open_to_read, refusal

CORNERS = ("xmin", "ymin", "xmax", "ymax")
_PICTURE, _CLASS, _SIZE = "picture", "class", ("height", "width")
_SIDES = ("xmin", "ymin", "box width", "box height")  # instead of corners
_SPELLINGS = {
    _PICTURE: "filename file_name file path image image_path imagepath img img_path image_name "
    "image_id imageid filepath file_path picture name",
    _CLASS: "class label class_name classname category label_name labelname object",
    "xmin": "xmin x_min x1 left x0 bbox_xmin bbox_x",
    "ymin": "ymin y_min y1 top y0 bbox_ymin bbox_y",
    "xmax": "xmax x_max x2 right bbox_xmax",
    "ymax": "ymax y_max y2 bottom bbox_ymax",
    "box width": "bbox_width bbox_w",
    "box height": "bbox_height bbox_h",
    "width": "width image_width img_width",
    "height": "height image_height img_height",
}
_WITHOUT_HEADER = (
    (_PICTURE, *CORNERS, _CLASS),
    (_PICTURE, "width", "height", _CLASS, *CORNERS),
    (_CLASS, *_SIDES, _PICTURE, "width", "height"),
)
_DELIMITERS = ",;\t|"
_FIRST_BYTES = 65536
_GROWTH = 4  # the bytes, their text and its lines, but one row at a time
_EXPECTED = "columns filename, class, xmin, ymin, xmax, ymax"


def is_box_table(file: Path) -> bool:
    """Whether the first line of a file has the columns of boxes."""
    try:
        with open_to_read(file) as opened:
            line = opened.read(_FIRST_BYTES)
        _, first = next(_rows(file, line), (0, []))
    except (OSError, UsageError):
        return False
    return _columns(first) is not None


def _rows(file: Path, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with their lines.

    Raises:
        UsageError: they cannot be read, such as a field that is too long.
    """
    lines = decode_path(ascii_compatible(data)).lstrip("\ufeff").replace("\0", "").splitlines()
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        with guarded(file, expected=_EXPECTED):
            row = next(reader, None)
        if row is None:
            return
        if any(word.strip() for word in row):
            yield reader.line_num, [word.strip() for word in row]


def _columns(row: Sequence[str]) -> tuple[dict[str, int], bool] | None:
    """The place of each column, and whether the row is a header; None without columns of boxes."""
    words = [word.lower().replace(" ", "_") for word in row]
    named = {
        column: next((words.index(name) for name in spellings.split() if name in words), -1)
        for column, spellings in _SPELLINGS.items()
    }
    named = {column: place for column, place in named.items() if place >= 0}
    if all(column in named for column in _needed(named)):
        return named, True
    for columns in _WITHOUT_HEADER:
        places = {column: place for place, column in enumerate(columns)}
        if len(row) == len(columns) and _is_row_of_boxes(row, places):
            return places, False
    return None


def _box_columns(places: dict[str, int]) -> Sequence[str]:
    return _SIDES if _SIDES[-1] in places and CORNERS[-1] not in places else CORNERS


def _needed(places: dict[str, int]) -> Sequence[str]:
    return (_PICTURE, _CLASS, *_box_columns(places))


def _is_row_of_boxes(row: Sequence[str], places: dict[str, int]) -> bool:
    texts = [row[places[column]] for column in _box_columns(places)]
    named = "." in row[places[_PICTURE]]
    return named and (not any(texts) or all(_number(text) is not None for text in texts))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < FARTHEST else None


@dataclass
class _Picture:
    """The boxes of a picture, and its height and width if the file has them."""

    size: tuple[int, int] | None = None
    classes: list[str] = field(default_factory=list)
    corners: list[list[float]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


@dataclass
class BoxTable:
    """The content of a CSV file with boxes.

    Attributes:
        file: the file.
        pictures: the boxes of each picture, in the order of the file.
        problems: lines that are left out.
    """

    file: Path
    pictures: dict[str, _Picture] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @staticmethod
    def read(file: Path) -> BoxTable:
        """Read the file at `file`.

        Raises:
            UsageError: it cannot be read, or has no columns of boxes.
        """
        table, places = BoxTable(file), None
        with guarded(file, expected=_EXPECTED):
            data = read_to_memory(file, _GROWTH, expected=_EXPECTED)
        for number, row in _rows(file, data):
            if places is None:
                found = _columns(row)
                if found is None:
                    raise UsageError(
                        "not a table of boxes", where=file, expected=_EXPECTED, got=str(row)
                    )
                places, is_header = found
                if is_header:
                    continue
            table._add(number, row, places)
        if places is None:
            raise UsageError("empty", where=file, expected=_EXPECTED, got="no lines")
        return table

    @property
    def class_names(self) -> set[str]:
        """The names of the classes that have boxes."""
        return {name for picture in self.pictures.values() for name in picture.classes}

    def _add(self, number: int, row: Sequence[str], places: dict[str, int]) -> None:
        if len(row) <= max(places[column] for column in _needed(places)):
            self._problem("bad line", number, _EXPECTED, ",".join(row))
            return
        name = row[places[_PICTURE]]
        reason = refusal(name)
        if not name or reason is not None:
            self._problem("bad line", number, "the path of a picture", f"{name!r} ({reason})")
            return
        picture = self.pictures.setdefault(name, _Picture())
        picture.size = picture.size or _size(row, places)
        columns = _box_columns(places)
        texts = [row[places[column]] for column in columns]
        name, box = in_one_line(row[places[_CLASS]]), [_number(text) for text in texts]
        if not any(texts) and not name:
            return  # a picture without objects
        corners = [value for value in box if value is not None]
        if not name or len(corners) != len(CORNERS):
            self._problem("bad line", number, "a class and four numbers", ",".join(row))
            return
        picture.classes.append(name)
        if columns is _SIDES:
            left, top, width, height = corners
            corners = [left, top, left + width, top + height]
        picture.corners.append(corners)
        picture.numbers.append(number)

    def _problem(self, kind: str, number: int, expected: str, got: str) -> None:
        what = "the line is left out"
        self.problems.append(Problem(kind, f"{self.file}:{number}", what, expected, got))


def _size(row: Sequence[str], places: dict[str, int]) -> tuple[int, int] | None:
    values = [
        _number(row[places[side]]) for side in _SIZE if places.get(side, len(row)) < len(row)
    ]
    sides = [int(value) for value in values if value is not None and value >= 1]
    return (sides[0], sides[1]) if len(sides) == len(_SIZE) else None


def read_box_table(
    table: BoxTable,
    names: tuple[str, ...],
    split: str,
    images: Path | None = None,
    *,
    exif: bool = True,
) -> DataSet:
    """Make a data set of a CSV file.

    Args:
        table: its content.
        names: the class names in their order.
        split: its split, after which the folder of the pictures may be called.
        images: the folder of the pictures; by default see `find_picture_folder`.
        exif: see `Example`.
    """
    folder = images or find_picture_folder(table.file, split, list(table.pictures))
    finder, problems = PictureFinder(), list(table.problems)
    class_ids = first_places(names)
    examples = []
    for name, picture in table.pictures.items():
        path, notes = finder.find(locate_picture(folder, name), str(table.file))
        problems += notes
        labels = _labels(picture, path, class_ids, table.file, problems, exif=exif)
        examples.append(Example(path, labels, picture.size, exif=exif))
    return DataSet(tuple(examples), names, str(table.file), problems=tuple(problems))


def _labels(
    picture: _Picture,
    path: Path,
    class_ids: Mapping[str, int],
    file: Path,
    problems: list[Problem],
    *,
    exif: bool,
) -> Labels | None:
    known = [index for index, name in enumerate(picture.classes) if name in class_ids]
    for index in sorted(set(range(len(picture.classes))) - set(known)):
        where = f"{file}:{picture.numbers[index]}"
        what = f"the box has the unknown class {picture.classes[index]!r}"
        problems.append(Problem("unknown class", where, what))
    try:
        size = picture.size or picture_size(path, exif=exif)
    except ImageError as error:
        what = f"no height and width, and the picture cannot be measured: {error}"
        problems.append(Problem("no size", str(path), what))
        return None
    return labels_from_corners(
        [class_ids[picture.classes[index]] for index in known],
        [picture.corners[index] for index in known],
        [False] * len(known),
        size,
    )


def class_order(tables: Sequence[BoxTable]) -> tuple[str, ...]:
    """The classes of several files of one data set: as names files next to them say, else sorted.

    Raises:
        UsageError, NamesError: as `find_class_names`.
    """
    folders = [table.file.parent for table in tables]
    folders += [folder.parent for folder in folders if split_word(folder.name)]
    found = {name for table in tables for name in table.class_names}
    listed = find_class_names(names_files(folders))
    return listed if found <= set(listed) else tuple(sorted(found))

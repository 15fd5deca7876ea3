"""What stands on a page: tables, figures, and pictures with boxes. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """A table that is sorted by a click on the head of a column.

    Attributes:
        title: above it; plain text, as all texts here: the page escapes them.
        head: names of the columns.
        rows: a cell for each column; numbers sort as numbers, None is shown as a dash.
        note: a sentence below it, "" for none.
        digits: decimals that a float is shown with.
    """

    title: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    digits: int = 2


@dataclass(frozen=True)
class Plot:
    """A figure.

    Attributes:
        title: above it.
        svg: an <svg> element, as `darknet_torch.plots.inline_svg.inline_svg` gives it.
        note: a sentence below it that says what it shows, and its description for those who do
            not see it.
    """

    title: str
    svg: bytes
    note: str


@dataclass(frozen=True)
class BoxKind:
    """What boxes there are, each with its own line and switch.

    Attributes:
        name: as in `Box.kind`, such as "correct", "missed".
        label: what the page calls it.
        explanation: a sentence.
        is_error: whether it counts as an error of its picture.
    """

    name: str
    label: str
    explanation: str
    is_error: bool


@dataclass(frozen=True)
class Box:
    """A box on a picture.

    Attributes:
        xyxy: left, top, right, bottom in 0-1 of the picture, clipped to it.
        class_id: from 0.
        kind: the name of a `BoxKind`.
        score: 0-1, a float32; None for an object.
        found_at: for an object: the score of its correct detection. It is shown, and counted as
            missed, at thresholds from this score on; None for an object never found. For a
            detection: the threshold from which on it is of this kind, None for all below its
            score; another box has the kind that it is of up to there.
    """

    xyxy: tuple[float, float, float, float]
    class_id: int
    kind: str
    score: float | None = None
    found_at: float | None = None


@dataclass(frozen=True)
class PagePicture:
    """A picture with its boxes.

    Attributes:
        name: its path, or what it is called.
        width, height: of the original in pixels.
        thumbnail: the bytes of a JPEG file, at most `thumbnails.MOST_BYTES`.
        boxes: detections and objects.
        left_out: boxes of lower scores that are not in `boxes`.
    """

    name: str
    width: int
    height: int
    thumbnail: bytes
    boxes: Sequence[Box]
    left_out: int = 0


@dataclass(frozen=True)
class ClassCounts:
    """The counts of a class over the threshold, of all pictures and not only those on the page.

    Attributes:
        name: of the class.
        columns: name of what is counted, such as "detections", "correct" -> [101] counts at the
            thresholds 0, 0.01, ... 1.
    """

    name: str
    columns: dict[str, Sequence[int]]


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading.

    Attributes:
        title: its heading; also in the list of contents.
        text: paragraphs.
        parts: tables and plots, in order.
        folded: whether the parts are hidden until they are asked for.
    """

    title: str
    text: tuple[str, ...] = ()
    parts: tuple[Table | Plot, ...] = ()
    folded: bool = False


@dataclass(frozen=True)
class PageContent:
    """A page.

    Attributes:
        title: of the page.
        facts: name -> value, at the top: files and what else a reader wants to know first.
        headline: name -> value, the few numbers that are shown large.
        sections: in order; pictures follow them.
        class_names: [C] names of the classes.
        kinds: of the boxes; empty for a page without pictures.
        threshold: where the slider stands at first, 0-1.
        counts: [C + 1] of each class and of all together; empty for a page without a slider.
        pictures: in the order in which they are shown at first, the worst first.
        pictures_in_all: how many there are with those that are not on the page.
        settings: name -> value, below the facts, folded until they are asked for.
        error_name: what a box of a kind with `is_error` is called; its plural has an s.
    """

    title: str
    facts: dict[str, str]
    headline: dict[str, str]
    sections: tuple[Section, ...]
    class_names: tuple[str, ...] = ()
    kinds: tuple[BoxKind, ...] = ()
    threshold: float = 0.25
    counts: tuple[ClassCounts, ...] = ()
    pictures: Sequence[PagePicture] = ()
    pictures_in_all: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    error_name: str = "error"

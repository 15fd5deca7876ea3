"""What the script of a page reads: its boxes and counts as JSON. No torch."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from darknet_torch.printable import escape_in_line
from darknet_torch.report.box_styles import box_styles
from darknet_torch.report.content import Box, PageContent, PagePicture
from darknet_torch.report.count_table import count_columns

_PLACES = 5  # decimals of a box's sides: a fifth of a pixel of a picture of 20,000
# What HTML would read as its own, and what older scripts take for the end of a line.
_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def page_data(content: PageContent) -> str:
    """Return the data of a page's script as JSON that can stand in a script element of HTML.

    A box is a list: left, top, right, bottom, class, index of its kind, score, and the score of
    the detection that found it; null stands for None. Counts are lists of the columns' lists.
    """
    kinds = {kind.name: index for index, kind in enumerate(content.kinds)}
    data = {
        "threshold": content.threshold,
        "classes": [*map(escape_in_line, content.class_names)],
        "kinds": _kinds(content),
        "error": content.error_name,
        "counts": _counts(content),
        "pictures": [_picture(picture, kinds) for picture in content.pictures],
    }
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def _kinds(content: PageContent) -> list[dict[str, Any]]:
    styles = box_styles(content.kinds)
    return [
        {"label": kind.label, "is_error": kind.is_error} | asdict(style)
        for kind, style in zip(content.kinds, styles, strict=True)
    ]


def _counts(content: PageContent) -> list[list[list[int] | None]]:
    names = count_columns(content)
    return [
        [list(map(int, each.columns[name])) if name in each.columns else None for name in names]
        for each in content.counts
    ]


def _picture(picture: PagePicture, kinds: dict[str, int]) -> dict[str, Any]:
    return {
        "name": escape_in_line(picture.name),
        "width": picture.width,
        "height": picture.height,
        "left_out": picture.left_out,
        "boxes": [_box(box, kinds[box.kind]) for box in picture.boxes],
    }


def _box(box: Box, kind: int) -> list[float | int | None]:
    sides = [round(float(side), _PLACES) for side in box.xyxy]
    return [*sides, int(box.class_id), kind, _score(box.score), _score(box.found_at)]


def _score(score: float | None) -> float | None:
    """Return the shortest decimal that gives the float32 back; json writes it as it is."""
    return None if score is None else float(str(np.float32(score)))

"""A contact sheet: held-back pictures with what the bundled model finds in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

import darknet_torch as dt
from darknet_torch.files import write_bytes

_SIDE, _COLUMNS, _QUALITY = 240, 4, 78


def write_sheet(detector: dt.Detector, pictures: Sequence[Path], path: Path) -> None:
    """Draw the detections in pictures of any shape, each in a square of one JPEG."""
    tiles = []
    for picture in pictures:
        image = cv2.imread(str(picture))
        scale = _SIDE / max(image.shape)
        large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        drawn = detector(large).draw(large, line_width=1, font_size=9, scores=False)
        tiles.append(_centred(drawn))
    rows = [np.hstack(tiles[at : at + _COLUMNS]) for at in range(0, len(tiles), _COLUMNS)]
    _, data = cv2.imencode(".jpg", np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    write_bytes(path, data.tobytes())


def _centred(image: np.ndarray) -> np.ndarray:
    """Return a picture in the middle of a white square."""
    tile = np.full((_SIDE, _SIDE, 3), 255, np.uint8)
    height, width = image.shape[:2]
    top, left = (_SIDE - height) // 2, (_SIDE - width) // 2
    tile[top : top + height, left : left + width] = image
    return tile

"""Scenes drawn by hand, to evaluate a detector of shapes and digits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.scenes import (
    birthday,
    blackboard,
    calendar_sheet,
    first_aid,
    football_shirts,
    house_number,
    night_road,
    playing_cards,
    scoreboard,
    toy_blocks,
)

# A scene returns its picture, BGR uint8 [H, W, 3], and its boxes [K, 5]: class, then left, top,
# right, bottom in 0-1 of the picture.
Scene = Callable[[], tuple[np.ndarray, np.ndarray]]

SCENES: tuple[tuple[str, Scene], ...] = (
    ("house-number", house_number.draw),
    ("calendar", calendar_sheet.draw),
    ("blackboard", blackboard.draw),
    ("night-road", night_road.draw),
    ("birthday", birthday.draw),
    ("playing-cards", playing_cards.draw),
    ("toy-blocks", toy_blocks.draw),
    ("scoreboard", scoreboard.draw),
    ("football-shirts", football_shirts.draw),
    ("first-aid", first_aid.draw),
)

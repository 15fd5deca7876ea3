"""The picture while it is drawn: its colours, and which object is seen at each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.drawn.raster import Window


@dataclass
class Drawn:
    """An object on the canvas: its class, its box in pixels, and the pixels it covers in all."""

    class_id: int
    box: np.ndarray
    area: int


NOBODY = -1


class Canvas:
    """Colours float32 [H, W, 3] in 0-255, and the objects that must stay in sight.

    Args:
        background: float32 [H, W, 3].
        least_seen: the part of an object that must not be hidden by later ones.
    """

    def __init__(self, background: np.ndarray, least_seen: float) -> None:
        self.colours = background
        self.height, self.width = background.shape[:2]
        self.objects: list[Drawn] = []
        self._least_seen = least_seen
        self._owner = np.full((self.height, self.width), NOBODY, np.int16)
        self._seen: list[int] = []

    def below(self, window: Window, alpha: np.ndarray) -> np.ndarray:
        """Return the mean colour [3] of the picture under `alpha` [h, w] of a window."""
        there, here = window.inside(self.width, self.height)
        weights = alpha[here]
        total = float(weights.sum())
        if total < 1:
            return np.full(3, 127, np.float32)
        return np.einsum("hw,hwc->c", weights, self.colours[there]) / total

    def hides(self, window: Window, alpha: np.ndarray) -> bool:
        """Return whether `alpha` [h, w] would hide too much of an object that is there."""
        return bool(self._too_hidden(self._hidden(window, alpha)))

    def _hidden(self, window: Window, alpha: np.ndarray) -> np.ndarray:
        """Return how many pixels of each object would be hidden, int [objects]."""
        there, here = window.inside(self.width, self.height)
        owners = self._owner[there][alpha[here] > 0.5]
        return np.bincount(owners[owners >= 0], minlength=len(self.objects))

    def _too_hidden(self, hidden: np.ndarray) -> bool:
        return any(
            lost and seen - lost < self._least_seen * drawn.area
            for lost, seen, drawn in zip(hidden, self._seen, self.objects, strict=True)
        )

    def in_sight(self, window: Window, alpha: np.ndarray) -> bool:
        """Return whether enough of an object with `alpha` [h, w] would lie in the picture."""
        _, here = window.inside(self.width, self.height)
        area = np.count_nonzero(alpha > 0.5)
        return bool(np.count_nonzero(alpha[here] > 0.5) >= max(self._least_seen * area, 1))

    def blend(self, window: Window, alpha: np.ndarray, colour: np.ndarray) -> None:
        """Lay a colour, [3] or [h, w, 3], over the picture, by `alpha` [h, w]."""
        there, here = window.inside(self.width, self.height)
        part = self.colours[there]
        paint = colour if colour.ndim == 1 else colour[here]
        part += alpha[here][:, :, None] * (paint - part)

    def occupy(
        self, window: Window, alpha: np.ndarray, drawn: tuple[int, np.ndarray] | None
    ) -> None:
        """Note what covers the pixels: an object as (class, box in pixels), or what is none."""
        for index, lost in enumerate(self._hidden(window, alpha)):
            self._seen[index] -= int(lost)
        owner = NOBODY
        there, here = window.inside(self.width, self.height)
        covered = alpha > 0.5
        if drawn:
            owner = len(self.objects)
            self.objects.append(Drawn(drawn[0], drawn[1], int(np.count_nonzero(covered))))
            self._seen.append(int(np.count_nonzero(covered[here])))
        self._owner[there][covered[here]] = owner

    def boxes(self) -> np.ndarray:
        """Return class, left, top, right, bottom in 0-1 of the picture, float64 [K, 5]."""
        size = np.array([self.width, self.height] * 2, np.float64)
        rows = [
            (drawn.class_id, *np.clip(drawn.box / size, 0, 1).tolist()) for drawn in self.objects
        ]
        return np.array(rows, np.float64).reshape(-1, 5)

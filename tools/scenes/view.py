"""A camera that looks at a plane, such as a table, a floor or a wall."""

from __future__ import annotations

import cv2
import numpy as np

from tools.scenes.shapes import Shape


class View:
    """The perspective of a plane whose units are pixels where the camera looks.

    The camera looks from `distance` at the point `target` (x, y), which appears at `centre` of the
    picture. With all angles 0 it sees the plane from the front: x right, y down, and heights
    towards the camera. `tilt` moves the camera down the plane, so that a floor reaches into the
    distance; `turn` moves it to the right; `roll` turns the picture clockwise. All are in degrees.
    """

    def __init__(
        self,
        centre: tuple[float, float],
        *,
        target: tuple[float, float] | None = None,
        distance: float = 1200,
        tilt: float = 0,
        turn: float = 0,
        roll: float = 0,
    ) -> None:
        self._centre = np.array(centre, float)
        self._target = np.array((*(target or centre), 0), float)
        self._distance = distance
        tilt, turn, roll = np.radians((tilt, turn, roll))
        self._toward = np.array(
            (np.sin(turn) * np.cos(tilt), np.sin(tilt), np.cos(turn) * np.cos(tilt))
        )
        right = np.array((np.cos(turn), 0, -np.sin(turn)))
        down = np.cross(self._toward, right)
        self._right = np.cos(roll) * right - np.sin(roll) * down
        self._down = np.sin(roll) * right + np.cos(roll) * down

    def project(self, points: np.ndarray, height: float = 0) -> np.ndarray:
        """Return the pixels [N, 2] of points [N, 2] that lie `height` above the plane."""
        solid = np.column_stack((points, np.full(len(points), height))) - self._target
        depth = self._distance - solid @ self._toward
        flat = np.stack((solid @ self._right, solid @ self._down), axis=1)
        return self._centre + flat * (self._distance / depth)[:, None]

    def __call__(self, shape: Shape, height: float = 0) -> Shape:
        """Return how a shape that lies `height` above the plane appears in the picture."""
        return shape.mapped(lambda points: self.project(points, height))

    def lay(
        self,
        texture: np.ndarray,
        corners: tuple[float, float, float, float],
        size: tuple[int, int],
    ) -> np.ndarray:
        """Return a picture of `size` (width, height) with a texture on the plane.

        `corners` are the left, top, right and bottom of the texture on the plane.
        """
        left, top, right, bottom = corners
        rows, columns = texture.shape[:2]
        ends = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        pixels = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)])
        # OpenCV counts from the centre of the first pixel.
        matrix = cv2.getPerspectiveTransform(
            (pixels - 0.5).astype(np.float32), (self.project(ends) - 0.5).astype(np.float32)
        )
        return cv2.warpPerspective(
            texture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )

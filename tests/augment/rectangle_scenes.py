"""Pictures of coloured rectangles, so that tests can check boxes against pixels."""

import cv2
import numpy as np

from darknet_torch.datasets.examples import Example, Labels

# BGR; far from the grey background and from each other.
COLOURS = np.array(((0, 0, 255), (0, 255, 0), (255, 0, 0)), np.uint8)
SIZES = ((120, 200), (200, 120), (90, 90), (160, 240))
GREY = 120


def scene(path, size, seed):
    """Write a picture with a rectangle of each class, side by side."""
    height, width = size
    random = np.random.default_rng(seed)
    image = np.full((height, width, 3), GREY, np.uint8)
    boxes = []
    slots = np.linspace(0, width, len(COLOURS) + 1).astype(int)
    for colour, left, right in zip(COLOURS, slots[:-1], slots[1:], strict=True):
        wide, high = random.integers(10, right - left - 2), random.integers(10, height - 2)
        x, y = left + random.integers(0, right - left - wide), random.integers(0, height - high)
        image[y : y + high, x : x + wide] = colour
        box = ((x + wide / 2) / width, (y + high / 2) / height, wide / width, high / height)
        boxes.append(box)
    cv2.imwrite(str(path), image)
    return Example(path, Labels.from_arrays(range(len(COLOURS)), boxes))


def scenes(folder):
    """Write a picture of each size."""
    return [scene(folder / f"{seed}.png", size, seed) for seed, size in enumerate(SIZES)]


def check_boxes(image, rows, shrink=4, complete=True):
    """Assert that each box lies on its colour, and that no colour lacks a box.

    Args:
        image: RGB float [3, H, W].
        rows: [K, 5] x, y, w, h, class.
        shrink: pixels of tolerance at each side, since pictures are enlarged up to three times
            with interpolation.
        complete: require a box for every object.
    """
    pixels = np.rint(image * 255).astype(int).transpose(1, 2, 0)
    height, width = pixels.shape[:2]
    free = np.ones((height, width), bool)
    for x, y, w, h, class_id in rows[rows[:, 0] > 0]:
        left, right = (x - w / 2) * width, (x + w / 2) * width
        top, bottom = (y - h / 2) * height, (y + h / 2) * height
        inner = pixels[
            round(top) + shrink : max(0, round(bottom) - shrink),
            round(left) + shrink : max(0, round(right) - shrink),
        ]
        assert (np.abs(inner - COLOURS[int(class_id)][::-1]) <= 1).all()
        outer = slice(max(0, round(top) - shrink), round(bottom) + shrink)
        free[outer, max(0, round(left) - shrink) : round(right) + shrink] = False
    for colour in COLOURS[:, ::-1] if complete else ():
        there = (np.abs(pixels - colour) <= 1).all(2) & free
        # Slivers at an edge are smaller than the smallest truth, and dropped.
        left_over = cv2.erode(there.astype(np.uint8), np.ones((5, 5), np.uint8))
        assert not left_over.any()

import numpy as np
import pytest

from darknet_torch.augment.crop import PictureCrop
from darknet_torch.augment.mosaic import PARTS, Mosaic
from tests.augment.darknet_rules import blend_truth_mosaic

HEIGHT, WIDTH = 48, 64


def plain_shifts(mosaic, crop):
    """data.c load_data_detection: left_shift, right_shift, top_shift, bot_shift."""
    w, h = mosaic.width, mosaic.height
    return (
        min(mosaic.cut_x, max(0, int(-crop.left * w / crop.width))),
        min(w - mosaic.cut_x, max(0, int(-crop.right * w / crop.width))),
        min(mosaic.cut_y, max(0, int(-crop.top * h / crop.height))),
        min(h - mosaic.cut_y, max(0, int(-crop.bottom * h / crop.height))),
    )


def drawn(seed):
    """A mosaic, and a crop for each of its quarters."""
    random = np.random.default_rng(seed)
    mosaic = Mosaic.draw(random, HEIGHT, WIDTH, bound=bool(seed % 2))
    crops = [PictureCrop(90, 70, *random.integers(-60, 30, 4).tolist()) for _ in range(PARTS)]
    return mosaic, crops, random


def test_every_quarter_has_at_least_a_fifth_of_each_side():
    cuts = {(m.cut_x, m.cut_y) for m, _, _ in map(drawn, range(300))}
    xs, ys = zip(*cuts, strict=True)
    assert (min(xs), max(xs)) == (12, 51)
    assert (min(ys), max(ys)) == (9, 38)


@pytest.mark.parametrize("seed", range(4))
def test_mosaic_pixels_match_c(seed):
    mosaic, crops, random = drawn(seed)
    images = random.integers(0, 256, (PARTS, HEIGHT, WIDTH, 3), np.uint8)
    found = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for part in range(PARTS):
        mosaic.paste(found, images[part], part, mosaic.shift(part, crops[part]))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            part = (x >= mosaic.cut_x) + 2 * (y >= mosaic.cut_y)
            left, right, top, bottom = plain_shifts(mosaic, crops[part])
            column = (
                x + WIDTH - mosaic.cut_x - right if part in (0, 2) else left + x - mosaic.cut_x
            )
            row = y + HEIGHT - mosaic.cut_y - bottom if part in (0, 1) else top + y - mosaic.cut_y
            assert (found[y, x] == images[part, row, column]).all()


@pytest.mark.parametrize("most", [12, 90])
@pytest.mark.parametrize("seed", range(6))
def test_mosaic_boxes_match_c(seed, most):
    mosaic, crops, random = drawn(seed)
    expected = np.zeros((most, 5), np.float32)
    found = np.zeros((0, 5), np.float32)
    for part in range(PARTS):
        rows = np.zeros((most, 5), np.float32)
        count = 6 if most < 20 else 30
        sizes = random.exponential(0.15, (count, 2)).clip(0.001, 0.9)
        centres = sizes / 2 + random.random((count, 2)) * (1 - sizes)
        rows[:count] = np.concatenate((centres, sizes, random.integers(0, 5, (count, 1))), 1)
        shift = mosaic.shift(part, crops[part])
        moved = mosaic.transform_rows(rows[:count], part, shift, most - len(found))
        found = np.concatenate((found, moved))
        blend_truth_mosaic(
            expected, rows, WIDTH, HEIGHT, (mosaic.cut_x, mosaic.cut_y), part,
            plain_shifts(mosaic, crops[part]), mosaic.bound,
        )  # fmt: skip
    assert len(found) == (expected[:, 0] > 0).sum() > 2
    # Equal but for the order in which float32 numbers are added up.
    np.testing.assert_allclose(found, expected[: len(found)], atol=3e-7)

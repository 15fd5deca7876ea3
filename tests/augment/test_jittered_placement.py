import numpy as np

from darknet_torch.augment.jittered_placement import JitteredPlacement


def bilinear(image, x, y):
    """image.c bilinear_interpolate: 0 beyond the picture."""
    column, row = int(np.floor(x)), int(np.floor(y))
    dx, dy = x - column, y - row

    def pixel(x, y):
        inside = 0 <= x < image.shape[1] and 0 <= y < image.shape[0]
        return image[y, x] if inside else 0 * image[0, 0]

    upper = (1 - dx) * pixel(column, row) + dx * pixel(column + 1, row)
    lower = (1 - dx) * pixel(column, row + 1) + dx * pixel(column + 1, row + 1)
    return (1 - dy) * upper + dy * lower


def test_pixels_match_place_image():
    image = np.random.default_rng(0).random((11, 17, 3), np.float32)
    placed = JitteredPlacement(30, 40, inner_height=21.6, inner_width=35.2, left=3.9, top=6.2)
    expected = np.full((30, 40, 3), 0.5)
    for y in range(21):
        for x in range(35):
            expected[y + 6, x + 3] = bilinear(image, x / 35 * 17, y / 21 * 11)
    # OpenCV before version 5 takes places to 1/32 of a pixel, half of it along both axes.
    np.testing.assert_allclose(placed.paste(image), expected, atol=2 / 64)


def test_placements_are_drawn_as_in_c():
    random = np.random.default_rng(0)
    found = [JitteredPlacement.draw(random, (100, 200), 0.3, 64, 96) for _ in range(2000)]
    aspects = np.array([place.inner_width / place.inner_height for place in found])
    assert all(
        place.inner_width == 96 if aspect >= 1 else place.inner_height == 64
        for place, aspect in zip(found, aspects, strict=True)
    )
    # (200 +- 60) / (100 +- 30)
    assert 140 / 130 < aspects.min() < 1.15
    assert 3.4 < aspects.max() < 260 / 70
    assert all(min(0, 64 - p.inner_height) <= p.top <= max(0, 64 - p.inner_height) for p in found)
    assert {p.left for p in found} == {0.0}
    narrow = [JitteredPlacement.draw(random, (200, 100), 0.3, 64, 96) for _ in range(200)]
    assert {place.inner_height for place in narrow} == {64}
    assert max(place.left for place in narrow) > 40


def test_parts_beyond_the_input_are_not_drawn():
    image = np.ones((10, 10), np.float32)
    put = JitteredPlacement(20, 40, inner_height=40, inner_width=40, left=0, top=-12.5).paste(
        image
    )
    assert put.shape == (20, 40)
    assert put[:, :30].min() == 1

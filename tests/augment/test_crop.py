import cv2
import numpy as np
import pytest

from darknet_torch.augment.crop import PictureCrop, jittered_crop
from tests.augment.darknet_rules import F


def plain_crop(ow, oh, edges, sizes, jitter, resize):
    """data.c load_data_detection: pleft, pright, ptop, pbot."""
    dw, dh = int(F(ow) * F(jitter)), int(F(oh) * F(jitter))
    down = resize if resize <= 1 else 1 / resize
    up = resize if resize >= 1 else 1 / resize
    least_w, least_h = int(ow * (1 - 1 / down) / 2), int(oh * (1 - 1 / down) / 2)
    most_w, most_h = int(ow * (1 - 1 / up) / 2), int(oh * (1 - 1 / up) / 2)
    if resize < 1:
        most_w = most_h = 0
    cuts = [int(-d + 2 * d * r) for d, r in zip((dw, dw, dh, dh), edges, strict=True)]
    spans = ((least_w, most_w), (least_w, most_w), (least_h, most_h), (least_h, most_h))
    return [
        int(cut + low + (high - low) * sizes[index % 2])
        for index, (cut, (low, high)) in enumerate(zip(cuts, spans, strict=True))
    ]


@pytest.mark.parametrize("jitter", [0, 0.1, 0.3])
@pytest.mark.parametrize("resize", [0.5, 1, 1.5])
def test_jitter_and_resize_move_the_edges_as_in_c(jitter, resize):
    random = np.random.default_rng(0)
    for _ in range(50):
        width, height = random.integers(50, 700, 2).tolist()
        edges, sizes = random.random(4), random.random(2)
        crop = jittered_crop((height, width), edges, sizes, jitter, resize)
        expected = plain_crop(width, height, edges, sizes, jitter, resize)
        found = (crop.left, crop.right, crop.top, crop.bottom)
        # A pixel where float32 and float64 fall on two sides of a whole number.
        np.testing.assert_allclose(found, expected, atol=1)


def test_without_jitter_and_resize_the_crop_is_the_whole_picture():
    assert jittered_crop((30, 50), (0.1, 0.9, 0.4, 0.6), (0.2, 0.8), 0, 1) == PictureCrop(50, 30)


def test_padding_has_the_mean_colour_of_the_picture():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    cut = PictureCrop(60, 40, left=-5, right=10, top=4, bottom=-7).apply(image)
    assert cut.shape == (40 - 4 + 7, 60 + 5 - 10, 3)
    np.testing.assert_array_equal(cut[:36, 5:], image[4:, :50])
    mean = np.rint(image.reshape(-1, 3).mean(0))
    assert (cut[:, :5] == mean).all()
    assert (cut[36:] == mean).all()


def test_the_border_type_can_replicate_the_edge():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    cut = PictureCrop(4, 3, left=-1, bottom=-2).apply(image, border=cv2.BORDER_REPLICATE)
    np.testing.assert_array_equal(cut, image[[0, 1, 2, 2, 2]][:, [0, 0, 1, 2, 3]])


@pytest.mark.parametrize(
    "crop",
    [
        PictureCrop(10, 10, 6, 6),
        PictureCrop(10, 10, top=12, bottom=-9),
        PictureCrop(10, 10, -12, 11),
    ],
)
def test_an_empty_crop_becomes_the_whole_picture(crop):
    assert crop.or_whole_picture() == PictureCrop(10, 10)
    kept = PictureCrop(10, 10, 3, -2, 4, 4)
    assert kept.or_whole_picture() == kept


@pytest.mark.parametrize("flip", [False, True])
def test_boxes_follow_the_crop(flip):
    transform = PictureCrop(100, 50, left=20, right=-30, top=10, bottom=15).box_transform(
        flip=flip
    )
    assert transform.flip == flip
    for scale, shift, own, cut, shown in zip(
        transform.scale, transform.shift, (100, 50), (20, 10), (110, 25), strict=True
    ):
        for place in (0, 30, own):
            expected = (place - cut) / shown
            assert scale * place / own - shift == pytest.approx(expected, abs=1e-6)  # float32


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 128)])
@pytest.mark.parametrize("size", [(60, 100), (100, 60), (50, 100)])
def test_a_letterboxed_crop_has_the_aspect_of_the_input(size, height, width):
    crop = PictureCrop(size[1], size[0]).letterboxed(height, width)
    high, wide = crop.cropped_size
    assert min(high - size[0], wide - size[1]) == 0
    # Each of two edges may lose a part of a pixel.
    assert abs(wide / high - width / height) < 4 / min(high, wide) * max(1, width / height)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("part", range(4))
def test_padding_of_a_mosaic_part_is_where_the_quarters_meet(part, flip):
    """`Mosaic.shift` skips the padding there."""
    crop = PictureCrop(100, 100, -10, -20, -30, -40).for_mosaic_part(part, flip=flip)
    seen = crop.mirrored() if flip else crop
    right_side, lower = part in (1, 3), part in (2, 3)
    assert (seen.left, seen.right) == ((-30, 0) if right_side else (0, -30))
    assert (seen.top, seen.bottom) == ((-70, 0) if lower else (0, -70))

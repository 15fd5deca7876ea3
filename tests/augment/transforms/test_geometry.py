"""Transforms that move pictures: boxes stay around their objects."""

import numpy as np
import pytest

from darknet_torch.augment.transforms.augmentation import Augmentation
from darknet_torch.augment.transforms.geometry import (
    Affine,
    Flip,
    Resize,
    affine_matrix,
    boxes_around_corners,
    boxes_around_ellipses,
    flip,
    resize,
    warp,
)
from tests.augment.transforms.shapes import SIZE, found_box, iou, picture_of

KINDS = ("rectangle", "turned", "ellipse")
STILL = {"rotation": (0, 0), "scale": (1, 1), "translation": (0, 0), "probability": 1}


def check(before, transform):
    """Apply a transform with some seeds, and compare its box with the one that is seen."""
    for seed in range(6):
        after = transform.apply(before, np.random.default_rng(seed))
        assert after.boxes.shape == (1, 4)
        assert iou(after.boxes[0], found_box(after.image)) >= 0.9
        assert after.image.dtype == np.uint8
        assert after.class_ids.tolist() == [3]
        assert after.rows.tolist() == [0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "transform",
    [
        Flip(probability=1),
        Flip(direction="vertical", probability=1),
        Flip(direction="either", probability=1),
        Resize(longer_side=(90, 300)),
        Affine(**STILL | {"scale": (0.6, 1.4), "translation": (-0.15, 0.15)}),
        Affine(**STILL | {"scale": (1.5, 1.5), "translation": (0.3, 0.3)}),
    ],
    ids=str,
)
def test_boxes_stay_around_their_objects(kind, transform):
    check(picture_of(kind), transform)


TURNED = STILL | {"rotation": (-90, 90), "shear": (-15, 15), "scale": (0.8, 1.1)}


def test_the_corners_of_a_rectangle_are_those_of_its_object():
    check(picture_of("rectangle"), Affine(**TURNED, boxes="corners"))


def test_an_ellipse_has_a_box_of_its_own():
    check(picture_of("ellipse"), Affine(**TURNED, boxes="ellipse"))


def test_flip_mirrors_pixels_and_boxes():
    picture = picture_of("turned")
    across, down = flip(picture, vertical=False), flip(picture, vertical=True)
    left, top, right, bottom = picture.boxes[0]
    assert np.array_equal(across.image, picture.image[:, ::-1])
    assert across.boxes.tolist() == [[SIZE[1] - right, top, SIZE[1] - left, bottom]]
    assert np.array_equal(down.image, picture.image[::-1])
    assert down.boxes.tolist() == [[left, SIZE[0] - bottom, right, SIZE[0] - top]]


def test_either_direction_is_drawn():
    picture, either = picture_of("turned"), Flip(direction="either", probability=1)
    made = [either.apply(picture, np.random.default_rng(seed)).image for seed in range(9)]
    across = [np.array_equal(image, picture.image[:, ::-1]) for image in made]
    down = [np.array_equal(image, picture.image[::-1]) for image in made]
    assert any(across)
    assert any(down)
    assert [one != other for one, other in zip(across, down, strict=True)] == [True] * 9


def test_resize_keeps_the_aspect_ratio():
    picture = picture_of("rectangle")
    assert resize(picture, 100).image.shape == (80, 100, 3)
    assert resize(picture, 400).image.shape == (320, 400, 3)
    assert resize(picture, 400).boxes.tolist() == [[140, 120, 260, 200]]


def test_the_matrix_is_made_of_its_parts():
    turned = affine_matrix((100, 200), 90, (0, 0), 1, (0, 0))
    assert np.allclose(turned @ (150, 50, 1), (100, 0))  # right of the centre: above it
    larger = affine_matrix((100, 200), 0, (0, 0), 2, (0.1, -0.2))
    assert np.allclose(larger @ (110, 60, 1), (120 + 20, 70 - 20))
    sheared = affine_matrix((100, 200), 0, (45, 0), 1, (0, 0))
    assert np.allclose(sheared @ (100, 60, 1), (110, 60))
    sheared = affine_matrix((100, 200), 0, (0, 45), 1, (0, 0))
    assert np.allclose(sheared @ (110, 50, 1), (110, 60))


def test_a_quarter_turn_moves_whole_pixels():
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    turned = warp(image, affine_matrix((4, 4), 90, (0, 0), 1, (0, 0)), "black")
    assert np.array_equal(turned, np.rot90(image))


@pytest.mark.parametrize("border", ["fill", "mean", "black", "edge"])
def test_the_border(border):
    image = np.full((10, 10, 3), 50, np.uint8)
    image[:5] = 150
    moved = warp(image, affine_matrix((10, 10), 0, (0, 0), 1, (0, 0.5)), border)
    expected = {"fill": 100, "mean": 100, "black": 0, "edge": 150}[border]
    assert (moved[:4] == expected).all()
    assert (moved[6:] == 150).all()


@pytest.mark.parametrize(
    ("fill", "border", "expected"),
    [
        ("0.5", "fill", (128, 128, 128)),
        ("imagenet", "fill", (104, 116, 124)),
        ("picture", "fill", (10, 20, 30)),
        ("0.5", "mean", (10, 20, 30)),
        ("0.5", "black", (0, 0, 0)),
    ],
)
def test_the_border_has_the_colour_of_the_network(tmp_path, fill, border, expected):
    file = tmp_path / "steps.yaml"
    file.write_text(f"- affine: {{translation: 0.5, border: {border}, probability: 1}}\n")
    (step,) = Augmentation.open(str(file), fill=fill).steps
    picture = picture_of("rectangle")
    picture = picture.with_image(np.full_like(picture.image, (10, 20, 30)))
    assert step.apply(picture, np.random.default_rng(0)).image[0, 0].tolist() == list(expected)


def test_boxes_around_corners_and_ellipses_are_those_of_their_points():
    matrix = affine_matrix(SIZE, 33, (8, -5), 1.2, (0.05, -0.1))
    boxes = np.array(((10, 20, 60, 50), (100, 30, 130, 90)), float)
    turns = np.linspace(0, 2 * np.pi, 20000)
    for index, (left, top, right, bottom) in enumerate(boxes):
        corners = np.array([(x, y, 1) for x in (left, right) for y in (top, bottom)])
        ellipse = np.stack(
            (
                (left + right) / 2 + (right - left) / 2 * np.cos(turns),
                (top + bottom) / 2 + (bottom - top) / 2 * np.sin(turns),
                np.ones_like(turns),
            ),
            1,
        )
        for points, function in (
            (corners, boxes_around_corners),
            (ellipse, boxes_around_ellipses),
        ):
            moved = points @ matrix.T
            expected = [*moved.min(0), *moved.max(0)]
            assert np.allclose(function(boxes, matrix)[index], expected, atol=1e-3)


@pytest.mark.parametrize(("visible", "kept"), [(0, 1), (0.49, 1), (0.51, 0), (1, 0)])
def test_a_box_is_dropped_with_too_little_of_it_in_the_picture(visible, kept):
    # The rectangle covers columns 70 to 130 of 200: half of it leaves the picture.
    moving = Affine(**STILL | {"translation": (0.5, 0.5)}, visible=visible)
    picture = picture_of("rectangle")
    down = picture.boxes - (0, 80, 0, 80)
    after = moving.apply(picture.moved(picture.image, down), np.random.default_rng(0))
    assert after.boxes.tolist() == [[170, 60, 200, 100]][:kept]
    assert len(after.class_ids) == len(after.rows) == kept


def test_the_probability_counts():
    picture, transform = picture_of("turned"), Flip(probability=0.25)
    random = np.random.default_rng(0)
    made = [transform.apply(picture, random) is not picture for _ in range(400)]
    assert 70 < sum(made) < 130

"""Every transform, by its name: it reads its parameters, and boxes stay around their objects."""

import numpy as np
import pytest

from darknet_torch.augment.transforms.colour import (
    brightness_contrast,
    clahe,
    colour_jitter,
    posterize,
    rgb_shift,
    to_grey,
)
from darknet_torch.augment.transforms.noise import (
    blur,
    fog,
    gaussian_noise,
    motion_blur,
    multiplicative_noise,
)
from darknet_torch.augment.transforms.steps_file import read_steps
from darknet_torch.augment.transforms.table import TRANSFORMS
from tests.augment.transforms.shapes import found_box, iou, picture_of

# The parameters that make each transform of colours or noise its function with those arguments.
DEFINITIONS = {
    "brightness_contrast": (
        "brightness: 0.1, contrast: 1.5",
        lambda image, _: brightness_contrast(image, 0.1, 1.5),
    ),
    "colour_jitter": (
        "hue: 0.2, saturation: 0.5, value: 0.8",
        lambda image, _: colour_jitter(image, 0.2, 0.5, 0.8),
    ),
    "rgb_shift": (
        "red: 10, green: -20, blue: 30",
        lambda image, _: rgb_shift(image, 10, -20, 30),
    ),
    "to_grey": ("", lambda image, _: to_grey(image)),
    "clahe": ("clip_limit: 3, tiles: 2", lambda image, _: clahe(image, 3, 2)),
    "posterize": ("bits: 3", lambda image, _: posterize(image, 3)),
    "gaussian_noise": ("deviation: 9", lambda image, random: gaussian_noise(image, 9, random)),
    "multiplicative_noise": (
        "factor: [0.5, 0.9]",
        lambda image, random: multiplicative_noise(image, 0.5, 0.9, random),
    ),
    "fog": ("density: 0.4", lambda image, random: fog(image, 0.4, random)),
    "blur": ("deviation: 1.5", lambda image, _: blur(image, 1.5)),
    "motion_blur": ("length: 7, angle: 30", lambda image, _: motion_blur(image, 7, 30)),
}
# Random numbers for the probability and a single value, in front of those of the function.
DRAWN_BEFORE = {"gaussian_noise": 2, "multiplicative_noise": 1, "fog": 2}
MOVING = {"resize", "flip", "affine"}  # see test_geometry.py


def step_of(tmp_path, name, parameters):
    file = tmp_path / "steps.yaml"
    file.write_text(f"- {name}: {{{', '.join(filter(None, ('probability: 1', parameters)))}}}\n")
    ((step,), _) = read_steps(file)
    return step


def test_every_transform_is_tested():
    assert set(TRANSFORMS) == set(DEFINITIONS) | MOVING


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_step_is_its_function_with_its_parameters(tmp_path, name):
    parameters, function = DEFINITIONS[name]
    picture = picture_of("turned")
    noise = np.random.default_rng(1).integers(0, 256, picture.image.shape, np.uint8)
    random, again = np.random.default_rng(0), np.random.default_rng(0)
    made = step_of(tmp_path, name, parameters).apply(picture.with_image(noise), random)
    again.random(DRAWN_BEFORE.get(name, 0))
    assert np.array_equal(made.image, function(noise, again))
    assert not np.array_equal(made.image, noise)


@pytest.mark.parametrize("kind", ["rectangle", "turned", "ellipse"])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_boxes_are_around_their_objects(tmp_path, name, kind):
    picture = picture_of(kind)
    parameters = "rotation: 0" if name == "affine" else ""
    after = step_of(tmp_path, name, parameters).apply(picture, np.random.default_rng(0))
    assert after.class_ids.tolist() == [3]
    assert iou(after.boxes[0], found_box(after.image)) >= 0.9

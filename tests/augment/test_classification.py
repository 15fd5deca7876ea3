from pathlib import Path

import cv2
import numpy as np
import pytest

from darknet_torch.augment.class_truths import SECRET_NUM, ClassTruths
from darknet_torch.augment.classification import ClassificationAugmentation, ClassificationSource
from darknet_torch.augment.source import Request
from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.tree import Tree
from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.model import Problem
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.media.images import classifier_input, read_image
from tests.datasets.sets import picture

SIZE = 48
SLOTS = tuple(range(32))
STILL = {"min_crop": SIZE, "max_crop": SIZE, "flip": 0}
COLOURS = ((10, 20, 200), (200, 100, 30), (40, 220, 60), (128, 128, 128))


def pictures(paths, ids, problems=()):
    names = tuple(f"class{index}" for index in range(4))
    return ClassifiedPictures(tuple(paths), tuple(ids), names, names, "list", tuple(problems))


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Four pictures of noise, one of each class."""
    folder = tmp_path_factory.mktemp("noise")
    sizes = ((60, 80), (90, 60), (60, 60), (40, 50))
    paths = [picture(folder / f"{i}.png", i, *size) for i, size in enumerate(sizes)]
    return pictures(paths, range(4))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Four pictures, each of one colour and class."""
    folder = tmp_path_factory.mktemp("plain")
    paths = [folder / f"{index}.png" for index in range(4)]
    for path, colour in zip(paths, COLOURS, strict=True):
        cv2.imwrite(str(path), np.full((60, 80, 3), colour, np.uint8))
    return pictures(paths, range(4))


def load(
    given, dialect=ALEXEYAB, augment=True, tree=None, slots=SLOTS, seed=0, size=None, **options
):
    sizes = {"width": SIZE, "height": SIZE, "channels": 3, "batch": 8}
    net = NetOptions(**{**sizes, **options})
    plan = ClassificationAugmentation.of(net, 4, dialect, tree=tree, augment=augment)
    height, width = size or (net.height, net.width)
    return ClassificationSource.of(given, plan).load(Request(seed, 0, slots, height, width))


def rotated_crop(image, size, low, angle, aspect, dx, dy):
    """image.c random_augment_image, rotate_crop_image, with given draws."""
    height, width = image.shape[:2]
    shorter = height if height < width * aspect else int(width * aspect)
    s = low / shorter
    out = np.zeros((size, size, 3))
    for y in range(size):
        for x in range(size):
            across = (x - size / 2) / s * aspect + dx / s * aspect
            down = (y - size / 2) / s + dy / s
            rx = np.cos(angle) * across - np.sin(angle) * down + width / 2
            ry = np.sin(angle) * across + np.cos(angle) * down + height / 2
            column, row = int(np.floor(rx)), int(np.floor(ry))
            fx, fy = rx - column, ry - row
            for i, wy in ((row, 1 - fy), (row + 1, fy)):
                for j, wx in ((column, 1 - fx), (column + 1, fx)):
                    if 0 <= i < height and 0 <= j < width:
                        out[y, x] += wx * wy * image[i, j]
    return out


class Draws:
    """A generator whose numbers are given."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def random(self):
        return self.numbers.pop(0)

    def integers(self, low, high=None):
        return self.numbers.pop(0)


@pytest.mark.parametrize("dialect", [ALEXEYAB, PJREDDIE])
def test_a_crop_is_that_of_rotate_crop_image(dialect):
    image = np.random.default_rng(0).random((40, 60, 3), np.float32)
    net = NetOptions(width=24, height=24, channels=3, angle=20, aspect=1.5)
    crop = ClassificationAugmentation.of(net, 4, dialect).crop
    # aspect 1 + 0.4 * 0.5 = 1.2, kept; side 30; angle -20 + 0.75 * 40 = 10; a shift of each kind
    found = crop.draw(image, Draws(0.4, 1, 30, 0.75, 0.25, 0.5), 24, 24)
    scale = 30 / 40
    room = 60 * scale / 1.2 - 24
    expected = rotated_crop(image, 24, 30, np.radians(10), 1.2, -room / 2 + 0.25 * room, 0)
    # OpenCV before version 5 takes places to 1/32 of a pixel, half of it along both axes.
    np.testing.assert_allclose(found, expected, atol=2 / 64)


def test_a_small_picture_is_in_the_middle_or_anywhere():
    image = np.ones((20, 20, 3), np.float32)
    net = NetOptions(width=40, height=40, channels=3, min_crop=20, max_crop=20)
    # No aspect, side 20, no angle, both shifts at their lower end.
    draws = (0, 1, 20, 0.5, 0, 0)
    centred, corner = (
        ClassificationAugmentation.of(net, 4, dialect).crop.draw(image, Draws(*draws), 40, 40)
        for dialect in (ALEXEYAB, PJREDDIE)
    )
    middle = np.zeros((40, 40, 3))
    middle[10:30, 10:30] = 1
    np.testing.assert_allclose(centred, middle, atol=1e-6)
    assert corner[20:, 20:].min() == pytest.approx(1)
    assert corner.sum() == pytest.approx(middle.sum())


@pytest.mark.parametrize(
    ("options", "dialect", "width", "expected"),
    [
        ({}, ALEXEYAB, SIZE, (SIZE, 2 * SIZE)),
        ({"min_crop": 30, "max_crop": 50}, ALEXEYAB, SIZE, (30, 50)),
        ({"min_ratio": 0.75, "max_ratio": 1.25}, PJREDDIE, SIZE, (36, 60)),
        ({"min_crop": 24, "max_crop": 96}, PJREDDIE, 2 * SIZE, (48, 192)),
    ],
)
def test_the_shorter_side_becomes_between_min_crop_and_max_crop(options, dialect, width, expected):
    net = NetOptions(width=SIZE, height=SIZE, channels=3, **options)
    crop = ClassificationAugmentation.of(net, 4, dialect).crop
    bounds = []

    class Recorder(Draws):
        def integers(self, low, high=None):
            if high is not None:
                bounds.append((low, high - 1))
            return low if high is not None else 1

    crop.draw(np.ones((30, 30, 3), np.float32), Recorder(*[0.5] * 9), width, width)
    assert bounds == [expected]


def test_networks_of_any_shape_see_the_crop_stretched(plain):
    wide = load(plain, width=64, height=32, min_crop=80, max_crop=80, flip=0)
    assert wide.images.shape == (32, 3, 32, 64)
    # A crop at the very edge mixes with the black beyond it, as in C.
    inner = wide.images[:, :, 1:-1, 1:-1]
    assert np.ptp(inner, (2, 3)).max() < 1e-6
    assert np.ptp(inner, 0).max() > 0.5


@pytest.mark.parametrize(
    "options",
    [
        {"flip": 1},
        {"angle": 10},
        {"aspect": 1.3},
        {"max_crop": 90},
        {"hue": 0.1},
        {"saturation": 1.5},
        {"exposure": 1.5},
        {"blur": 1},
        {"mixup": 1},
        {"cutmix": True},
        {"mosaic": True},
    ],
    ids=str,
)
def test_every_option_changes_something_and_by_the_seed_alone(noise, options):
    plain, changed = load(noise, **STILL), load(noise, **{**STILL, **options})
    assert changed.images.dtype == changed.truths.dtype == np.float32
    assert not np.array_equal(plain.images, changed.images)
    again = load(noise, **{**STILL, **options})
    np.testing.assert_array_equal(again.images, changed.images)
    other = load(noise, seed=1, **{**STILL, **options})
    assert not np.array_equal(other.images, changed.images)


@pytest.mark.parametrize("dialect", [ALEXEYAB, PJREDDIE])
def test_without_augmentation_pictures_are_seen_as_for_classification(noise, dialect):
    loaded = load(noise, dialect, augment=False, mosaic=True, blur=1, flip=1)
    for image, truth, path in zip(loaded.images, loaded.truths, loaded.paths, strict=True):
        expected = classifier_input(
            read_image(path), SIZE, SIZE, channels=3, letterbox=dialect.defaults.letterbox
        )
        np.testing.assert_array_equal(image, expected)
        assert truth[noise.class_ids[noise.paths.index(Path(path))]] == truth.sum() == 1


def shares(image):
    """The part of the picture that each class's colour takes."""
    pixels = np.rint(image * 255).transpose(1, 2, 0)[:, :, ::-1]
    return np.array([(pixels == colour).all(2).mean() for colour in COLOURS])


@pytest.mark.parametrize("options", [{"cutmix": True}, {"mosaic": True}])
def test_truths_are_the_parts_that_classes_have_of_the_picture(plain, options):
    loaded = load(plain, **STILL, **options)
    # 1e-6 is what float32 sums up to.
    np.testing.assert_allclose(loaded.truths, list(map(shares, loaded.images)), atol=1e-6)
    assert 0 < (loaded.truths.max(1) < 1).sum() < len(SLOTS)


def test_both_means_cutmix_and_mosaic_in_turn(plain):
    loaded = load(plain, slots=tuple(range(100)), **STILL, cutmix=True, mosaic=True)
    np.testing.assert_allclose(loaded.truths, list(map(shares, loaded.images)), atol=1e-6)
    assert (loaded.truths > 0).sum(1).max() > 2


def test_mixup_is_the_mean_of_two(plain):
    loaded = load(plain, **STILL, mixup=1)
    assert set(np.unique(loaded.truths)) == {0, 0.5, 1}
    colours = np.array(COLOURS, np.float32)[:, ::-1] / 255
    expected = loaded.truths @ colours
    np.testing.assert_allclose(loaded.images[:, :, 20, 20], expected, atol=1e-6)


def test_labels_are_smoothed(plain):
    truth = load(plain, **STILL, label_smooth_eps=0.1).truths[0]
    np.testing.assert_allclose(np.sort(truth), (0.1 / 3,) * 3 + (0.9,), rtol=1e-6)


def test_ancestors_are_true_and_nothing_is_known_of_other_groups():
    # 0: animal (2: cat, 3: dog); 1: thing (4: cup)
    names = ("animal", "thing", "cat", "dog", "cup")
    tree = Tree(names, (-1, -1, 0, 0, 1), ((0, 2), (2, 2), (4, 1)))
    truths = ClassTruths(5, tree=tree)
    assert truths.of_class(3).tolist() == [1, 0, 0, 1, SECRET_NUM]
    assert truths.of_class(1).tolist() == [0, 1, SECRET_NUM, SECRET_NUM, SECRET_NUM]
    with pytest.raises(CfgError, match="the tree does not fit"):
        ClassTruths.of(NetOptions(), 4, tree)


def test_pairs_show_one_picture_in_two_ways(noise):
    loaded = load(noise, contrastive=True, angle=10)
    assert loaded.paths[::2] == loaded.paths[1::2]
    np.testing.assert_array_equal(loaded.truths[::2], loaded.truths[1::2])
    assert not any(
        np.array_equal(*pair) for pair in zip(loaded.images[::2], loaded.images[1::2], strict=True)
    )


def test_unsupervised_classes_are_made_up_but_stay(noise):
    nameless = pictures(noise.paths, (None,) * 4)
    loaded = load(nameless, unsupervised=True)
    by_path = {
        path: truth.argmax() for path, truth in zip(loaded.paths, loaded.truths, strict=True)
    }
    assert len(set(by_path.values())) == 4
    for path, truth in zip(loaded.paths, loaded.truths, strict=True):
        assert truth[by_path[path]] == truth.sum() == 1


def test_pictures_without_a_class_are_left_out_and_told_of(noise):
    told = Problem("no label", "x", "no label does")
    some = pictures(noise.paths, (0, None, 7, 1), [told])
    net = NetOptions(width=SIZE, height=SIZE, channels=3)
    source = ClassificationSource.of(some, ClassificationAugmentation.of(net, 4, ALEXEYAB))
    assert source.paths == (noise.paths[0], noise.paths[3])
    assert [problem.kind for problem in source.problems] == ["no label", "unknown class"]
    with pytest.raises(UsageError, match="no pictures to train on"):
        load(pictures(noise.paths, (None,) * 4))


def test_grey_networks_see_grey(noise):
    assert load(noise, channels=1, exposure=1.5, blur=3).images.shape == (32, 1, SIZE, SIZE)
    assert load(noise, channels=1, augment=False).images.shape == (32, 1, SIZE, SIZE)

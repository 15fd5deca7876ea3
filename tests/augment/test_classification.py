from pathlib import Path

import cv2
import numpy as np
import pytest

from darknet_torch.augment.classification import ClassificationAugmentation, ClassificationSource
from darknet_torch.augment.source import SampleRequest
from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.examples import Problem
from darknet_torch.errors import UsageError
from darknet_torch.media.images import classifier_input, read_image
from tests.datasets.tiny_datasets import picture

SIZE = 48
SLOTS = tuple(range(32))
STILL = {"min_crop": SIZE, "max_crop": SIZE, "flip": 0}
COLOURS = ((10, 20, 200), (200, 100, 30), (40, 220, 60), (128, 128, 128))


def pictures(paths, ids, problems=()):
    names = tuple(f"class{index}" for index in range(4))
    return ClassifiedPictures(tuple(paths), tuple(ids), names, names, "list", tuple(problems))


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Four pictures of noise, one for each class."""
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
    settings = ClassificationAugmentation.from_options(net, 4, dialect, tree=tree, augment=augment)
    height, width = size or (net.height, net.width)
    return ClassificationSource.from_pictures(given, settings).load(
        SampleRequest(seed, 0, slots, height, width)
    )


def test_the_crop_is_stretched_to_an_input_that_is_not_square(plain):
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
def test_every_option_changes_the_picture_depending_on_the_seed(noise, options):
    plain, changed = load(noise, **STILL), load(noise, **{**STILL, **options})
    assert changed.images.dtype == changed.truths.dtype == np.float32
    assert not np.array_equal(plain.images, changed.images)
    again = load(noise, **{**STILL, **options})
    np.testing.assert_array_equal(again.images, changed.images)
    other = load(noise, seed=1, **{**STILL, **options})
    assert not np.array_equal(other.images, changed.images)


@pytest.mark.parametrize("dialect", [ALEXEYAB, PJREDDIE])
def test_without_augmentation_pictures_are_prepared_as_for_classification(noise, dialect):
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
def test_truths_are_the_areas_of_the_classes(plain, options):
    loaded = load(plain, **STILL, **options)
    # 1e-6 is what float32 sums up to.
    np.testing.assert_allclose(loaded.truths, list(map(shares, loaded.images)), atol=1e-6)
    assert 0 < (loaded.truths.max(1) < 1).sum() < len(SLOTS)


def test_cutmix_with_mosaic_chooses_one_of_them(plain):
    loaded = load(plain, slots=tuple(range(100)), **STILL, cutmix=True, mosaic=True)
    np.testing.assert_allclose(loaded.truths, list(map(shares, loaded.images)), atol=1e-6)
    assert (loaded.truths > 0).sum(1).max() > 2


def test_mixup_is_the_mean_of_two_pictures(plain):
    loaded = load(plain, **STILL, mixup=1)
    assert set(np.unique(loaded.truths)) == {0, 0.5, 1}
    colours = np.array(COLOURS, np.float32)[:, ::-1] / 255
    expected = loaded.truths @ colours
    np.testing.assert_allclose(loaded.images[:, :, 20, 20], expected, atol=1e-6)


def test_labels_are_smoothed(plain):
    truth = load(plain, **STILL, label_smooth_eps=0.1).truths[0]
    np.testing.assert_allclose(np.sort(truth), (0.1 / 3,) * 3 + (0.9,), rtol=1e-6)


def test_contrastive_pairs_show_one_picture_augmented_twice(noise):
    loaded = load(noise, contrastive=True, angle=10)
    assert loaded.paths[::2] == loaded.paths[1::2]
    np.testing.assert_array_equal(loaded.truths[::2], loaded.truths[1::2])
    assert not any(
        np.array_equal(*pair) for pair in zip(loaded.images[::2], loaded.images[1::2], strict=True)
    )


def test_unsupervised_pictures_keep_their_made_up_class(noise):
    nameless = pictures(noise.paths, (None,) * 4)
    loaded = load(nameless, unsupervised=True)
    by_path = {
        path: truth.argmax() for path, truth in zip(loaded.paths, loaded.truths, strict=True)
    }
    assert len(set(by_path.values())) == 4
    for path, truth in zip(loaded.paths, loaded.truths, strict=True):
        assert truth[by_path[path]] == truth.sum() == 1


def test_pictures_without_a_class_are_left_out_and_reported(noise):
    known = Problem("no label", "x", "no label occurs in its path")
    some = pictures(noise.paths, (0, None, 7, 1), [known])
    net = NetOptions(width=SIZE, height=SIZE, channels=3)
    source = ClassificationSource.from_pictures(
        some, ClassificationAugmentation.from_options(net, 4, ALEXEYAB)
    )
    assert source.paths == (noise.paths[0], noise.paths[3])
    assert [problem.kind for problem in source.problems] == ["no label", "unknown class"]
    with pytest.raises(UsageError, match="no pictures to train on"):
        load(pictures(noise.paths, (None,) * 4))


def test_one_channel_networks_get_grey_pictures(noise):
    assert load(noise, channels=1, exposure=1.5, blur=3).images.shape == (32, 1, SIZE, SIZE)
    assert load(noise, channels=1, augment=False).images.shape == (32, 1, SIZE, SIZE)

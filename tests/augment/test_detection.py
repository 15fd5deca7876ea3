from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from darknet_torch.augment.detection import DetectionAugmentation, DetectionSource
from darknet_torch.augment.source import SampleRequest, as_floats
from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.errors import UsageError
from tests.augment.rectangle_scenes import COLOURS, check_boxes, scene, scenes

HEIGHT, WIDTH = 128, 160
SLOTS = tuple(range(24))
STILL = SimpleNamespace(classes=3, max=40, jitter=0.0, resize=1.0)
MOVING = SimpleNamespace(classes=3, max=40, jitter=0.3, resize=1.5)


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    return scenes(tmp_path_factory.mktemp("scenes"))


def net(**options):
    given = {"batch": 8, "width": WIDTH, "height": HEIGHT, "channels": 3, "flip": 0}
    return NetOptions(**{**given, **options})


def load(examples, head=STILL, dialect=ALEXEYAB, augment=True, slots=SLOTS, seed=0, **options):
    settings = DetectionAugmentation.from_options(net(**options), head, dialect, augment=augment)
    source = DetectionSource.from_examples(examples, settings)
    loaded = source.load(SampleRequest(seed, 0, slots, HEIGHT, WIDTH))
    return replace(loaded, images=as_floats(loaded.images))


def boxes_of(rows):
    """The rows in use, in an order that does not depend on that of the boxes."""
    used = rows[rows[:, 0] > 0]
    return used[np.lexsort(used.T)]


@pytest.mark.parametrize("head", [STILL, MOVING])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"flip": 1},
        {"letter_box": True},
        {"flip": 1, "letter_box": True},
        {"mosaic": True, "mosaic_bound": True},
        {"mosaic": True, "mosaic_bound": True, "flip": 1},
    ],
    ids=str,
)
def test_boxes_stay_on_their_objects(examples, head, options):
    loaded = load(examples, head, slots=tuple(range(60)), **options)
    assert loaded.images.dtype == loaded.truths.dtype == np.float32
    assert loaded.images.shape == (60, 3, HEIGHT, WIDTH)
    assert loaded.truths.shape == (60, 40, 5)
    assert (loaded.truths[..., 0] > 0).sum() > 100
    for image, rows in zip(loaded.images, loaded.truths, strict=True):
        check_boxes(image, rows)


def test_boxes_stay_on_their_objects_with_pjreddies_jitter(examples):
    loaded = load(examples, MOVING, PJREDDIE, slots=tuple(range(60)), flip=1)
    assert (loaded.truths[..., 0] > 0).sum() > 100
    for image, rows in zip(loaded.images, loaded.truths, strict=True):
        check_boxes(image, rows)


@pytest.mark.parametrize("dialect", [ALEXEYAB, PJREDDIE])
def test_boxes_stay_on_their_objects_without_augmentation(examples, dialect):
    loaded = load(examples, MOVING, dialect, augment=False, mosaic=True, flip=1)
    assert ((loaded.truths[..., 0] > 0).sum(1) == len(COLOURS)).all()
    for image, rows in zip(loaded.images, loaded.truths, strict=True):
        check_boxes(image, rows)
        # The order of the file.
        assert rows[:3, 4].tolist() == [0, 1, 2]


def test_boxes_of_a_mosaic_may_reach_beyond_their_quarter(examples):
    bound = load(examples, STILL, mosaic=True, mosaic_bound=True)
    free = load(examples, STILL, mosaic=True)
    np.testing.assert_array_equal(bound.images, free.images)
    areas = [
        [np.prod(rows[:, 2:4], 1).sum() for rows in loaded.truths] for loaded in (bound, free)
    ]
    assert (np.array(areas[1]) >= np.array(areas[0]) - 1e-3).all()  # whole pixels
    assert (np.array(areas[1]) > np.array(areas[0]) + 0.01).any()


def test_without_options_a_picture_is_only_resized(examples):
    loaded = load(examples)
    by_path = {str(example.path): example for example in examples}
    for image, rows, path in zip(loaded.images, loaded.truths, loaded.paths, strict=True):
        expected = cv2.resize(cv2.imread(path), (WIDTH, HEIGHT))[:, :, ::-1].transpose(2, 0, 1)
        np.testing.assert_array_equal(image, expected / np.float32(255))
        labels = by_path[path].labels
        boxes = np.concatenate((labels.boxes, labels.class_ids[:, None]), 1).astype(np.float32)
        # Through corners and back, in float32.
        np.testing.assert_allclose(boxes_of(rows), boxes[np.lexsort(boxes.T)], atol=1e-6)


@pytest.mark.parametrize(
    ("options", "head"),
    [
        ({"flip": 1}, STILL),
        ({"hue": 0.1}, STILL),
        ({"saturation": 1.5}, STILL),
        ({"exposure": 1.5}, STILL),
        ({"blur": 1}, STILL),
        ({"gaussian_noise": 40}, STILL),
        ({"mixup": 1}, STILL),
        ({"mosaic": True}, STILL),
        ({"letter_box": True}, STILL),
        ({}, SimpleNamespace(classes=3, max=40, jitter=0.2, resize=1.0)),
        ({}, SimpleNamespace(classes=3, max=40, jitter=0.0, resize=1.5)),
    ],
    ids=str,
)
def test_every_option_changes_the_picture_depending_on_the_seed(examples, options, head):
    plain, changed = load(examples), load(examples, head, **options)
    assert not np.array_equal(plain.images, changed.images)
    again, other = load(examples, head, **options), load(examples, head, seed=1, **options)
    np.testing.assert_array_equal(again.images, changed.images)
    np.testing.assert_array_equal(again.truths, changed.truths)
    assert not np.array_equal(other.images, changed.images)


def test_images_stay_uint8_except_with_mixup(examples):
    for options, dtype in (
        ({}, np.uint8),
        ({"mosaic": True}, np.uint8),
        ({"mixup": 1}, np.float32),
    ):
        settings = DetectionAugmentation.from_options(net(**options), STILL, ALEXEYAB)
        loaded = DetectionSource.from_examples(examples, settings).load(
            SampleRequest(0, 0, SLOTS, HEIGHT, WIDTH)
        )
        assert loaded.images.dtype == dtype


def test_half_of_the_samples_are_mosaics_of_four_pictures(examples):
    loaded = load(examples, slots=tuple(range(200)), mosaic=True)
    mosaics = (len(loaded.paths) - 200) / 3
    # 200 coin flips: 100 +- 7 heads.
    assert abs(mosaics - 100) < 35


def test_mixup_is_the_mean_of_two_pictures_with_the_boxes_of_both(examples):
    plain = {image.tobytes(): rows for image, rows in _singles(examples)}
    pairs = {
        (0.5 * np.frombuffer(one, np.float32) + 0.5 * np.frombuffer(two, np.float32)).tobytes()
        for one in plain
        for two in plain
    }
    loaded = load(examples, mixup=1)
    mixed = 0
    for image, rows in zip(loaded.images, loaded.truths, strict=True):
        count = (rows[:, 0] > 0).sum()
        if image.tobytes() in plain and count == 3:
            continue
        assert image.tobytes() in pairs
        assert count == 6
        mixed += 1
    assert 0 < mixed < len(SLOTS)


def _singles(examples):
    loaded = load(examples, slots=tuple(range(40)))
    assert len(set(loaded.paths)) == len(examples)
    return zip(loaded.images, loaded.truths, strict=True)


def test_boxes_beyond_max_are_left_out(examples):
    head = SimpleNamespace(classes=3, max=2, jitter=0.0, resize=1.0)
    loaded = load(examples, head, mixup=1)
    assert ((loaded.truths[..., 0] > 0).sum(1) == 2).all()


def test_one_channel_networks_get_grey_pictures(examples):
    colour = load(examples, MOVING)
    grey = load(examples, MOVING, channels=1)
    assert grey.images.shape == (len(SLOTS), 1, HEIGHT, WIDTH)
    np.testing.assert_array_equal(grey.truths, colour.truths)
    weights = np.array((0.299, 0.587, 0.114), np.float32)[:, None, None]
    # Grey before resizing and after it are rounded to whole levels at different points.
    np.testing.assert_allclose(grey.images[:, 0], (colour.images * weights).sum(1), atol=2 / 255)
    for dialect, augment in ((PJREDDIE, True), (PJREDDIE, False), (ALEXEYAB, False)):
        more = load(examples, MOVING, dialect, augment, channels=1, exposure=1.5, mosaic=True)
        assert more.images.shape == grey.images.shape


def contrastive(examples, **options):
    head = SimpleNamespace(classes=3, max=40, jitter=0.3, resize=1.0)
    colours = {"hue": 0.1, "saturation": 1.5, "exposure": 1.5}
    loaded = load(examples, head, flip=1, contrastive=True, **colours, **options)
    return loaded, list(zip(loaded.images[::2], loaded.images[1::2], strict=True))


def test_contrastive_pairs_differ_only_with_their_options(examples):
    loaded, pairs = contrastive(examples)
    assert loaded.paths[::2] == loaded.paths[1::2]
    for one, two in pairs:
        np.testing.assert_array_equal(one, two)
    for option in ("contrastive_jit_flip", "contrastive_color"):
        _, pairs = contrastive(examples, **{option: True})
        assert sum(not np.array_equal(one, two) for one, two in pairs) > len(pairs) // 2


def test_contrastive_pairs_have_the_same_track_ids(examples):
    loaded, _ = contrastive(examples, contrastive_jit_flip=True)
    assert loaded.truths.shape == (len(SLOTS), 40, 6)
    for one, two in zip(loaded.truths[::2], loaded.truths[1::2], strict=True):
        classes = [
            {track: class_id for class_id, track in rows[rows[:, 0] > 0][:, 4:]}
            for rows in (one, two)
        ]
        common = classes[0].keys() & classes[1].keys()
        assert common
        assert all(classes[0][track] == classes[1][track] for track in common)


def test_all_pictures_of_a_sequence_are_augmented_alike(tmp_path):
    examples = [scene(tmp_path / f"{index}.png", (100, 150), 5) for index in range(6)]
    options = {"track": 1, "batch": 4, "subdivisions": 2, "time_steps": 5, "flip": 1, "hue": 0.1}
    loaded = load(examples, MOVING, slots=tuple(range(20)), **options)
    # All pictures are equal, so all samples of a part of the batch are.
    for part in (loaded.images[:10], loaded.images[10:]):
        assert (part == part[0]).all()
    assert not np.array_equal(loaded.images[0], loaded.images[10])


def test_pictures_without_objects_or_labels_are_negative_examples(examples, tmp_path):
    pictures = [
        replace(examples[0], labels=Labels.empty()),
        replace(examples[1], labels=None, label_file=tmp_path / "gone.txt"),
    ]
    settings = DetectionAugmentation.from_options(net(), MOVING, ALEXEYAB)
    source = DetectionSource.from_examples(pictures, settings)
    assert [(problem.kind, problem.where) for problem in source.problems] == [
        ("no label file", str(tmp_path / "gone.txt"))
    ]
    loaded = source.load(SampleRequest(0, 0, SLOTS, HEIGHT, WIDTH))
    assert not loaded.truths.any()
    assert set(loaded.paths) == {str(picture.path) for picture in pictures}


def test_broken_pictures_are_replaced_and_reported(examples, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    pictures = [
        Example(broken, Labels.empty()),
        Example(tmp_path / "gone.png", None),
        examples[0],
    ]
    loaded = load(pictures)
    assert set(loaded.paths) == {str(examples[0].path)}
    assert {(problem.kind, problem.where) for problem in loaded.problems} == {
        ("unreadable picture", str(broken)),
        ("unreadable picture", str(tmp_path / "gone.png")),
    }
    np.testing.assert_array_equal(loaded.images, load(pictures).images)


def test_no_readable_picture_is_an_error(tmp_path):
    with pytest.raises(UsageError) as caught:
        load([Example(tmp_path / "gone.png", Labels.empty())])
    assert "none of the 1 pictures can be read" in str(caught.value)
    assert "no such picture" in str(caught.value)
    with pytest.raises(UsageError, match="no pictures to train on"):
        load([])

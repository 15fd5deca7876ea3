"""Pictures that are nearly the same, and pictures that only look alike."""

from itertools import combinations

import cv2
import numpy as np
import pytest

from darknet_torch.datasets.near_duplicates import find_near_pairs, fingerprint, group_pictures
from tests.media.picture_files import encoded, exif, insert_after_start
from tests.toy.files import PICTURE


def scene(seed, shift=0):
    """A picture of soft spots, moved to the right by `shift` pixels."""
    spots = np.random.default_rng(seed).normal(128, 40, (8, 12, 3))
    image = cv2.resize(spots, (200, 120), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.roll(image, shift, 1), 0, 255).astype(np.uint8)


def shapes(seed):
    """Shapes on a plain ground, as the pictures of the toy model."""
    random = np.random.default_rng(seed)
    image = np.full((128, 128, 3), random.integers(0, 255, 3), np.uint8)
    for _ in range(3):
        x, y, radius = random.integers((20, 20, 8), (108, 108, 20)).tolist()
        color = random.integers(0, 255, 3).tolist()
        cv2.circle(image, (x, y), radius, color, -1)
        cv2.rectangle(image, (y, x), (y + radius, x + 2 * radius), color[::-1], -1)
    return image


def same_camera(seed):
    """The same ground, with an object in another place."""
    random = np.random.default_rng(seed)
    image = scene(0)
    x, y = random.integers((0, 0), (170, 80)).tolist()
    cv2.rectangle(image, (x, y), (x + 30, y + 40), (0, 0, 250 * (seed % 2)), -1)
    return image


def plain(seed):
    """A clear sky, or white paper: a level, and noise."""
    random = np.random.default_rng(seed)
    level = 250 if seed % 2 else np.linspace(120, 200, 120)[:, None, None]
    return np.clip(level + random.normal(0, 2, (120, 200, 3)), 0, 255).astype(np.uint8)


def as_jpeg(image, quality):
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


COPIES = {
    "saved again": lambda image: as_jpeg(image, 50),
    "saved badly": lambda image: as_jpeg(image, 10),
    "smaller": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5),
    "larger": lambda image: cv2.resize(image, None, fx=3, fy=3),
    "square": lambda image: cv2.resize(image, (104, 104)),
    "brighter": lambda image: cv2.convertScaleAbs(image, alpha=1.1, beta=15),
    "moved": lambda image: np.roll(image, 1, 1),
    "darker": lambda image: cv2.convertScaleAbs(image, alpha=0.7),
    "grey": lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2GRAY),
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 1),
}
PICTURES = {
    "scene": scene(1),
    "sample": cv2.imread(str(PICTURE)),
}


def near_pairs(images):
    return list(find_near_pairs([fingerprint(image) for image in images]))


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("name", PICTURES)
def test_a_copy_is_nearly_the_same(name, copy):
    image = PICTURES[name]
    assert near_pairs([image, COPIES[copy](image)]) == [(0, 1)]


def test_the_next_frame_is_nearly_the_same_and_later_ones_are_connected_by_those_between():
    frames = [scene(1, shift) for shift in range(6)]
    assert near_pairs([frames[0], frames[5]]) == []
    pairs = near_pairs(frames)
    assert len(pairs) == 5
    assert {index for pair in pairs for index in pair} == set(range(6))
    assert all(first < second for first, second in pairs)


@pytest.mark.parametrize("draw", [scene, shapes, same_camera, plain])
def test_pictures_that_look_alike_are_not_nearly_the_same(draw):
    assert near_pairs([draw(seed) for seed in range(20)]) == []


def test_mirrored_and_negative_pictures_are_others():
    image = scene(1)
    assert near_pairs([image, image[:, ::-1], image[::-1], 255 - image]) == []


def test_every_pair_is_found_wherever_the_pictures_stand(monkeypatch):
    monkeypatch.setattr("darknet_torch.datasets.near_duplicates._ROWS", 2)
    monkeypatch.setattr("darknet_torch.datasets.near_duplicates._MOST_AT_ONCE", 1)
    images = [scene(seed) for seed in range(5)]
    for first, second in combinations(range(5), 2):
        changed = list(images)
        changed[second] = as_jpeg(images[first], 30)
        assert near_pairs(changed) == [(first, second)]
    assert len(near_pairs([images[0]] * 7)) == 6


def test_groups_of_equal_and_nearly_equal_files(tmp_path):
    paths = [tmp_path / name for name in "a.png b.png c.jpg d.png e.png f.png gone.png".split()]
    for path, image in zip(
        paths, [scene(1), scene(2), scene(1), plain(1), plain(3)], strict=False
    ):
        cv2.imwrite(str(path), image)
    paths[5].write_bytes(paths[3].read_bytes())  # plain pictures are compared byte for byte
    groups, errors = group_pictures(dict.fromkeys(paths, True))
    assert list(groups.values()) == [0, 1, 0, 2, 3, 2, 4]
    assert [error.where for error in errors] == [tmp_path / "gone.png"]


def test_pictures_are_compared_as_exif_turns_them(tmp_path):
    jpeg = encoded(scene(1), ".jpg", [])
    one, turned = tmp_path / "one.jpg", tmp_path / "turned.jpg"
    one.write_bytes(jpeg)
    turned.write_bytes(insert_after_start(jpeg, exif(orientation=6)))
    assert list(group_pictures({one: True, turned: True})[0].values()) == [0, 1]
    assert list(group_pictures({one: False, turned: False})[0].values()) == [0, 0]

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from darknet_torch.augment.cells import CellAugmentation, CellSource
from darknet_torch.augment.source import SampleRequest
from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.media.images import read_image
from darknet_torch.media.resizing import resize_darknet
from tests.augment.rectangle_scenes import check_boxes, scenes

SIDE, CLASSES = 7, 3


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    return scenes(tmp_path_factory.mktemp("scenes"))


def load(examples, jitter=0.2, dialect=ALEXEYAB, augment=True, **options):
    net = NetOptions(**{"batch": 8, "width": 128, "height": 96, "channels": 3, **options})
    head = SimpleNamespace(classes=CLASSES, side=SIDE, jitter=jitter)
    source = CellSource.from_examples(
        examples, CellAugmentation.from_options(net, head, dialect, augment=augment)
    )
    return source.load(SampleRequest(0, 0, tuple(range(40)), 96, 128))


def rows_of(cells):
    """x, y, w, h, class of the objects in cells."""
    rows = []
    for index, cell in enumerate(cells.reshape(SIDE * SIDE, -1)):
        if cell[0]:
            assert cell[1 : 1 + CLASSES].sum() == 1
            x, y, w, h = cell[1 + CLASSES :]
            centre = (x + index % SIDE) / SIDE, (y + index // SIDE) / SIDE
            rows.append((*centre, w, h, cell[1 : 1 + CLASSES].argmax()))
    return np.array(rows)


@pytest.mark.parametrize("dialect", [ALEXEYAB, PJREDDIE])
@pytest.mark.parametrize("augment", [True, False])
def test_cells_contain_the_positions_of_the_objects(examples, dialect, augment):
    loaded = load(examples, dialect=dialect, augment=augment)
    assert loaded.truths.shape == (40, SIDE * SIDE * (5 + CLASSES))
    for image, cells in zip(loaded.images, loaded.truths, strict=True):
        check_boxes(image, rows_of(cells), complete=False)  # a cell has room for one


def test_without_jitter_the_picture_is_resized_as_in_darknet(examples):
    loaded = load(examples, jitter=0, flip=0)
    for image, path in zip(loaded.images, loaded.paths, strict=True):
        expected = resize_darknet(read_image(path)[:, :, ::-1], 96, 128).transpose(2, 0, 1)
        np.testing.assert_array_equal(image, expected)


def test_padding_repeats_the_edge_of_the_picture(tmp_path):
    """Mean or grey around it would bring other colours."""
    columns = np.repeat(np.arange(0, 250, 10, np.uint8), 4)
    cv2.imwrite(str(tmp_path / "ramp.png"), np.tile(columns, (50, 1)))
    loaded = load([Example(tmp_path / "ramp.png", Labels.empty())], jitter=0.3, flip=0)
    # Without the last row, which resize_image darkens where a float32 falls short of it.
    images = loaded.images[:, :, :-1]
    first = images[:, 0, :, 0]
    # 1e-6 is what float32 makes of equal rows.
    assert np.ptp(first, 1).max() < 1e-6
    # Half of the crops begin left of the picture, and repeat its first column.
    assert (first[:, 0] == 0).sum() > 10
    assert (np.diff(images, axis=3) >= -1e-6).all()


def test_every_option_changes_the_picture_and_grey_works(examples):
    plain = load(examples, jitter=0, flip=0)
    for options in ({"flip": 1}, {"hue": 0.1}, {"saturation": 1.5}, {"exposure": 1.5}):
        assert not np.array_equal(plain.images, load(examples, 0, **{"flip": 0, **options}).images)
    assert load(examples, channels=1, exposure=1.5).images.shape == (40, 1, 96, 128)
    assert load(examples, channels=1, augment=False).images.shape == (40, 1, 96, 128)

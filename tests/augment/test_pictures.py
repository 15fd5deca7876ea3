from contextvars import copy_context

import numpy as np
import pytest

from darknet_torch.augment.pictures import (
    check_channels,
    check_mini_batch,
    open_first_readable,
    report_reading,
    rgb_planes,
)
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError
from tests.datasets.tiny_datasets import picture
from tests.media.picture_files import JPEG, turned_jpeg


def test_the_first_readable_picture_is_read_and_the_others_are_reported(tmp_path):
    paths = (tmp_path / "gone.png", picture(tmp_path / "a.png"))
    found = open_first_readable(paths, [0, 0, 1], channels=3)
    assert (found.index, found.path) == (1, str(paths[1]))
    assert found.image.shape == (100, 200, 3)
    assert [problem.where for problem in found.problems] == [str(paths[0])]
    assert open_first_readable(paths, [1], channels=1).image.shape == (100, 200)


def test_pictures_become_rgb_planes():
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    np.testing.assert_array_equal(rgb_planes(image), image[:, :, ::-1].transpose(2, 0, 1))
    np.testing.assert_array_equal(rgb_planes(image[:, :, 0]), image[None, :, :, 0])


@pytest.mark.parametrize(("exif", "size"), [(True, (12, 8)), (False, (8, 12))])
def test_exif_decides_whether_the_picture_is_turned(tmp_path, exif, size):
    path = tmp_path / "a.jpg"
    path.write_bytes(turned_jpeg(8, 12))
    assert open_first_readable((path,), [0], channels=3, exif=exif).image.shape[:2] == size


def test_a_picture_that_is_cut_off_is_read_and_reported(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG[:-40])
    found = open_first_readable((path,), [0], channels=3)
    (problem,) = found.problems
    assert (problem.kind, problem.where) == ("cut off", str(path))
    assert problem.what.startswith("the picture is cut off: its end is missing: got ")
    assert found.image.shape == (32, 48, 3)


def test_more_subdivisions_than_pictures_are_refused():
    check_mini_batch(NetOptions(batch=4, subdivisions=4))
    with pytest.raises(CfgError, match=r"subdivisions=4 at most.* write subdivisions=4"):
        check_mini_batch(NetOptions(batch=4, subdivisions=5))


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({"width": 8, "height": 8, "channels": 6}, "write channels=3, or channels=1"),
        ({"inputs": 6}, None),
    ],
)
def test_inputs_that_are_no_pictures_are_refused(options, fix):
    assert check_channels(NetOptions(width=8, height=8, channels=1)) == 1
    with pytest.raises(CfgError, match="cannot be a picture") as caught:
        check_channels(NetOptions(**options))
    assert caught.value.fix == fix


def test_each_picture_is_reported_before_it_is_opened(tmp_path):
    paths = (tmp_path / "gone.png", picture(tmp_path / "a.png"))
    said = []

    def read():
        report_reading(said.append)
        open_first_readable(paths, [0, 1], channels=3)

    copy_context().run(read)
    assert said == [str(path) for path in paths]
    open_first_readable(paths, [1], channels=3)
    assert len(said) == 2

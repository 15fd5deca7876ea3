import numpy as np
import pytest

from darknet_torch.augment.pictures import open_first_readable, rgb_planes
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

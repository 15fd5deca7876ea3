import numpy as np

from darknet_torch.augment.pictures import open_first_readable, rgb_planes
from tests.datasets.tiny_datasets import picture


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

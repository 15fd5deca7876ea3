"""Pictures in rows and columns."""

import numpy as np

from darknet_torch.media.picture_grid import fitted, picture_grid


def test_pictures_of_any_size_stand_side_by_side_with_captions():
    small, large = np.zeros((20, 60, 3), np.uint8), np.full((40, 80, 3), 9, np.uint8)
    sheet = picture_grid([("a", small), ("b", large), ("c", small)], columns=2)
    assert sheet.shape[1] == 2 * (80 + 12)
    assert (sheet == 9).all(axis=2).sum() >= 40 * 80
    black = (sheet == 0).all(axis=2)
    assert black.sum() >= 2 * 20 * 60
    assert (sheet[:14] < 128).any(), "no caption"


def test_a_title_is_added_above_all():
    tile = np.full((20, 200, 3), 255, np.uint8)
    plain, titled = (picture_grid([("", tile)], columns=4, title=text) for text in ("", "mAP"))
    assert titled.shape[0] > plain.shape[0] and titled.shape[1] == plain.shape[1]
    assert (titled[: titled.shape[0] - plain.shape[0]] < 128).any()


def test_a_picture_is_made_larger_if_asked_for_alone():
    assert fitted(np.zeros((100, 400, 3), np.uint8), 200).shape == (50, 200, 3)
    assert fitted(np.zeros((100, 4, 3), np.uint8), 200).shape == (100, 4, 3)
    assert fitted(np.zeros((1, 4000, 3), np.uint8), 200).shape == (1, 200, 3)
    assert fitted(np.zeros((10, 20, 3), np.uint8), 200, enlarge=True).shape == (100, 200, 3)

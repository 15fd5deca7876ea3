import numpy as np

from darknet_torch.augment.batch_sheet import batch_sheet
from darknet_torch.media.drawing import DrawingStyle, class_color

NAMES = ("cat", "dog")


def test_boxes_are_drawn_at_their_positions():
    images = np.full((3, 3, 64, 96), 0.2, np.float32)
    images[:, 0] = 1
    truths = np.zeros((3, 4, 5), np.float32)
    truths[0, 0] = 0.5, 0.5, 0.5, 0.5, 1
    sheet = batch_sheet(images, truths, NAMES)
    margin = 4
    assert sheet.shape == (2 * (64 + margin) + margin, 2 * (96 + margin) + margin, 3)
    first, second = sheet[4:68, 4:100], sheet[4:68, 104:200]
    assert second[30, 30].tolist() == [51, 51, 255]  # BGR
    # The line is antialiased, so a tenth of what lies under it may show.
    np.testing.assert_allclose(first[40, 72], class_color(1), atol=26)
    assert (first[:, :10] == second[:, :10]).all()
    assert (sheet[72:, 104:] == 255).all()


def test_cells_are_drawn_as_the_same_boxes():
    images = np.zeros((1, 1, 70, 70), np.float32)
    rows = np.array([[[4.5 / 7, 2.25 / 7, 0.4, 0.3, 1]]], np.float32)
    cells = np.zeros((7, 7, 7), np.float32)
    cells[2, 4] = 1, 0, 1, 0.5, 0.25, 0.4, 0.3
    found = batch_sheet(images, cells.reshape(1, -1), NAMES, side=7)
    np.testing.assert_array_equal(found, batch_sheet(images, rows, NAMES))


def test_the_class_is_written_on_the_picture():
    images = np.full((2, 3, 40, 60), 0.5, np.float32)
    truths = np.array(((1, 0, 0), (0, 0, 1)), np.float32)
    sheet = batch_sheet(images, truths, NAMES, columns=1)
    assert sheet.shape == (2 * 44 + 4, 68, 3)
    assert (sheet[4:20, 4:64] == 255).any()
    assert (sheet[24:44, 4:64] == 128).all()
    assert not np.array_equal(sheet[4:20], sheet[48:64])


def test_a_long_class_name_is_shortened_to_its_picture_and_can_be_hidden():
    images, truths = np.zeros((2, 3, 40, 60), np.float32), np.eye(2, dtype=np.float32)
    sheet = batch_sheet(images, truths, ("犬" * 40, "犬" * 50))
    np.testing.assert_array_equal(sheet[4:44, 4:64], sheet[4:44, 68:128])
    assert sheet[4:17, 4:64].any()
    hidden = batch_sheet(images, truths, NAMES, style=DrawingStyle(labels=False))
    assert not hidden[4:44, 4:64].any()

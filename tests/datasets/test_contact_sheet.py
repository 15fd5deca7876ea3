import numpy as np
import pytest

from darknet_torch.datasets.contact_sheet import choose_examples, contact_sheet
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.errors import UsageError
from darknet_torch.media.drawing import DrawingStyle, class_color
from tests.datasets.tiny_datasets import picture


def example(path, class_ids=(0,), boxes=((0.5, 0.5, 0.5, 0.5),)):
    return Example(path, Labels.from_arrays(class_ids, boxes))


def test_a_sheet_of_more_pixels_than_a_picture_may_have_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"too large: .* got 100008 x 100024; give a smaller"):
        contact_sheet([example(tmp_path / "gone.png")], ["cat"], columns=1, size=100_000)


def test_boxes_are_drawn_at_their_positions(tmp_path):
    item = example(picture(tmp_path / "a.png"))
    plain = Example(item.path, None)
    sheet, errors = contact_sheet([item, plain], ["cat"], columns=2, size=100)
    assert errors == []
    margin, caption = 4, 16
    assert sheet.shape == (margin + 100 + caption + margin, margin + 2 * (100 + margin), 3)
    # 100 x 50 after resizing; the box's right edge is at 75, between rows 12 and 37.
    with_box, without = sheet[4:54, 4:104], sheet[4:54, 108:208]
    # The line is antialiased, so a tenth of what lies under it may show.
    np.testing.assert_allclose(with_box[25, 75], class_color(0), atol=26)
    changed = (with_box != without).any(2)
    assert changed[30, 75]
    assert not changed[:, 78:].any()


def test_classes_without_names_are_drawn_by_number(tmp_path):
    item = example(picture(tmp_path / "a.png"), (-1, 7), [(0.5, 0.5, 0.5, 0.5)] * 2)
    _, errors = contact_sheet([item], ["cat"], columns=5, size=64)
    assert errors == []


def test_unreadable_pictures_leave_their_places_empty(tmp_path):
    sheet, (error,) = contact_sheet([example(tmp_path / "gone.png")], ["cat"], columns=1, size=64)
    assert "gone.png" in str(error)
    assert (sheet == 255).all()


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_the_chosen_pictures_keep_their_order(seed):
    examples = [example(f"{index}.png", [index % 2]) for index in range(10)]
    chosen = choose_examples(examples, 3, seed=seed, class_id=1)
    assert chosen == choose_examples(examples, 3, seed=seed, class_id=1)
    places = [examples.index(item) for item in chosen]
    assert places == sorted(places)
    assert len(set(places)) == 3
    assert all(place % 2 for place in places)
    assert (places == [1, 3, 5]) == (seed is None)


def test_long_file_names_do_not_run_into_their_neighbours(tmp_path):
    paths = [picture(tmp_path / f"{'ж' * 80}{index}.png") for index in range(2)]
    sheet, _ = contact_sheet([Example(path, None) for path in paths], [], columns=2, size=100)
    caption = (sheet[54:70] < 128).any(2).any(0)  # below pictures of 100 x 50
    assert caption[4:104].any()
    assert not caption[104:108].any()
    assert caption[108:208].any()


def test_the_style_of_boxes_is_the_callers(tmp_path):
    item = example(picture(tmp_path / "a.png"))
    options = {"columns": 1, "size": 100}
    plain, _ = contact_sheet([Example(item.path, None)], ["cat"], **options)
    style = DrawingStyle(boxes=False, labels=False)
    hidden, _ = contact_sheet([item], ["cat"], **options, style=style)
    np.testing.assert_array_equal(hidden, plain)

"""Detections as a sequence, Darknet's lines, JSON, label lines, tables and drawings."""

import json
import pickle
import sys

import numpy as np
import pytest

from darknet_torch.errors import ImageError, UsageError
from darknet_torch.media.images import write_picture
from darknet_torch.results.detections import Detection, Detections

NAMES = ("dog", "truck", "dont_show", "höhle 🐻")


def found(*rows, names=NAMES, height=576, width=768, **rest):
    """Build Detections from rows (class id, score, left, top, right, bottom)."""
    table = np.array(rows, float).reshape(-1, 6)
    return Detections(
        table[:, 2:], table[:, 1], table[:, 0].astype(int), height, width, names, **rest
    )


def test_detections_are_equal_if_all_values_are():
    rows = [(0, 0.9, 1, 2, 3, 4), (1, 0.8, 5, 6, 7, 8)]
    assert found(*rows) == found(*rows)
    assert found(*rows) != found(rows[0])
    assert found(*rows) != found(*rows, filename="dog.jpg")
    assert found() != []


class TestLines:
    def test_a_line_equals_darknets(self):
        detections = found((0, 0.93, 50, 79, 192, 224))
        line = "dog: 93%\t(left_x:   50   top_y:   79   width:  142   height:  145)"
        assert detections.lines() == [line]

    def test_numbers_may_be_wider_than_their_columns(self):
        detections = found((1, 1.0, -12345, -7, 12345, 0))
        line = "truck: 100%\t(left_x: -12345   top_y:   -7   width: 24690   height:    7)"
        assert detections.lines() == [line]

    @pytest.mark.parametrize(
        ("left", "printed"),
        [(0.5, "   1"), (1.5, "   2"), (2.5, "   3"), (2.4999, "   2"), (-0.5, "  -1")],
    )
    def test_pixels_are_rounded_half_away_from_zero(self, left, printed):
        (line,) = found((0, 0.5, left, 0, 9, 9)).lines()
        assert f"left_x: {printed}   top_y" in line

    def test_width_and_height_are_rounded_separately(self):
        (line,) = found((0, 0.5, 0.4, 0.4, 10.9, 10.8)).lines()
        assert line.endswith("(left_x:    0   top_y:    0   width:   11   height:   10)")

    @pytest.mark.parametrize(("score", "printed"), [(0.2549, "25%"), (0.256, "26%"), (1, "100%")])
    def test_scores_are_whole_percents(self, score, printed):
        assert found((0, score, 0, 0, 9, 9)).lines()[0].startswith(f"dog: {printed}\t")

    def test_lines_are_sorted_from_left_to_right(self):
        detections = found((0, 0.9, 30, 0, 40, 9), (1, 0.8, -5, 0, 9, 9), (0, 0.7, 10, 0, 20, 9))
        assert [line.split("%")[0] for line in detections.lines()] == [
            "truck: 80",
            "dog: 70",
            "dog: 90",
        ]

    def test_classes_of_one_box_are_adjacent_with_the_higher_score_first(self):
        detections = found((1, 0.9, 5, 0, 9, 9), (0, 0.8, 5, 0, 9, 9), (0, 0.7, 1, 0, 9, 9))
        assert [line.split(":")[0] for line in detections.lines()] == ["dog", "truck", "dog"]

    def test_no_detections_give_no_lines(self):
        assert found().lines() == []

    def test_a_class_without_a_name_is_called_by_its_number(self):
        assert found((7, 0.5, 0, 0, 9, 9)).lines()[0].startswith("class 7: 50%")


class TestJson:
    def test_it_has_the_keys_of_darknets_out_file(self):
        detections = found((0, 0.9304, 192, 144, 576, 432), filename="dog.jpg", frame_id=3)
        box = {"center_x": 0.5, "center_y": 0.5, "width": 0.5, "height": 0.5}
        assert detections.to_dict() == {
            "frame_id": 3,
            "filename": "dog.jpg",
            "objects": [
                {
                    "class_id": 0,
                    "name": "dog",
                    "relative_coordinates": box,
                    "confidence": 0.9304,
                }
            ],
        }

    def test_the_keys_are_in_darknets_order(self):
        record = found((0, 0.5, 0, 0, 9, 9)).to_dict()
        assert list(record) == ["frame_id", "filename", "objects"]
        (thing,) = record["objects"]
        assert list(thing) == ["class_id", "name", "relative_coordinates", "confidence"]
        assert list(thing["relative_coordinates"]) == ["center_x", "center_y", "width", "height"]

    def test_numbers_have_six_decimals_as_in_darknet(self):
        thing = found((0, 1 / 3, 0, 0, 256, 9)).to_dict()["objects"][0]
        assert thing["confidence"] == 0.333333
        assert thing["relative_coordinates"]["center_x"] == 0.166667

    def test_json_text_can_be_parsed_for_any_array_types(self):
        detections = Detections(
            np.array([[0, 0, 9, 9]], np.float32),
            np.array([0.5], np.float32),
            np.array([3], np.int32),
            9,
            9,
            NAMES,
            "höhle.jpg",
        )
        assert json.loads(detections.to_json()) == detections.to_dict()
        assert "höhle 🐻" in detections.to_json()

    def test_quotes_and_backslashes_in_names_are_escaped(self):
        detections = found((0, 0.5, 0, 0, 9, 9), names=('a "quoted" \\ name',))
        (thing,) = json.loads(detections.to_json())["objects"]
        assert thing["name"] == 'a "quoted" \\ name'

    def test_no_detections_give_an_empty_list(self):
        assert json.loads(found().to_json())["objects"] == []


def test_relative_boxes_are_fractions_of_the_picture():
    boxes = found((0, 0.5, 192, 144, 576, 432)).boxes_cxcywh_relative
    np.testing.assert_array_equal(boxes, [[0.5, 0.5, 0.5, 0.5]])


def test_hidden_classes_are_removed_and_the_order_is_kept():
    detections = found(
        (2, 0.9, 0, 0, 9, 9), (1, 0.8, 1, 0, 9, 9), (2, 0.7, 2, 0, 9, 9), (0, 0.6, 3, 0, 9, 9)
    ).visible()
    np.testing.assert_array_equal(detections.class_ids, [1, 0])
    np.testing.assert_array_equal(detections.scores, [0.8, 0.6])
    np.testing.assert_array_equal(detections.boxes_xyxy[:, 0], [1, 3])


def test_a_name_that_contains_dont_show_elsewhere_is_visible():
    assert len(found((0, 0.9, 0, 0, 9, 9), names=("i_dont_show",)).visible()) == 1


def test_selecting_keeps_the_attributes_of_the_picture():
    detections = found((0, 0.9, 0, 0, 9, 9), (1, 0.8, 1, 1, 9, 9), filename="a.jpg", frame_id=5)
    picked = detections.select([1])
    assert (picked.height, picked.width, picked.names) == (576, 768, NAMES)
    assert (picked.filename, picked.frame_id, len(picked)) == ("a.jpg", 5, 1)


def test_len_is_the_number_of_detections():
    assert len(found()) == 0
    assert len(found((0, 0.9, 0, 0, 9, 9))) == 1


class TestDrawing:
    def test_drawing_does_not_change_the_given_picture(self):
        image = np.zeros((60, 80, 3), np.uint8)
        drawn = found((0, 0.9, 10, 20, 60, 50)).draw(image)
        assert drawn.shape == image.shape
        assert drawn.any()
        assert not image.any()

    def test_without_detections_a_copy_is_returned(self):
        image = np.zeros((60, 80, 3), np.uint8)
        drawn = found().draw(image)
        np.testing.assert_array_equal(drawn, image)
        assert not np.shares_memory(drawn, image)

    def test_the_label_shows_the_name_and_the_score(self):
        image = np.zeros((200, 300, 3), np.uint8)

        def label(detections):
            return detections.draw(image)[:40].tobytes()

        box = (20, 30, 250, 180)
        one = label(found((0, 0.9, *box)))
        assert one == label(found((0, 0.9, *box)))
        assert one != label(found((0, 0.8, *box)))
        assert one != label(found((0, 0.9, *box), names=("cat",)))


class TestLabels:
    def test_a_line_equals_that_of_darknets_label_files(self):
        detections = found((1, 0.9, 96, 144, 288, 432))
        assert detections.label_lines() == ["1 0.2500 0.5000 0.2500 0.5000"]

    def test_a_box_of_several_classes_gets_the_one_with_the_highest_score(self):
        box, other = (96, 144, 288, 432), (0, 0, 768, 576)
        detections = found((1, 0.9, *box), (0, 0.8, *other), (0, 0.7, *box))
        assert [line.split()[0] for line in detections.label_lines()] == ["1", "0"]

    def test_boxes_are_clipped_and_left_out_where_nothing_is_left(self):
        lines = found(
            (0, 0.9, -96, 0, 96, 576),
            (0, 0.8, -1e9, -1e9, 1e9, 1e9),
            (1, 0.7, 800, 10, 900, 20),  # outside
            (1, 0.7, -5, 10, 0.9, 20),  # less than a pixel is left
            (1, 0.7, 5, 10, 5, 20),  # no width
            (1, 0.7, np.nan, 10, 5, 20),
        ).label_lines()
        assert lines == ["0 0.0625 0.5000 0.1250 1.0000", "0 0.5000 0.5000 1.0000 1.0000"]

    def test_boxes_that_are_the_same_once_clipped_are_one_line_with_the_best_score(self):
        detections = found(
            (0, 0.9, -9, 0, 768, 576), (0, 0.8, 0, -9, 768, 576), (1, 0.7, 0, 0, 768, 577)
        )
        box = "0.5000 0.5000 1.0000 1.0000"
        assert detections.label_lines(scores=True) == [f"0 {box} 0.900000", f"1 {box} 0.700000"]

    @pytest.mark.parametrize(
        ("width", "height"), [(640, 480), (4999, 3), (10_000, 7_500), (9, 60_000)]
    )
    def test_edges_come_back_within_half_a_pixel(self, width, height):
        rng = np.random.default_rng(width)
        corners = rng.uniform(0, 1, (50, 2, 2)) * (width, height)
        boxes = np.concatenate((corners.min(1), corners.max(1) + 1), 1)
        rows = [(0, 0.5, *box) for box in np.minimum(boxes, (width, height) * 2).tolist()]
        detections = found(*rows, width=width, height=height)
        read = np.array([line.split()[1:] for line in detections.label_lines()], float)
        pixels = read * ((width, height) * 2)
        edges = np.concatenate(
            (pixels[:, :2] - pixels[:, 2:] / 2, pixels[:, :2] + pixels[:, 2:] / 2), 1
        )
        kept = [box for box in detections.boxes_xyxy if (box[2:] - box[:2] > 1.5).all()]
        assert len(kept) > 5
        for box in kept:
            assert np.abs(edges - box).max(1).min() < 0.5
        assert (pixels[:, 2:] >= 1).all()
        assert (read[:, :2] > 0).all()

    def test_no_detections_give_no_label_lines(self):
        assert found().label_lines() == []


def test_clipped_boxes_end_at_the_borders():
    detections = found((0, 0.9, -5, 3, 800, 600))
    np.testing.assert_array_equal(detections.boxes_xyxy_clipped, [[0, 3, 768, 576]])


ROWS = ((0, 0.9, 10, 20, 60, 50), (1, 0.5, -5, 0, 9.5, 9), (7, 0.25, 3, 4, 5, 6))


class TestSequence:
    def test_it_iterates_over_detections_with_their_names(self):
        assert list(found(*ROWS)) == [
            Detection((10, 20, 60, 50), 0.9, 0, "dog"),
            Detection((-5, 0, 9.5, 9), 0.5, 1, "truck"),
            Detection((3, 4, 5, 6), 0.25, 7, "class 7"),
        ]
        assert list(found()) == []

    def test_values_are_plain_python_numbers(self):
        one = found(ROWS[0])[0]
        assert {type(value) for value in (*one.box_xyxy, one.score)} == {float}
        assert type(one.class_id) is int

    @pytest.mark.parametrize(
        ("index", "name"), [(0, "dog"), (-1, "class 7"), (np.int64(1), "truck")]
    )
    def test_a_number_gives_one_detection(self, index, name):
        assert found(*ROWS)[index].name == name

    @pytest.mark.parametrize(
        ("key", "classes"),
        [
            (slice(2), [0, 1]),
            (slice(None, None, -1), [7, 1, 0]),
            ([2, 0], [7, 0]),
            ([], []),
            (np.array([False, True, False]), [1]),
        ],
        ids=str,
    )
    def test_other_keys_give_detections_of_the_same_picture(self, key, classes):
        picked = found(*ROWS, filename="a.jpg", frame_id=5)[key]
        assert picked.class_ids.tolist() == classes
        assert picked.boxes_xyxy.shape == (len(classes), 4)
        assert (picked.filename, picked.frame_id, picked.names) == ("a.jpg", 5, NAMES)

    def test_detections_are_picked_by_their_scores(self):
        detections = found(*ROWS)
        assert len(detections[detections.scores > 0.4]) == 2

    def test_a_number_beyond_the_end_is_an_index_error(self):
        with pytest.raises(IndexError, match="index 3 of 3"):
            _ = found(*ROWS)[3]

    def test_no_detections_are_false(self):
        assert not found()
        assert found(*ROWS)


def test_the_description_is_short():
    assert repr(found(*ROWS, filename="a.jpg")) == (
        "Detections(3 in a.jpg: dog 0.90, truck 0.50, class 7 0.25)"
    )


def test_it_can_be_pickled():
    detections = found(*ROWS, filename="a.jpg")
    copy = pickle.loads(pickle.dumps(detections))
    assert copy.to_dict() == detections.to_dict()
    np.testing.assert_array_equal(copy.boxes_xyxy, detections.boxes_xyxy)


class TestTables:
    def test_an_array_has_boxes_scores_and_classes(self):
        array = found(*ROWS).to_numpy()
        np.testing.assert_array_equal(array[:, [5, 4, 0, 1, 2, 3]], ROWS)
        assert array.dtype == np.float64
        assert found().to_numpy().shape == (0, 6)

    def test_a_data_frame_has_the_columns_of_yolov5(self):
        pytest.importorskip("pandas")
        table = found(*ROWS).to_pandas()
        columns = ["xmin", "ymin", "xmax", "ymax", "confidence", "class", "name"]
        assert list(table.columns) == columns
        assert table.iloc[1].tolist() == [-5, 0, 9.5, 9, 0.5, 1, "truck"]
        empty = found().to_pandas()
        assert list(empty.columns) == columns
        assert len(empty) == 0
        assert empty.dtypes.tolist()[:6] == table.dtypes.tolist()[:6]

    def test_supervision_gets_boxes_scores_classes_and_names(self):
        supervision = pytest.importorskip("supervision")
        made = found(*ROWS).to_supervision()
        assert isinstance(made, supervision.Detections)
        np.testing.assert_array_equal(made.xyxy, np.array(ROWS)[:, 2:])
        assert made.xyxy.dtype == np.float32
        assert made.confidence.tolist() == pytest.approx([0.9, 0.5, 0.25])
        assert made.class_id.tolist() == [0, 1, 7]
        assert made.data["class_name"].tolist() == ["dog", "truck", "class 7"]
        assert len(made[made.confidence > 0.4]) == 2
        empty = found().to_supervision()
        assert len(empty) == 0
        assert len(supervision.Detections.merge([empty, made])) == 3

    @pytest.mark.parametrize("package", ["pandas", "supervision"])
    def test_a_missing_package_is_an_error_that_says_how_to_install_it(self, package, monkeypatch):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(UsageError, match=f"pip install {package}"):
            getattr(found(*ROWS), f"to_{package}")()


def test_a_picture_to_draw_on_may_have_any_form(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    path = tmp_path / "noise.png"
    write_picture(path, image)
    detections = found(*ROWS)
    expected = detections.draw(image)
    for picture in (path, path.read_bytes()):
        np.testing.assert_array_equal(detections.draw(picture), expected)
    with pytest.raises(ImageError, match="got None"):
        detections.draw(None)

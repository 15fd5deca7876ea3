"""The formats of results of `dtorch detect`."""

import csv
import io
import json
import shutil

import numpy as np
import pytest

from darknet_torch import Detector, load
from tests.cli.toy_detection import DONE, SHORT_CLIP_FRAMES, UNUSABLE, detect, printed
from tests.toy.files import CFG, PICTURE

pytestmark = pytest.mark.usefixtures("mixed_folder")


@pytest.fixture(scope="module")
def expected():
    network = load(CFG, CFG.with_suffix(".weights"))
    return Detector(network, names=CFG.with_suffix(".names"))(PICTURE)


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (("--out", "found.JSON"), "[\n{"),
        (("--out", "found.csv"), "frame_id,"),
        (("--out", "found.txt"), "one.png: Predicted"),
        (("--out", "found.json", "--format", "jsonl"), '{"frame_id": 1, '),
    ],
)
def test_the_suffix_of_the_file_decides_unless_a_format_is_given(mixed_folder, words, start):
    assert detect("one.png", *words).exit_code == DONE
    assert (mixed_folder / words[1]).read_text().startswith(start)


class TestJsonLines:
    def test_each_line_is_the_json_record_of_a_picture(self):
        lines = printed("jsonl", "one.png", "grey.png").splitlines()
        records = json.loads(printed("json", "one.png", "grey.png"))
        assert [json.loads(line) for line in lines] == records
        assert [len(record["objects"]) for record in records] == [4, 0]

    def test_frames_are_numbered_in_their_video_and_pictures_in_the_run(self):
        lines = printed("jsonl", "one.png", "clip.avi", "grey.png").splitlines()
        found = [(r["filename"], r["frame_id"]) for r in map(json.loads, lines)]
        frames = [("clip.avi", number) for number in (1, 2, 3)]
        assert found == [("one.png", 1), *frames, ("grey.png", 2)]


class TestCsv:
    def test_csv_has_a_line_for_each_detection(self, expected):
        rows = list(csv.DictReader(io.StringIO(printed("csv", "one.png", "grey.png"))))
        assert len(rows) == len(expected) == 4
        for row, box, score, kind in zip(
            rows, expected.boxes_xyxy, expected.scores, expected.class_ids, strict=True
        ):
            left, top, right, bottom = box
            assert (row["frame_id"], row["filename"]) == ("1", "one.png")
            assert (row["class_id"], row["name"]) == (str(kind), expected.name(kind))
            numbers = [float(row[key]) for key in ("left_x", "top_y", "width", "height")]
            np.testing.assert_allclose(numbers, [left, top, right - left, bottom - top], atol=0.01)
            assert float(row["confidence"]) == pytest.approx(score, abs=1e-6)  # six decimals

    def test_names_with_commas_stay_one_field(self, mixed_folder):
        (mixed_folder / "my.names").write_text('a, b\n"c"\nd\n')
        rows = list(csv.DictReader(io.StringIO(printed("csv", "--names", "my.names", "one.png"))))
        assert {row["name"] for row in rows} == {"a, b", '"c"', "d"}

    def test_no_detections_leave_only_the_header(self):
        header = "frame_id,filename,class_id,name,confidence,left_x,top_y,width,height\n"
        assert printed("csv", "grey.png") == header


class TestCoco:
    def test_coco_reads_it_as_a_results_file(self, expected):
        records = json.loads(printed("coco", "grey.png", "one.png"))
        assert [set(r) for r in records] == [{"image_id", "category_id", "bbox", "score"}] * 4
        assert {record["image_id"] for record in records} == {2}
        ids = [record["category_id"] for record in records]
        assert ids == (expected.class_ids + 1).tolist()
        left_top, right_bottom = expected.boxes_xyxy[:, :2], expected.boxes_xyxy[:, 2:]
        boxes = np.concatenate((left_top, right_bottom - left_top), 1)
        # Four decimals are written.
        np.testing.assert_allclose([r["bbox"] for r in records], boxes, atol=1e-4)

    def test_numbers_at_the_ends_of_names_are_the_ids(self):
        for name in ("COCO_val2014_000000000139.png", "000000000785.png"):
            shutil.copy(PICTURE, name)
        records = json.loads(printed("coco", "000000000785.png", "COCO_val2014_000000000139.png"))
        assert [record["image_id"] for record in records] == [785] * 4 + [139] * 4


class TestTxt:
    def test_each_picture_has_a_label_file(self, mixed_folder, expected):
        result = detect("--format", "txt", "one.png", "grey.png", "clip.avi", "--out", "labels")
        written = "labels of 2 pictures, 1 video in labels\n"
        assert (result.exit_code, result.stdout, result.stderr) == (DONE, "", written)
        names = sorted(path.name for path in (mixed_folder / "labels").iterdir())
        frames = [f"clip_{number:06}.txt" for number in range(1, SHORT_CLIP_FRAMES + 1)]
        assert names == [*frames, "grey.txt", "one.txt"]
        lines = (mixed_folder / "labels" / "one.txt").read_text().splitlines()
        assert lines == expected.label_lines()
        assert (mixed_folder / "labels" / "grey.txt").read_text() == ""

    def test_scores_are_a_sixth_column_on_request(self, mixed_folder, expected):
        arguments = ("one.png", "--out", "labels", "--label-scores")
        assert detect("--format", "txt", *arguments).exit_code == DONE
        lines = (mixed_folder / "labels" / "one.txt").read_text().splitlines()
        assert lines == expected.label_lines(scores=True)
        assert len(lines[0].split()) == 6

    def test_scores_are_asked_for_with_txt_alone(self):
        result = detect("--label-scores", "one.png")
        assert result.exit_code == UNUSABLE
        expected = (
            "--label-scores is for label files: expected --format txt --out DIR, got --format"
        )
        assert expected in result.stderr

    @pytest.mark.parametrize("out", [(), ("--out", "-")])
    def test_txt_without_a_folder_is_wrong_usage(self, out):
        result = detect("--format", "txt", "one.png", *out)
        assert result.exit_code == UNUSABLE
        assert "--format txt writes a file for each picture: expected --out DIR" in result.stderr

    def test_a_file_in_place_of_the_folder_is_reported(self, mixed_folder):
        (mixed_folder / "labels").touch()
        result = detect("--format", "txt", "one.png", "--out", "labels")
        assert result.exit_code == UNUSABLE
        assert (
            "labels: cannot be written: expected the path of a folder, got a file" in result.stderr
        )

"""Pictures that users reported: turned by EXIF data, cut off, with false lengths, odd suffixes."""

import json
import re

import cv2
import numpy as np
import pytest

from darknet_torch import load
from darknet_torch.augment.detection import DetectionAugmentation, DetectionSource
from darknet_torch.augment.source import SampleRequest
from darknet_torch.cli.train import make_plan, train
from darknet_torch.cli.train_options import TrainOptions
from darknet_torch.datasets.opening import open_dataset
from darknet_torch.training.data import open_training_data
from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import voc, voc_object
from tests.media.picture_files import encoded, exif, insert_after_start, png
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS
from tests.training.runs import CLASSIFIER, DETECTOR, written

HEIGHT, WIDTH = 60, 120  # of the stored pixels
BOX = (0.2, 0.5, 0.4, 0.6)  # of the white rectangle in them: centre x, centre y, width, height
WHITE = 150  # grey levels; the rest is black, and the rectangle is smoothed by resizing


def turned_picture():
    """Return a JPEG with a white rectangle at `BOX` of the stored pixels, to be turned."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    x, y, width, height = np.multiply(BOX, (WIDTH, HEIGHT) * 2).round().astype(int)
    image[y - height // 2 : y + height // 2, x - width // 2 : x + width // 2] = 255
    return insert_after_start(encoded(image, ".jpg"), exif(6))


@pytest.fixture
def turned(tmp_path, monkeypatch):
    """A working folder with a Darknet data set labelled on the stored pixels, and a cfg."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.jpg").write_bytes(turned_picture() + name.encode())
        (tmp_path / f"{name}.txt").write_text("0 " + " ".join(map(str, BOX)))
    (tmp_path / "list.txt").write_text("a.jpg\nb.jpg\n")
    (tmp_path / "obj.data").write_text("classes=1\ntrain=list.txt\nvalid=list.txt\n")
    return written(tmp_path, DETECTOR)


def plan_of(*words):
    return make_plan(TrainOptions(**train.make_context("train", list(map(str, words))).params))


def box_is_white(batch):
    """Whether the pixels inside the first box of the first picture are white."""
    image, (x, y, width, height) = batch.images[0], batch.truths[0][0, :4]
    rows, columns = image.shape[1:]
    top, bottom = (y + np.array((-0.4, 0.4)) * height) * rows
    left, right = (x + np.array((-0.4, 0.4)) * width) * columns
    return image[:, round(top) : round(bottom), round(left) : round(right)].min() * 255 > WHITE


class TestExif:
    """AlexeyAB/Yolo_mark 107: labels of the stored pixels, the picture turned."""

    @pytest.mark.parametrize(("words", "fits"), [((), False), (("--no-exif",), True)])
    def test_training_puts_boxes_on_the_objects(self, turned, words, fits):
        plan = plan_of("--cfg", turned, "--data", "obj.data", "--augment", "none", "--map", *words)
        data = open_training_data(load(turned), plan)
        batch = data.source.load(SampleRequest(0, 0, (0,), 64, 64))
        assert box_is_white(batch) == fits
        assert data.valid.exif is not fits

    def test_the_augmented_picture_follows_the_switch(self, turned):
        network = load(turned)
        settings = DetectionAugmentation.from_options(
            network.net, network.heads[-1].options, network.dialect
        )
        shapes = []
        for turns in (True, False):
            examples = open_dataset("obj.data", split="train", exif=turns).examples
            source = DetectionSource.from_examples(examples, settings)
            opened = source.pictures.open(
                SampleRequest(0, 0, (0,), 64, 64).sample_seeds[0], settings.order, 3
            )
            shapes.append(opened.image.shape[:2])
        assert shapes == [(WIDTH, HEIGHT), (HEIGHT, WIDTH)]

    def test_the_first_batch_is_drawn_with_the_switch(self, turned):
        drawn = []
        for words in ((), ("--no-exif",)):
            result = dtorch(
                *("train", "--cfg", turned, "--data", "obj.data", "--augment", "none"),
                *("--workers", 0, "--show-batch", "batch.png", *words),
            )
            assert result.exit_code == 0, result.stderr
            drawn.append(cv2.imread("batch.png"))
        assert not np.array_equal(*drawn)

    def test_darknets_own_command_has_the_switch(self, turned):
        result = dtorch(
            *("detector", "train", "obj.data", turned, "--no-exif", "--workers", 0),
            *("--show-batch", "batch.png"),
        )
        assert result.exit_code == 0, result.stderr

    def test_the_contact_sheet_follows_the_switch(self, turned):
        sheets = []
        for words in ((), ("--no-exif",)):
            assert dtorch("dataset", "show", "--data", "obj.data", *words).exit_code == 0
            sheets.append(cv2.imread("dataset.png"))
        assert not np.array_equal(*sheets)

    def test_anchors_are_those_of_the_picture_that_is_read(self, turned):
        found = []
        for words in ((), ("--no-exif",)):
            result = dtorch(
                *("kmeans", "--data", "obj.data", "-k", 1, "--width", 120, "--height", 120),
                *("--letterbox", *words),
            )
            assert result.exit_code == 0, result.stderr
            found.append(re.search(r"anchors = *(\d+), *(\d+)", result.stdout).groups())
        # 0.4 x 0.6 of the picture, which is 60 x 120 turned and 120 x 60 stored.
        assert found == [("24", "72"), ("48", "36")]

    def test_a_converted_data_set_has_the_boxes_of_the_picture_that_is_read(self, turned):
        sizes, boxes = [], []
        for number, words in enumerate([(), ("--no-exif",)]):
            result = dtorch(
                *("dataset", "convert", "--data", "obj.data", "--split", "train", "--to", "coco"),
                *("--out", f"coco{number}", *words),
            )
            assert result.exit_code == 0, result.stderr
            (file,) = sorted((turned.parent / f"coco{number}").rglob("*.json"))
            content = json.loads(file.read_text())
            sizes.append((content["images"][0]["height"], content["images"][0]["width"]))
            boxes.append(content["annotations"][0]["bbox"])
        assert sizes == [(WIDTH, HEIGHT), (HEIGHT, WIDTH)]
        assert boxes[1] == [0, 12, 48, 36]

    @pytest.mark.parametrize("command", [("dataset", "check", "--data"), ("check",)])
    def test_a_size_of_the_stored_pixels_names_the_switch(self, tmp_path, command):
        size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
        root = voc(tmp_path / "voc", [voc_object((1, 1, 40, 40))], size=size)
        picture = root / "JPEGImages/train0.jpg"
        picture.with_suffix(".png").unlink()
        picture.write_bytes(turned_picture())
        output = dtorch(*command, root).stdout
        (line,) = (line for line in output.splitlines() if "labels say" in line)
        assert str(picture) in line
        assert f"is {HEIGHT} x {WIDTH}, but the labels say {WIDTH} x {HEIGHT}" in line
        assert "its size before its EXIF data turns it; use --no-exif" in line
        assert "wrong size" not in dtorch(*command, root, "--no-exif").stdout

    def test_a_size_of_the_turned_picture_says_to_leave_the_switch_out(self, tmp_path):
        size = f"<size><width>{HEIGHT}</width><height>{WIDTH}</height></size>"
        root = voc(tmp_path / "voc", [voc_object((1, 1, 40, 40))], size=size)
        (root / "JPEGImages/train0.png").write_bytes(turned_picture())
        assert "wrong size" not in dtorch("dataset", "check", "--data", root).stdout
        output = dtorch("dataset", "check", "--data", root, "--no-exif").stdout
        assert "its size after its EXIF data has turned it; leave out --no-exif" in output

    def test_a_size_that_is_wrong_otherwise_does_not_blame_exif(self, tmp_path):
        size = "<size><width>99</width><height>77</height></size>"
        root = voc(tmp_path / "voc", [voc_object((1, 1, 40, 40))], size=size)
        output = dtorch("dataset", "check", "--data", root).stdout
        assert "wrong size" in output
        assert "exif" not in output.lower()

    @pytest.mark.parametrize(
        "command",
        [
            *("train", "eval", "map", "kmeans", "new", "check", "detect", "classify"),
            *(f"dataset {name}" for name in ("check", "convert", "show", "split", "stats")),
            *(f"detector {name}" for name in ("train", "map", "valid", "recall", "calc_anchors")),
            *(f"classifier {name}" for name in ("train", "valid", "predict")),
        ],
    )
    def test_every_command_that_opens_labelled_pictures_has_the_switch(self, command):
        assert "--no-exif" in dtorch(*command.split(), "--help").stdout

    def test_a_classifiers_pictures_follow_the_switch(self, tmp_path):
        cfg = written(tmp_path, CLASSIFIER)
        plain = encoded(cv2.imdecode(np.frombuffer(turned_picture(), np.uint8), 129), ".png")

        def first_picture(name, content, *words):
            (tmp_path / name / "train/cat").mkdir(parents=True, exist_ok=True)
            (tmp_path / name / "train/cat/a.jpg").write_bytes(content)
            plan = plan_of(
                *("--cfg", cfg, "--data", tmp_path / name, "--augment", "none"),
                *("--map", "--valid-split", "train", *words),
            )
            data = open_training_data(load(cfg), plan)
            assert data.valid_pictures.exif == ("--no-exif" not in words)
            return data.source.load(SampleRequest(0, 0, (0,), 24, 24)).images

        stored = first_picture("plain", plain)
        assert np.array_equal(first_picture("turned", turned_picture(), "--no-exif"), stored)
        assert not np.array_equal(first_picture("turned", turned_picture()), stored)


class TestCutOff:
    """AlexeyAB/darknet 7817 and pjreddie/darknet 720: "Premature end of JPEG file"."""

    @pytest.fixture
    def cut(self, tmp_path, monkeypatch):
        """A working folder with the toy's picture as a JPEG without its end, and a whole one."""
        monkeypatch.chdir(tmp_path)
        jpeg = encoded(cv2.imread(str(PICTURE)), ".jpg")
        (tmp_path / "whole.jpg").write_bytes(jpeg)
        (tmp_path / "cut.jpg").write_bytes(jpeg[:-2])
        for name in ("whole", "cut"):
            (tmp_path / f"{name}.txt").write_text("0 .5 .5 .2 .2\n")
        (tmp_path / "list.txt").write_text("cut.jpg\n")
        (tmp_path / "obj.data").write_text("classes=2\ntrain=list.txt\nvalid=list.txt\n")
        return tmp_path

    @staticmethod
    def warning(path):
        length = path.stat().st_size
        return (
            f"cut.jpg: the picture is cut off: its end is missing: got {length} bytes without a "
            "JPEG's end mark; copy or download it again"
        )

    def test_detection_warns_and_finds_the_same_objects(self, cut):
        words = ("--cfg", CFG, "--weights", WEIGHTS, "--format", "json")
        whole, found = (dtorch("detect", name, *words) for name in ("whole.jpg", "cut.jpg"))
        assert found.exit_code == 0
        assert f"warning: {self.warning(cut / 'cut.jpg')}" in found.stderr
        objects = [json.loads(result.stdout)[0]["objects"] for result in (whole, found)]
        assert objects[0] == objects[1] != []
        assert dtorch("detect", "cut.jpg", *words, "--quiet").stderr == ""

    def test_evaluation_warns_and_goes_on(self, cut):
        result = dtorch(
            *("eval", "--cfg", CFG, "--weights", WEIGHTS),
            *("--data", "obj.data", "--names", NAMES),
        )
        assert result.exit_code == 0, result.stderr
        assert f"warning: {self.warning(cut / 'cut.jpg')}" in result.stderr

    def test_the_check_of_a_data_set_names_it(self, cut):
        result = dtorch("dataset", "check", "--data", "obj.data", "--split", "train")
        assert result.exit_code == 1
        assert f"cut off: {self.warning(cut / 'cut.jpg')}" in result.stdout
        assert "unreadable" not in result.stdout

    def test_training_uses_it_and_reports_it(self, cut):
        cfg = written(cut, DETECTOR)
        result = dtorch(
            *("train", "--cfg", cfg, "--data", "obj.data", "--backup", "backup"),
            *("--max-batches", 1, "--workers", 0),
        )
        assert result.exit_code == 0, result.stderr
        assert f"warning: {self.warning(cut / 'cut.jpg')}" in result.stderr
        assert "1 x cut off" in result.stderr


class TestHostile:
    """Files that were made to take memory and time, or that pipes stand for."""

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (
                png(24, 32, length=2**31 + 648),
                "the picture is cut off: its end is missing: expected 2147484341 bytes or more, "
                "as its chunk IDAT says, got {length} bytes; copy or download it again",
            ),
            (
                png(40000, 30000),
                "the picture is too large: expected at most 200000000 pixels, got 30000 x 40000 "
                "in a file of {length} bytes; make it smaller, or raise the limit: --max-pixels "
                "N, or in Python OPENCV_IO_MAX_IMAGE_PIXELS",
            ),
        ],
    )
    def test_a_picture_with_false_lengths_is_named_and_skipped(self, tmp_path, data, expected):
        (tmp_path / "m.png").write_bytes(data)
        result = dtorch(
            *("detect", tmp_path / "m.png", PICTURE),
            *("--cfg", CFG, "--weights", WEIGHTS),
        )
        assert result.exit_code == 1
        message = expected.format(length=len(data))
        assert f"dtorch: {tmp_path / 'm.png'}: {message}" in result.stderr
        assert str(PICTURE) in result.stdout


class TestSuffixes:
    """Labels and pictures are found whatever the suffix, as in AlexeyAB's list and beyond."""

    @pytest.mark.parametrize(
        "suffix", [".JPG", ".JPEG", ".Jpg", ".PNG", ".BMP", ".jfif", ".JFIF", ".webp", ".jpe"]
    )
    def test_a_folder_of_pictures_and_its_labels(self, tmp_path, suffix):
        name = f"photo{suffix}"
        kind = ".jpg" if suffix.lower() in (".jfif", ".jpe") else suffix.lower()
        (tmp_path / name).write_bytes(encoded(cv2.imread(str(PICTURE)), kind))
        (tmp_path / "photo.txt").write_text("0 .5 .5 .1 .1\n")
        (tmp_path / "list.txt").write_text(f"{tmp_path / name}\n")
        (tmp_path / "obj.data").write_text("classes=1\ntrain=list.txt\n")
        words = ("--cfg", CFG, "--weights", WEIGHTS)
        result = dtorch("detect", tmp_path, *words)
        assert result.exit_code == 0, result.stderr
        assert name in result.stdout
        (example,) = open_dataset(tmp_path / "obj.data").examples
        assert len(example.labels) == 1
        assert example.measure() == cv2.imread(str(PICTURE)).shape[:2]

    def test_a_voc_root_has_pictures_of_upper_case_suffixes(self, tmp_path):
        root = voc(tmp_path, [voc_object((1, 1, 9, 9))])
        picture = root / "JPEGImages/train0.png"
        picture.rename(picture.with_suffix(".JFIF"))
        (example,) = open_dataset(root, split="train").examples
        assert example.path == picture.with_suffix(".JFIF")

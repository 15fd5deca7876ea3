import json

import cv2
import pytest

from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import coco, darknet, voc, voc_object


@pytest.fixture
def data(tmp_path):
    return darknet(tmp_path, ["0 .5 .5 .2 .2\n1 .3 .3 .2 .2\n", "1 .5 .5 1 1\n"])


def run(command, *arguments):
    return dtorch("dataset", command, *arguments)


def test_the_group_lists_its_commands():
    text = dtorch("dataset", "--help").stdout
    for name in ("convert", "check", "stats", "show", "split"):
        assert f"  {name} " in text


def test_convert_prints_what_it_wrote(data, tmp_path):
    out = tmp_path / "out"
    result = run("convert", "--data", data, "--to", "voc", "--out", out, "--pictures", "link")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"train: 2 pictures, 3 boxes\nwrote {out}\nnext: dtorch check {out}\n"
    )
    assert dtorch("check", out).exit_code == 0
    assert (out / "JPEGImages/train0.png").is_symlink()
    again = run("convert", "--data", data, "--to", "voc", "--out", out)
    assert again.exit_code == 2
    assert "expected an empty or a new folder" in again.stderr


def test_convert_reports_what_it_could_not_keep(data, tmp_path):
    (tmp_path / "train/train1.png").unlink()
    result = run("convert", "--data", data, "--to", "coco", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stdout.startswith("train: 2 pictures, 3 boxes\nwrote ")
    assert "dtorch: missing picture: " in result.stderr
    assert "dtorch: no size: " in result.stderr


def test_check_of_a_data_set_without_problems(data):
    result = run("check", "--data", data)
    assert result.exit_code == 0
    assert result.stdout == "0 problems; 2 pictures in train\n"


def test_check_reports_every_problem(data, tmp_path):
    (tmp_path / "train/train0.txt").write_text("0 .5 .5 .2 .2\n7 .5 .5 .1 .1\n0 .5 .5 0 0\n")
    result = run("check", "--data", data)
    assert result.exit_code == 1
    label = tmp_path / "train/train0.txt"
    assert result.stdout.splitlines() == [
        f"class id: {label}:2: the class does not exist; the box is left out: expected a class "
        "from 0 to 1, got class 7, 0.5 0.5 0.1 0.1; correct the class, or classes= and names=",
        f"zero size: {label}:3: the width or the height is not above 0; the box is left out: "
        "expected a width and a height above 0, got class 0, 0.5 0.5 0 0; delete the line, or "
        "draw the box again",
        "       1 class id",
        "       1 zero size",
        "2 problems; 2 pictures in train",
    ]


def test_check_as_json_into_a_file(data, tmp_path):
    (tmp_path / "train/train0.txt").unlink()
    out = tmp_path / "report.json"
    result = run("check", "--data", data, "--format", "json", "--out", out)
    assert (result.exit_code, result.stdout) == (1, "")
    kinds = [item["kind"] for item in json.loads(out.read_text())]
    assert kinds == ["class without boxes", "no label file"]


def test_several_coco_files_are_several_splits(tmp_path):
    files = [coco(tmp_path, [[(3, [0, 0, 9, 9]), (9, [1, 1, 9, 9])]], name) for name in "ab"]
    arguments = [word for file in files for word in ("--data", file)]
    result = run("check", *arguments, "--images", tmp_path / "images")
    assert result.stdout == "0 problems; 1 picture in a, 1 picture in b\n"


def test_the_voc_origin_can_be_given(tmp_path):
    data = voc(tmp_path, [voc_object((0, 0, 9, 9))])
    assert run("check", "--data", data).exit_code == 0
    assert run("check", "--data", data, "--voc-origin", 1).exit_code == 1


def test_stats_as_lines_as_json_and_as_a_plot(data, tmp_path):
    text = run("stats", "--data", data, "--plot", tmp_path / "plot.png").stdout
    assert text.startswith("train: 2 pictures (0 without objects, 0 without labels), 3 boxes")
    assert cv2.imread(str(tmp_path / "plot.png")) is not None
    numbers = json.loads(run("stats", "--data", data, "--format", "json").stdout)
    assert numbers["train"]["boxes"] == 3


def test_show_draws_the_pictures_of_a_class(data, tmp_path):
    out = tmp_path / "sheet.jpg"
    result = run("show", "--data", data, "--class", "cat", "--size", 64, "--out", out)
    assert result.exit_code == 0
    assert result.stdout == f"{out}: 1 of 2 pictures\n"
    assert cv2.imread(str(out)).shape[1] == 4 + 64 + 4


def test_show_reports_pictures_that_it_cannot_read(data, tmp_path):
    (tmp_path / "train/train0.png").write_bytes(b"")
    result = run("show", "--data", data, "--out", tmp_path / "sheet.png")
    assert result.exit_code == 1
    assert "train0.png: the file is empty" in result.stderr
    bird = run("show", "--data", data, "--class", "bird")
    assert bird.exit_code == 2
    assert "no such class: expected one of cat, dog, got bird" in bird.stderr
    text = run("show", "--data", data, "--out", tmp_path / "sheet.txt")
    assert text.exit_code == 2
    assert "this picture format cannot be written: expected .png or .jpg" in text.stderr


def test_show_names_labels_that_it_cannot_read(data, tmp_path):
    """Their pictures are drawn without boxes."""
    (tmp_path / "train/train0.txt").unlink()
    (tmp_path / "train/train0.txt").mkdir()
    result = run("show", "--data", data, "--out", tmp_path / "sheet.png")
    assert result.exit_code == 0
    assert "train0.txt: " in result.stderr


def test_show_without_matching_pictures_is_refused(tmp_path):
    result = run("show", "--data", darknet(tmp_path, []), "--out", tmp_path / "sheet.png")
    assert result.exit_code == 2
    assert "no pictures to show" in result.stderr


def test_split_writes_lists(data, tmp_path):
    parts = ("--part", "train=1", "--part", "valid=1")
    result = run("split", "--data", data, *parts, "--out", tmp_path / "out")
    assert result.stdout == "train: 1 picture\nvalid: 1 picture\n"
    assert run("check", "--data", tmp_path / "out/dataset.data").stdout.endswith(
        "1 picture in train, 1 picture in valid\n"
    )


def test_split_keeps_copies_together_and_says_so(tmp_path):
    data = darknet(tmp_path, ["0 .5 .5 .2 .2\n"] * 6)
    for copy in (1, 2):
        image = cv2.imread(str(tmp_path / "train/train0.png"))
        quality = [cv2.IMWRITE_JPEG_QUALITY, 95 - 5 * copy]
        cv2.imwrite(str(tmp_path / f"train/copy{copy}.jpg"), image, quality)
        with (tmp_path / "train.txt").open("a") as file:
            file.write(f"train/copy{copy}.jpg\n")
    arguments = ("--data", data, "--part", "a=5", "--part", "b=3", "--stratify")
    result = run("split", *arguments, "--out", tmp_path / "out")
    assert result.stdout.splitlines() == [
        "equal or nearly equal pictures: 3 in 1 groups, each of which stays in one part",
        "a: 5 pictures",
        "b: 3 pictures",
    ]
    lists = [(tmp_path / f"out/{name}.txt").read_text() for name in "ab"]
    counts = [sum(name in text for name in ("train0", "copy1", "copy2")) for text in lists]
    assert sorted(counts) == [0, 3]
    plain = run("split", *arguments, "--no-near-duplicates", "--out", tmp_path / "plain")
    assert plain.stdout == "a: 5 pictures\nb: 3 pictures\n"


def test_split_does_not_need_the_pictures(data, tmp_path):
    (tmp_path / "train/train0.png").unlink()
    result = run("split", "--data", data, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (0, "train: 2 pictures\nvalid: 0 pictures\n")
    unread, empty = result.stderr.splitlines()
    assert unread == (
        "note: 1 picture cannot be read or compared with others; the first: "
        f"{tmp_path}/train/train0.png: no such picture"
    )
    assert empty.startswith("note: valid has no pictures: its share is smaller than a picture")


@pytest.mark.parametrize("part", ["train", "=1", "train=-1", "train=x", "train=nan", "train=inf"])
def test_a_part_needs_a_name_and_a_size(data, tmp_path, part):
    result = run("split", "--data", data, "--part", part, "--out", tmp_path / "out")
    assert result.exit_code == 2
    message = f"--part is not NAME=SIZE: expected NAME=SIZE, such as train=0.8, once, got {part}"
    assert message in result.stderr


def test_split_needs_one_data_set_and_a_folder(data):
    message = f"{data}: nowhere to write the lists: expected --out DIR, got no --out"
    assert message in run("split", "--data", data).stderr
    two = run("split", "--data", data, "--data", data, "--out", "x")
    assert two.exit_code == 2
    assert (
        f"several data sets cannot be split together: expected one --data, got {data}, {data}; "
        "split one data set at a time"
    ) in two.stderr


def test_a_path_that_is_not_a_data_set_is_refused(tmp_path):
    result = run("stats", "--data", tmp_path / "gone.data")
    assert result.exit_code == 2
    assert "gone.data: no such data set: expected a .data file" in result.stderr

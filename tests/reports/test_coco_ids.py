"""COCO files whose ids, marks and names are not what COCO's own files have."""

import contextlib
import io
import json

import pytest
from pycocotools.coco import COCO

from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import HEIGHT, WIDTH, picture

BOX = [20, 20, 40, 40]


def content(image_ids=(1, 2), category_ids=(1, 3), **references):
    """A COCO file of two pictures with a box each; references replace ids in annotations."""
    pairs = zip(
        references.get("images", image_ids),
        references.get("categories", category_ids),
        strict=True,
    )
    return {
        "images": [
            {"id": key, "file_name": f"im{n}.png", "width": WIDTH, "height": HEIGHT}
            for n, key in enumerate(image_ids)
        ],
        "categories": [
            {"id": key, "name": name}
            for key, name in zip(category_ids, ("square", "circle"), strict=True)
        ],
        "annotations": [
            {"id": n, "image_id": image, "category_id": category, "bbox": BOX, "area": 1600}
            for n, (image, category) in enumerate(pairs, 1)
        ],
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(2):
        picture(tmp_path / f"im{number}.png", seed=number)
    return tmp_path


def write(folder, value, name="a.json"):
    (folder / name).write_text(value if isinstance(value, str) else json.dumps(value))
    return folder / name


def convert(file):
    """The result of a conversion, and the classes of the boxes that it wrote."""
    out = file.parent / "out"
    result = dtorch("dataset", "convert", "--data", file, "--to", "darknet", "--out", out)
    lines = [line for path in out.glob("labels/*.txt") for line in path.read_text().splitlines()]
    return result, sorted(line.split()[0] for line in lines)


def check(file):
    return dtorch("dataset", "check", "--data", file)


def count_by_pycocotools(file):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(file))
    return len(coco.loadAnns(coco.getAnnIds(imgIds=list(coco.imgs), catIds=list(coco.cats))))


@pytest.mark.parametrize(
    "value",
    [
        content(),
        content(image_ids=("0", "b7")),
        content(category_ids=("1", "x")),
        content(images=(1.0, 2.0), categories=(1.0, 3.0)),
        content(image_ids=(1.0, 2.5), category_ids=(0.5, 3)),
        content(image_ids=(10**30, -1), category_ids=(0, 10**20)),
        content(image_ids=(True, "1"), images=(1, "1")),
        content(image_ids=(1, 2), images=("1", 2)),
        content(category_ids=(1, 3), categories=("1", 3)),
        content(image_ids=(1, 2), images=(7, 2)),
    ],
)
def test_ids_are_compared_as_pycocotools_does(folder, value):
    """opencv/cvat 298: ids as text or floats; all boxes were lost."""
    file = write(folder, value)
    result, labels = convert(file)
    assert len(labels) == count_by_pycocotools(file)
    lost = len(value["annotations"]) - len(labels)
    assert result.exit_code == (1 if lost else 0)
    assert result.stderr.count("unknown image") + result.stderr.count("unknown class") == lost


def test_an_id_of_another_type_is_named_with_what_was_expected(folder):
    """opencv/cvat 298: 1 and "1" are not the same id."""
    result = check(write(folder, content(images=("1", 2))))
    assert "a.json: annotation 1 refers to image '1', which does not exist: " in result.stdout
    assert "expected one of 2 ids: 1, 2, got '1'" in result.stdout


@pytest.mark.parametrize(
    ("image_ids", "category_ids"),
    [(("0", "b7"), ("1", "x")), ((1.5, 2), (2, 1)), ((10**30, "z"), (10**30, "z"))],
)
def test_results_with_such_ids_are_evaluated(folder, image_ids, category_ids):
    """opencv/cvat 298: every convention of average precision knows such ids."""
    value = content(image_ids, category_ids)
    file = write(folder, value)
    found = [{**item, "score": 0.9} for item in value["annotations"]]
    results = write(folder, found, "results.json")
    out = folder / "export"
    words = ("--results", results, "--export", out, "--export-format", "coco")
    result = dtorch("eval", "--data", file, *words, "--format", "json")
    assert result.exit_code == 0
    numbers = json.loads(result.stdout)
    assert numbers["darknet"][0]["map"] == pytest.approx(1)
    assert numbers["coco"]["AP"] == pytest.approx(1)
    written = json.loads((out / "coco/coco_results.json").read_text())
    keys = [(item["image_id"], item["category_id"]) for item in written]
    assert keys == [(item["image_id"], item["category_id"]) for item in found]


@pytest.mark.parametrize("key", [[1], {"a": 1}, None, float("nan"), float("inf")])
def test_what_cannot_be_an_id_is_named_and_left_out(folder, key):
    """A list as id: a traceback in every command."""
    result = check(write(folder, content(category_ids=(key, 3))))
    assert result.exit_code == 1
    assert "bad category: " in result.stdout
    assert "a category without a usable id is left out" in result.stdout
    assert "expected a number or a text as id, got " in result.stdout
    result = check(write(folder, content(image_ids=(key, 2))))
    assert "an image without a usable id or file_name is left out" in result.stdout
    (labels,) = convert(write(folder, content(image_ids=(key, 2))))[1]
    assert labels == "1"


@pytest.mark.parametrize(
    ("mark", "is_crowd"),
    [
        (0, False),
        ("0", False),
        ("false", False),
        ("", False),
        (None, False),
        (0.0, False),
        (1, True),
        ("1", True),
        ("True", True),
        (True, True),
        (1.0, True),
    ],
)
def test_iscrowd_may_be_text(folder, mark, is_crowd):
    """Every text is true in Python, also "0": the boxes were taken for crowds."""
    value = content()
    value["annotations"][0]["iscrowd"] = mark
    file = write(folder, value)
    result = dtorch("dataset", "stats", "--data", file)
    assert f"2 boxes ({int(is_crowd)} difficult)" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("mark", ["maybe", [1], {}, float("nan")])
def test_an_iscrowd_that_is_neither_is_named(folder, mark):
    value = content()
    value["annotations"][0]["iscrowd"] = mark
    result = check(write(folder, value))
    assert "bad mark: " in result.stdout
    assert "annotation 1 has an iscrowd that is neither 0 nor 1; it is read as 0" in result.stdout
    assert "expected 0 or 1, got " in result.stdout


@pytest.mark.parametrize("name", ["traffic\nlight", "traffic\r\n light\n", "traffic\u2028light"])
def test_class_names_stay_in_one_line(folder, name):
    """A line break in a name shifts all classes after it in a names file."""
    value = content()
    value["categories"][0]["name"] = name
    file = write(folder, value)
    result, _ = convert(file)
    names = (folder / "out/dataset.names").read_text()
    assert names.split("\n") == ["traffic light", "circle", ""]
    assert "is read as 'traffic light': expected one line of text, got " in result.stderr


def test_sizes_may_be_floats_or_text(folder):
    """Lab41/pelops 72: sizes that are not integers."""
    value = content()
    value["images"][0].update(width=float(WIDTH), height=str(HEIGHT))
    (folder / "im0.png").unlink()  # it cannot be measured instead
    result = dtorch("dataset", "stats", "--data", write(folder, value))
    assert "2 boxes" in result.stdout and result.stderr == ""


def test_a_picture_with_another_suffix_is_found_with_a_note(folder):
    """The pictures were converted to another format, the file names were not."""
    (folder / "im0.png").rename(folder / "im0.PNG")
    (folder / "im1.png").rename(folder / "im1.jpg")
    file = write(folder, content())
    result = check(file)
    assert result.exit_code == 0
    for old, new in (("im0.png", "im0.PNG"), ("im1.png", "im1.jpg")):
        message = f"the picture has another suffix; {new} is read: expected {old}, got {new}"
        assert f"{file}: {message}" in result.stdout
    result = dtorch("eval", "--data", file, "--results", write(folder, [], "r.json"), "--strict")
    assert result.exit_code == 0
    assert "note: " in result.stderr


HOSTILE_FILES = {
    '{"images": ' + "[" * 100_000: "lists or objects in each other, hundreds deep",
    '{"images": [{"id": ' + "9" * 5000 + "}]}": "Exceeds the limit (4300 digits)",
    "[1, 2": "line 1 column",
    "": "line 1 column 1",
}


@pytest.mark.parametrize("text", HOSTILE_FILES)
@pytest.mark.parametrize("command", ["dataset check", "dataset stats", "dataset split", "eval"])
def test_a_file_that_is_no_json_is_an_error(folder, text, command):
    """Nesting without end, and numbers of thousands of digits: tracebacks."""
    more = ("--results", write(folder, "[]", "r.json")) if command == "eval" else ()
    result = dtorch(*command.split(), "--data", write(folder, text), *more)
    assert result.exit_code == 2
    assert "a.json: not valid JSON: expected lists of objects images, annotations, " in (
        result.stderr
    )
    _, got = result.stderr.split(", got ")
    assert HOSTILE_FILES[text] in got and "; write the file again" in got


@pytest.mark.parametrize("name", ["a\0b.png", "\ud800.png", ["a.png"], 7])
def test_a_file_name_that_no_system_takes_is_named_and_left_out(folder, name):
    """A NUL or a lone surrogate in file_name: tracebacks."""
    value = content()
    value["images"][0]["file_name"] = name
    result = check(write(folder, value))
    assert result.exit_code == 1
    assert "an image without a usable id or file_name is left out" in result.stdout
    assert "expected a number or a text as id, and the name of a file, got id 1" in result.stdout
    assert "1 picture in a" in result.stdout


RECORD = {"image_id": 1, "category_id": 1, "bbox": BOX, "score": 0.5}
DEEP = "[" * 900 + "]" * 900


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("[" * 100_000, "hundreds deep"),
        (json.dumps([{**RECORD, "bbox": [1, 2, 3, 10**400]}]), "'bbox': [1, 2, 3, 1000"),
        (json.dumps([{**RECORD, "score": float("nan")}]), "'score': nan"),
        (json.dumps([{**RECORD, "bbox": [1, 2, 3, float("inf")]}]), "inf"),
        (json.dumps([RECORD]).replace("0.5", DEEP), "{'bbox'"),
        (json.dumps([{**RECORD, "image_id": [1]}]), "[1]"),
        (json.dumps([{**RECORD, "image_id": "1"}]), "'1'"),
        (json.dumps([{**RECORD, "category_id": "\ud800"}]), r"'\ud800'"),
        ("[7]", "7"),
    ],
)
def test_results_that_are_none_are_an_error_with_the_record(folder, text, got):
    """Results with numbers of 400 digits, or nested without end: tracebacks."""
    results = write(folder, text, "results.json")
    result = dtorch("eval", "--data", write(folder, content()), "--results", results)
    assert result.exit_code == 2
    assert f"{results}: " in result.stderr
    assert "expected " in result.stderr and got in result.stderr and "; " in result.stderr
    assert len(result.stderr) < 600


def test_entries_that_are_no_objects_do_not_end_a_list(folder):
    """cvat 298, a sibling: an annotation that is null, as a failed export leaves it."""
    value = content()
    value["annotations"][:0] = [None, [1]]
    value["images"].append("im2.png")
    result, classes = convert(write(folder, value))
    assert classes == ["0", "1"]
    assert "annotations[0] is left out: expected an object, got None" in result.stderr
    assert "images[2] is left out: expected an object, got 'im2.png'" in result.stderr
    parts = dtorch("dataset", "split", "--data", "a.json", "--out", "parts")
    assert "annotations[1] is left out" in parts.stderr


def test_a_part_that_is_no_list_is_named(folder):
    result, _ = convert(write(folder, content() | {"categories": {"1": "cat"}}))
    assert result.exit_code == 2
    assert "a.json: not a COCO data set: expected lists of objects" in result.stderr
    assert "got categories {'1': 'cat'}" in result.stderr


def test_boxes_written_as_text_are_read_and_others_named(folder):
    value = content()
    value["annotations"][0]["bbox"] = ["20", "20", "40", " 40.0"]
    value["annotations"][1]["bbox"] = [1, 2, 3, 4, 5]
    result, classes = convert(write(folder, value))
    assert classes == ["0"]
    assert "has no bbox with four finite numbers: expected [left, top" in result.stderr
    assert "got [1, 2, 3, 4, 5]" in result.stderr


def test_a_category_without_a_name_is_not_called_none(folder):
    value = content()
    del value["categories"][0]["name"]
    result, classes = convert(write(folder, value))
    assert classes == ["0", "1"]
    assert "the category 1 has no name and is called 'category 1'" in result.stderr

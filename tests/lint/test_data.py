"""Checking data sets, by themselves and together with a cfg."""

import re
from pathlib import Path

import pytest

import darknet_torch.datasets
from darknet_torch.datasets.class_files import UNNAMED
from darknet_torch.datasets.label_rule import LABEL_FAULTS
from darknet_torch.lint.data import KINDS, DataSource, lint_data
from darknet_torch.lint.finding import Severity
from tests.datasets.tiny_datasets import coco, darknet, picture, voc, voc_object
from tests.lint.cfgs import CLASSIFIER, HEADS, NET, check, problems

SOUND = ["0 .5 .5 .1 .2", "1 .5 .5 .5 .5\n0 .2 .2 .1 .1"]


def test_every_kind_of_problem_has_a_severity_and_a_fix():
    folder = Path(darknet_torch.datasets.__file__).parent
    merging = {"merge.py", "joined_names.py"}  # no check reports what merging finds
    code = "".join(path.read_text() for path in folder.rglob("*.py") if path.name not in merging)
    kinds = set(re.findall(r'(?:Problem|_add_problem)\(\s*"([A-Za-z -]+)"', code))
    kinds |= set(re.findall(r'"([a-z ]+)": ', (folder / "check.py").read_text()))
    kinds |= {"several labels", "no label", UNNAMED}  # chosen between in one expression
    kinds |= {fault.kind for fault in LABEL_FAULTS} | {"class ids count from 1"}
    assert kinds == set(KINDS)
    assert all(fix for _, fix in KINDS.values())


def test_pictures_and_boxes_of_a_sound_data_set_are_counted(tmp_path):
    data = darknet(tmp_path, SOUND)
    with data.open("a") as file:
        file.write(f"valid=train.txt\nbackup={tmp_path}\n")
    findings = [item for item in lint_data(DataSource(data)) if "two splits" not in item.what]
    assert [str(item).partition(": ")[2] for item in findings] == [
        f"{data}: train: 2 pictures, 3 boxes",
        f"{data}: valid: 2 pictures, 3 boxes",
    ]


def test_missing_keys_of_a_data_file_are_noted(tmp_path):
    notes = [item.what for item in lint_data(DataSource(darknet(tmp_path, SOUND)))]
    assert notes[1:] == [
        "has no valid=",
        "Darknet itself needs an existing folder to save weights in",
    ]


@pytest.mark.parametrize(
    ("line", "severity", "words"),
    [
        ("0 .5 .5 0 .1", Severity.ERROR, "zero size.*delete the line"),
        ("7 .5 .5 .1 .1", Severity.ERROR, "txt:1: class id: .*got class 7"),
        ("0 .5 .5 .1", Severity.ERROR, r"train0\.txt:1: bad line"),
        ("0 .9 .5 .4 .1", Severity.WARNING, "out of range.*clip the box"),
    ],
)
def test_problems_come_with_a_fix(line, severity, words, tmp_path):
    (problem,) = problems(lint_data(DataSource(darknet(tmp_path, [line, *SOUND]))))
    assert problem.severity is severity
    assert re.search(words, str(problem))


def test_the_other_lists_are_checked_if_one_is_missing(tmp_path):
    data = darknet(tmp_path, ["0 .5 .5 0 .1", *SOUND])
    with data.open("a") as file:
        file.write("valid=none.txt\n")
    first, second = problems(lint_data(DataSource(data)))
    assert "none.txt: cannot be read" in str(first)
    assert "zero size" in second.what


def test_names_and_cfg_must_have_the_same_number_of_classes(tmp_path):
    data = darknet(tmp_path, SOUND)
    cfg = check(tmp_path, NET + HEADS)
    assert problems(lint_data(DataSource(data), cfg)) == []
    text = (NET + HEADS).replace("classes=2", "classes=3").replace("filters=14", "filters=16")
    (problem,) = problems(lint_data(DataSource(data), check(tmp_path, text)))
    assert "expected 3 classes, as in the cfg, got 2; make a cfg with dtorch new" in str(problem)


def test_classes_are_compared_even_if_lists_and_cfg_cannot_be_read(tmp_path):
    cfg = check(tmp_path, (NET + HEADS).replace("classes=2", "classes=5"))
    assert cfg.network is None
    data = darknet(tmp_path, SOUND)
    (tmp_path / "train.txt").unlink()
    unreadable, problem = problems(lint_data(DataSource(data), cfg))
    assert "train.txt: cannot be read" in str(unreadable)
    assert "expected 5 classes, as in the cfg, got 2" in str(problem)


def test_more_boxes_than_max_are_reported(tmp_path):
    data = darknet(tmp_path, SOUND)
    cfg = check(tmp_path, NET + HEADS.replace("classes=2", "classes=2\nmax=1"))
    (problem,) = problems(lint_data(DataSource(data), cfg))
    assert re.search(r"train1\.txt: 2 boxes, of which Darknet trains on 1 at a time", str(problem))


def test_coco_and_voc_data_sets_are_checked(tmp_path):
    file = coco(tmp_path / "coco", [[(9, [1, 1, 50, 50]), (3, [1, 1, 60, 50])]])
    source = DataSource(file, images=tmp_path / "coco" / "images")
    assert problems(lint_data(source)) == []
    root = voc(tmp_path / "voc", [voc_object((10, 20, 50, 60)) + voc_object((1, 1, 9, 9), "dog")])
    assert problems(lint_data(DataSource(root), check(tmp_path, NET + HEADS))) == []


def test_boxes_for_a_classifier_are_an_error(tmp_path):
    findings = lint_data(DataSource(darknet(tmp_path, SOUND)), check(tmp_path, CLASSIFIER))
    assert "the cfg is not a detector, but the data set has boxes" in problems(findings)[0].what


def test_problems_of_a_classifiers_data_are_reported(tmp_path):
    picture(tmp_path / "cat1.png")
    (tmp_path / "x.labels").write_text("cat\ndog\n")
    (tmp_path / "train.list").write_text(f"{tmp_path}/cat1.png\n{tmp_path}/cow.png\n")
    (tmp_path / "x.data").write_text("labels=x.labels\ntrain=train.list\n")
    found = problems(lint_data(DataSource(tmp_path / "x.data"), check(tmp_path, CLASSIFIER)))
    assert [item.what.partition(":")[0] for item in found] == [
        "no label",
        "missing picture",
        "the number of labels differs from the number of outputs of the classifier",
    ]


def test_a_folder_of_classes_is_counted(tmp_path):
    for name in ("a", "b", "c"):
        picture(tmp_path / "root" / name / "1.png")
    findings = lint_data(DataSource(tmp_path / "root"), check(tmp_path, CLASSIFIER))
    assert problems(findings) == []
    assert findings[-1].what.endswith("root: 3 pictures")


def test_a_file_that_is_not_a_data_set_is_an_error(tmp_path):
    (tmp_path / "x.data").write_text("hello\n")
    assert "no lists of pictures" in str(problems(lint_data(DataSource(tmp_path / "x.data")))[0])

"""Checking data sets, by themselves and for a cfg."""

import re
from pathlib import Path

import numpy as np
import pytest

import darknet_torch.datasets
from darknet_torch.cfg.zoo import shipped
from darknet_torch.lint.cfg import lint_cfg
from darknet_torch.lint.data import KINDS, DataSource, lint_data
from darknet_torch.lint.finding import Severity
from tests.datasets.tiny_datasets import coco, darknet, picture, voc, voc_object
from tests.lint.test_cfg import CLASSIFIER, HEADS, NET

SOUND = ["0 .5 .5 .1 .2", "1 .5 .5 .5 .5\n0 .2 .2 .1 .1"]


def faults(findings):
    return [item for item in findings if item.severity is not Severity.NOTE]


def checked_cfg(folder, text=NET + HEADS):
    (folder / "x.cfg").write_text(text)
    return lint_cfg(folder / "x.cfg")


def test_every_kind_of_fault_has_a_severity_and_a_fix():
    folder = Path(darknet_torch.datasets.__file__).parent
    code = "".join(path.read_text() for path in folder.glob("*.py"))
    kinds = set(re.findall(r'(?:Problem|_add_problem)\(\s*"([a-z -]+)"', code))
    kinds |= set(re.findall(r'"([a-z ]+)": ', (folder / "check.py").read_text()))
    kinds |= {"several labels", "no label"}  # chosen between in one expression
    assert kinds == set(KINDS)
    assert all(fix for _, fix in KINDS.values())


def test_a_sound_data_set_is_counted(tmp_path):
    data = darknet(tmp_path, SOUND)
    with data.open("a") as file:
        file.write(f"valid=train.txt\nbackup={tmp_path}\n")
    findings = [item for item in lint_data(DataSource(data)) if "two splits" not in item.what]
    assert [str(item).partition(": ")[2] for item in findings] == [
        f"{data}: train: 2 pictures, 3 boxes",
        f"{data}: valid: 2 pictures, 3 boxes",
    ]


def test_what_a_data_file_lacks_is_noted(tmp_path):
    notes = [item.what for item in lint_data(DataSource(darknet(tmp_path, SOUND)))]
    assert notes[1:] == ["has no valid=", "Darknet itself needs a folder to save weights into"]


@pytest.mark.parametrize(
    ("line", "severity", "words"),
    [
        ("0 .5 .5 0 .1", Severity.ERROR, "zero size.*delete the line"),
        ("7 .5 .5 .1 .1", Severity.ERROR, "class id: box 1, class 7"),
        ("0 .5 .5 .1", Severity.ERROR, r"train0\.txt:1: bad line"),
        ("0 .9 .5 .4 .1", Severity.WARNING, "out of range.*cut the box"),
    ],
)
def test_faults_come_with_what_to_do(line, severity, words, tmp_path):
    (fault,) = faults(lint_data(DataSource(darknet(tmp_path, [line, *SOUND]))))
    assert fault.severity is severity
    assert re.search(words, str(fault))


def test_a_list_that_is_not_there_hides_no_other(tmp_path):
    data = darknet(tmp_path, ["0 .5 .5 0 .1", *SOUND])
    with data.open("a") as file:
        file.write("valid=none.txt\n")
    first, second = faults(lint_data(DataSource(data)))
    assert "none.txt: cannot be read" in str(first)
    assert "zero size" in second.what


def test_names_and_cfg_must_have_as_many_classes(tmp_path):
    data = darknet(tmp_path, SOUND)
    cfg = checked_cfg(tmp_path)
    assert faults(lint_data(DataSource(data), cfg)) == []
    text = (NET + HEADS).replace("classes=2", "classes=3").replace("filters=14", "filters=16")
    (fault,) = faults(lint_data(DataSource(data), checked_cfg(tmp_path, text)))
    assert "expected 3 classes, as the cfg has, got 2; make a cfg with dtorch new" in str(fault)


def test_classes_are_compared_though_nothing_else_can_be(tmp_path):
    cfg = checked_cfg(tmp_path, (NET + HEADS).replace("classes=2", "classes=5"))
    assert cfg.network is None
    data = darknet(tmp_path, SOUND)
    (tmp_path / "train.txt").unlink()
    unreadable, fault = faults(lint_data(DataSource(data), cfg))
    assert "train.txt: cannot be read" in str(unreadable)
    assert "expected 5 classes, as the cfg has, got 2" in str(fault)


def test_more_boxes_than_a_head_takes(tmp_path):
    data = darknet(tmp_path, SOUND)
    cfg = checked_cfg(tmp_path, NET + HEADS.replace("classes=2", "classes=2\nmax=1"))
    (fault,) = faults(lint_data(DataSource(data), cfg))
    assert re.search(r"train1\.txt: 2 boxes, of which Darknet trains on 1 at a time", str(fault))


def random_boxes(least, most):
    sizes = np.random.default_rng(0).uniform(least, most, (40, 2))
    return "\n".join(f"{i % 2} .5 .5 {w} {h}" for i, (w, h) in enumerate(sizes))


def test_how_well_anchors_fit(tmp_path):
    data = darknet(tmp_path, [random_boxes(0.6, 0.9)])
    good = (NET + HEADS).replace("1,2, 3,4, 50,60, 70,80", "40,42, 41,54, 53,43, 54,54")
    cfg = checked_cfg(tmp_path, good)
    fits = [item for item in lint_data(DataSource(data), cfg) if "average IoU" in item.what]
    assert [item.severity for item in fits] == [Severity.NOTE]
    text = (NET + HEADS).replace("1,2, 3,4, 50,60, 70,80", "1,2, 3,4, 4,5, 5,6")
    (fault,) = faults(lint_data(DataSource(data), checked_cfg(tmp_path, text)))
    assert fault.severity is Severity.WARNING
    assert fault.fix == f"run dtorch kmeans --cfg {tmp_path}/x.cfg --data {data} --write " + (
        f"{tmp_path}/x.cfg"
    )


def test_a_shipped_definition_is_not_to_be_written_into(tmp_path):
    boxes = "\n".join(f"{i} .5 .5 .{i + 10} .02" for i in range(20))
    data = darknet(tmp_path, [boxes])
    (tmp_path / "toy.names").write_text("".join(f"{i}\n" for i in range(20)))
    data.write_text(data.read_text().replace("classes=2", "classes=20"))
    (fault,) = faults(lint_data(DataSource(data), lint_cfg(shipped(".cfg")["yolov3-voc"])))
    assert fault.fix == f"run dtorch new yolov3-voc --data {data} --anchors auto"


def test_anchors_of_a_region_are_cells(tmp_path):
    region = "[convolutional]\nfilters=21\nstride=16\nactivation=linear\n[region]\n"
    region += "classes=2\nnum=3\nanchors=2.4,2.4, 3,3, 3.5,3.5\n"  # of 16 pixels: 38 to 56 of 64
    data = darknet(tmp_path, [random_boxes(0.6, 0.9)])
    findings = lint_data(DataSource(data), checked_cfg(tmp_path, NET + region))
    (fit,) = [item for item in findings if "average IoU" in item.what]
    assert float(re.search(r"IoU of ([\d.]+)%", fit.what)[1]) > 80
    assert fit.severity is Severity.NOTE


def test_other_forms(tmp_path):
    file = coco(tmp_path / "coco", [[(9, [1, 1, 50, 50]), (3, [1, 1, 60, 50])]])
    source = DataSource(file, images=tmp_path / "coco" / "images")
    assert faults(lint_data(source)) == []
    root = voc(tmp_path / "voc", [voc_object((10, 20, 50, 60)) + voc_object((1, 1, 9, 9), "dog")])
    assert faults(lint_data(DataSource(root), checked_cfg(tmp_path))) == []


def test_boxes_are_nothing_for_a_classifier(tmp_path):
    findings = lint_data(DataSource(darknet(tmp_path, SOUND)), checked_cfg(tmp_path, CLASSIFIER))
    assert "no detector, but the data set has boxes" in faults(findings)[0].what


def test_a_classifiers_data(tmp_path):
    picture(tmp_path / "cat1.png")
    (tmp_path / "x.labels").write_text("cat\ndog\n")
    (tmp_path / "train.list").write_text(f"{tmp_path}/cat1.png\n{tmp_path}/cow.png\n")
    (tmp_path / "x.data").write_text("labels=x.labels\ntrain=train.list\n")
    found = faults(lint_data(DataSource(tmp_path / "x.data"), checked_cfg(tmp_path, CLASSIFIER)))
    assert [item.what.partition(":")[0] for item in found] == [
        "no label",
        "missing picture",
        "the classifier has another number of outputs than there are labels",
    ]


def test_a_folder_of_classes(tmp_path):
    for name in ("a", "b", "c"):
        picture(tmp_path / "root" / name / "1.png")
    findings = lint_data(DataSource(tmp_path / "root"), checked_cfg(tmp_path, CLASSIFIER))
    assert faults(findings) == []
    assert findings[-1].what.endswith("root: 3 pictures")


def test_what_is_no_data_set(tmp_path):
    (tmp_path / "x.data").write_text("hello\n")
    assert "no lists of pictures" in str(faults(lint_data(DataSource(tmp_path / "x.data")))[0])

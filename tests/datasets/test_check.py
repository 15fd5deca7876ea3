import shutil
from collections import Counter
from pathlib import Path

import cv2
import pytest

from darknet_torch.datasets.check import find_problems
from darknet_torch.datasets.opening import open_splits
from tests.datasets.tiny_datasets import coco, darknet, picture, voc, voc_object

GOOD = ["0 .5 .5 .2 .2\n1 .3 .3 .2 .2\n", "1 .5 .5 1 1\n", ""]


def clean(root):
    darknet(root, GOOD)
    return darknet(root, GOOD, "valid")


def kinds(data, **options):
    return Counter(problem.kind for problem in find_problems(open_splits([data], **options)))


def test_a_clean_data_set_has_no_problems(tmp_path):
    assert find_problems(open_splits([clean(tmp_path)])) == []
    data = voc(tmp_path / "v", [voc_object((1, 1, 200, 100)) + voc_object((1, 1, 9, 9))])
    assert find_problems(open_splits([data])) == []
    data = coco(tmp_path / "c", [[(3, [0, 0, 200, 100]), (9, [1, 1, 5, 5])]])
    assert find_problems(open_splits([data], images=[tmp_path / "c/images"])) == []


def add_line(line):
    def plant(root):
        with (root / "train/train0.txt").open("a") as file:
            file.write(line)

    return plant


def edit(name, old, new):
    def plant(root):
        path = root / name
        path.write_text(path.read_text().replace(old, new))

    return plant


def list_again(root):
    with (root / "train.txt").open("a") as file:
        file.write(f"{root}/train/train0.png\n")


def copy_picture(source, target, split):
    def plant(root):
        shutil.copy(root / source, root / target)
        (root / target).with_suffix(".txt").touch()
        with (root / f"{split}.txt").open("a") as file:
            file.write(f"{root / target}\n")

    return plant


def save_again(root):
    """Write the same pixels in another file format."""
    image = cv2.imread(str(root / "train/train0.png"))
    cv2.imwrite(str(root / "valid/other.bmp"), image)
    (root / "valid/other.txt").touch()
    with (root / "valid.txt").open("a") as file:
        file.write(f"{root}/valid/other.bmp\n")


def save_as_jpeg(split, name="copy", quality=90):
    """Write a picture again, with the losses of JPEG."""

    def plant(root):
        image = cv2.imread(str(root / "train/train2.png"))
        path = root / split / f"{name}.jpg"
        cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        path.with_suffix(".txt").touch()
        with (root / f"{split}.txt").open("a") as file:
            file.write(f"{path}\n")

    return plant


def cut_off(root):
    path = root / "train/cut.jpg"
    picture(path, seed=99)
    path.write_bytes(path.read_bytes()[:-100])
    path.with_suffix(".txt").touch()
    with (root / "train.txt").open("a") as file:
        file.write(f"{path}\n")


def same_stem(root):
    picture(root / "train/train0.bmp", seed=98)
    with (root / "train.txt").open("a") as file:
        file.write(f"{root}/train/train0.bmp\n")


PLANTED = [
    ("missing picture", lambda root: (root / "train/train1.png").unlink()),
    ("unreadable picture", lambda root: (root / "train/train1.png").write_bytes(b"")),
    ("unreadable picture", lambda root: (root / "train/train1.png").write_bytes(b"no picture")),
    ("cut off", cut_off),
    ("duplicate picture", list_again),
    ("same content", copy_picture("train/train0.png", "train/again.png", "train")),
    ("in two splits", copy_picture("train/train0.png", "valid/again.png", "valid")),
    ("in two splits", save_again),
    ("near duplicate", save_as_jpeg("train")),
    ("near duplicate in two splits", save_as_jpeg("valid", quality=80)),
    ("no label file", lambda root: (root / "valid/valid1.txt").unlink()),
    ("labels without picture", lambda root: (root / "train/old.txt").write_text("0 .5 .5 .1 .1")),
    ("shared label file", same_stem),
    ("bad line", add_line("0 .5 .5 .1\n")),
    ("bad line", add_line("zero .5 .5 .1 .1\n")),
    ("bad line", add_line("0 nan .5 .1 .1\n")),
    ("class id", add_line("2 .5 .5 .1 .1\n")),
    ("class id", add_line("-1 .5 .5 .1 .1\n")),
    ("zero size", add_line("0 .5 .5 0 .1\n")),
    ("zero size", add_line("0 .5 .5 .1 -.1\n")),
    ("less than a pixel", add_line("0 .5 .5 .1 .009\n")),
    ("box outside", add_line("0 1.5 .5 .1 .1\n")),
    ("box outside", add_line("0 120 60 40 30\n")),
    ("box too large", add_line("0 .5 .5 1.5 .1\n")),
    ("out of range", add_line("0 .99 .5 .1 .1\n")),
    ("duplicate box", add_line("0 .5 .5 .2 .2\n")),
    ("number of classes", edit("toy.data", "classes=2", "classes=4")),
    ("class without boxes", edit("toy.names", "dog", "dog\nbird")),
    ("no names", edit("toy.data", "classes=2\nnames=toy.names\n", "")),
    ("duplicate name", edit("toy.names", "dog", "cat")),
    ("empty name", edit("toy.names", "cat", "")),
    ("no pictures", lambda root: (root / "valid.txt").write_text("")),
]


@pytest.mark.parametrize(
    ("kind", "plant"), PLANTED, ids=[f"{n} {kind}" for n, (kind, _) in enumerate(PLANTED)]
)
def test_each_planted_problem_is_reported_once_and_alone(tmp_path, kind, plant):
    data = clean(tmp_path)
    plant(tmp_path)
    found = kinds(data)
    # A third name also contradicts classes=2.
    also = {"number of classes": 1} if kind == "class without boxes" else {}
    assert found == {kind: 1, **also}


def test_all_planted_problems_are_found_together(tmp_path):
    """Plants all problems that do not hide another one."""
    data = clean(tmp_path)
    hidden = (
        "unreadable picture",
        "no pictures",
        "class without boxes",
        "duplicate name",
        "no names",
    )
    chosen = [item for item in PLANTED if item[0] not in hidden]
    assert len(chosen) > 20
    for _, plant in chosen:
        plant(tmp_path)
    assert set(kinds(data)) == {kind for kind, _ in chosen}


def test_a_missing_picture_is_not_also_said_to_lack_labels(tmp_path):
    data = clean(tmp_path)
    for suffix in ("png", "txt"):
        (tmp_path / f"train/train1.{suffix}").unlink()
    assert kinds(data) == {"missing picture": 1}


def test_a_problem_names_the_file_and_the_box(tmp_path):
    data = clean(tmp_path)
    add_line("7 .5 .5 .1 .1\n")(tmp_path)
    (problem,) = find_problems(open_splits([data]))
    assert problem.where == f"{tmp_path}/train/train0.txt:3"
    assert problem.got == "class 7, 0.5 0.5 0.1 0.1"
    assert str(problem).startswith(f"{problem.where}: the class does not exist")


def test_labels_of_unlisted_pictures_and_other_text_files_are_ignored(tmp_path):
    data = clean(tmp_path)
    picture(tmp_path / "train/unlisted.png", seed=99)
    (tmp_path / "train/unlisted.txt").write_text("0 .5 .5 .1 .1")
    (tmp_path / "train/notes.txt").write_text("nothing to see here")
    assert find_problems(open_splits([data])) == []


def test_problems_in_voc_are_reported(tmp_path):
    boxes = voc_object((5, 5, 5, 9)) + voc_object((-1, 5, 9, 9), "dog")
    assert kinds(voc(tmp_path, [boxes])) == {"zero size": 1, "out of range": 1}
    data = voc(tmp_path, [voc_object((1, 1, 9, 9))], size="<size><width>9</width></size>")
    assert kinds(data) == {}
    size = "<size><width>100</width><height>200</height></size>"
    assert kinds(voc(tmp_path, [voc_object((1, 1, 9, 9))], size=size)) == {"wrong size": 1}
    (data / "Annotations/train0.xml").unlink()
    assert kinds(data) == {"no label file": 1}
    (data / "Annotations/train0.xml").write_text("<annotation>")
    assert kinds(data) == {"unreadable labels": 1}


def test_problems_in_coco_are_reported(tmp_path):
    boxes = [(3, [0, 0, 201, 9]), (9, [5, 5, 0, 5]), (9, [1, 1, 9, 9]), (9, [1, 1, 9, 9])]
    found = kinds(coco(tmp_path, [boxes]), images=[tmp_path / "images"])
    assert found == {"out of range": 1, "zero size": 1, "duplicate box": 1}


def test_trainval_may_contain_the_pictures_of_train(tmp_path):
    data = voc(tmp_path, [voc_object((1, 1, 9, 9))])
    lists = data / "ImageSets/Main"
    shutil.copy(lists / "train.txt", lists / "trainval.txt")
    assert kinds(data) == {}
    shutil.copy(lists / "train.txt", lists / "val.txt")
    assert kinds(data) == {"in two splits": 1}


def test_a_folder_that_cannot_be_listed_does_not_end_the_check(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    data = clean(tmp_path)
    (tmp_path / "train/alone.txt").write_text("0 .5 .5 .2 .2\n")
    monkeypatch.setattr(Path, "iterdir", refuse)
    assert kinds(data) == Counter({"labels without picture": 1})


def test_trainval_may_not_contain_the_pictures_of_test(tmp_path):
    root = voc(tmp_path, [voc_object((1, 1, 99, 99)), voc_object((1, 1, 9, 9))], "test")
    shutil.copy(root / "ImageSets/Main/test.txt", root / "ImageSets/Main/trainval.txt")
    assert kinds(root) == Counter({"in two splits": 2})
    (root / "ImageSets/Main/trainval.txt").rename(root / "ImageSets/Main/all.txt")
    assert kinds(root) == Counter()


def listed(root, split, names):
    (root / f"{split}.txt").write_text("".join(f"{root}/train/{name}\n" for name in names))


def test_near_duplicates_name_both_files_and_both_splits(tmp_path):
    data = clean(tmp_path)
    save_as_jpeg("valid")(tmp_path)
    (problem,) = find_problems(open_splits([data]))
    assert str(problem) == (
        f"{tmp_path}/valid/copy.jpg: in valid, nearly the same picture as "
        f"{tmp_path}/train/train2.png in train; leave one out, or keep them together: "
        "dtorch dataset split"
    )
    assert not problem.is_note
    assert find_problems(open_splits([data]), near_duplicates=False) == []


def test_a_near_duplicate_in_a_union_of_splits_is_a_note(tmp_path):
    data = clean(tmp_path)
    save_as_jpeg("train")(tmp_path)
    data.write_text(data.read_text() + "trainval=trainval.txt\n")
    listed(tmp_path, "trainval", ["train0.png", "train1.png", "train2.png", "copy.jpg"])
    listed(tmp_path, "train", ["train0.png", "train1.png", "train2.png"])
    (problem,) = find_problems(open_splits([data]))
    assert problem.is_note
    assert "in trainval, nearly the same picture as" in problem.what


def test_many_near_duplicates_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("darknet_torch.datasets.duplicates._SHOWN", 1)
    data = clean(tmp_path)
    for quality in (95, 90, 85, 80):
        save_as_jpeg("valid", f"copy{quality}", quality)(tmp_path)
    named, counted = (p for p in find_problems(open_splits([data])) if "near" in p.kind)
    assert named.kind == counted.kind == "near duplicate in two splits"
    assert (counted.where, counted.what) == (
        f"{data} (train)",
        "3 more pictures are nearly the same as another one",
    )

from pathlib import Path

import pytest

from darknet_torch.datasets.classification import classes_in_path, open_classification
from darknet_torch.errors import UsageError
from tests.datasets.tiny_datasets import picture


def lists(tmp_path, pictures):
    (tmp_path / "labels.txt").write_text("n01\nn02\n")
    (tmp_path / "short.names").write_text("tench\ngoldfish\n")
    (tmp_path / "valid.txt").write_text("\n".join(pictures))
    data = tmp_path / "imagenet.data"
    data.write_text("classes=2\nlabels=labels.txt\nnames=short.names\nvalid=valid.txt\ntop=5\n")
    return data


def test_labels_are_searched_for_in_the_whole_path():
    assert classes_in_path("/imagenet/n02/n02_17.JPEG", ["n01", "n02"]) == [1]
    assert classes_in_path("/n01/n02_17.JPEG", ["n01", "n02"]) == [0, 1]


def test_darknet_lists_are_read(tmp_path):
    paths = ["/d/n02_a.jpg", "/d/n01_a.jpg", "/n01/n02_a.jpg", "/d/other.jpg"]
    found = open_classification(lists(tmp_path, paths), split="valid")
    assert found.class_ids == (1, 0, None, None)
    assert found.paths == tuple(Path(path) for path in paths)
    assert (found.labels, found.names) == (("n01", "n02"), ("tench", "goldfish"))
    assert [problem.kind for problem in found.problems] == ["several labels", "no label"]
    assert [str(problem) for problem in found.problems] == [
        "/n01/n02_a.jpg: several labels occur in its path: n01, n02",
        "/d/other.jpg: no label occurs in its path",
    ]


def test_labels_are_the_class_names_without_a_names_file(tmp_path):
    data = lists(tmp_path, ["/d/n01.jpg"])
    data.write_text(data.read_text().replace("names=short.names\n", ""))
    assert open_classification(data, split="valid").names == ("n01", "n02")


@pytest.mark.parametrize("split", [None, "train"])
def test_one_folder_per_class_is_read(tmp_path, split):
    for name in ("dog/b.png", "cat/deep/a.jpg", "dog/a.png"):
        picture(tmp_path / "train" / name)
    (tmp_path / "train/dog/notes.txt").touch()
    found = open_classification(tmp_path, split=split)
    assert found.names == found.labels == ("cat", "dog")
    assert found.class_ids == (0, 1, 1)
    assert [path.name for path in found.paths] == ["a.jpg", "a.png", "b.png"]


def test_class_folders_without_a_split_folder_are_read(tmp_path):
    picture(tmp_path / "cat/a.png")
    assert open_classification(tmp_path).names == ("cat",)
    with pytest.raises(UsageError, match="no such split: expected a folder val in it"):
        open_classification(tmp_path, split="val")


def test_a_path_that_is_not_a_classification_data_set_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="no classes: expected a folder for each class"):
        open_classification(tmp_path)
    (tmp_path / "a.data").write_text("train=train.txt\n")
    with pytest.raises(UsageError, match="has no labels=: expected labels=FILE"):
        open_classification(tmp_path / "a.data")

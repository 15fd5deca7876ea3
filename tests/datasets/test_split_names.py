"""Which names mean which split."""

from pathlib import Path

import pytest

from darknet_torch.datasets.split_names import (
    choose_split,
    group_by_split,
    in_order,
    same_split,
    split_word,
)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Train2017", "train"),
        ("training_set", "train"),
        ("instances_val2017", "val"),
        ("Valid", "valid"),
        ("validation", "validation"),
        ("test_labels", "test"),
        ("trains", None),
        ("contest", None),
        ("data", None),
        ("2017", None),
    ],
)
def test_names_of_splits(name, split):
    assert split_word(name) == split


def test_the_same_split_is_found_by_its_other_names():
    assert same_split("val", ["train", "validation"]) == "validation"
    assert same_split("valid", ["val", "valid"]) == "valid"
    assert same_split("train", ["all"]) == "all"
    assert same_split("train", ["default"]) == "default"  # of CVAT
    assert same_split("valid", ["all"]) == "valid"
    assert same_split("train", ["test"]) == same_split("train", ["a", "b"]) == "train"
    assert same_split("test", ["train"]) == "test"
    assert [choose_split(None, names) for names in (["x"], ["a", "b"])] == ["x", "train"]
    assert in_order(["x", "test", "val", "train"]) == ["train", "val", "test", "x"]


def test_files_are_grouped_by_the_folders_below_the_root():
    root = Path("train/d")
    paths = [root / name for name in ("a.png", "images/val2017/b.png", "train/test/c.png")]
    assert group_by_split(root, paths) == ({"train": paths[2:], "val": paths[1:2]}, paths[:1])
    assert group_by_split(root, paths[:1]) == ({"all": paths[:1]}, [])
    assert group_by_split(root, []) == ({}, [])

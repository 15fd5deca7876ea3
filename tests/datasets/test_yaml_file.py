"""YAML of others, and data.yaml with something wrong in it."""

import pytest

from darknet_torch.datasets import yaml_file
from darknet_torch.datasets.opening import list_splits, open_dataset, open_splits
from darknet_torch.datasets.yaml_file import read_yaml
from darknet_torch.errors import CfgNote, UsageError
from tests.datasets.forms.tiny_forms import picture, roboflow_yolo, text

BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcd", "bcde", strict=True)
)


@pytest.mark.parametrize(
    "content",
    [
        BOMB + "names: *e\ntrain: .\n",
        "a: &a {x: 1}\nb:\n  <<: [*a, *a]\n",
        "[" * 5000,
        "{a: " * 3000,
        "train: [unclosed\n",
        "train: a\n\ttab: b\n",
        "names: !!python/object/apply:os.system [ls]\nx: @\n",
        "\x00\x01",
        "x: " + "y" * 300_000,
    ],
)
def test_hostile_yaml_is_an_error(tmp_path, content):
    file = tmp_path / "data.yaml"
    file.write_text(content)
    with pytest.raises(UsageError, match=r"data\.yaml"):
        read_yaml(file)
    with pytest.raises(UsageError):
        open_dataset(file)


def test_words_and_numbers_stay_as_they_are_written(tmp_path):
    file = text(tmp_path / "x.yaml", "names: [no, 007, 1e3, 2020-01-01, null]\n")
    assert read_yaml(file) == {"names": ["no", "007", "1e3", "2020-01-01", "null"]}
    file.write_bytes("names: [é]\n".encode("utf-16"))
    assert read_yaml(file) == {"names": ["é"]}
    file.write_bytes("names: [é]\n".encode("latin-1"))
    assert read_yaml(file) == {"names": ["é"]}


@pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgNote")
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("train: ../train/images", "train: ../gone/images", "train does not exist.*gone/images"),
        ("train: ../train/images", "train: {a: b}", "train is not a text"),
        ("train: ../train/images", "train: [[a]]", "train is not a list of texts"),
        ("['cat', 'dog']", "cat", "names is no list of class names"),
        ("['cat', 'dog']", "{0: cat, 2: dog}", "keys from 0, without gaps, got 0, 2"),
        ("['cat', 'dog']", "[[cat], dog]", "names is no list of class names"),
        ("nc: 2", "nc: two", "nc is no number of classes"),
        ("nc: 2", "nc: 99999999999999999999", "nc is no number of classes"),
    ],
)
def test_a_value_of_another_kind_is_an_error(tmp_path, old, new, words):
    roboflow_yolo(tmp_path)
    file = tmp_path / "data.yaml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(UsageError, match=words):
        open_dataset(file, split="train")


def test_a_missing_test_set_is_left_out_and_others_are_not(tmp_path):
    roboflow_yolo(tmp_path)
    with pytest.warns(CfgNote, match="test names a folder or list that does not exist"):
        assert list_splits(tmp_path) == ["train", "val"]
    file = tmp_path / "data.yaml"
    file.write_text(file.read_text().replace("../valid/", "../gone/"))
    with pytest.warns(CfgNote), pytest.raises(UsageError, match="val does not exist"):
        open_splits([file])


def test_several_yaml_files_are_listed(tmp_path):
    roboflow_yolo(tmp_path)
    text(tmp_path / "hyp.yaml", "lr0: 0.01\n")  # no data set
    text(tmp_path / "other.yml", "train: train/images\nnames: [a]\n")
    with pytest.raises(UsageError, match=r"several YAML files.*got .*data\.yaml, .*other\.yml"):
        list_splits(tmp_path)


def test_names_may_lie_beside_or_be_numbers(tmp_path):
    roboflow_yolo(tmp_path)
    file = text(tmp_path / "data.yaml", "train: train/images\n")
    data = open_dataset(file)
    assert data.names == ("class 0",)
    assert [problem.kind for problem in data.problems] == ["unnamed classes"]
    text(tmp_path / "classes.txt", "cat\ndog\n")
    assert open_dataset(file).names == ("cat", "dog")
    file.write_text("train: train/images\nnc: 3\nnames: [a, b]\n")
    assert [problem.kind for problem in open_dataset(file).problems] == ["number of classes"]


def test_key_points_are_no_outline(tmp_path):
    picture(tmp_path / "images/a.png")
    text(tmp_path / "labels/a.txt", "0 .2 .5 .2 .5 .1 .1 .9 .9\n")
    file = text(tmp_path / "data.yaml", "train: images\nkpt_shape: [2, 2]\nnames: [cat]\n")
    data = open_dataset(file)
    assert data.examples[0].labels.boxes.tolist() == [[0.2, 0.5, 0.2, 0.5]]
    assert "1 labels have key points" in str(data.problems[0])


def test_a_file_is_parsed_once_until_it_changes(tmp_path, monkeypatch):
    """Names of 60,000 classes, in 120 kB, take a second each time."""
    parsed, load = [], yaml_file.yaml.load
    monkeypatch.setattr(yaml_file.yaml, "load", lambda *given: parsed.append(1) or load(*given))
    yaml_file._load.cache_clear()
    picture(tmp_path / "images" / "a.png")
    file = text(tmp_path / "data.yaml", "train: images\nnames: [a]\n")
    for _ in range(3):
        assert open_dataset(file).names == ("a",)
    assert len(parsed) == 1
    file.write_text("train: images\nnames: [b]\n")
    assert open_dataset(file).names == ("b",)

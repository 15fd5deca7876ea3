import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.datasets.opening import open_dataset, open_splits
from darknet_torch.datasets.split import split_examples
from darknet_torch.datasets.write_parts import default_parts_folder, write_parts
from darknet_torch.errors import UsageError
from tests.datasets.tiny_datasets import coco, darknet, voc, voc_object

PARTS = {"train": 0.8, "valid": 0.2}


def examples(count):
    """Class 0 is in every picture that has any, class 1 in a fifth, class 2 in a tenth."""
    found = []
    for index in range(count):
        ids = [] if index % 20 == 7 else [0]
        ids += [1] if index % 5 == 0 else []
        ids += [2] if index % 10 == 1 else []
        labels = Labels.from_arrays(ids, np.full((len(ids), 4), 0.5))
        found.append(Example(Path(f"{index}.png"), labels))
    return found


def test_every_picture_goes_into_one_part_and_each_class_in_proportion():
    items = examples(1000)
    parts = split_examples(items, PARTS, seed=0)
    assert {name: len(found) for name, found in parts.items()} == {"train": 800, "valid": 200}
    paths = [item.path for found in parts.values() for item in found]
    assert sorted(paths) == sorted(item.path for item in items)
    counts = Counter(key for item in parts["valid"] for key in item.labels.class_ids.tolist())
    assert counts[1] == 40  # a fifth of 200
    assert counts[2] == 20  # of 100
    assert sum(not len(item.labels) for item in parts["valid"]) == 10  # of 50


def test_the_seed_decides():
    def dealt(seed):
        return [item.path for item in split_examples(examples(100), PARTS, seed=seed)["valid"]]

    assert dealt(1) == dealt(1)
    assert dealt(1) != dealt(2)


def test_a_picture_that_stands_twice_is_dealt_once():
    parts = split_examples(examples(10) * 2, {"a": 1, "b": 1}, seed=0)
    assert {name: len(found) for name, found in parts.items()} == {"a": 5, "b": 5}


def parts_of(source, images=()):
    splits = open_splits([source], images=images)
    (data,) = splits.values()
    return split_examples(data.examples, {"train": 1, "val": 1}, seed=0), data.names


def test_parts_of_a_darknet_set_keep_labels_and_names(tmp_path):
    source = darknet(tmp_path, ["0 .5 .5 .1 .1", "1 .5 .5 .1 .1", "", "1 .2 .2 .1 .1"])
    parts, names = parts_of(source)
    write_parts(parts, source, names, tmp_path / "out")
    found = open_splits([tmp_path / "out/dataset.data"])
    assert list(found) == ["train", "val"]
    for name, data in found.items():
        assert data.names == ("cat", "dog")
        assert [item.path for item in data.examples] == [item.path for item in parts[name]]
        assert [len(item.labels) for item in data.examples] == [
            len(item.labels) for item in parts[name]
        ]
    with pytest.raises(UsageError, match=r"train\.txt: is there already"):
        write_parts(parts, source, names, tmp_path / "out")


def test_parts_of_a_coco_file_keep_all_that_it_says(tmp_path):
    source = coco(tmp_path, [[(3, [1, 2, 3, 4])], [(9, [5, 6, 7, 8])]], info={"year": 2017})
    content = json.loads(source.read_text())
    content["annotations"][1]["segmentation"] = [[1, 2, 3]]
    source.write_text(json.dumps(content))
    parts, names = parts_of(source)
    write_parts(parts, source, names, tmp_path / "out")
    new = [json.loads(path.read_text()) for path in sorted((tmp_path / "out").iterdir())]
    assert [part["info"] for part in new] == [{"year": 2017}] * 2
    for key in ("images", "annotations"):
        together = sorted((item for part in new for item in part[key]), key=lambda i: i["id"])
        assert together == content[key]
    assert all(part["annotations"][0]["image_id"] == part["images"][0]["id"] for part in new)


def test_parts_of_a_voc_root_are_lists_for_it(tmp_path):
    source = voc(tmp_path, [voc_object((1, 1, 9, 9)), ""], "all")
    parts, names = parts_of(source)
    write_parts(parts, source, names, default_parts_folder(source))
    found = [open_dataset(source, split=name).examples[0].path.stem for name in ("train", "val")]
    assert sorted(found) == ["all0", "all1"]


def test_only_voc_has_a_usual_folder(tmp_path):
    assert default_parts_folder(darknet(tmp_path, [""])) is None

import json

import pytest

from darknet_torch.datasets.opening import open_dataset, open_splits
from darknet_torch.datasets.split import split_examples
from darknet_torch.datasets.write_parts import default_parts_folder, write_parts
from darknet_torch.errors import UsageError
from tests.datasets.tiny_datasets import coco, darknet, voc, voc_object


def parts_of(source, images=()):
    splits = open_splits([source], images=images)
    (data,) = splits.values()
    return split_examples(data.examples, {"train": 1, "val": 1}, seed=0), data.names


def test_parts_of_a_darknet_data_set_keep_labels_and_names(tmp_path):
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
    with pytest.raises(UsageError, match=r"train\.txt: already exists"):
        write_parts(parts, source, names, tmp_path / "out")


def test_parts_of_a_coco_file_keep_all_its_content(tmp_path):
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


def test_parts_of_a_voc_root_are_lists_in_it(tmp_path):
    source = voc(tmp_path, [voc_object((1, 1, 9, 9)), ""], "all")
    parts, names = parts_of(source)
    write_parts(parts, source, names, default_parts_folder(source))
    found = [open_dataset(source, split=name).examples[0].path.stem for name in ("train", "val")]
    assert sorted(found) == ["all0", "all1"]


def test_only_voc_has_a_default_folder_for_parts(tmp_path):
    assert default_parts_folder(darknet(tmp_path, [""])) is None

import json

from darknet_torch.datasets.convert import convert
from darknet_torch.datasets.opening import open_splits
from tests.datasets.tiny_datasets import coco


def test_coco_ids_are_kept(tmp_path):
    file = coco(tmp_path, [[(9, [1, 2, 3, 4])], []])
    content = json.loads(file.read_text())
    for record in content["images"] + content["annotations"]:
        for key in {"image_id", "id"} & set(record):
            record[key] += 100
    file.write_text(json.dumps(content))
    convert(open_splits([file], images=[tmp_path / "images"]), "coco", tmp_path / "out")
    new = json.loads((tmp_path / "out/annotations/instances_train.json").read_text())
    assert [image["id"] for image in new["images"]] == [101, 102]
    assert [item["id"] for item in new["categories"]] == [3, 9]
    (item,) = new["annotations"]
    assert item == {
        "id": 1,
        "image_id": 101,
        "category_id": 9,
        "bbox": [1, 2, 3, 4],
        "area": 12,
        "iscrowd": 0,
    }

import numpy as np
import pytest

from darknet_torch.datasets.opening import open_dataset
from darknet_torch.errors import UsageError
from tests.datasets.tiny_datasets import coco

BOX = [10, 20, 30, 40]


def test_classes_are_in_the_order_of_the_category_ids(tmp_path):
    found = open_dataset(coco(tmp_path, [[(9, BOX)]]))
    assert (found.names, found.category_ids) == (("cat", "dog"), (3, 9))
    assert list(found.examples[0].labels.class_ids) == [1]


def test_file_names_are_relative_to_the_folder_given(tmp_path):
    file = coco(tmp_path, [[]])
    (tmp_path / "images").rename(tmp_path / "elsewhere")
    assert not open_dataset(file).examples[0].path.exists()
    assert open_dataset(file, images=tmp_path / "elsewhere").examples[0].path.is_file()


def test_crowds_are_difficult(tmp_path):
    items = [{"id": n, "image_id": 1, "category_id": 3, "bbox": BOX, "iscrowd": n} for n in (0, 1)]
    found = open_dataset(coco(tmp_path, [[]], annotations=items))
    assert list(found.examples[0].labels.difficult) == [False, True]


def test_a_picture_without_annotations_has_no_objects(tmp_path):
    (example,) = open_dataset(coco(tmp_path, [[]])).examples
    assert len(example.labels) == 0


def test_a_missing_size_is_measured_from_the_picture(tmp_path):
    images = [{"id": 1, "file_name": "train0.png"}]
    file = coco(tmp_path, [[(3, BOX)]], images=images)
    (example,) = open_dataset(file, images=tmp_path / "images").examples
    assert example.size is None
    np.testing.assert_allclose(example.labels.boxes, [[25 / 200, 40 / 100, 30 / 200, 40 / 100]])
    (tmp_path / "images").rename(tmp_path / "elsewhere")
    (problem,) = open_dataset(file).problems
    assert problem.kind == "no size"


def test_faulty_annotations_are_reported_and_the_rest_is_read(tmp_path):
    good = {"id": 1, "image_id": 1, "category_id": 3, "bbox": BOX}
    wrong = [
        ("unknown image", {"image_id": 7}),
        ("unknown image", {"image_id": [1]}),
        ("unknown class", {"category_id": 4}),
        ("unknown class", {"category_id": None}),
        ("bad box", {"bbox": [1, 2, 3]}),
        ("bad box", {"bbox": [1, 2, 3, float("nan")]}),
        ("bad box", {"bbox": None}),
        ("bad box", {"bbox": [1, 2, 3, 10**400]}),
    ]
    file = coco(tmp_path, [[]], annotations=[good, *({**good, **change} for _, change in wrong)])
    found = open_dataset(file)
    assert sorted(problem.kind for problem in found.problems) == sorted(kind for kind, _ in wrong)
    assert len(found.examples[0].labels) == 1


def test_duplicate_ids_are_reported(tmp_path):
    images = [{"id": 1, "file_name": "a.png"}, {"id": 1, "file_name": "b.png"}, {"id": 2}]
    categories = [{"id": 3, "name": "cat"}, {"id": 3, "name": "dog"}]
    found = open_dataset(coco(tmp_path, [[]], images=images, categories=categories))
    assert [example.path.name for example in found.examples] == ["a.png"]
    assert sorted(problem.kind for problem in found.problems) == [
        "bad image",
        "duplicate category",
        "duplicate image id",
    ]


def test_names_that_are_not_categories_are_an_error(tmp_path):
    with pytest.raises(
        UsageError,
        match="do not match the categories: expected names from dog, cat, got bird",
    ):
        open_dataset(coco(tmp_path, [[]]), names=["cat", "bird"])


def test_a_category_without_an_id_is_left_out(tmp_path):
    categories = [{"name": "cat"}, {"id": 2, "name": "dog"}]
    found = open_dataset(coco(tmp_path, [[]], categories=categories))
    assert (found.names, found.category_ids) == (("dog",), (2,))
    (problem,) = found.problems
    assert (problem.kind, problem.got) == ("bad category", "None")

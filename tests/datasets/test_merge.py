"""Several data sets become one."""

import numpy as np
import pytest

from darknet_torch.datasets.convert import convert
from darknet_torch.datasets.merge import merge_data_sets
from darknet_torch.datasets.opening import open_splits
from darknet_torch.errors import UsageError
from tests.datasets.tiny_datasets import coco, darknet, voc, voc_object

CAT, DOG = voc_object((10, 20, 50, 60)), voc_object((1, 1, 200, 100), "dog", difficult=1)


def voc_sets(tmp_path):
    """Two VOC roots with pictures of the same names, as VOC2007 and VOC2012 might have."""
    one, two = tmp_path / "VOC2007", tmp_path / "VOC2012"
    voc(one, [CAT + DOG, ""], "train")
    voc(one, [DOG], "test")
    voc(two, [voc_object((5, 5, 9, 9), "bird") + CAT], "train")
    for path in (two / "JPEGImages").iterdir():  # other pictures
        path.write_bytes((one / "JPEGImages/test0.png").read_bytes()[:-4] + b"abcd")
    return open_splits([one]), open_splits([two])


def by_class(data):
    return [[data.names[key] for key in item.labels.class_ids] for item in data.examples]


def test_classes_are_joined_by_name_and_splits_too(tmp_path):
    merged, problems = merge_data_sets(voc_sets(tmp_path))
    assert problems == []
    assert {name: data.names for name, data in merged.items()} == dict.fromkeys(
        ("test", "train"), ("cat", "dog", "bird")
    )
    assert by_class(merged["train"]) == [["cat", "dog"], [], ["bird", "cat"]]
    assert by_class(merged["test"]) == [["dog"]]
    assert merged["train"].examples[0].labels.difficult.tolist() == [False, True]


@pytest.mark.parametrize("whole", ["all", "default"])
def test_a_data_set_without_splits_goes_into_train(tmp_path, whole):
    one, two = voc_sets(tmp_path)
    merged, (note,) = merge_data_sets([one, {whole: two["train"]}])
    assert {name: len(data.examples) for name, data in merged.items()} == {"train": 3, "test": 1}
    assert "VOC2012 (train): has no splits; its pictures are put into train" in str(note)
    alone, problems = merge_data_sets([{whole: one["train"]}, {whole: two["train"]}])
    assert (list(alone), problems) == ([whole], [])


@pytest.mark.parametrize("form", ["darknet", "coco", "voc"])
def test_every_box_is_in_the_new_data_set(tmp_path, form):
    merged, _ = merge_data_sets(voc_sets(tmp_path))
    out = tmp_path / "out"
    done = convert(merged, form, out)
    assert done.counts == {"test": (1, 1), "train": (3, 4)}
    data = {"darknet": [out / "dataset.data"], "voc": [out]}.get(
        form, sorted((out / "annotations").glob("*.json")) if form == "coco" else None
    )
    found = open_splits(data)
    assert found["train"].names == ("cat", "dog", "bird")
    assert len({item.path.stem for item in found["train"].examples}) == 3
    for before, after in zip(merged["train"].examples, found["train"].examples, strict=True):
        assert after.path.read_bytes() == before.path.read_bytes()
        np.testing.assert_allclose(
            sorted(after.labels.boxes.tolist()), sorted(before.labels.boxes.tolist()), atol=1e-4
        )


def toy(folder, labels, names="cat dog", split="train"):
    """A Darknet data set with these class names."""
    data = darknet(folder, labels, split)
    data.write_text(data.read_text().replace("classes=2", f"classes={len(names.split())}"))
    (folder / "toy.names").write_text("".join(f"{name}\n" for name in names.split()))
    return data


def other_pictures(folder, split="train"):
    """Make the pictures of a data set differ from those of others with the same names."""
    for path in (folder / split).glob("*.png"):
        path.write_bytes(path.read_bytes() + str(folder).encode())


def two_toys(tmp_path, one="cat dog", two="dog cat"):
    data = [
        toy(tmp_path / "one", ["0 .5 .5 .1 .1\n1 .5 .5 .2 .2"], one),
        toy(tmp_path / "two", ["0 .5 .5 .3 .3\n1 .5 .5 .4 .4"], two),
    ]
    other_pictures(tmp_path / "two")
    return [open_splits([path]) for path in data]


def test_the_same_names_in_another_order_are_the_same_classes(tmp_path):
    merged, problems = merge_data_sets(two_toys(tmp_path))
    assert problems == []
    assert merged["train"].names == ("cat", "dog")
    assert by_class(merged["train"]) == [["cat", "dog"], ["dog", "cat"]]


def test_names_that_differ_in_case_or_blanks_are_other_classes_with_a_note(tmp_path):
    merged, (note,) = merge_data_sets(two_toys(tmp_path, "cat hot_dog", "Hot-Dog cat"))
    assert merged["train"].names == ("cat", "hot_dog", "Hot-Dog")
    assert note.is_note
    assert str(note) == (
        "'Hot-Dog': differs from 'hot_dog' in case or blanks alone, and is another class; "
        'if they are the same, --rename "Hot-Dog=hot_dog"'
    )
    renamed, problems = merge_data_sets(
        two_toys(tmp_path / "b", "cat hot_dog", "Hot-Dog cat"), renamed={"Hot-Dog": "hot_dog"}
    )
    assert problems == []
    assert by_class(renamed["train"]) == [["cat", "hot_dog"], ["hot_dog", "cat"]]


def test_an_old_name_that_no_set_has_is_an_error(tmp_path):
    with pytest.raises(UsageError, match=r"expected one of cat, dog, got 'Dog'; correct the name"):
        merge_data_sets(two_toys(tmp_path), renamed={"Dog": "dog"})


def test_given_names_fix_the_order_and_leave_others_out(tmp_path):
    sets = two_toys(tmp_path, "cat dog", "bird cat")
    merged, problems = merge_data_sets(sets, names=["bird", "fish", "cat"])
    assert merged["train"].names == ("bird", "fish", "cat")
    assert by_class(merged["train"]) == [["cat"], ["bird", "cat"]]
    assert [str(problem) for problem in problems] == [
        "'fish': no data set has a class of this name"
    ]
    (left_out,) = merged["train"].problems
    assert left_out.is_note
    assert "1 boxes of 'dog' are left out" in left_out.what


def test_a_set_without_names_is_refused(tmp_path):
    sets = two_toys(tmp_path)
    (tmp_path / "two/toy.data").write_text(f"classes=2\ntrain={tmp_path}/two/train.txt\n")
    with pytest.raises(UsageError, match=r"two/toy\.data.*no names.*write names=FILE"):
        merge_data_sets([sets[0], open_splits([tmp_path / "two/toy.data"])])


def test_a_box_of_a_class_that_does_not_exist_gets_no_other_class(tmp_path):
    sets = two_toys(tmp_path, "cat dog bird", "dog cat")
    (tmp_path / "two/train/train0.txt").write_text(
        "0 .5 .5 .1 .1\n2 .5 .5 .1 .1\n-1 .5 .5 .1 .1\n"
    )
    merged, _ = merge_data_sets([sets[0], open_splits([tmp_path / "two/toy.data"])])
    assert by_class(merged["train"])[1] == ["dog"]
    assert [(problem.kind, problem.where) for problem in merged["train"].problems] == [
        ("class id", f"{tmp_path}/two/train/train0.txt:{line}") for line in (2, 3)
    ]


def test_val_and_valid_are_one_split(tmp_path):
    one = voc(tmp_path / "one", [CAT], "val")
    two = toy(tmp_path / "two", [""], split="valid")
    merged, _ = merge_data_sets([open_splits([one]), open_splits([two])])
    assert {name: len(data.examples) for name, data in merged.items()} == {"val": 2}


def duplicates(tmp_path, split="train"):
    """Two sets whose first pictures are equal; the second labels another object in it."""
    one = toy(tmp_path / "one", ["0 .5 .5 .1 .1", ""])
    first = tmp_path / "one/train/train0.png"
    labels = ["1 .2 .2 .1 .1\n0 .5 .5 .1 .1", "1 .5 .5 .1 .1"]
    two = toy(tmp_path / "two", labels, split=split)
    other_pictures(tmp_path / "two", split)
    (tmp_path / f"two/{split}/{split}0.png").write_bytes(first.read_bytes())
    return open_splits([one]), open_splits([two])


def test_equal_pictures_are_kept_with_a_note(tmp_path):
    merged, (note,) = merge_data_sets(duplicates(tmp_path))
    assert len(merged["train"].examples) == 4
    assert (note.kind, note.is_note) == ("same content", True)
    assert note.where == str(tmp_path / "two/train/train0.png")


def test_equal_pictures_become_one_with_all_boxes_on_request(tmp_path):
    merged, (note,) = merge_data_sets(duplicates(tmp_path), drop_duplicates=True)
    assert by_class(merged["train"]) == [["cat", "dog"], [], ["dog"]]
    assert note.what.startswith(f"equal to {tmp_path}/one/train/train0.png, which is kept")


def test_equal_pictures_in_two_splits_are_a_problem_unless_one_is_dropped(tmp_path):
    merged, (leak,) = merge_data_sets(duplicates(tmp_path, "valid"))
    assert (leak.kind, leak.is_note) == ("in two splits", False)
    assert leak.fix == "leave one of them out with --drop-duplicates"
    assert len(merged["valid"].examples) == 2
    merged, notes = merge_data_sets(duplicates(tmp_path / "b", "valid"), drop_duplicates=True)
    assert [note.is_note for note in notes] == [True]
    assert by_class(merged["train"]) == [["cat", "dog"], []]
    assert by_class(merged["valid"]) == [["dog"]]


def test_two_label_files_of_the_same_pictures_are_joined(tmp_path):
    files = [
        coco(tmp_path, [[(3, [1, 2, 30, 40])], []], "a"),
        coco(tmp_path, [[(9, [5, 6, 70, 80]), (3, [1, 2, 30, 40])], []], "a"),
    ]
    assert files[0] == files[1]
    again = tmp_path / "b.json"
    again.write_text(files[0].read_text())
    coco(tmp_path, [[(3, [1, 2, 30, 40])], []], "a")
    sets = [open_splits([path], images=[tmp_path / "images"]) for path in (files[0], again)]
    merged, notes = merge_data_sets([sets[0], {"a": sets[1]["b"]}])
    assert by_class(merged["a"]) == [["cat", "dog"], []]
    assert [note.kind for note in notes] == ["in several sets"] * 2


def test_one_picture_in_two_splits_is_a_problem_unless_it_is_dropped(tmp_path):
    data = toy(tmp_path, ["0 .5 .5 .1 .1", ""])
    sets = [open_splits([data]), {"valid": open_splits([data])["train"]}]
    _, problems = merge_data_sets(sets)
    kinds = [problem.kind for problem in problems]
    assert kinds == ["in several sets"] * 2 + ["in two splits"] * 2
    merged, notes = merge_data_sets(sets, drop_duplicates=True)
    assert [problem.kind for problem in notes] == ["in several sets"] * 2
    assert by_class(merged["train"]) == [["cat"], []]
    assert by_class(merged["valid"]) == []


def test_lists_of_one_set_may_overlap(tmp_path):
    root = voc(tmp_path / "voc", [CAT], "train")
    other_pictures(root, "JPEGImages")
    lists = root / "ImageSets/Main"
    (lists / "first.txt").write_text((lists / "train.txt").read_text())
    merged, problems = merge_data_sets([open_splits([root]), *two_toys(tmp_path)])
    assert problems == []
    assert {name: len(data.examples) for name, data in merged.items()} == {"first": 1, "train": 3}


def test_pictures_that_are_missing_are_reported_by_the_conversion(tmp_path):
    sets = two_toys(tmp_path)
    (tmp_path / "two/train/train0.png").unlink()
    merged, problems = merge_data_sets(sets)
    assert problems == []
    done = convert(merged, "darknet", tmp_path / "out")
    assert [problem.kind for problem in done.problems] == ["missing picture"]

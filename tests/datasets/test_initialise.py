"""Lists, names and .data of pictures that stay where they are."""

import pytest

from darknet_torch.datasets import to_darknet
from darknet_torch.datasets.initialise import initialise
from darknet_torch.datasets.opening import open_dataset, open_splits
from darknet_torch.errors import UsageError
from tests.datasets.forms.test_forms import check_boxes
from tests.datasets.forms.tiny_forms import (
    CAT,
    TINY,
    cvat_yolo,
    flat,
    labelimg_xml,
    labelled,
    lists_beside,
    outlines,
    picture,
    text,
    voc_without_lists,
    write,
)

pytestmark = pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgNote")
CANNOT = (cvat_yolo, lists_beside, outlines)
FORMS = [pytest.param(make, names, id=make.__name__) for make, (_, names) in TINY.items()]


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("make", "names"), FORMS)
def test_every_form_becomes_a_darknet_data_set(tmp_path, make, names):
    folder = write(make, tmp_path)
    before = files(folder)
    if make in CANNOT:
        with pytest.raises(
            UsageError, match=r"is a Darknet data set already|replaced|other labels"
        ):
            initialise(open_splits([folder]), folder)
        assert files(folder) == before
        return
    done = initialise(open_splits([folder]), folder)
    assert before.items() <= files(folder).items()
    assert (done.names, done.boxes) == (("cat", "dog"), (2, 1))
    assert (done.seed is None) == (names != ["all"])
    data = folder / "dataset.data"
    assert done.data_file in (data, data.parent / "annotations/dataset.data")
    assert "\nbackup=" not in data.read_text()
    splits = open_splits([folder])  # which is that .data file now
    assert list(splits) == ["train", "valid"]
    check_boxes(
        {name: splits[name] for name in sorted(splits, key=lambda x: first_name(splits[x]))}
    )
    assert all(not data_set.problems for data_set in splits.values())


def first_name(data_set):
    return data_set.examples[0].path.name.lower()


def test_the_split_follows_the_share_and_the_seed(tmp_path):
    for index in range(10):
        picture(tmp_path / f"d/{index}.png")
        text(tmp_path / f"d/{index}.txt", f"{CAT}\n")

    def valid(seed, share=0.3):
        out = tmp_path / f"out{seed}{share}{len(list(tmp_path.iterdir()))}"
        initialise(open_splits([tmp_path / "d"]), tmp_path / "d", out, valid=share, seed=seed)
        return (out / "valid.txt").read_text() if share else sorted(x.name for x in out.iterdir())

    assert valid(1).count("\n") == 3
    assert valid(1) == valid(1) != valid(2)
    assert valid(1, 0.0) == ["dataset.data", "dataset.names", "train.txt"]


def test_a_single_list_that_is_not_called_after_its_use_is_dealt_out(tmp_path):
    voc_without_lists(tmp_path)  # CVAT's export has such a list
    text(tmp_path / "ImageSets/Main/default.txt", "a\nb\n")
    done = initialise(open_splits([tmp_path]), tmp_path)
    assert {name: len(items) for name, items in done.splits.items()} == {"train": 1, "valid": 1}
    assert done.seed == 0


def test_a_second_data_set_goes_to_another_folder(tmp_path):
    cvat_yolo(tmp_path / "d")
    initialise(open_splits([tmp_path / "d"]), tmp_path / "d", tmp_path / "out")
    check_boxes(open_splits([tmp_path / "out"]))
    with pytest.raises(UsageError, match=r"would be replaced.*got dataset\.data, dataset\.names"):
        flat(tmp_path / "e")
        initialise(open_splits([tmp_path / "e"]), tmp_path / "e", tmp_path / "out")
    with pytest.raises(UsageError, match="has this split already"):
        initialise(open_splits([tmp_path / "d"]), tmp_path / "d", tmp_path / "x", valid=0.5)


def test_labels_that_exist_are_never_replaced(tmp_path):
    labelimg_xml(tmp_path)
    text(tmp_path / "notes.txt", "mine")
    splits = open_splits([tmp_path])
    text(tmp_path / "b.txt", "mine")
    before = files(tmp_path)
    with pytest.raises(UsageError, match=r"b\.txt: other labels are where") as raised:
        initialise(splits, tmp_path)
    assert "dtorch dataset convert" in raised.value.fix
    assert files(tmp_path) == before


def test_nothing_is_left_where_writing_fails(tmp_path, monkeypatch):
    """The lists are written first, so that they make the run after a killed one refuse."""
    labelimg_xml(tmp_path)
    before, splits = files(tmp_path), open_splits([tmp_path])
    order = []

    def write_most(path, content):
        order.append(path.name)
        if path.name == "dataset.data":
            raise UsageError("no space left on device")
        path.write_text(content)

    monkeypatch.setattr(to_darknet, "write_new_file", write_most)
    with pytest.raises(UsageError, match="no space left"):
        initialise(splits, tmp_path)
    assert files(tmp_path) == before
    assert set(order[:3]) == {"train.txt", "valid.txt", "dataset.names"}
    assert len(order) > 4
    assert order[-1] == "dataset.data"


def test_labels_in_a_folder_of_their_own_are_written_where_darknet_looks(tmp_path):
    labelled(tmp_path / "p/a.png", tmp_path / "p/b.png", tmp_path / "labels/a.txt")
    text(tmp_path / "classes.txt", "cat\ndog\n")
    done = initialise(open_splits([tmp_path]), tmp_path)
    assert [path.name for path in done.labels_written] == ["a.txt"]
    assert (tmp_path / "p/a.txt").read_text().startswith("0 0.2")
    assert open_dataset(tmp_path / "dataset.data").names == ("cat", "dog")

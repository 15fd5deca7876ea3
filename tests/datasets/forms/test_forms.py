"""Each form is recognised and read."""

import warnings

import numpy as np
import pytest

from darknet_torch.datasets.classification import is_classification
from darknet_torch.datasets.file_list import all_files
from darknet_torch.datasets.opening import dataset_format, list_splits, open_dataset, open_splits
from darknet_torch.errors import CfgNote, UsageError
from tests.datasets.forms.tiny_forms import NAMES, TINY, picture, text, write

pytestmark = pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgNote")
FORMS = [pytest.param(make, *expected, id=make.__name__) for make, expected in TINY.items()]


def check_boxes(splits):
    """Whether the boxes of `tiny_forms` were read."""
    first, second = [item for data in splits.values() for item in data.examples]
    assert (first.path.stem.lower(), second.path.is_file()) == ("a", True)
    assert first.path.is_file()
    np.testing.assert_allclose(first.labels.boxes, [[0.2, 0.5, 0.2, 0.5]])
    np.testing.assert_allclose(second.labels.boxes, [[0.2, 0.5, 0.2, 0.5], [0.5, 0.5, 1, 1]])
    assert [list(item.labels.class_ids) for item in (first, second)] == [[0], [0, 1]]


@pytest.mark.parametrize(("make", "key", "names"), FORMS)
def test_a_folder_is_recognised_and_read(tmp_path, make, key, names):
    folder = write(make, tmp_path)
    assert dataset_format(folder) == key
    assert list_splits(folder) == names
    splits = open_splits([folder])
    check_boxes(splits)
    problems = [item for data in splits.values() for item in data.problems]
    assert all(item.is_note for item in problems), problems
    assert {data.names for data in splits.values()} == {("cat", "dog")}
    assert not is_classification(folder)
    pictures = {item.path for data in splits.values() for item in data.examples}
    assert pictures <= set(all_files(folder))


@pytest.mark.parametrize(("make", "key", "names"), FORMS)
def test_a_folder_is_read_through_a_link_and_from_inside(tmp_path, monkeypatch, make, key, names):
    folder = write(make, tmp_path)
    (tmp_path / "link").symlink_to(folder)
    check_boxes(open_splits([tmp_path / "link"]))
    monkeypatch.chdir(folder)
    check_boxes(open_splits(["."]))


@pytest.mark.parametrize(("make", "key", "names"), FORMS)
def test_validation_has_several_names(tmp_path, make, key, names):
    folder = write(make, tmp_path)
    if names == ["all"]:
        assert len(open_dataset(folder, split="train").examples) == 2
        with pytest.raises(UsageError, match="no split 'valid'") as raised:
            open_dataset(folder, split="valid")
        assert f"dtorch dataset init {folder}" in raised.value.fix
        return
    for split in ("val", "valid", "validation"):
        (example,) = open_dataset(folder, split=split).examples
        assert example.path.name == "b.png"
    assert len(open_dataset(folder).examples) == 1


def test_linked_pictures_and_folders_are_read_once(tmp_path):
    folder = write(next(iter(TINY)), tmp_path)
    outside = tmp_path / "outside"
    folder.rename(outside)
    folder.mkdir()
    (folder / "inside").symlink_to(outside)
    (outside / "loop").symlink_to(folder)
    check_boxes(open_splits([folder]))


def test_a_hidden_file_of_macos_is_no_picture(tmp_path):
    folder = write(next(iter(TINY)), tmp_path)
    (folder / "._a.png").write_bytes(b"macOS")
    (folder / "__MACOSX").mkdir()
    picture(folder / "__MACOSX/c.png")
    check_boxes(open_splits([folder]))


def test_what_is_moved_is_said(tmp_path):
    makers = {make.__name__: make for make in TINY}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        open_dataset(write(makers["cvat_yolo"], tmp_path))
    notes = [str(item.message) for item in caught]
    assert all(issubclass(item.category, CfgNote) for item in caught)
    assert any(
        "train= does not exist; the file of that name next to it is read" in x for x in notes
    )
    assert any("1 of 1 pictures are not where the list says" in note for note in notes)


@pytest.mark.parametrize("name", ["train.txt", "x.list"])
def test_a_list_of_pictures_is_a_data_set(tmp_path, name):
    makers = {make.__name__: make for make in TINY}
    folder = write(makers["flat"], tmp_path)
    text(folder / name, "a.png\nb.png\n")
    assert dataset_format(folder / name) == "list"
    splits = open_splits([folder / name])
    check_boxes(splits)
    assert next(iter(splits.values())).names == tuple(NAMES.split())

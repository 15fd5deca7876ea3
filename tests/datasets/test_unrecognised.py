"""What is said about a path that is no data set."""

import pytest

from darknet_torch.datasets import unrecognised
from darknet_torch.datasets.opening import open_dataset
from darknet_torch.errors import UsageError
from tests.datasets.forms.tiny_forms import CAT, cvat_yolo, flat, picture, roboflow_yolo, text


def refused(path):
    with pytest.raises(UsageError) as raised:
        open_dataset(path)
    return raised.value


def test_the_content_is_listed(tmp_path):
    for index in range(3):
        picture(tmp_path / f"{index}.png")
    text(tmp_path / "t.xlsx", "")
    (tmp_path / "foo").mkdir()
    error = refused(tmp_path)
    assert (error.what, error.got) == ("no data set", "3 .png, 1 .xlsx; folder foo")
    assert "data.yaml" in error.expected
    assert error.fix == (
        f"the pictures are in {tmp_path}/, labels missing: expected *.txt or labels/*.txt"
    )


def test_the_folder_of_pictures_without_labels_is_named(tmp_path):
    picture(tmp_path / "photos/a.png")
    assert (
        "photos/, labels missing: expected photos/*.txt or labels/*.txt" in refused(tmp_path).fix
    )
    (tmp_path / "empty").mkdir()
    assert refused(tmp_path / "empty").got == "an empty folder"


@pytest.mark.parametrize(
    ("make", "found"), [(cvat_yolo, "dk/obj.data"), (roboflow_yolo, "dk/data.yaml")]
)
def test_a_data_set_inside_is_suggested(tmp_path, make, found):
    make(tmp_path / "dk")
    assert refused(tmp_path).fix == f"did you mean {tmp_path}/{found}?"
    assert f"did you mean {tmp_path}/dk?" in refused(tmp_path / "dkk").fix


def test_folders_with_very_many_files_are_not_searched_for_a_suggestion(tmp_path, monkeypatch):
    roboflow_yolo(tmp_path / "dk")
    monkeypatch.setattr(unrecognised, "_MOST_FILES", 1)
    assert refused(tmp_path / "other").fix is None


def test_a_file_of_another_kind_leads_to_its_folder(tmp_path):
    flat(tmp_path / "dk")
    error = refused(tmp_path / "dk/a.png")
    assert (error.got, error.fix) == ("a picture", f"did you mean {tmp_path}/dk?")
    error = refused(text(tmp_path / "dk.zip", "PK"))
    assert (error.got, error.fix) == ("an archive", "unpack it, and give the folder")


def test_labels_of_another_program_are_quoted(tmp_path):
    picture(tmp_path / "a.png")
    text(
        tmp_path / "a.txt", "Car 0.00 0 1.85 387.63 181.54 423.81 203.12 1.67 1.87 3.69 1 1 1 1\n"
    )
    assert "a.txt:1: expected " in refused(tmp_path).fix


def test_lists_that_do_not_exist_are_named(tmp_path):
    picture(tmp_path / "a.png")
    text(tmp_path / "o.data", "train=gone.txt\n")
    assert "o.data names lists that do not exist" in refused(tmp_path).fix


def test_labels_without_pictures_and_archives_are_named(tmp_path):
    text(tmp_path / "d/labels/a.txt", f"{CAT}\n")
    text(tmp_path / "d/classes.txt", "cat\n")
    fix = refused(tmp_path / "d").fix
    assert f"the labels are in {tmp_path}/d/labels/, pictures missing: put them there, or" in fix
    file = text(tmp_path / "z/photos.zip", "PK")
    assert refused(tmp_path / "z").fix == f"unpack {file}"


def test_labels_in_a_form_of_another_program_are_named(tmp_path):
    picture(tmp_path / "a.png")
    file = text(tmp_path / "a.json", '{"shapes": [], "imagePath": "a.png"}')
    fix = refused(tmp_path).fix
    assert "labels missing: expected *.txt" in fix
    assert f"{file} is in no form that is known: export it as YOLO, COCO or Pascal VOC" in fix

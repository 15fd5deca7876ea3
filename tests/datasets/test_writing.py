import pytest

from darknet_torch.datasets.convert import convert
from darknet_torch.datasets.opening import open_splits
from darknet_torch.datasets.writing import removed_on_failure, write_new_file
from darknet_torch.errors import UsageError
from tests.datasets.tiny_datasets import darknet, picture


def test_pictures_with_the_same_name_are_numbered(tmp_path):
    data = darknet(tmp_path, [])
    paths = [picture(tmp_path / name) for name in ("a/x.png", "b/x.png", "b/X.bmp")]
    (tmp_path / "train.txt").write_text("".join(f"{path}\n" for path in [*paths, paths[0]]))
    convert(open_splits([data]), "darknet", tmp_path / "out")
    (new,) = open_splits([tmp_path / "out/dataset.data"]).values()
    assert [item.path.name for item in new.examples] == ["x.png", "x-2.png", "X-3.bmp", "x.png"]
    assert all(item.labels is None for item in new.examples)


def test_a_file_that_is_no_picture_is_not_copied(tmp_path):
    data = darknet(tmp_path, ["", ""])
    secret = tmp_path / "train/train1.png"
    secret.write_text("password\n")
    done = convert(open_splits([data]), "coco", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out/images").iterdir()] == ["train0.png"]
    assert ("unreadable picture", str(secret)) in [(one.kind, one.where) for one in done.problems]
    assert not any(b"password" in path.read_bytes() for path in tmp_path.glob("out/*/*"))


def test_an_existing_file_is_not_overwritten(tmp_path):
    file = tmp_path / "new" / "list.txt"
    write_new_file(file, "one\n")
    with pytest.raises(UsageError, match=r"list\.txt: already exists; choose another --out"):
        write_new_file(file, "two\n")
    assert file.read_text() == "one\n"


def test_a_folder_in_the_place_of_a_file_keeps_what_it_holds(tmp_path):
    (tmp_path / "train.txt").mkdir()
    (tmp_path / "train.txt" / "mine").write_text("kept")
    new = tmp_path / "dataset.data"
    with pytest.raises(UsageError), removed_on_failure(new, tmp_path / "train.txt"):
        write_new_file(new, "classes=1\n")
        write_new_file(tmp_path / "train.txt", "a.png\n")
    assert (tmp_path / "train.txt" / "mine").read_text() == "kept"
    assert not new.exists()

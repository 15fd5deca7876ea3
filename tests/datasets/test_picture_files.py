import pytest

from darknet_torch.datasets.picture_files import PictureFinder


@pytest.mark.parametrize(
    ("named", "there", "found"),
    [
        ("a.jpg", ["a.jpg", "a.png"], "a.jpg"),
        ("a.jpg", ["a.JPG"], "a.JPG"),
        ("a.jpg", ["a.png", "a.txt", "b.jpg"], "a.png"),
        ("a.PNG", ["a.jpeg", "a.bmp"], "a.bmp"),
        ("a.b.jpg", ["a.b.JPG", "a.jpg"], "a.b.JPG"),
        ("a.jpg", ["a.txt", "A.jpg", "ab.jpg"], "a.jpg"),
        ("a.jpg", [], "a.jpg"),
        ("a.img", ["a.img", "a.png"], "a.img"),
    ],
)
def test_a_picture_is_found_by_its_stem(tmp_path, named, there, found):
    for name in there:
        (tmp_path / name).touch()
    path, notes = PictureFinder().find(tmp_path / named, "list.txt")
    assert path == tmp_path / found
    if found == named:
        assert notes == []
        return
    (note,) = notes
    assert (note.kind, note.where, note.is_note) == ("other suffix", "list.txt", True)
    assert (note.expected, note.got) == (named, found)


@pytest.mark.parametrize("name", ["none/a.jpg", "a\0b/c.jpg", "n" * 5000 + "/a.jpg"])
def test_folders_that_cannot_be_listed_change_nothing(tmp_path, name):
    assert PictureFinder().find(tmp_path / name, "list.txt") == (tmp_path / name, [])

"""Paths of another machine."""

import pytest

from darknet_torch.datasets.moved_files import find_moved, locate_picture, read_picture_list
from darknet_torch.errors import CfgNote
from tests.datasets.forms.tiny_forms import text


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("data/train/a.png", "train/a.png"),
        ("/content/d/train/a.png", "train/a.png"),
        ("../d/./train/a.png", "train/a.png"),
        (r"C:\d\train\a.png", "train/a.png"),
        (r"train\a.png", "train/a.png"),
        ("x/a.png", "a.png"),
        ("x/b.png", None),
        ("..", None),
        ("", None),
        ("a\0.png", None),
        ("x" * 5000, None),
    ],
)
def test_the_longest_end_that_exists_is_found(tmp_path, name, found):
    text(tmp_path / "train/a.png", "")
    text(tmp_path / "a.png", "")
    assert find_moved(name, [tmp_path / "none", tmp_path]) == (found and tmp_path / found)
    assert locate_picture(tmp_path, "train/a.png") == tmp_path / "train/a.png"


def test_a_list_says_how_many_pictures_are_elsewhere(tmp_path):
    text(tmp_path / "in/a.png", "")
    file = text(tmp_path / "l.txt", "in/a.png\ndata/in/a.png\ngone.png\n")
    with pytest.warns(CfgNote, match="1 of 3 pictures are not where the list says"):
        found = read_picture_list(file)
    assert found == [str(tmp_path / "in/a.png")] * 2 + ["gone.png"]

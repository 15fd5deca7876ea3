"""The files below a folder."""

import os
from pathlib import Path

import pytest

from darknet_torch.datasets import folder_tree
from darknet_torch.datasets.folder_tree import FolderTree, has_at_most
from darknet_torch.errors import UsageError
from tests.datasets.forms.tiny_forms import text


def test_files_are_listed_by_folder_without_hidden_ones(tmp_path):
    for name in ("b/2.JPG", "b/1.png", "a.png", ".git/x.png", "@eaDir/x.png", "b/.x.png", "n.md"):
        text(tmp_path / name, "")
    tree = FolderTree.scan(tmp_path)
    assert tree.files == {(): ["a.png", "n.md"], ("b",): ["1.png", "2.JPG"]}
    found = [path.relative_to(tmp_path).as_posix() for path in tree.pictures()]
    assert found == ["a.png", "b/1.png", "b/2.JPG"]


def test_links_in_a_circle_end(tmp_path):
    text(tmp_path / "a/a.png", "")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "broken").symlink_to(tmp_path / "gone")
    assert len(FolderTree.scan(tmp_path).pictures()) == 1


def test_a_folder_without_permission_is_named(tmp_path, monkeypatch):
    text(tmp_path / "a.png", "")
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def refuse(place):
        if Path(place).name == "locked":
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    tree = FolderTree.scan(tmp_path)
    assert len(tree.pictures()) == 1
    assert "cannot be listed (Permission denied)" in str(tree.problems[0])


def test_a_folder_with_very_many_other_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_tree, "_MOST_OTHERS", 2)
    for name in ("a.png", "a.txt", "b.JPG", "b.xml", "lib/a.so", "lib/b"):
        text(tmp_path / name, "")
    FolderTree.scan(tmp_path)
    text(tmp_path / "lib/z.h", "")
    with pytest.raises(UsageError, match="more than 2 files that are neither"):
        FolderTree.scan(tmp_path)


def test_the_root_of_the_file_system_is_refused(tmp_path):
    (tmp_path / "all").symlink_to("/")
    for root in (Path("/"), tmp_path / "all"):
        with pytest.raises(UsageError, match="this folder holds all files of the system"):
            FolderTree.scan(root)


def test_files_are_counted_until_there_are_too_many(tmp_path, monkeypatch):
    for name in ("a/1.png", "a/2.png", "b/1.png"):
        text(tmp_path / name, "")
    assert has_at_most(tmp_path, 3)
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda place: listed.append(place) or scandir(place))
    assert not has_at_most(tmp_path, 1)
    assert listed == [tmp_path, tmp_path / "a"]

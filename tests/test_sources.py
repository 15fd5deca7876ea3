"""What a command line's SOURCE means."""

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.sources import Kind, Source, each_source, find_sources


def find_pictures(words):
    """The names of what is found where pictures alone can be used."""
    found = find_sources(words, videos=False)
    assert {source.kind for source in found} <= {Kind.PICTURE}
    return [source.name for source in found]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder: pictures, by their names alone, among other things."""
    for name in "pics/b.jpg pics/a.PNG pics/notes.md pics/c.JpEg pics/deep/d.bmp".split():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "pics" / "folder.png").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_means_its_pictures_in_order_of_their_names(folder):
    assert find_pictures(["pics"]) == ["pics/a.PNG", "pics/b.jpg", "pics/c.JpEg"]


def test_a_glob_means_the_pictures_that_match(folder):
    assert find_pictures(["pics/*"])[:3] == ["pics/a.PNG", "pics/b.jpg", "pics/c.JpEg"]
    assert find_pictures(["pics/[ab].*"]) == ["pics/a.PNG", "pics/b.jpg"]


def test_a_glob_leaves_out_folders_as_a_folder_does(folder):
    assert "pics/folder.png" not in find_pictures(["pics/*"])


def test_two_stars_mean_any_depth(folder):
    assert find_pictures(["**/*.bmp"]) == ["pics/deep/d.bmp"]
    assert find_pictures(["pics/**/?.[jb]*"]) == ["pics/b.jpg", "pics/deep/d.bmp"]


def test_a_picture_with_magic_in_its_name_is_itself(folder):
    (folder / "a[1].png").touch()
    assert find_pictures(["a[1].png"]) == ["a[1].png"]


def test_a_path_that_is_no_file_is_kept_for_whoever_opens_it(folder):
    assert find_pictures(["gone.png", "gone.txt"]) == ["gone.png", "gone.txt"]


def test_a_file_is_kept_whatever_its_suffix(folder):
    assert find_pictures(["pics/notes.md"]) == ["pics/notes.md"]


def test_sources_keep_their_order_and_each_picture_comes_once(folder):
    found = find_pictures(["pics/c.JpEg", "pics", "pics/*.jpg", "pics/c.JpEg"])
    assert found == ["pics/c.JpEg", "pics/a.PNG", "pics/b.jpg"]


class TestLists:
    def test_names_go_by_the_working_folder_first(self, folder):
        (folder / "pics" / "pics").mkdir()
        (folder / "pics" / "pics" / "b.jpg").touch()
        (folder / "pics" / "list.txt").write_text("pics/b.jpg\n")
        assert find_pictures(["pics/list.txt"]) == ["pics/b.jpg"]

    def test_then_by_the_lists_own_folder(self, folder):
        (folder / "pics" / "list.txt").write_text("b.jpg\ndeep/d.bmp\n")
        assert find_pictures(["pics/list.txt"]) == ["pics/b.jpg", "pics/deep/d.bmp"]

    def test_a_name_found_nowhere_is_kept_as_written(self, folder):
        (folder / "pics" / "list.txt").write_text("gone.jpg\n")
        assert find_pictures(["pics/list.txt"]) == ["gone.jpg"]

    def test_absolute_names_are_taken_as_they_are(self, folder):
        (folder / "list.txt").write_text(f"{folder}/pics/b.jpg")
        assert find_pictures(["list.txt"]) == [f"{folder}/pics/b.jpg"]

    def test_blank_lines_spaces_and_line_ends_of_windows_do_not_matter(self, folder):
        (folder / "list.txt").write_bytes(b"\r\n  pics/b.jpg \r\n\r\npics/a.PNG")
        assert find_pictures(["list.txt"]) == ["pics/b.jpg", "pics/a.PNG"]

    def test_names_keep_their_inner_spaces_and_their_unicode(self, folder):
        (folder / "list.txt").write_text("pics/my häuser.jpg\n", "utf-8")
        assert find_pictures(["list.txt"]) == ["pics/my häuser.jpg"]

    def test_a_byte_order_mark_is_no_part_of_the_first_name(self, folder):
        (folder / "list.txt").write_text("pics/b.jpg\n", "utf-8-sig")
        assert find_pictures(["list.txt"]) == ["pics/b.jpg"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("nothing", "pictures in this folder ("),
        ("pics/*.tiff", "pictures that match"),
        ("**/*.md", "pictures that match"),
        ("empty.txt", "a path a line"),
    ],
)
def test_a_source_without_pictures_says_so(folder, source, expected):
    (folder / "nothing").mkdir()
    (folder / "empty.txt").write_text("\n \n")
    with pytest.raises(UsageError) as caught:
        find_pictures([source])
    assert caught.value.where == source
    assert expected in str(caught.value)

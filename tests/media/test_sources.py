"""What a command line's SOURCE means."""

import io
import os
import sys
import threading

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.media.sources import (
    PictureSource,
    SourceKind,
    expand_standard_input,
    find_sources,
)


def find_pictures(words):
    """The names of what is found where pictures alone can be used."""
    found = find_sources(words, videos=False)
    assert {source.kind for source in found} <= {SourceKind.PICTURE}
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


class TestMovingSources:
    @pytest.mark.parametrize(
        ("word", "kind"),
        [
            ("clip.mp4", SourceKind.VIDEO),
            ("gone/Clip.AVI", SourceKind.VIDEO),
            ("0", SourceKind.WEBCAM),
            ("12", SourceKind.WEBCAM),
            ("-", SourceKind.STANDARD_INPUT),
            ("rtsp://user:word@host:554/live?x=[1]*", SourceKind.STREAM),
            ("http://192.168.0.80:8080/video?dummy=param.mjpg", SourceKind.STREAM),
            ("http://host/cam.mjpg", SourceKind.STREAM),
            ("http://host/clip.mp4?token=1", SourceKind.VIDEO),
            ("http://host/snapshot.jpg", SourceKind.VIDEO),
            ("photo.jpg", SourceKind.PICTURE),
            ("photo", SourceKind.PICTURE),
        ],
    )
    def test_a_words_look_tells_what_it_means(self, folder, word, kind):
        assert find_sources([word]) == [PictureSource(word, kind)]

    def test_a_file_whose_name_is_a_number_is_no_camera(self, folder):
        (folder / "0").touch()
        assert find_sources(["0"]) == [PictureSource("0", SourceKind.PICTURE)]

    def test_folders_and_globs_have_videos_too(self, folder):
        (folder / "pics" / "bb.mp4").touch()
        names = ["pics/a.PNG", "pics/b.jpg", "pics/bb.mp4", "pics/c.JpEg"]
        for word in ("pics", "pics/*"):
            found = find_sources([word])
            assert [source.name for source in found] == names
            assert [source.is_video for source in found] == [False, False, True, False]
            assert "pics/bb.mp4" not in find_pictures([word])

    def test_lists_have_videos_and_urls_too(self, folder):
        (folder / "list.txt").write_text("pics/b.jpg\nclip.mp4\nrtsp://host/live\n")
        kinds = [source.kind for source in find_sources(["list.txt"])]
        assert kinds == [SourceKind.PICTURE, SourceKind.VIDEO, SourceKind.STREAM]

    def test_a_folder_with_nothing_in_it_says_what_it_might_have(self, folder):
        (folder / "nothing").mkdir()
        with pytest.raises(UsageError, match=r"expected pictures or videos in this folder.*\.mp4"):
            find_sources(["nothing"])


class TestStandardInput:
    def names(self):
        return [
            source.name
            for source in expand_standard_input([PictureSource("-", SourceKind.STANDARD_INPUT)])
        ]

    def test_its_lines_are_paths_in_order_repeated_ones_too(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO("a.jpg\n\n  clip.mp4 \r\na.jpg"))
        assert self.names() == ["a.jpg", "clip.mp4", "a.jpg"]

    def test_other_sources_stand_around_them(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO("b.jpg\n"))
        words = find_sources(["a.jpg", "-", "c.jpg"])
        assert [source.name for source in expand_standard_input(words)] == [
            "a.jpg",
            "b.jpg",
            "c.jpg",
        ]

    def test_a_closed_one_is_named(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", None)
        with pytest.raises(UsageError, match="standard input is closed"):
            self.names()

    def test_a_line_is_there_before_the_next_one_is_written(self, monkeypatch):
        reading, writing = os.pipe()
        with os.fdopen(reading) as pipe, os.fdopen(writing, "wb", buffering=0) as writer:
            monkeypatch.setattr(sys, "stdin", pipe)
            lines = expand_standard_input([PictureSource("-", SourceKind.STANDARD_INPUT)])
            for name in (b"a.jpg", b"h\xffuser.jpg"):
                # Should it wait for more than a line, the test fails instead of hanging.
                end = threading.Timer(5, writer.write, [b"late.jpg\n" * 9999])
                end.start()
                writer.write(name + b"\n")
                assert os.fsencode(next(lines).name) == name
                end.cancel()
            lines.close()

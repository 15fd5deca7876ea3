"""The SOURCE argument of a command line."""

import io
import os
import sys
import threading

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.media import sources
from darknet_torch.media.sources import (
    PictureSource,
    SourceKind,
    expand_standard_input,
    file_name,
    find_sources,
)


def find_pictures(words):
    """Return the names of the sources when only pictures are allowed."""
    found = find_sources(words, videos=False)
    assert {source.kind for source in found} <= {SourceKind.PICTURE}
    return [source.name for source in found]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with empty files of several suffixes."""
    for name in "pics/b.jpg pics/a.PNG pics/notes.md pics/c.JpEg pics/deep/d.bmp".split():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "pics" / "folder.png").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_stands_for_its_pictures_sorted_by_name(folder):
    assert find_pictures(["pics"]) == ["pics/a.PNG", "pics/b.jpg", "pics/c.JpEg"]


def test_a_glob_stands_for_the_pictures_that_match(folder):
    assert find_pictures(["pics/*"])[:3] == ["pics/a.PNG", "pics/b.jpg", "pics/c.JpEg"]
    assert find_pictures(["pics/[ab].*"]) == ["pics/a.PNG", "pics/b.jpg"]


def test_a_glob_does_not_match_folders(folder):
    assert "pics/folder.png" not in find_pictures(["pics/*"])


def test_two_stars_match_any_depth(folder):
    assert find_pictures(["**/*.bmp"]) == ["pics/deep/d.bmp"]
    assert find_pictures(["pics/**/?.[jb]*"]) == ["pics/b.jpg", "pics/deep/d.bmp"]


def test_an_existing_file_with_glob_characters_in_its_name_is_not_a_glob(folder):
    (folder / "a[1].png").touch()
    assert find_pictures(["a[1].png"]) == ["a[1].png"]


def test_a_missing_path_is_kept_so_that_opening_it_reports_the_error(folder):
    assert find_pictures(["gone.png", "gone.txt"]) == ["gone.png", "gone.txt"]


def test_a_file_given_by_path_may_have_any_suffix(folder):
    assert find_pictures(["pics/notes.md"]) == ["pics/notes.md"]


def test_sources_keep_their_order_without_duplicates(folder):
    found = find_pictures(["pics/c.JpEg", "pics", "pics/*.jpg", "pics/c.JpEg"])
    assert found == ["pics/c.JpEg", "pics/a.PNG", "pics/b.jpg"]


class TestLists:
    def test_paths_are_relative_to_the_working_folder_first(self, folder):
        (folder / "pics" / "pics").mkdir()
        (folder / "pics" / "pics" / "b.jpg").touch()
        (folder / "pics" / "list.txt").write_text("pics/b.jpg\n")
        assert find_pictures(["pics/list.txt"]) == ["pics/b.jpg"]

    def test_paths_are_relative_to_the_lists_folder_otherwise(self, folder):
        (folder / "pics" / "list.txt").write_text("b.jpg\ndeep/d.bmp\n")
        assert find_pictures(["pics/list.txt"]) == ["pics/b.jpg", "pics/deep/d.bmp"]

    def test_a_missing_path_is_kept_as_written(self, folder):
        (folder / "pics" / "list.txt").write_text("gone.jpg\n")
        assert find_pictures(["pics/list.txt"]) == ["gone.jpg"]

    def test_absolute_paths_are_kept(self, folder):
        (folder / "list.txt").write_text(f"{folder}/pics/b.jpg")
        assert find_pictures(["list.txt"]) == [f"{folder}/pics/b.jpg"]

    def test_blank_lines_outer_spaces_and_windows_line_ends_are_ignored(self, folder):
        (folder / "list.txt").write_bytes(b"\r\n  pics/b.jpg \r\n\r\npics/a.PNG")
        assert find_pictures(["list.txt"]) == ["pics/b.jpg", "pics/a.PNG"]

    def test_paths_may_have_inner_spaces_and_unicode(self, folder):
        (folder / "list.txt").write_text("pics/my häuser.jpg\n", "utf-8")
        assert find_pictures(["list.txt"]) == ["pics/my häuser.jpg"]

    def test_a_byte_order_mark_is_not_part_of_the_first_path(self, folder):
        (folder / "list.txt").write_text("pics/b.jpg\n", "utf-8-sig")
        assert find_pictures(["list.txt"]) == ["pics/b.jpg"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("nothing", "pictures in this folder ("),
        ("pics/*.tiff", "pictures that match"),
        ("**/*.md", "pictures that match"),
        ("empty.txt", "one path per line"),
    ],
)
def test_a_source_without_pictures_is_reported(folder, source, expected):
    (folder / "nothing").mkdir()
    (folder / "empty.txt").write_text("\n \n")
    with pytest.raises(UsageError) as caught:
        find_pictures([source])
    assert caught.value.where == source
    assert expected in str(caught.value)


class TestVideosStreamsAndCameras:
    @pytest.mark.parametrize(
        ("argument", "kind"),
        [
            ("clip.mp4", SourceKind.VIDEO),
            ("gone/Clip.AVI", SourceKind.VIDEO),
            ("0", SourceKind.WEBCAM),
            ("12", SourceKind.WEBCAM),
            ("-", SourceKind.STANDARD_INPUT),
            ("rtsp://user:word@host:554/live?x=[1]*", SourceKind.STREAM),
            ("http://192.168.0.80:8080/video?dummy=param.mjpg", SourceKind.WEB),
            ("http://host/cam.mjpg", SourceKind.WEB),
            ("https://host", SourceKind.WEB),
            ("http://host/clip.mp4?token=1", SourceKind.VIDEO),
            ("http://host/snapshot.JPG?size=[1]*", SourceKind.WEB_PICTURE),
            ("ftp://host/snapshot.jpg", SourceKind.VIDEO),
            ("photo.jpg", SourceKind.PICTURE),
            ("photo", SourceKind.PICTURE),
        ],
    )
    def test_the_kind_of_a_source_is_recognised(self, folder, argument, kind):
        assert find_sources([argument]) == [PictureSource(argument, kind)]

    @pytest.mark.parametrize(
        ("argument", "kind"),
        [
            ("http://host/cam", SourceKind.STREAM),
            ("http://host/a.jpg", SourceKind.VIDEO),
            ("a.jpg", SourceKind.VIDEO),
            ("rtsp://host/live", SourceKind.STREAM),
        ],
    )
    def test_any_source_can_be_taken_as_a_video(self, folder, argument, kind):
        (source,) = find_sources([argument])
        assert source.as_video() == PictureSource(argument, kind)

    @pytest.mark.parametrize(
        "argument", ["http://host/clip.mp4", "http://host/a.jpg", "http://a/b"]
    )
    def test_where_only_pictures_are_allowed_a_url_is_one(self, folder, argument):
        (source,) = find_sources([argument], videos=False)
        assert source.kind is SourceKind.WEB_PICTURE
        assert source.is_picture

    def test_an_existing_file_whose_name_is_a_number_is_not_a_camera(self, folder):
        (folder / "0").touch()
        assert find_sources(["0"]) == [PictureSource("0", SourceKind.PICTURE)]

    def test_folders_and_globs_include_videos_unless_only_pictures_are_allowed(self, folder):
        (folder / "pics" / "bb.mp4").touch()
        names = ["pics/a.PNG", "pics/b.jpg", "pics/bb.mp4", "pics/c.JpEg"]
        for argument in ("pics", "pics/*"):
            found = find_sources([argument])
            assert [source.name for source in found] == names
            assert [source.is_video for source in found] == [False, False, True, False]
            assert "pics/bb.mp4" not in find_pictures([argument])

    def test_lists_may_name_videos_and_urls(self, folder):
        (folder / "list.txt").write_text("pics/b.jpg\nclip.mp4\nrtsp://host/live\n")
        kinds = [source.kind for source in find_sources(["list.txt"])]
        assert kinds == [SourceKind.PICTURE, SourceKind.VIDEO, SourceKind.STREAM]

    def test_the_error_for_an_empty_folder_names_the_video_suffixes(self, folder):
        (folder / "nothing").mkdir()
        with pytest.raises(UsageError, match=r"expected pictures or videos in this folder.*\.mp4"):
            find_sources(["nothing"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("photos/a.jpg", "a.jpg"),
        ("https://host/photos/a.jpg", "a.jpg"),
        ("https://host/a.jpg?size=1/2.png#top", "a.jpg"),
        ("https://host/gro%C3%9F%20er.jpg", "groß er.jpg"),
        ("https://me:secret@host:80", "host"),
        ("https://host/photos/", "photos"),
        ("https://host/..%2F..%2Fetc%2Fpasswd%00.jpg", ".._.._etc_passwd_.jpg"),
        ("https://[host/a.jpg", "a.jpg"),
    ],
)
def test_result_files_are_named_after_the_end_of_a_path_or_url(name, expected):
    assert file_name(name) == expected


class TestStandardInput:
    def names(self):
        return [
            source.name
            for source in expand_standard_input([PictureSource("-", SourceKind.STANDARD_INPUT)])
        ]

    def test_every_line_is_a_source_in_order_with_duplicates_kept(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO("a.jpg\n\n  clip.mp4 \r\na.jpg"))
        assert self.names() == ["a.jpg", "clip.mp4", "a.jpg"]

    def test_other_sources_keep_their_places_before_and_after(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO("b.jpg\n"))
        found = find_sources(["a.jpg", "-", "c.jpg"])
        assert [source.name for source in expand_standard_input(found)] == [
            "a.jpg",
            "b.jpg",
            "c.jpg",
        ]

    def test_closed_standard_input_is_reported(self, monkeypatch):
        monkeypatch.setattr(sys, "stdin", None)
        with pytest.raises(UsageError, match="standard input is closed"):
            self.names()

    def test_a_line_becomes_a_source_before_the_next_line_is_written(self, monkeypatch):
        reading, writing = os.pipe()
        with os.fdopen(reading) as pipe, os.fdopen(writing, "wb", buffering=0) as writer:
            monkeypatch.setattr(sys, "stdin", pipe)
            lines = expand_standard_input([PictureSource("-", SourceKind.STANDARD_INPUT)])
            for name in (b"a.jpg", b"h\xffuser.jpg"):
                # If it waits for more than one line, the test fails instead of hanging.
                end = threading.Timer(5, writer.write, [b"late.jpg\n" * 9999])
                end.start()
                writer.write(name + b"\n")
                assert os.fsencode(next(lines).name) == name
                end.cancel()
            lines.close()

    def test_a_line_without_an_end_is_refused(self, monkeypatch):
        reading, writing = os.pipe()
        with os.fdopen(reading) as pipe, os.fdopen(writing, "wb", buffering=0) as writer:
            monkeypatch.setattr(sys, "stdin", pipe)
            monkeypatch.setattr(sources, "_LONGEST_LINE", 9)
            writer.write(b"long1.jpg\nlong10.jpg and so on")
            lines = expand_standard_input([PictureSource("-", SourceKind.STANDARD_INPUT)])
            assert next(lines).name == "long1.jpg"
            with pytest.raises(UsageError, match=r"too long: expected .* of 9 characters at most"):
                next(lines)

    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
    )
    def test_lists_in_every_encoding_of_unicode_are_read(self, monkeypatch, encoding):
        reading, writing = os.pipe()
        with os.fdopen(reading) as pipe, os.fdopen(writing, "wb") as writer:
            monkeypatch.setattr(sys, "stdin", pipe)
            writer.write("some/a.jpg\r\nsome/Übung.jpg\n".encode(encoding))
            writer.close()
            assert self.names() == ["some/a.jpg", "some/Übung.jpg"]

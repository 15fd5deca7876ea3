"""Encodings of text files, and paths that the system refuses."""

import os
import sys
import threading

import pytest

from darknet_torch import text
from darknet_torch.errors import UsageError
from darknet_torch.reading import read_paths
from darknet_torch.text import (
    ascii_compatible,
    backslash_fix,
    byte_lines,
    decode_path,
    decode_text,
    encode_text,
    is_file,
    is_folder,
    is_web_url,
    path_exists,
    path_lines,
    read_bytes,
    real_path,
    refusal,
    resolve_listed,
    similar_file,
    suggest_file,
    text_lines,
    whole_number,
)

LINES = ["bilder/größe.jpg", "画像/1.jpg", ""]
TOO_LONG = "x" * 5000


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"]
)
def test_lines_are_the_same_in_every_encoding(encoding, end):
    data = end.join(LINES).encode(encoding)
    assert text_lines(data) == path_lines(data) == LINES[:-1]
    assert byte_lines(data) == [line.encode() for line in LINES[:-1]]


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-32-be"])
def test_big_endian_marks_are_recognised(encoding):
    assert text_lines("\ufeffa\nb".encode(encoding)) == ["a", "b"]


def test_a_damaged_utf16_file_loses_only_the_damaged_character():
    assert text_lines("a.jpg\nb.jpg".encode("utf-16") + b"\0") == ["a.jpg", "b.jpg\ufffd"]


@pytest.mark.parametrize(
    "data",
    [
        b"[net]\nwidth=8\n",
        b"\xef\xbb\xbf[net]\n",
        b"a\0b.jpg\ndog.jpg\n",
        b"\0\0\0\x01\0\0\0\x02",
        b"caf\xe9 \x80\xff\n",
        b"",
    ],
)
def test_other_bytes_stay_as_they_are(data):
    assert ascii_compatible(data) == data


def test_only_line_feeds_and_carriage_returns_end_a_line():
    line = "a\x0bb\x0cc\x1cd\x85e\u2028f"
    assert text_lines(line.encode()) == [line]


def test_text_that_is_not_utf8_is_latin1_and_a_path_keeps_its_bytes():
    assert decode_text(b"caf\xe9") == "caf\xe9"
    assert os.fsencode(decode_path(b"caf\xe9")) == b"caf\xe9"


def test_one_line_in_another_encoding_leaves_the_others_alone():
    assert text_lines(b"caf\xe9\n\xc3\xa9\n") == ["caf\xe9", "\xe9"]


@pytest.mark.parametrize("path", ["a\0b", "\ud800", TOO_LONG])
def test_a_path_that_the_system_refuses_does_not_exist_and_cannot_be_read(path):
    assert not path_exists(path)
    assert not is_file(path)
    assert not is_folder(path)
    with pytest.raises(OSError) as raised:
        read_bytes(path)
    assert raised.value.strerror


@pytest.mark.parametrize("path", ["a\0b", "\ud800", TOO_LONG])
def test_a_refusal_says_why(path):
    assert refusal(path)


def test_a_path_that_is_there_or_merely_missing_is_not_refused(tmp_path):
    (tmp_path / "file").touch()
    for name in ("file", "gone", "file/inside"):
        assert refusal(tmp_path / name) is None


def test_empty_lines_white_space_and_the_byte_order_mark_are_dropped(tmp_path):
    file = tmp_path / "list.txt"
    file.write_bytes(b"\xef\xbb\xbf  a.png \r\n\r\n b c\xa0.png\n")
    assert read_paths(file) == ["a.png", decode_path(b"b c\xa0.png")]


def test_a_missing_list_is_an_error_that_names_backslashes_as_the_cause(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.txt: cannot be read \(No such file"):
        read_paths(tmp_path / "gone.txt")
    with pytest.raises(UsageError) as raised:
        read_paths(tmp_path / "data\\list.txt")
    assert "data/list.txt" in raised.value.fix


def test_text_is_written_with_the_bytes_of_its_paths_and_with_foreign_surrogates_named():
    assert encode_text(f"\xe9 {decode_path(bytes([0xE9]))} \ud800") == b"\xc3\xa9 \xe9 \\ud800"


def test_files_and_folders_are_told_apart(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"1")
    assert read_bytes(file) == b"1"
    assert (path_exists(file), is_file(file), is_folder(file)) == (True, True, False)
    assert (path_exists(tmp_path), is_file(tmp_path), is_folder(tmp_path)) == (True, False, True)


@pytest.mark.skipif(sys.platform == "win32", reason="there a backslash separates folders")
def test_backslashes_are_named_where_they_are_the_cause(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "there\\really").touch()
    assert backslash_fix("a\\b") == "write / instead of \\, which separates no folders here: a/b"
    (tmp_path / "a" / "b").touch()
    assert backslash_fix("a\\b").endswith(": a/b, which exists")
    assert backslash_fix("a/c") is backslash_fix("there\\really") is None


def test_a_pipe_that_nothing_writes_to_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "labels.txt")
    with pytest.raises(OSError, match="a pipe that nothing writes to"):
        read_bytes(tmp_path / "labels.txt")


def test_a_pipe_is_read_to_its_end():
    receiver, sender = os.pipe()
    threading.Timer(0.01, lambda: (os.write(sender, b"cat\ndog\n"), os.close(sender))).start()
    assert read_bytes(f"/dev/fd/{receiver}") == b"cat\ndog\n"
    os.close(receiver)


@pytest.mark.parametrize(("more", "is_read"), [(0, True), (1, False)])
def test_a_file_may_have_so_many_bytes(monkeypatch, tmp_path, more, is_read):
    most, path = 2**17, tmp_path / "a.cfg"
    monkeypatch.setattr(text, "MOST_AT_ONCE", most)
    path.write_bytes(bytes(most + more))
    if is_read:
        assert read_bytes(path) == bytes(most)
        return
    with pytest.raises(OSError, match="it has more than 131,072 bytes"):
        read_bytes(path)


def test_a_pipe_without_an_end_is_not_read_for_ever(monkeypatch):
    monkeypatch.setattr(text, "MOST_AT_ONCE", 99)
    receiver, sender = os.pipe()
    os.write(sender, bytes(100))
    with pytest.raises(OSError, match="a pipe with more than 99 bytes"):
        read_bytes(f"/dev/fd/{receiver}")
    os.close(receiver)
    os.close(sender)


def test_a_pipe_that_stays_silent_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(text, "_LONGEST_SILENCE", 0.01)
    receiver, sender = os.pipe()
    os.write(sender, b"cat\n")
    with pytest.raises(OSError, match=r"a pipe to which nothing was written for 0\.01 s"):
        read_bytes(f"/dev/fd/{receiver}")
    os.close(receiver)
    os.close(sender)


def test_a_device_without_an_end_is_refused_and_an_empty_one_is_empty():
    with pytest.raises(OSError, match="a device, not a file"):
        read_bytes("/dev/zero")
    assert read_bytes(os.devnull) == b""


def test_a_path_with_nuls_is_named_as_what_utf16_makes():
    with pytest.raises(OSError, match="as in UTF-16; write the text as UTF-8"):
        read_bytes("o\0b\0j\0")


def test_a_listed_path_is_looked_for_in_the_working_folder_then_beside_the_list(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "both.png").touch()
    (tmp_path / "lists" / "in_folder.png").touch()
    (tmp_path / "both.png").touch()
    names = ("both.png", "in_folder.png", "absent.png", "http://host/a.png")
    found = [resolve_listed("lists/train.txt", name) for name in names]
    assert found == ["both.png", "lists/in_folder.png", "absent.png", "http://host/a.png"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("http://host/a.jpg", True),
        ("HTTPS://host/a.jpg", True),
        ("ftp://host/a.jpg", False),
        ("rtsp://host/live", False),
        ("http:/host", False),
        ("photos/http://a", False),
        ("dog.jpg", False),
    ],
)
def test_only_http_and_https_are_web_urls(name, expected):
    assert is_web_url(name) is expected


class TestSimilarFile:
    @pytest.mark.parametrize(
        ("given", "found"),
        [
            ("dogg.jpg", "dog.jpg"),
            ("DOG.JPG", "dog.jpg"),
            ("bcd.cfg", "bccd.cfg"),
            ("cat.jpg", None),
            ("img2.jpg", None),  # another digit
            ("folde", None),  # a folder
            ("gone/dogg.jpg", None),
            ("a\0b", None),
        ],
    )
    def test_is_of_the_same_folder_and_nearly_the_same_name(self, given, found, tmp_path):
        for name in ("dog.jpg", "bccd.cfg", "img1.jpg"):
            (tmp_path / name).touch()
        (tmp_path / "folder").mkdir()
        assert similar_file(tmp_path / given) == (tmp_path / found if found else None)

    def test_is_one_that_may_be_meant(self, tmp_path):
        (tmp_path / "dog.jpg").touch()
        assert similar_file(tmp_path / "dogg.jpg", lambda path: path.suffix == ".cfg") is None
        assert (
            suggest_file(tmp_path / "dogg.jpg") == f"did you mean {str(tmp_path / 'dog.jpg')!r}?"
        )


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1), ("9" * 5000, None), ("-1", None), ("", None)],
)
def test_whole_numbers_have_a_length_that_python_reads(text, number):
    assert whole_number(text) == number


def test_every_name_has_a_real_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert real_path("loop") == tmp_path / "loop"
    assert real_path("link") == tmp_path / "file"
    assert real_path("a\0b") == tmp_path / "a\0b"

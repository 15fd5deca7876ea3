import warnings

import pytest

from darknet_torch.cfg.grammar import parse_cfg, read_cfg
from darknet_torch.errors import CfgError, CfgWarning


def quietly(text):
    """The sections of a text that must cause no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return parse_cfg(text, "tiny.cfg")


def pairs(section):
    return [(entry.key, entry.value) for entry in section.entries]


def the_warning(text):
    with pytest.warns(CfgWarning) as record:
        sections = parse_cfg(text, "tiny.cfg")
    [warning] = record
    return str(warning.message), sections


def test_sections_repeat_and_keep_the_order_of_the_file():
    sections = quietly("[net]\nwidth=8\n[conv]\nsize=1\n[conv]\nsize=3\n")
    assert [section.name for section in sections] == ["net", "conv", "conv"]
    assert [pairs(section) for section in sections[1:]] == [[("size", "1")], [("size", "3")]]


def test_white_space_is_dropped_even_inside_names_keys_and_values():
    [section] = quietly("  [ n e t ]\t\n\twi dth =\t4 1 6  \n an chors = 1, 2,  3 4\n")
    assert section.name == "net"
    assert pairs(section) == [("width", "416"), ("anchors", "1,2,34")]


def test_only_the_four_kinds_of_white_space_that_darknet_knows_are_dropped():
    [section] = quietly("[net]\nwidth=\x0b8\xa0\n")
    assert pairs(section) == [("width", "\x0b8\xa0")]


def test_comment_lines_start_with_a_hash_or_a_semicolon():
    [section] = quietly("# first\n;[conv]\n[net]\n  # width=1\n\t;width=2\n\nwidth=3\n")
    assert pairs(section) == [("width", "3")]


def test_a_comment_after_a_value_stays_part_of_it():
    [section] = quietly("[net]\nbatch=64 # a batch, or ; so\n")
    assert pairs(section) == [("batch", "64#abatch,or;so")]


def test_a_value_keeps_every_equals_sign_but_the_first():
    [section] = quietly("[net]\nmap=a=b=c\n")
    assert pairs(section) == [("map", "a=b=c")]


@pytest.mark.parametrize("end", ["\n", "\r\n", ""], ids=["newline", "CRLF", "nothing"])
def test_the_last_line_counts_with_any_line_end(end):
    [section] = quietly(f"[net]{end or chr(10)}width=8{end}")
    assert pairs(section) == [("width", "8")]


def test_comments_and_crlf_do_not_shift_line_numbers():
    _, conv = quietly("# one\r\n[net]\r\n\r\n; four\r\n[conv]\r\nsize=3\r\n")
    assert str(conv.where) == "tiny.cfg:5"
    assert str(conv.entries[0].where) == "tiny.cfg:6"


def test_a_byte_order_mark_is_skipped(tmp_path):
    path = tmp_path / "tiny.cfg"
    path.write_bytes(b"\xef\xbb\xbf[net]\nwidth=8\n")
    [section] = read_cfg(path)
    assert section.name == "net"


def test_any_byte_is_legal(tmp_path):
    path = tmp_path / "tiny.cfg"
    path.write_bytes(b"# \xb5\xff\x80 not UTF-8\n[net]\nmap=\xe9\xff\n")
    [section] = read_cfg(path)
    assert pairs(section) == [("map", "\xe9\xff")]
    assert section.where.file == str(path)


def test_a_zero_byte_near_the_start_is_not_text_and_a_later_one_is_part_of_its_line():
    [section] = quietly("#" * 64 + "\0\n[net]\nmap=\0\n")
    assert pairs(section) == [("map", "\0")]
    with pytest.raises(CfgError, match="not plain text"):
        parse_cfg("#" * 63 + "\0\n[net]\nwidth=8\n")


def test_the_first_of_duplicate_keys_counts_and_the_second_is_reported():
    message, [section] = the_warning("[conv]\nsize=3\nstride=1\nsize=5\n")
    assert section.first()["size"].value == "3"
    for part in ("tiny.cfg:4: 'size' again in this [conv]", "line 2 (3)", "got 5", "delete one"):
        assert part in message


def test_duplicate_keys_with_equal_values_or_in_different_sections_cause_no_warning():
    sections = quietly("[conv]\nsize=3\nsize = 3\n[conv]\nsize=5\n")
    assert [section.first()["size"].value for section in sections] == ["3", "5"]


def test_a_line_without_an_equals_sign_is_reported_and_has_no_value():
    message, [section] = the_warning("[conv]\nbatch normalize 1\n")
    assert "tiny.cfg:2: not a key=value line" in message
    assert "got 'batchnormalize1'" in message
    assert pairs(section) == [("batchnormalize1", None)]


def test_a_key_without_a_value_is_reported_and_left_out():
    message, [section] = the_warning("[conv]\nsize =  \nsize=3\n")
    assert "tiny.cfg:2: 'size=' has no value, Darknet ignores the line" in message
    assert pairs(section) == [("size", "3")]


def test_a_key_without_equals_sign_hides_a_later_value_as_in_darknet():
    with pytest.warns(CfgWarning) as record:
        [section] = parse_cfg("[conv]\nsize\nsize=3\n", "tiny.cfg")
    assert section.first()["size"].value is None
    again = str(record[1].message)
    assert "tiny.cfg:3: 'size' again" in again
    assert "line 2" in again
    assert "None" not in again, "a user never wrote None"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ("tiny.cfg: no sections", "expected [net] and layers")),
        ("# width=8\n; [net]\n\n", ("tiny.cfg: no sections", "expected [net]")),
        (
            "\n# hello\nwidth = 8\n[net]\n",
            ("tiny.cfg:3: an option before the first section: expected [net], got 'width=8'",),
        ),
        ("\n <!DOCTYPE html>\n<html>", ("tiny.cfg: this is a web page", "download the raw file")),
        ("<?xml version='1.0'?>", ("tiny.cfg: this is a web page or XML",)),
        ("\x05\0\0\0[net]", ("tiny.cfg: this is not plain text", "swap the cfg and the weights")),
        (
            "[net]\n[conv] # comment",
            (
                "tiny.cfg:2: a section's line must end with its bracket",
                "expected [conv], got '[conv]#comment'; move a comment to a line of its own",
            ),
        ),
        (
            "[net]\n[conv",
            (
                "tiny.cfg:2: a section's line must end with its bracket: "
                "expected [conv], got '[conv'",
            ),
        ),
    ],
    ids=[
        "empty",
        "only comments",
        "option first",
        "HTML",
        "XML",
        "binary",
        "comment after a section",
        "section without a bracket",
    ],
)
def test_a_text_that_is_not_a_cfg_is_refused(text, parts):
    with pytest.raises(CfgError) as caught:
        parse_cfg(text, "tiny.cfg")
    for part in parts:
        assert part in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path):
    with pytest.raises(CfgError, match=r"gone\.cfg: no such cfg file"):
        read_cfg(tmp_path / "gone.cfg")
    with pytest.raises(CfgError, match=r"cannot be read \(Is a directory\)"):
        read_cfg(tmp_path)


def test_lines_that_end_with_cr_alone_are_named():
    with pytest.raises(CfgError, match=r"tiny.cfg: its lines end with CR alone.* expected lines"):
        parse_cfg("[net]\rwidth=8\r[convolutional]\r", "tiny.cfg")


@pytest.mark.parametrize("line", ["[empty]", "a=1", "a", "a="])
def test_a_file_with_many_more_lines_than_a_cfg_is_refused(line):
    """Before any of them is read, which issues warnings."""
    with pytest.raises(CfgError, match=r"a\.cfg:50002: too many lines: expected 50000"):
        parse_cfg("[net]\n#\n" + f"{line}\n" * 60_000, "a.cfg")


def test_a_file_much_larger_than_a_cfg_is_not_read(tmp_path):
    file = tmp_path / "a.cfg"
    with file.open("wb") as opened:
        opened.truncate(2**40)
    with pytest.raises(CfgError, match=r"a\.cfg: too large: expected a cfg, of 16,777,216 bytes"):
        read_cfg(file)

"""Texts of cfgs, drawn: what is written is read, and any text is read or refused."""

import string
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st

from darknet_torch.cfg.grammar import decode_cfg, encode_cfg, parse_cfg
from darknet_torch.errors import CfgError, CfgWarning

EXAMPLES = settings(max_examples=50, deadline=None)
WORDS = st.text(string.ascii_letters + string.digits + "_-.,", min_size=1, max_size=8)
BLANKS = st.text(" \t", max_size=2)
SECTIONS = st.lists(
    st.tuples(WORDS, st.lists(st.tuples(WORDS, WORDS), max_size=4)), min_size=1, max_size=4
)
LINES = ["[net]", "[", "]", "a=1", "a", "=", "a==", "#", ";a", "\r", "\0", "<", "\xff", " "]


def read(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        return parse_cfg(text)


@EXAMPLES
@given(SECTIONS, BLANKS, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "# a=1", ";[b]"]))
def test_sections_are_read_as_they_were_written(sections, blank, end, comment):
    lines = [comment]
    for name, entries in sections:
        lines.append(f"{blank}[{blank}{name}]{blank}")
        lines += [f"{key}{blank}={blank}{value}{blank}" for key, value in entries]
    found = read(end.join(lines))
    assert [section.name for section in found] == [name for name, _ in sections]
    for section, (_, entries) in zip(found, sections, strict=True):
        assert [(entry.key, entry.value) for entry in section.entries] == entries
        first = dict(reversed(entries))
        assert {key: entry.value for key, entry in section.first().items()} == first
        for entry in section.entries:
            assert entry.key in lines[entry.where.line - 1]


@EXAMPLES
@given(st.lists(st.sampled_from(LINES), max_size=8), st.sampled_from(["\n", ""]))
def test_any_text_is_read_or_refused(lines, end):
    try:
        sections = read(end.join(lines))
    except CfgError as error:
        assert error.what
    else:
        assert sections


@EXAMPLES
@given(st.binary(max_size=32).filter(lambda data: b"\0" not in data and data[:2] != b"\xff\xfe"))
def test_bytes_come_back_from_their_text(data):
    if data[:2] != b"\xfe\xff":
        assert encode_cfg(decode_cfg(data)) == data

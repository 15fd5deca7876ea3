"""Editing a cfg's text."""

import pytest

from darknet_torch.cfg.edit import CfgEdit, value_text, with_values
from darknet_torch.cfg.grammar import parse_cfg

TEXT = """# a network
[net]
 width = 32   # pixels
height=32

[yolo]
classes=2
counters_per_class=1,2
counters_per_class=1,2"""


@pytest.fixture(params=["\n", "\r\n"], ids=["unix", "windows"])
def opened(request):
    """The text with each kind of line end, its edit and its sections."""
    text = TEXT.replace("\n", request.param)
    return text, CfgEdit(text), parse_cfg(text)


def test_a_value_changes_and_its_comment_stays(opened):
    text, edit, sections = opened
    edit.set(sections[0], "width", "64")
    assert edit.text == text.replace(" width = 32", " width = 64")
    (change,) = edit.changes()
    assert (change.line, str(change)) == (3, "width = 32   # pixels  ->  width = 64   # pixels")


def test_the_last_of_several_values_counts_and_may_be_the_original(opened):
    text, edit, sections = opened
    edit.set(sections[0], "width", "64")
    edit.set(sections[0], "width", "32")
    edit.set(sections[0], "batch", "1")
    edit.set(sections[0], "batch", "2")
    end = "\r\n" if "\r" in text else "\n"
    assert edit.text == text.replace(f"[net]{end}", f"[net]{end}batch=2{end}")
    assert [(change.line, str(change)) for change in edit.changes()] == [
        (3, "batch=2   (new line)")
    ]


def test_every_line_of_a_key_is_deleted(opened):
    _, edit, sections = opened
    edit.remove(sections[1], "counters_per_class")
    edit.set(sections[0], "batch", "2")
    assert edit.text.split("[yolo]")[1].split() == ["classes=2"]
    assert [(change.line, str(change)) for change in edit.changes()] == [
        (3, "batch=2   (new line)"),
        (9, "counters_per_class=1,2  ->  (line deleted)"),
        (9, "counters_per_class=1,2  ->  (line deleted)"),
    ]


def test_changes_have_the_line_numbers_of_the_new_text(opened):
    _, edit, sections = opened
    for key in ("batch", "channels"):
        edit.set(sections[0], key, "1")
    edit.set(sections[1], "classes", "7")
    lines = edit.text.split("\n")
    for change in edit.changes():
        assert lines[change.line - 1] == change.new


def test_a_value_is_added_before_a_line_that_has_none():
    text = "[net]\nbatch\nwidth=1"
    edit = CfgEdit(text)
    with pytest.warns(UserWarning, match="not a key=value line"):
        (net,) = parse_cfg(text)
    edit.set(net, "batch", "8")
    assert edit.text == "[net]\nbatch=8\nbatch\nwidth=1"


def test_numbers_are_written_as_in_a_cfg():
    assert [value_text(value) for value in (7, (1, 2), 0.1, (0.5, 2.0))] == [
        *("7", "1,2", "0.1", "0.5,2")
    ]


def test_a_section_with_other_values_keeps_the_lines_of_its_keys():
    net = with_values(parse_cfg(TEXT)[0], {"width": 64, "steps": (3, 4)})
    found = {key: (entry.value, entry.where.line) for key, entry in net.first().items()}
    assert found == {"width": ("64", 3), "steps": ("3,4", 2), "height": ("32", 4)}

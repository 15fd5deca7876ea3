"""Control characters in what is printed."""

import errno
import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

import darknet_torch
from darknet_torch.compat.darknet.listing import print_detections
from darknet_torch.errors import UsageError
from darknet_torch.printable import (
    escape_controls,
    escape_in_line,
    escaped_library_messages,
    print_line,
    shorten,
)
from darknet_torch.results.classification import Classification
from darknet_torch.results.detections import Detections

NAME = "dog\x1b]0;title\x07\x9b2J\u202egod\n"
SHOWN = r"dog\x1b]0;title\x07\u009b2J\u202egod" + "\n"


def test_a_long_text_is_cut_off_and_says_so():
    assert shorten("12345", 5) == "12345"
    assert shorten("123456", 5) == "12345..."


def test_what_a_terminal_would_obey_is_shown():
    assert escape_controls(NAME) == SHOWN
    assert escape_in_line(f"{NAME}\t") == SHOWN.replace("\n", r"\n\t")
    every = "".join(map(chr, range(0x3000)))
    kept = [one for one in every if escape_controls(one) == one]
    categories = re.findall("[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "".join(kept))
    assert categories == ["\t", "\n"]
    assert len(every) - len(kept) == 30 + 33 + 5 + 4


def test_it_is_done_once_however_often_and_leaves_json_as_it_is():
    assert escape_controls(escape_controls(NAME)) == SHOWN
    assert (
        escape_controls(r"C:\x1b is a path, naïve שלום 犬 🐕")
        == r"C:\x1b is a path, naïve שלום 犬 🐕"
    )
    text = json.dumps(NAME, ensure_ascii=False)
    assert json.loads(escape_controls(text)) == NAME


def test_messages_show_it_and_errors_keep_it():
    error = UsageError(f"{NAME}is odd", where=NAME, got=NAME, expected="a\nb", fix="\r")
    line = SHOWN.replace("\n", r"\n")
    assert str(error) == f"{line}: {SHOWN}is odd: expected a\nb, got {line}; \\x0d"
    assert (error.where, error.got) == (NAME, NAME)


def test_lines_of_results_show_it(capsys):
    found = Detections(np.array([[1, 2, 3, 4.0]]), np.array([0.5]), np.array([0]), 9, 9, (NAME,))
    line = SHOWN.replace("\n", r"\n")
    assert found.lines()[0].startswith(f"{line}: 50%\t(left_x:    1 ")
    assert found.to_dict()["objects"][0]["name"] == NAME
    assert Classification((0,), (0.5,), (NAME,), None).lines() == [f"{line}: 0.500000"]
    print_detections([(NAME, "50.0", (1, 2, 3, 4))])
    assert capsys.readouterr().out == f"\nObjects:\n{line}: 50.0%\n"


def test_a_program_without_an_output_prints_nothing():
    print_line("a", None)
    stream = io.StringIO()
    print_line(NAME, stream)
    assert stream.getvalue() == f"{SHOWN}\n"


@pytest.mark.parametrize("pattern", [r"click\.(secho|echo)\(", r"std(out|err)\.write\("])
def test_all_that_is_printed_goes_through_it(pattern):
    root = Path(darknet_torch.__file__).parent
    found = {path.name for path in root.rglob("*.py") if re.search(pattern, path.read_text())}
    assert found == ({"terminal.py"} if "echo" in pattern else set())


def test_what_a_library_prints_is_escaped_afterwards(capfd):
    with escaped_library_messages():
        os.write(2, b"part \x1b[2J\xff\n")
    os.write(2, b"next\n")
    assert capfd.readouterr().err == "part \\x1b[2J\\xff\nnext\n"


def test_without_a_standard_error_libraries_print_nowhere(monkeypatch):
    def closed(number):
        raise OSError(errno.EBADF, "closed")

    monkeypatch.setattr(os, "dup", closed)
    done = []
    with escaped_library_messages():
        done.append(True)
    assert done == [True]

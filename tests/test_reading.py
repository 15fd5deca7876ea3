import tracemalloc
from functools import partial

import pytest

from darknet_torch import reading
from darknet_torch.errors import CfgWarning, NamesError, UsageError, WeightsError
from darknet_torch.reading import cause_text, guarded, read_at_most, read_lines, read_paths
from darknet_torch.text import text_lines


class PanicException(BaseException):
    """What libraries in Rust raise, by its name."""


def fail_with(cause, **arguments):
    with guarded("a.txt", expected="a list", **arguments):
        raise cause


@pytest.mark.parametrize(
    ("error", "got"),
    [
        (ValueError("bad\nmore"), "bad"),
        (KeyError("x"), "KeyError: 'x'"),
        (TypeError(), "TypeError"),
        (OverflowError("too large"), "OverflowError: too large"),
        (RecursionError("maximum recursion depth"), "lists or objects in each other, hundreds"),
        (MemoryError(), "more than fits into memory"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), "'utf-8' codec can't decode"),
        (RuntimeError("\x1b[31mred\x9b"), r"RuntimeError: \x1b[31mred\x9b"),
        (ValueError("x" * 9999), "x" * 80 + "..."),
        (AssertionError("of a library"), "AssertionError: of a library"),
        (PanicException("index out of range"), "PanicException: index out of range"),
    ],
)
def test_every_foreign_exception_becomes_an_error_with_its_cause(error, got):
    with pytest.raises(NamesError) as caught:
        fail_with(error, what="not a list", fix="write it again", error=NamesError)
    found = caught.value
    assert (found.where, found.what, found.expected) == ("a.txt", "not a list", "a list")
    assert found.got.startswith(got) and len(found.got) < 100 and found.got.isprintable()
    assert found.__cause__ is error and found.fix
    assert cause_text(error) == found.got


def test_a_file_that_the_system_refuses_says_why():
    with pytest.raises(UsageError, match=r"^a\.txt: cannot be read \(No such file"):
        fail_with(FileNotFoundError(2, "No such file or directory"), what="not valid JSON")


@pytest.mark.parametrize(
    "error",
    [WeightsError("own"), CfgWarning("own"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()],
)
def test_own_errors_and_the_end_of_the_program_pass_unchanged(error):
    with pytest.raises(type(error)) as caught:
        fail_with(error)
    assert caught.value is error


def test_files_are_read_up_to_a_size(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"12345")
    words = {"expected": "a list", "fix": "shorten it"}
    assert read_at_most(file, 5, **words) == b"12345"
    with pytest.raises(UsageError, match=r"too large: expected a list, of 4 bytes at most, got 5"):
        read_at_most(file, 4, **words)
    with pytest.raises(UsageError, match="too large"):
        read_at_most("/proc/cpuinfo", 4, **words)  # says that it has 0 bytes


def test_a_short_file_takes_little_memory_however_much_is_allowed(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("a.png\n")
    tracemalloc.start()
    assert read_paths(file) == ["a.png"]
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("read", [read_paths, partial(read_lines, split=text_lines)])
def test_lines_that_may_not_fit_into_memory_are_not_read(read, tmp_path, monkeypatch):
    file = tmp_path / "a.txt"
    with file.open("wb") as opened:
        opened.truncate(2**40)
    monkeypatch.setattr(reading, "available_memory", lambda: 2**32)
    with pytest.raises(UsageError, match=r"a\.txt: too large: .* of 268,435,456 bytes at most"):
        read(file)


def test_what_splits_lines_is_guarded(tmp_path):
    def split(data):
        raise MemoryError

    file = tmp_path / "a.txt"
    file.write_text("a\n")
    with pytest.raises(UsageError, match=r"a\.txt: cannot be read: .* more than fits into memory"):
        read_lines(file, split)

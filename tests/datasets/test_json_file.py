import json

import pytest

from darknet_torch import reading
from darknet_torch.datasets import json_file
from darknet_torch.datasets.json_file import read_json, show
from darknet_torch.errors import UsageError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_json_is_read_in_the_encodings_of_unicode(tmp_path, encoding):
    file = tmp_path / "a.json"
    file.write_bytes(json.dumps({"a": "é"}, ensure_ascii=False).encode(encoding))
    assert read_json(file, "anything") == {"a": "é"}


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"[" * 100_000, "hundreds deep"),
        (b'{"a":' * 100_000, "hundreds deep"),
        (b"[" + b"9" * 5000 + b"]", "4300 digits"),
        (b"{", "line 1 column 2"),
        (b"", "Expecting value"),
        (b'"\xe9"', "utf-8"),
        (bytes(range(256)), "Expecting value"),
    ],
)
def test_whatever_is_wrong_is_an_error_with_all_parts(tmp_path, content, got):
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_json(file, "a list")
    error = caught.value
    assert (error.where, error.what, error.expected) == (file, "not valid JSON", "a list")
    assert got in error.got and len(error.got) < 100
    assert error.fix.startswith("write the file again")


def test_files_that_cannot_be_read_and_lack_of_memory_are_errors(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"none\.json: cannot be read \(No such file"):
        read_json(tmp_path / "none.json", "a list")

    def lack_memory(data):
        raise MemoryError

    monkeypatch.setattr(json_file.json, "loads", lack_memory)
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(UsageError, match="more than fits into memory; split the file, or free"):
        read_json(tmp_path / "a.json", "a list")


def test_values_are_shown_shortly_and_printably():
    deep = []
    for _ in range(900):
        deep = [deep]
    for value in (deep, {"a": deep}, "x" * 999, 10**4000, [1] * 999, "\ud800\n\0", {"\ud800": 1}):
        text = show(value)
        assert len(text) < 90 and text.isascii() and text.isprintable()
    assert (show("1"), show(1), show(None)) == ("'1'", "1", "None")


def test_a_file_that_cannot_fit_into_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    file = tmp_path / "a.json"
    with file.open("wb") as opened:
        opened.truncate(2**40)
    with pytest.raises(UsageError, match=r"too large: .* got 1,099,511,627,776 bytes; split"):
        read_json(file, "a list")
    for available, most in ((2**30, 2**28), (2**20, 2**26), (None, 2**32)):
        monkeypatch.setattr(reading, "available_memory", lambda value=available: value)
        with pytest.raises(UsageError, match=f"of {most:,} bytes at most"):
            read_json(file, "a list")

"""JSON with a checksum."""

import pytest

from darknet_torch.engines.checked_json import read_checked_json, to_checked_json
from darknet_torch.errors import UsageError


def test_values_come_back_as_json_keeps_them(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(to_checked_json({"b": (1, 2.5), "a": {"ä\udcff": None}, "1": float("inf")}))
    assert read_checked_json(path) == {"b": [1, 2.5], "a": {"ä\udcff": None}, "1": float("inf")}


def test_a_changed_value_is_noticed(tmp_path):
    path = tmp_path / "a.json"
    data = to_checked_json({"size": 123})
    path.write_bytes(data.replace(b"123", b"124"))
    with pytest.raises(UsageError, match="not the values that were written"):
        read_checked_json(path)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b"{}", b"\xff", b"[" * 10**5])
def test_anything_else_is_refused(data, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r".+"):
        read_checked_json(path)

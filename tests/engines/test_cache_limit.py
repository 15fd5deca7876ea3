"""The limit of the cache."""

import sys

import pytest

from darknet_torch.engines.cache_limit import cache_limit
from darknet_torch.errors import UsageError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, 2 * 1024**3),
        ("", 2 * 1024**3),
        ("123456", 123456),
        ("0", 0),
        ("4G", 4 * 1024**3),
        ("500M", 500 * 1024**2),
        ("500 m", 500 * 1024**2),
        (" 1.5k ", 1536),
        (".5T", 512 * 1024**3),
        ("4GiB", 4 * 1024**3),
        ("4GB", 4 * 1000**3),
        ("100B", 100),
        pytest.param("9" * 400, sys.maxsize, id="400 digits"),
    ],
)
def test_a_size_is_bytes_or_has_a_unit(given, expected, monkeypatch):
    monkeypatch.delenv("DTORCH_CACHE_LIMIT", raising=False)
    if given is not None:
        monkeypatch.setenv("DTORCH_CACHE_LIMIT", given)
    assert cache_limit() == expected


@pytest.mark.parametrize("given", ["-1", "4X", "G", "1e9", "four", "inf", "nan", "1,5G", "٣"])
def test_anything_else_is_refused(given, monkeypatch):
    monkeypatch.setenv("DTORCH_CACHE_LIMIT", given)
    with pytest.raises(UsageError) as raised:
        cache_limit()
    error = raised.value
    assert (error.where, error.what, error.got) == (
        "DTORCH_CACHE_LIMIT",
        "not a size",
        repr(given),
    )
    assert "500M or 4G" in str(error.expected)
    assert "unset it" in str(error.fix)

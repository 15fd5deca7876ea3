"""The folder of downloaded weight files."""

from pathlib import Path

import pytest

from darknet_torch.downloads import finding
from darknet_torch.downloads.finding import cache_folder, downloaded
from darknet_torch.downloads.published import find_published
from darknet_torch.errors import UsageError


@pytest.fixture
def user(monkeypatch):
    """A user without any setting, whose home is /home/ann."""
    for name in ("DTORCH_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    return monkeypatch


@pytest.mark.parametrize(
    ("system", "variable", "value", "expected"),
    [
        ("linux", "DTORCH_CACHE", "/data", "/data"),
        ("linux", "XDG_CACHE_HOME", "/var/x", "/var/x/darknet_torch"),
        ("linux", "XDG_CACHE_HOME", "relative", "/home/ann/.cache/darknet_torch"),
        ("linux", "XDG_CACHE_HOME", "", "/home/ann/.cache/darknet_torch"),
        ("darwin", "XDG_CACHE_HOME", "/var/x", "/home/ann/Library/Caches/darknet_torch"),
        ("win32", "LOCALAPPDATA", "/local", "/local/darknet_torch"),
        ("win32", "LOCALAPPDATA", "", "/home/ann/AppData/Local/darknet_torch"),
    ],
)
def test_the_cache_is_where_the_system_keeps_caches(system, variable, value, expected, user):
    user.setattr(finding.sys, "platform", system)
    user.setenv(variable, value)
    assert cache_folder() == Path(expected)


def test_without_a_home_folder_the_variable_to_set_is_named(user):
    def home():
        raise RuntimeError("Could not determine home directory.")

    user.setattr(Path, "home", home)
    with pytest.raises(UsageError, match="there is no home folder; set DTORCH_CACHE to a folder"):
        cache_folder()


def test_a_file_in_the_cache_is_found(cache):
    published = find_published("yolov3")
    assert downloaded(published) is None
    cache.mkdir()
    (cache / "yolov3.weights").touch()
    assert downloaded(published) == cache / "yolov3.weights"

"""Which weight file a name stands for, and where downloaded ones are kept."""

import shutil
from pathlib import Path

import pytest

from darknet_torch.cfg.zoo import definitions_folder, sample_folder
from darknet_torch.downloads import finding
from darknet_torch.downloads.finding import (
    cache_folder,
    default_weights,
    downloaded,
    find_weights,
)
from darknet_torch.downloads.published import find_published
from darknet_torch.errors import UsageError, WeightsError
from darknet_torch.model.loading import load
from tests.downloads.server import WEIGHTS


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


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


@pytest.fixture
def yolov3(cache):
    """A file in the cache under the name of a published one."""
    cache.mkdir()
    return Path(shutil.copy(WEIGHTS, cache / "yolov3.weights"))


@pytest.mark.parametrize("name", ["yolov3", "yolov3.weights", Path("yolov3")])
def test_a_name_stands_for_the_downloaded_file(name, yolov3):
    assert find_weights(name) == yolov3
    assert downloaded(find_published("yolov3")) == yolov3


def test_a_file_in_the_working_folder_comes_first_but_not_a_folder(yolov3, tmp_path):
    (tmp_path / "yolov3").mkdir()
    assert find_weights("yolov3") == yolov3
    (tmp_path / "yolov3.weights").touch()
    assert find_weights("yolov3.weights") == Path("yolov3.weights")


@pytest.mark.parametrize("path", ["models/yolov3.weights", "./gone.weights", "gone"])
def test_any_other_name_is_a_path(path, yolov3):
    assert find_weights(path) == Path(path)


def test_a_file_that_is_not_downloaded_is_refused_with_the_command_to_fetch_it(cache):
    with pytest.raises(WeightsError) as caught:
        find_weights("yolov4.weights")
    assert str(caught.value) == (
        "yolov4.weights: no such weight file, and the published one of that name is not "
        "downloaded; to fetch it: dtorch download yolov4; without a network put the file at "
        f"{cache / 'yolov4.weights'}"
    )


def test_a_misspelt_name_gets_a_suggestion(tmp_path):
    with pytest.raises(WeightsError, match="no such weight file; did you mean 'yolov3-tiny'"):
        find_weights("yolov3-tinny")
    (tmp_path / "yolov3-tinny").mkdir()
    assert find_weights("yolov3-tinny") == Path("yolov3-tinny")


def test_a_shipped_definition_uses_the_downloaded_weights_by_default(cache):
    cfg = definitions_folder() / "yolov2-voc.cfg"
    with pytest.raises(UsageError) as caught:
        default_weights(cfg)
    assert str(caught.value).endswith(
        "to fetch the published ones: dtorch download yolo-voc; without a network put the file "
        f"at {cache / 'yolo-voc.weights'}"
    )
    cache.mkdir()
    (cache / "yolo-voc.weights").touch()
    assert default_weights(cfg) == cache / "yolo-voc.weights"


def test_any_other_cfg_uses_only_the_weights_next_to_it(yolov3, tmp_path):
    cfg = tmp_path / "yolov3.cfg"
    with pytest.raises(UsageError) as caught:
        default_weights(cfg)
    assert str(caught.value) == (
        f"no weights: expected --weights FILE, got no --weights, and no {tmp_path}/yolov3.weights"
    )
    (tmp_path / "yolov3.weights").touch()
    assert default_weights(cfg) == tmp_path / "yolov3.weights"


def test_load_accepts_a_name(yolov3):
    network = load(sample_folder() / "toy-shapes.cfg", "yolov3")
    expected = load(sample_folder() / "toy-shapes.cfg", WEIGHTS)
    for name, array in network.state_dict().items():
        assert array.equal(expected.state_dict()[name]), name

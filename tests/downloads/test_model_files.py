"""Finding a model's files by the paths and names that a user gives."""

import shutil
from pathlib import Path

import pytest

from darknet_torch.cfg.zoo import definitions_folder, shipped
from darknet_torch.downloads.model_files import ModelFiles, resolve_model, resolve_weights
from darknet_torch.errors import CfgError, UsageError, WeightsError
from darknet_torch.loading.load import load
from tests.toy.files import CFG, WEIGHTS


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def default_weights(cfg):
    return resolve_model(cfg, default_weights=True).weights


@pytest.fixture
def yolov3(cache):
    """A file in the cache under the name of a published one."""
    cache.mkdir()
    return Path(shutil.copy(WEIGHTS, cache / "yolov3.weights"))


class TestResolveModel:
    def test_paths_are_kept(self, tmp_path):
        (tmp_path / "a.cfg").touch()
        assert resolve_model("a.cfg") == ModelFiles(Path("a.cfg"))
        assert resolve_model("a.cfg", "b/c.weights") == ModelFiles(
            Path("a.cfg"), Path("b/c.weights")
        )

    def test_names_are_looked_up(self, yolov3):
        found = resolve_model("yolov3", "yolov3")
        assert found == ModelFiles(shipped(".cfg")["yolov3"], yolov3)

    def test_without_a_cfg_the_one_next_to_the_weights_is_taken(self, tmp_path):
        (tmp_path / "a.conv.3").touch()
        (tmp_path / "a.cfg").touch()
        assert resolve_model(None, "a.conv.3") == ModelFiles(Path("a.cfg"), Path("a.conv.3"))

    def test_weights_without_a_cfg_next_to_them_are_refused(self, tmp_path):
        (tmp_path / "a.weights").touch()
        with pytest.raises(UsageError) as caught:
            resolve_model(None, "a.weights")
        assert str(caught.value) == (
            "a.weights: does not say which network it belongs to: expected --cfg CFG, or a.cfg "
            "next to it"
        )
        with pytest.raises(WeightsError, match=r"gone\.pt: no such file: expected a weight file"):
            resolve_model(None, "gone.pt")

    def test_neither_cfg_nor_weights_is_refused(self):
        with pytest.raises(UsageError, match="no network: expected a cfg or a weight file"):
            resolve_model(None)

    def test_an_unknown_cfg_is_reported_before_unknown_weights(self):
        with pytest.raises(CfgError, match="did you mean 'yolov3-tiny'"):
            resolve_model("yolov3-tinny", "yolov3-tinny")

    def test_a_file_of_the_same_name_has_the_cfgs_folder(self, tmp_path):
        (tmp_path / "a.cfg").touch()
        assert resolve_model(tmp_path / "a.cfg").companion(".names") == tmp_path / "a.names"


@pytest.mark.parametrize("name", ["yolov3", "yolov3.weights", Path("yolov3")])
def test_a_name_stands_for_the_downloaded_file(name, yolov3):
    assert resolve_weights(name) == yolov3


def test_a_file_in_the_working_folder_comes_first_but_not_a_folder(yolov3, tmp_path):
    (tmp_path / "yolov3").mkdir()
    assert resolve_weights("yolov3") == yolov3
    (tmp_path / "yolov3.weights").touch()
    assert resolve_weights("yolov3.weights") == Path("yolov3.weights")


@pytest.mark.parametrize("path", ["models/yolov3.weights", "./gone.weights", "gone"])
def test_any_other_name_is_a_path(path, yolov3):
    assert resolve_weights(path) == Path(path)


def test_a_file_that_is_not_downloaded_is_refused_with_the_command_to_fetch_it(cache):
    with pytest.raises(WeightsError) as caught:
        resolve_weights("yolov4.weights")
    assert str(caught.value) == (
        "yolov4.weights: no such weight file, and the published one of that name is not "
        "downloaded; to fetch it: dtorch download yolov4; without a network put the file at "
        f"{cache / 'yolov4.weights'}"
    )


def test_a_misspelt_path_gets_the_nearest_file_of_its_folder(tmp_path):
    (tmp_path / "toy_best.weights").touch()
    with pytest.raises(WeightsError, match=r"toy_bst\.weights: no such .*toy_best\.weights'"):
        resolve_weights(tmp_path / "toy_bst.weights")


def test_a_misspelt_name_gets_a_suggestion(tmp_path):
    with pytest.raises(WeightsError, match="no such weight file; did you mean 'yolov3-tiny'"):
        resolve_weights("yolov3-tinny")
    (tmp_path / "yolov3-tinny").mkdir()
    assert resolve_weights("yolov3-tinny") == Path("yolov3-tinny")


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
    cfg.touch()
    with pytest.raises(UsageError) as caught:
        default_weights(cfg)
    assert str(caught.value) == (
        f"no weights: expected --weights FILE, got no --weights, and no {tmp_path}/yolov3.weights"
    )
    (tmp_path / "yolov3.weights").touch()
    assert default_weights(cfg) == tmp_path / "yolov3.weights"


def test_load_accepts_a_name(yolov3):
    network = load(CFG, "yolov3")
    expected = load(CFG, WEIGHTS)
    for name, array in network.state_dict().items():
        assert array.equal(expected.state_dict()[name]), name

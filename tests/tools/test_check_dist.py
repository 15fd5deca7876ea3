"""tools/check_dist.py names the files that a wheel or a source archive lacks or has too many."""

import tarfile
import zipfile

from click.testing import CliRunner

from tools import check_dist

TRACKED = [".ci/run", ".gitignore", "setup.cfg", "cfg/yolov3.cfg", "darknet_torch/py.typed"]


def built(folder, names, archived):
    """Write a wheel and a source archive with these names into a folder."""
    with zipfile.ZipFile(folder / "one.whl", "w") as wheel:
        for name in [*names, "darknet_torch-0.1.0.dist-info/RECORD"]:
            wheel.writestr(name, "")
    with tarfile.open(folder / "one.tar.gz", "w:gz") as archive:
        for name in [*archived, "PKG-INFO", "darknet_torch.egg-info/SOURCES.txt"]:
            archive.addfile(tarfile.TarInfo(f"darknet_torch-0.1.0/{name}"))
    return folder


def checked(monkeypatch, folder):
    monkeypatch.setattr(check_dist, "tracked_files", lambda root: TRACKED)
    return CliRunner().invoke(check_dist.main, [str(folder)])


def test_complete_ones_pass(tmp_path, monkeypatch):
    names = ["darknet_torch/definitions/yolov3.cfg", "darknet_torch/py.typed"]
    result = checked(monkeypatch, built(tmp_path, names, TRACKED[2:]))
    assert result.exit_code == 0
    assert result.output == "one.whl and one.tar.gz have the files of the repository\n"


def test_each_difference_is_named(tmp_path, monkeypatch):
    names = ["darknet_torch/py.typed", "darknet_torch/old.py"]
    result = checked(monkeypatch, built(tmp_path, names, [*TRACKED[3:], "out/desk.png"]))
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "one.whl: darknet_torch/definitions/yolov3.cfg is missing",
        "one.whl: darknet_torch/old.py does not belong there",
        "one.tar.gz: setup.cfg is missing",
        "one.tar.gz: out/desk.png does not belong there",
    ]

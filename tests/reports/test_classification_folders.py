"""Folders of classes: what lies next to the classes, and which classes were found."""

import os
from pathlib import Path

import pytest

from darknet_torch.datasets.classification import open_classification
from darknet_torch.errors import UsageError
from tests.cli.colour_classifier import write_model
from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import picture

CLASSES = ("blue", "green", "red")


def make(root, classes=CLASSES):
    for number, name in enumerate(classes):
        picture(root / name / f"{number}.png", seed=number, height=4, width=4)
    return root


@pytest.mark.parametrize(
    "name", [".git", ".ipynb_checkpoints", ".thumbnails", "__MACOSX", "@eaDir"]
)
def test_hidden_folders_are_no_classes(tmp_path, name):
    """ultralytics/yolov3 and others: .ipynb_checkpoints becomes the first class."""
    root = make(tmp_path)
    picture(root / name / "x.png")
    picture(root / "red" / name / "y.png")
    (root / "red/._0.png").write_bytes(b"of an archive made on macOS")
    found = open_classification(root)
    assert found.names == CLASSES
    assert [path.name for path in found.paths] == ["0.png", "1.png", "2.png"]


def test_eval_says_which_classes_it_found(tmp_path):
    """A folder too many shifts all classes; nothing said which were taken."""
    root, cfg = make(tmp_path / "data"), write_model(tmp_path)
    words = ("eval", "--cfg", cfg, "--weights", cfg.with_suffix(".weights"), "--data", root)
    result = dtorch(*words)
    assert f"note: classes: blue, green, red (3 folders of {root})\n" in result.stderr
    assert "folders of" not in dtorch(*words, "--quiet").stderr


def test_train_says_which_classes_it_found(tmp_path):
    """The same in training."""
    root, cfg = make(tmp_path / "data/train").parent, write_model(tmp_path)
    text = cfg.read_text().replace("channels=3", "channels=3\nmax_batches=1\nlearning_rate=.01")
    cfg.write_text(text)
    result = dtorch(
        "train", "--cfg", cfg, "--data", root, "--workers", 0, "--backup", tmp_path / "new"
    )
    assert result.exit_code == 0
    assert f"note: classes: blue, green, red (3 folders of {root}/train)\n" in result.stderr


def test_folders_without_permission_are_named(tmp_path, monkeypatch):
    """A folder of another user: a traceback."""
    root, scandir = make(tmp_path), os.scandir

    def refuse(place):
        if Path(place).name == "green":
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    found = open_classification(root)
    assert (found.names, found.class_ids) == (CLASSES, (0, 2))
    (problem,) = found.problems
    assert str(problem) == (
        f"{root}/green: the folder cannot be listed (Permission denied); its pictures are left out"
    )


def test_a_root_without_permission_is_an_error(tmp_path, monkeypatch):
    """A folder of another user: a traceback."""

    def refuse(place):
        raise PermissionError(13, "Permission denied", str(place))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UsageError, match=r"no classes: expected a folder.*Permission denied"):
        open_classification(tmp_path)


def test_many_classes_are_cut_short(tmp_path):
    """A thousand classes in one line help nobody."""
    root = make(tmp_path, [f"n{number:03}" for number in range(30)])
    with pytest.warns(UserWarning) as caught:
        open_classification(root).warn_of_folders()
    assert str(caught[0].message).endswith(f"n019, ... (10 more) (30 folders of {root})")

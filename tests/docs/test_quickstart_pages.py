"""Every command and example of the quick starts and of the training guide runs."""

import shlex
import shutil
from pathlib import Path

import pytest

import darknet_torch as dt
from tests.cli.command import dtorch
from tests.docs.pages import blocks, commands, fill_folder
from tests.examples.exports import photos_with_txt
from tests.training.runs import DETECTOR, detector_data, written

TRAINING_PAGES = ("docs/quickstart-photos.md", "docs/training-guide.md")
OTHER_PAGES = ("docs/quickstart-weights.md", "docs/quickstart-code.md")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model, pictures, and a data set with the model's classes."""
    folder = tmp_path_factory.mktemp("quickstart")
    fill_folder(folder)
    cfg = folder / "custom.cfg"
    cfg.write_text(cfg.read_text().replace("[net]\n", "[net]\nmax_batches=1\n"))
    detector_data(folder / "squares", 4)
    data = detector_data(folder / "squares", 2, "valid")
    names = (folder / "custom.names").resolve()
    lines = [line for line in data.read_text().splitlines() if not line.startswith("names")]
    (folder / "custom.data").write_text("\n".join([*lines, f"names={names}"]) + "\n")
    return folder


def run_command(command):
    """Run a command of a page in this process."""
    program, *words = shlex.split(command)
    assert program == "dtorch"
    result = dtorch(*words, *(("--workers", 0) if "train" in words[:2] else ()))
    assert result.exit_code == 0, f"{command}: {result.output}"


@pytest.mark.parametrize("page", OTHER_PAGES)
def test_the_commands_and_examples_work(page, folder, monkeypatch):
    monkeypatch.chdir(folder)
    for command in commands(page):
        run_command(command)
    for example in blocks(page, "python"):
        exec(compile(example, page, "exec"), {})
    assert len(commands(page)) >= 3


@pytest.mark.parametrize("page", TRAINING_PAGES)
def test_the_way_from_photos_to_a_model(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photos_with_txt(tmp_path / "labelled", tmp_path / "source")
    shutil.copyfile(next(tmp_path.glob("labelled/*.png")), "photo.jpg")
    for command in commands(page):
        if " --resume" in command:  # for one more iteration: the run before is complete
            command += " --max-batches 7"
        run_command(command)
        if "--out shapes.cfg" in command:  # a few layers under that name, which train in a second
            written(tmp_path, DETECTOR, "shapes.cfg")
            dt.write_weights(dt.load("shapes.cfg"), "yolov4-tiny.conv.29", cutoff=3)
        if "dtorch train" in command:  # too short to learn what an evaluation can measure
            for last in Path().glob("runs/shapes/shapes_last.weights"):
                shutil.copyfile(last, last.with_name("shapes_best.weights"))
    assert Path("found").is_dir()
    assert len(commands(page)) >= 7

"""`dtorch report`, with the toy model as that of several trainings."""

import json
import shutil

import cv2
import pytest

from darknet_torch import load, write_weights
from darknet_torch.report import run_plots
from darknet_torch.report.page import FILE_NAME
from tests.cli.command import dtorch, python
from tests.report.fabricated_runs import write_run
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS
from tests.training.runs import CLASSIFIER

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")
UNUSABLE = 2
# Imports everything about pages, and prints which heavy packages that has loaded.
IMPORT_ALL = """
import importlib, pkgutil, sys
import darknet_torch.cli.report
import darknet_torch.report as pages
for module in pkgutil.iter_modules(pages.__path__):
    importlib.import_module(f"{pages.__name__}.{module.name}")
print([name for name in ("torch", "jinja2", "matplotlib") if name in sys.modules])
"""


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    """A folder with pictures and the trainings one and two; the second finds more."""
    folder = tmp_path_factory.mktemp("trainings")
    (folder / "photos").mkdir()
    for name in ("x", "y", "z"):
        cv2.imwrite(str(folder / f"photos/{name}.png"), cv2.imread(str(PICTURE)))
        (folder / f"photos/{name}.txt").write_text("0 .5 .5 .2 .2\n")
    shutil.copy(NAMES, folder / "photos/classes.txt")
    data = str(folder / "photos")
    for name, more in (("one", {}), ("two", {"seed": 7})):
        run = write_run(folder / name, cfg=CFG.read_text(), data=data, valid_split="train", **more)
        shutil.copy(WEIGHTS, run / "custom_best.weights")
        shutil.copy(NAMES, run / "custom.names")
    network = load(CFG, WEIGHTS)
    (biases,) = (
        slot.tensor for slot in network.layers[-2].weight_slots() if slot.name == "biases"
    )
    biases.data[4] += 2  # objectness
    write_weights(network, folder / "two/custom_best.weights")
    return folder


@pytest.fixture(autouse=True)
def plots(monkeypatch):
    """The names of the plots to draw: none, since each takes time."""
    names = []
    draw = run_plots.run_plots
    monkeypatch.setattr(
        run_plots, "run_plots", lambda runs: [one for one in draw(runs) if one.name in names]
    )
    return names


@pytest.fixture
def folder(trainings, tmp_path, monkeypatch):
    """A working folder with a copy of the trainings."""
    shutil.copytree(trainings, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def report(*words, status=0):
    result = dtorch("report", *words)
    assert result.exit_code == status, result.stderr
    return result


def test_two_trainings_are_compared(folder, plots):
    plots.append("rate")
    result = report("one", "two", "--plots", "plots", "--pictures", 2, "--format", "json")
    assert result.stderr == "plots: plots\nreport: report/index.html\n"
    found = json.loads(result.stdout)
    assert found["differences"]["Options"] == {"--seed": {"one": "0", "two": "7"}}
    assert [run["best"] for run in found["runs"]] == [0.75, 0.75]
    models = found["two_models"]
    assert (models["pictures"], models["threshold"]) == (2, 0.25)
    counts = {name: column[25] for name, column in models["counts"]["all"].items()}
    assert counts["detections of one"] == counts["both"] + counts["only one"] > 0
    assert counts["detections of two"] > counts["both"] > 0
    disagreements = counts["only one"] + counts["only two"] + counts["other class"]
    assert sum(models["disagreements"].values()) == disagreements > 0
    page = (folder / "report" / FILE_NAME).read_text()
    words = ("Trainings side by side", "--seed", "only two", "x.png", "most disagreements first")
    assert all(word in page for word in words)
    names = {path.name for path in (folder / "plots").iterdir()}
    assert names == {"rate.png", "rate.svg"}


def test_the_text_says_what_the_json_says(folder):
    lines = report("one", "two", "--quiet", "--threshold", 0.5).stdout.splitlines()
    assert lines[1].split()[:3] == ["one", "mAP@0.50", "75.00"]
    assert "--seed    0    7" in lines
    assert any(line.startswith("one and two on 3 pictures of ") for line in lines)


def test_one_training_alone(folder):
    assert "custom" not in report("one").stdout.splitlines()[0]
    page = (folder / "report" / FILE_NAME).read_text()
    assert "Training one" in page
    assert "Where two models disagree" not in page


def test_pages_do_not_replace_each_other(folder):
    for name in ("report", "report-2"):
        assert f"report: {name}/index.html" in report("one").stderr
    report("one", "--out", "mine")
    (folder / "mine" / FILE_NAME).write_text("by somebody else")
    result = report("one", "--out", "mine", status=UNUSABLE)
    assert "mine/index.html: cannot be written" in result.stderr


class TestWithoutPictures:
    @pytest.mark.parametrize(
        ("missing", "reason"),
        [
            ("two/custom_best.weights", "two: the training has no weights"),
            ("one/custom.cfg", "one: the training has no cfg that can be read"),
            (
                "one/custom_plan.json",
                "one/custom_plan.json: the training does not say what it was evaluated on",
            ),
        ],
    )
    def test_what_is_missing_is_named(self, missing, reason, folder):
        (folder / missing).unlink()
        result = report("one", "two")
        assert f"no pictures: {reason}" in result.stdout
        assert "note: no pictures: " in result.stderr
        assert "Where two models disagree" in (folder / "report" / FILE_NAME).read_text()

    def test_a_data_set_that_is_gone(self, folder, trainings):
        plan = folder / "one/custom_plan.json"
        plan.write_text(plan.read_text().replace(str(trainings / "photos"), "gone"))
        assert "no pictures: gone: no such" in report("one", "two").stdout
        words = ("one", "two", "--data", "photos", "--split", "all")
        assert "one and two on 3 pictures" in report(*words).stdout

    def test_a_classifier(self, folder):
        (folder / "two/custom.cfg").write_text(CLASSIFIER)
        write_weights(load(folder / "two/custom.cfg"), folder / "two/custom_best.weights")
        assert "this network has no detection head" in report("one", "two").stdout

    def test_weights_that_fit_nothing(self, folder):
        (folder / "two/custom_best.weights").write_bytes(b"\0" * 100)
        assert "no pictures: two/custom_best.weights: " in report("one", "two").stdout

    def test_neither_torch_nor_pictures_are_read(self, folder):
        shutil.rmtree("photos")
        result = report("one", "two", "--no-pictures")
        assert "no pictures: left out by --no-pictures" in result.stdout
        assert result.stderr == "report: report/index.html\n"
        assert python(IMPORT_ALL).stdout == "[]\n"


def test_relative_paths_are_those_of_the_training(folder, trainings):
    plan, environment = folder / "one/custom_plan.json", folder / "one/custom_environment.json"
    plan.write_text(plan.read_text().replace(str(trainings / "photos"), "elsewhere/photos"))
    environment.write_text(environment.read_text().replace("/elsewhere", str(folder / "other")))
    shutil.move("photos", "other/elsewhere/photos")
    assert "one and two on 3 pictures" in report("one", "two").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("one", "nothing"), "nothing: no training: expected a folder that dtorch train wrote"),
        (("one", "one"), "one: the same training twice"),
        (("one", "two", "--compare", "one", "three"), "--compare names no run of this command"),
        (("one", "two", "--compare", "one", "one"), "--compare names one run twice"),
        (("one", "--compare", "one", "two"), "expected two of one, got two"),
        (("one", "--out", "one/custom.cfg"), "one/custom.cfg: cannot be written"),
    ],
)
def test_mistakes_are_explained(words, message, folder):
    assert message in report(*words, status=UNUSABLE).stderr
    assert not (folder / "report").exists()


def test_the_models_to_compare_are_chosen(folder):
    shutil.copytree("two", "three")
    words = ("--compare", "three", "one", "--pictures", 1)
    assert "three and one on 1 pictures" in report("one", "two", "three", *words).stdout

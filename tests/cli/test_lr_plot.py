"""`dtorch lr-plot`: its picture, its rows, its messages."""

import json

import cv2
import pytest

from tests.cli.command import RUN_AND_LIST, dtorch, python

CFG = """[net]
inputs=1
batch=4
learning_rate=0.5
burn_in=2
power=1
policy=steps
steps=6
scales=.5
max_batches=8
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.cfg").write_text(CFG)
    (tmp_path / "b.cfg").write_text(CFG.replace("max_batches=8", "max_batches=4"))
    return tmp_path


def rates(*words):
    """Label -> rates of the iterations, which are all of them."""
    result = dtorch("lr-plot", *words, "--format", "json")
    assert result.exit_code == 0, result.output
    curves = json.loads(result.stdout)
    for one in curves:
        assert one["iterations"] == list(range(1, len(one["learning_rates"]) + 1))
    return {one["curve"]: pytest.approx(one["learning_rates"]) for one in curves}


def test_the_rates_are_those_of_a_training():
    assert rates("a.cfg") == {"a": [0.25, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]}


def test_the_options_are_those_of_train():
    assert rates("a.cfg", "--max-batches", 4, "--learning-rate", 0.25)["a"] == [
        *(0.125, 0.25, 0.25, 0.25)
    ]
    scaled = [0.5, 0.5, 0.25, 0.25]
    assert rates("a.cfg", "--max-batches", 4, "--scale-schedule")["a"] == scaled
    assert rates("a.cfg", "--epochs", 2, "--pictures", 8)["a"] == scaled
    assert rates("a.cfg", "--epochs", 2, "--pictures", 4, "--batch", 2)["a"] == scaled
    epochs = ("--schedule", "step-epochs:1", "--warmup", "none", "--pictures", 8)
    assert rates("b.cfg", *epochs)["step-epochs:1"] == [0.5, 0.5, 0.05, 0.05]


def test_phases_multiply_the_rate_and_set_the_length():
    found = rates("a.cfg", "--phase", "3", "--phase", "2:lr=0.1")["a"]
    assert found == [0.25, 0.5, 0.5, 0.05, 0.05]


def test_cfgs_and_schedules_are_compared():
    schedules = ("--schedule", "cfg", "--schedule", "cosine:min=1")
    found = rates("a.cfg", "b.cfg", *schedules)
    assert list(found) == ["a cfg", "a cosine:min=1", "b cfg", "b cosine:min=1"]
    assert found["b cosine:min=1"] == [0.25, 0.5, 0.5, 0.5]


def test_a_csv_has_a_row_for_every_so_many_iterations_and_the_last(folder):
    result = dtorch("lr-plot", "a.cfg", "--format", "csv", "--every", 3)
    rows = ["curve,iteration,learning_rate", "a,1,0.25", "a,4,0.5", "a,7,0.25", "a,8,0.25"]
    assert result.stdout.splitlines() == rows
    assert dtorch("lr-plot", "a.cfg", "--out", "rates.csv").exit_code == 0
    assert len((folder / "rates.csv").read_text().splitlines()) == 9


def test_pictures_replace_nothing(folder):
    pytest.importorskip("matplotlib")
    for name in ("a_lr.png", "a_lr-2.png"):
        result = dtorch("lr-plot", "a.cfg")
        assert (result.exit_code, result.stderr) == (0, f"wrote {name}\n")
        assert cv2.imread(name).std() > 5
    assert dtorch("lr-plot", "a.cfg", "b.cfg", "--out", "both.svg").exit_code == 0
    assert (folder / "both.svg").read_text().count("<svg") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--epochs", 2], "--epochs without a number of pictures: expected --pictures N"),
        (["--epochs", 2, "--max-batches", 3], "--epochs and --max-batches exclude each other"),
        (["--schedule", "step-epochs:epochs=1"], "length of an epoch is not known"),
        (["--schedule", "callable"], "come from a Python function"),
        (["--schedule", "cosin"], "did you mean cosine?"),
        (["--warmup", "linea"], "--warmup has no such name"),
        (["--out", "rate.jpg"], "unknown plot format"),
        (["--out", "-"], "a plot is not printed"),
        (["--learning-rate", "nan"], "not a finite number"),
    ],
)
def test_a_mistake_is_a_message(words, message, folder):
    result = dtorch("lr-plot", "a.cfg", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not list(folder.glob("*.png"))


@pytest.mark.parametrize("length", ["", "max_batches=-5"])
def test_a_cfg_without_a_length_says_so(folder, length):
    (folder / "a.cfg").write_text(f"[net]\ninputs=1\n{length}\n")
    result = dtorch("lr-plot", "a.cfg")
    assert result.exit_code == 2
    assert "does not say how long to train" in result.stderr
    assert "use --max-batches" in result.stderr


def test_it_imports_no_torch(monkeypatch):
    result = python(RUN_AND_LIST, "lr-plot", "a.cfg", "--schedule", "plateau", "--format", "csv")
    assert result.returncode == 0
    assert "torch" not in result.stderr.splitlines()[-1]

"""`dtorch check`."""

import json

import pytest

from darknet_torch.loading.load import load
from darknet_torch.model.weights import write_weights
from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import darknet
from tests.lint.cfgs import HEADS, NET


@pytest.fixture
def model(tmp_path):
    """A sound cfg, its weights, and a data set for it."""
    cfg = tmp_path / "x.cfg"
    cfg.write_text(NET + HEADS)
    write_weights(load(cfg), tmp_path / "x.weights")
    return cfg, tmp_path / "x.weights", darknet(tmp_path, ["0 .5 .5 .1 .2\n1 .5 .5 .5 .5"])


def test_only_notes_exit_with_0(model):
    result = dtorch("check", *reversed(model))
    assert (result.exit_code, result.stderr) == (0, "")
    *notes, count = result.stdout.splitlines()
    assert all(line.startswith("note: ") for line in notes)
    assert count == f"0 errors, 0 warnings, {len(notes)} notes"
    quiet = dtorch("check", "--quiet", *model)
    assert quiet.stdout == f"{count}\n"


def test_findings_of_all_files_are_listed_file_by_file(model):
    cfg, weights, data = model
    cfg.write_text((NET + HEADS).replace("max_batches=6000", "max_batches=10"))
    weights.write_bytes(weights.read_bytes()[:-4])
    data.write_text(data.read_text() + "valid=none.txt\n")
    result = dtorch("check", *model, "--quiet")
    assert result.exit_code == 1
    assert [line.partition(": ")[0] for line in result.stdout.splitlines()] == [
        "warning",
        "warning",
        "error",
        "error",
        "2 errors, 2 warnings, 3 notes",
    ]


def test_one_warning_exits_with_1(model):
    cfg, *_ = model
    cfg.write_text((NET + HEADS).replace("burn_in", "burnin"))
    assert dtorch("check", cfg).exit_code == 1


def test_json_has_the_same_findings(model, tmp_path):
    cfg, *_ = model
    cfg.write_text((NET + HEADS).replace("classes=2", "classes=3", 1))
    out = tmp_path / "findings.json"
    result = dtorch("check", cfg, "--format", "json", "--out", out)
    assert (result.exit_code, result.stdout) == (1, "")
    (finding,) = json.loads(out.read_text())
    assert (finding["severity"], finding["where"]) == ("error", f"{cfg}:17")
    assert finding["expected"] == "filters=16 = 2 masks * (4 + 1 + 3 classes)"
    assert f"set filters=16 at {cfg}:13" in finding["fix"]


def test_a_cfg_that_new_made_has_no_findings(tmp_path):
    path = tmp_path / "x.cfg"
    dtorch("new", "yolov4-tiny", "--classes", 3, "--out", path)
    assert dtorch("check", path).exit_code == 0


def test_a_shipped_name_and_a_dialect():
    assert dtorch("check", "resnet18").exit_code == 1
    assert dtorch("check", "resnet18", "--dialect", "pjreddie").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to check"),
        (["yolov3", "yolov2"], "two cfg files"),
        (["none.data"], "none.data: no such file"),
    ],
)
def test_unusable_files_exit_with_2(words, message):
    result = dtorch("check", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr

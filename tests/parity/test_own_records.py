"""The project's own copies of recorded results, compared with the shipped definitions.

Those of whole networks, tests/parity/data/forward, are compared by a command of the README, which
tests/docs/test_readme.py runs.
"""

import copy
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from darknet_torch.cfg.zoo import definitions_folder
from tools.parity import check_forward, check_training, main
from tools.parity_train import check_rates

DATA = Path(__file__).parent / "data"
LAYERS = sorted((DATA / "layers").glob("*.json"))
FORWARD = sorted((DATA / "forward").glob("*.json"))
TRAIN = sorted((DATA / "train").glob("*.json"))


@pytest.mark.parametrize("path", LAYERS, ids=lambda path: path.stem)
def test_every_layer_equals_the_record(path):
    deviation = check_forward(path, definitions_folder())
    assert deviation.passed, str(deviation)


@pytest.mark.parametrize("path", TRAIN, ids=lambda path: path.stem)
def test_training_equals_the_record(path):
    deviation = check_training(path, definitions_folder())
    assert deviation.passed, str(deviation)


def test_learning_rates_of_every_policy_equal_the_records():
    deviations = dict(check_rates(DATA / "learning_rates.json"))
    assert len(deviations) >= 8
    assert {name: str(f) for name, f in deviations.items() if not f.passed} == {}


def test_the_tool_prints_each_policy_and_reports_a_wrong_rate(tmp_path):
    path = DATA / "learning_rates.json"
    result = CliRunner().invoke(main, ["rates", str(path)])
    assert result.exit_code == 0
    record = json.loads(path.read_text())
    assert len(result.output.splitlines()) == len(record)
    broken = {name: record[name] for name in list(record)[:2]}
    list(broken.values())[1]["rates"][0][1] *= 1.001
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    result = CliRunner().invoke(main, ["rates", str(tmp_path / "broken.json")])
    assert result.exit_code == 1
    assert [line[:4] for line in result.output.splitlines()] == ["ok  ", "FAIL"]


def test_a_changed_training_record_fails_and_names_the_place(tmp_path):
    record = json.loads((DATA / "train" / "yolo_mse.json").read_text())
    for change, place in (
        (lambda r: r["costs"].__setitem__(1, r["costs"][1] * 1.001), "cost 1"),
        (lambda r: r["heads"][0]["top_values"].__setitem__(0, 0.0), "delta"),
        (lambda r: r["lr"].__setitem__(-1, r["lr"][-1] * 1.001), "rate"),
        (lambda r: r["final_parameters"][0].__setitem__("change_l2", 1.0), "change"),
    ):
        broken = copy.deepcopy(record)
        change(broken)
        path = tmp_path / "broken.json"
        path.write_text(json.dumps(broken))
        deviation = check_training(path, definitions_folder())
        assert not deviation.passed
        assert place in deviation.place


@pytest.mark.parametrize("name", ["yolo_mse", "layers_mix"])
def test_fast_training_changes_nearly_the_same(tmp_path, name):
    """Batch normalisation has another epsilon backwards; layers_mix differs most, by 1.7 %."""
    shutil.copy(DATA / "train" / f"{name}.json", tmp_path)
    result = CliRunner().invoke(main, ["distance", str(tmp_path)])
    assert result.exit_code == 0
    percent = float(result.output.removeprefix(f"{name}: ").partition("%")[0])
    assert 0 < percent < 2


def test_no_copy_is_missing():
    assert len(LAYERS) >= 29
    assert len(FORWARD) >= 5
    assert len(TRAIN) >= 20

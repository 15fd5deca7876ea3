"""What a saved state belongs to."""

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.model.loading import build
from darknet_torch.training.data import open_training_data
from darknet_torch.training.distributed import Processes
from darknet_torch.training.run_record import RunRecord
from tests.training.runs import DETECTOR, changed, detector_data, written


def record_of(plan, processes=None, **options):
    network = build(plan.cfg, **options)
    data = open_training_data(network, plan)
    return RunRecord.of_run(network, plan, data, processes or Processes())


def test_the_same_run_has_no_changes(plan):
    before = RunRecord.from_dict(record_of(plan).to_dict())
    again = record_of(changed(plan, resume=True, workers=3, save_last=7, backup="elsewhere"))
    again.check_network(before, "tiny.state")
    assert again.changes(before) == []


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"seed": 5}, "seed: 0 -> 5"),
        ({"precision": "bfloat16"}, "precision: float32 -> bfloat16"),
        ({"overfit": 2}, "training data: "),
        ({"map": True}, "map: False -> True"),
        ({"threads": 3}, "threads: None -> 3"),
    ],
)
def test_a_changed_option_is_named(plan, options, change):
    before = record_of(plan)
    after = record_of(changed(plan, **options))
    after.check_network(before, "tiny.state")
    assert any(line.startswith(change) for line in after.changes(before))


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("learning_rate=0.01", "learning_rate=0.5", "[net] learning_rate: 0.01"),
        ("max_batches=6", "max_batches=60", "[net] max_batches: 6 -> 60"),
        ("width=64\nheight=64", "width=96\nheight=96", "[net] width: 64 -> 96"),
        ("ignore_thresh=.7", "ignore_thresh=.5", "layer 5 [yolo] ignore_thresh: 0.7"),
        ("batch=4", "batch=8", "[net] batch: 4 -> 8"),
    ],
)
def test_a_changed_value_of_the_cfg_is_named(plan, tmp_path, old, new, change):
    before = record_of(plan)
    written(tmp_path, DETECTOR.replace(old, new))
    after = record_of(plan)
    after.check_network(before, "tiny.state")
    assert any(line.startswith(change) for line in after.changes(before))


def test_changed_pictures_names_and_processes_are_named(plan, tmp_path):
    before = record_of(plan)
    detector_data(tmp_path / "data", 7)
    (tmp_path / "data" / "squares.names").write_text("red\ngreen\nviolet\n")
    lines = record_of(plan, Processes(0, 2)).changes(before)
    assert any(line.startswith("training data: 6 pictures") for line in lines)
    assert "class names: red, green, blue -> red, green, violet" in lines
    assert "processes: 1 -> 2" in lines


@pytest.mark.parametrize(
    ("old", "new", "expected", "got"),
    [
        ("classes=3", "classes=2", "layer 5 [yolo] classes 3", "2"),
        (
            "activation=leaky",
            "activation=mish",
            "layer 0 [convolutional] activation leaky",
            "mish",
        ),
        (
            "filters=16",
            "filters=12",
            "layer 1 [convolutional] arrays biases 16, scales 16, rolling_mean 16, "
            "rolling_variance 16, weights 16x8x3x3",
            "biases 12",
        ),
        ("[dropout]\nprobability=.1\n", "", "layer 2 [convolutional] section dropout", "convol"),
        ("stride=2", "stride=1", "layer 0 [convolutional] output 8x32x32", "8x64x64"),
    ],
)
def test_another_network_is_refused(plan, tmp_path, old, new, expected, got):
    before = record_of(plan)
    text = DETECTOR.replace(old, new)
    written(tmp_path, text.replace("filters=24", "filters=21") if "classes" in old else text)
    with pytest.raises(UsageError) as error:
        record_of(plan).check_network(before, "tiny.state")
    parts = error.value
    assert (parts.where, parts.expected) == ("tiny.state", expected)
    assert str(parts.got).startswith(got)
    assert "--weights" in parts.fix

"""The options of a training, and the values that they take."""

import inspect
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

import darknet_torch as dt
from darknet_torch.cli.train import train as command
from darknet_torch.errors import ArgumentError, UsageError
from darknet_torch.training.options import TRAIN_OPTIONS, parse_options
from darknet_torch.training.plan import TrainPlan

_NO_OPTIONS = {
    "source",
    "cfg",
    "data",
    "show_batch",
    "dry_run",
    "verbose",
    "quiet",
    "strict",
    "gpu",
    "nogpu",
    "log",
}


def test_they_are_the_options_of_the_command():
    names = {param.name for param in command.params if param.expose_value}
    assert names - _NO_OPTIONS == set(TRAIN_OPTIONS)


def test_they_are_fields_of_the_plan():
    others = {"cfg", "data", "base", "net_options"}
    assert {field.name for field in fields(TrainPlan)} - others | {"gpus", "processes"} == set(
        TRAIN_OPTIONS
    )


def test_the_docstring_lists_them():
    words = set(re.findall(r"\w+", inspect.getdoc(dt.train)))
    assert set(TRAIN_OPTIONS) <= words


def test_values_become_those_of_the_plan():
    given = {
        "backup": Path("here"),
        "max_batches": np.int64(3),
        "iou": 1,
        "device": torch.device("cpu"),
        "gpus": [0, 1],
        "overfit": None,
    }
    assert parse_options(given) == {
        "backup": "here",
        "max_batches": 3,
        "iou": 1.0,
        "device": "cpu",
        "gpus": "0,1",
    }


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("seed", True, ArgumentError),
        ("seed", 1.0, ArgumentError),
        ("seed", -1, UsageError),
        ("voc_origin", 2, UsageError),
        ("bn_momentum", "0.1", ArgumentError),
        ("bn_momentum", float("nan"), UsageError),
        ("exif", "no", ArgumentError),
        ("split", 3, ArgumentError),
        ("dialect", None.__class__, ArgumentError),
        ("dialect", "hank-ai", UsageError),
        ("backup", b"here", ArgumentError),
        ("backup", "", UsageError),
        ("device", 0, ArgumentError),
        ("gpus", [0, "1"], ArgumentError),
        ("gpus", 1, ArgumentError),
        ("gpus", [-1], UsageError),
    ],
)
def test_wrong_values_are_refused_with_those_that_are_right(name, value, kind):
    with pytest.raises(kind) as error:
        parse_options({name: value})
    assert type(error.value) is kind
    assert str(TRAIN_OPTIONS[name]) in str(error.value)

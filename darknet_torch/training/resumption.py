"""What a run that goes on takes from the stopped one, and the command for it. No torch."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from darknet_torch.cpu.cores import threads_to_compute
from darknet_torch.errors import CfgNote, UsageError, warn
from darknet_torch.reading import guarded
from darknet_torch.text import path_exists, read_bytes
from darknet_torch.training.choices.loss import OF_CLASSIC
from darknet_torch.training.options import TRAIN_OPTIONS, parse_options
from darknet_torch.training.plan import TrainPlan

_DEFAULTS = {name: field.default for name, field in TrainPlan.__dataclass_fields__.items()}
# What the first start alone needs, what says where a run lies, and what suits a machine.
_NOT_KEPT = frozenset(
    "weights clear overwrite resume backup device gpus processes workers threads".split()
)
_KEPT = [name for name in TRAIN_OPTIONS if name not in _NOT_KEPT]


def with_saved_options(plan_file: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a run that goes on: those given, and the others as its plan has them.

    A length that is given, as max_batches or as epochs, replaces the other of the plan; the
    schedule is scaled if the plan scaled it. Darknet's loss, given, drops the options of the
    classic ones.

    Args:
        plan_file: what `TrainPlan.save` wrote; without it nothing is added.
        given: the options that are given.

    Raises:
        UsageError: the file is damaged.

    Warns:
        CfgNote: names the options that are taken from the plan.
    """
    saved = _saved_options(plan_file)
    if saved.get("epochs") and given.get("max_batches"):
        del saved["epochs"]
        saved["scale_schedule"] = True  # as epochs= did
    elif given.get("epochs"):
        saved.pop("max_batches", None)
    if given.get("loss") == "darknet":
        saved = {name: value for name, value in saved.items() if name not in OF_CLASSIC}
    if given.get("phase"):  # their sum is the length
        saved.pop("max_batches", None)
        if saved.pop("epochs", None):
            saved["scale_schedule"] = True
    for name, other in (("freeze", "unfreeze"), ("unfreeze", "freeze")):
        if given.get(name) is not None:
            saved.pop(other, None)
    taken = {name: value for name, value in saved.items() if name not in given}
    if taken:
        listed = ", ".join(f"{name}={value}" for name, value in taken.items())
        warn(f"the options of the stopped run go on: {listed}", where=plan_file, category=CfgNote)
    return {**taken, **given}


def _saved_options(plan_file: Path) -> dict[str, Any]:
    """The options of a saved plan that differ from their defaults.

    Raises:
        UsageError: the file is damaged.
    """
    if not path_exists(plan_file):
        return {}
    with guarded(
        plan_file,
        what="the options of the stopped run cannot be read",
        expected="the plan that a training writes",
        fix="delete the file, and give the options of the run again with --resume",
    ):
        plan = json.loads(read_bytes(plan_file))
        kept = {name: plan.get(name, _DEFAULTS[name]) for name in _KEPT}
        try:
            # Earlier versions and JSON have other values for the same, such as True for
            # augment="cfg", and lists where the plan has tuples.
            return _changed(parse_options(_changed(kept)))
        except UsageError as error:
            raise ValueError(str(error)) from error


def _changed(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value != _DEFAULTS[name]}


def resume_command(plan: TrainPlan, devices: Sequence[str]) -> str:
    """The command that continues a run, ready for a shell.

    Its other options come from the plan that the run has saved.

    Args:
        plan: that of the run; its threads are filled in.
        devices: on which each process trains.
    """
    words = ["--cfg", plan.cfg, "--data", plan.data, "--backup", plan.backup]
    if plan.workers != _DEFAULTS["workers"]:
        words += ["--workers", str(plan.workers)]
    if plan.threads not in (None, threads_to_compute(None, len(devices))):
        words += ["--threads", str(plan.threads)]
    return shlex.join(["dtorch", "train", *words, *_device_options(devices), "--resume"])


def _device_options(devices: Sequence[str]) -> list[str]:
    if len(devices) == 1:
        return [] if devices[0] == "auto" else ["--device", devices[0]]
    if devices[0] == "cpu":
        return ["--processes", str(len(devices))]
    return ["--gpus", ",".join(device.partition(":")[2] for device in devices)]

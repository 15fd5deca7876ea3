"""From the options of a training to its plan, for the command and for Python. No torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from darknet_torch.augment.transforms.choice import files_of
from darknet_torch.cfg.data_file import DataValue, read_data_file
from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.downloads.model_files import resolve_weights
from darknet_torch.errors import CfgNote, UsageError, warn
from darknet_torch.input_files import protected_inputs, refuse_overwrite_of_inputs
from darknet_torch.text import whole_number
from darknet_torch.training.choices.loss import classic_settings
from darknet_torch.training.evaluation_rules import check_evaluates
from darknet_torch.training.plan import TrainPlan, plan_file
from darknet_torch.training.resumption import with_saved_options
from darknet_torch.training.run_folder import (
    RUNS,
    check_free,
    files_of_run,
    free_path,
    last_run_folder,
    lies_in,
    new_run_folder,
)

StrPath = str | os.PathLike[str]
_FIELDS = frozenset(field.name for field in fields(TrainPlan))
_UNUSED_BY_RESUME = ("weights", "clear", "overwrite")


def plan_training(
    cfg: StrPath, data: StrPath, options: Mapping[str, Any], *, writes: bool = True
) -> TrainPlan:
    """Make the plan of a training, and create the folder of a new run.

    Args:
        cfg: path of a cfg, or the name of a shipped one.
        data: path of the data set.
        options: those of `darknet_torch.training.options.TRAIN_OPTIONS` that are given; the
            others, and those that are None, have the values of the run that is resumed, of the
            .data file, of the cfg, or their defaults.
        writes: whether the run will write; else no folder is created.

    Raises:
        UsageError, CfgError, WeightsError: something that is needed is not there.
    """
    from darknet_torch.datasets.opening import data_file  # imports numpy, which --help does not

    given = {name: options[name] for name in _FIELDS & set(options) if options[name] is not None}
    cfg_file, weights = find_cfg(cfg), given.pop("weights", None)
    given["weights"] = str(resolve_weights(weights)) if weights else None
    data = os.fspath(data)
    file = data_file(data)
    keys = read_data_file(file) if file else {}
    resume = given.get("resume", False)
    if "backup" not in given and "backup" in keys:
        given["backup"] = str(keys["backup"].path())
    has_own_folder = "backup" not in given
    if has_own_folder:
        given["backup"] = str(_own_folder(cfg_file.stem, resume=resume))
    if resume:
        given = with_saved_options(plan_file(given["backup"], cfg_file.stem), given)
    if "save_every" not in given:
        given["save_every"] = _positive_number(keys, "saveweights", data)
    plan = TrainPlan(
        cfg=str(cfg_file),
        data=data,
        base=cfg_file.stem,
        **given,
    )
    _note_unused(plan)
    if plan.exact_order and plan.checkpoint_activations:
        raise UsageError(
            "--exact-order and --checkpoint-activations exclude each other",
            expected="one of them",
            got="both",
            fix="sums in C's order go on from the gradients that are there, which a layer that is "
            "computed again does not see; more --subdivisions take less memory, too",
        )
    check_evaluates(plan)
    classic_settings(plan)  # refuses options that contradict each other
    if plan.overfit and files_of(plan.augment):
        warn(f"--augment {plan.augment} has no effect with --overfit", category=CfgNote)
    if has_own_folder and writes and not resume:  # what is refused above leaves no folder
        return replace(plan, backup=str(new_run_folder(plan.base)))
    return plan


def _own_folder(base: str, *, resume: bool) -> Path:
    """The folder below runs that a new run would have, or that of the run to resume."""
    return last_run_folder(base) if resume else free_path(str(RUNS / base))


def _positive_number(keys: Mapping[str, DataValue], key: str, where: str) -> int | None:
    """Return a number of the .data file; None without the key."""
    if key not in keys:
        return None
    number = keys[key].number
    if not number:
        raise UsageError(
            f"{key}= is not a number", where=where, expected="1 or more", got=keys[key].text
        )
    return number


def _note_unused(plan: TrainPlan) -> None:
    """Say which options have no effect because the run goes on."""
    unused = [f"--{name}" for name in _UNUSED_BY_RESUME if getattr(plan, name)]
    if plan.resume and unused:
        warn(
            f"--resume goes on with its own weights, without {', '.join(unused)}",
            category=CfgNote,
        )


def find_devices(
    device: str = "auto", gpus: str | None = None, processes: int | None = None
) -> list[str]:
    """Return a device for each process of the training.

    Args:
        device: of a single process.
        gpus: numbers with commas between them, for a process on each of these GPUs.
        processes: how many processes on the CPU.

    Raises:
        UsageError: `gpus` is no such list, or names a GPU twice, or both are given.
    """
    if gpus and processes:
        raise UsageError(
            "--gpus and --processes exclude each other",
            expected="one of them",
            got=f"--gpus {gpus} --processes {processes}",
            fix="give --gpus to train on GPUs, --processes to train on CPUs",
        )
    if processes:
        return ["cpu"] * processes
    if not gpus:
        return [device]
    numbers = [number.strip() for number in gpus.split(",")]
    if not all(whole_number(number) is not None for number in numbers):
        raise UsageError("--gpus is not a list of numbers", expected="such as 0,1", got=gpus)
    if len(set(map(int, numbers))) < len(numbers):
        raise UsageError("--gpus names a GPU twice", expected="each GPU once", got=gpus)
    return [f"cuda:{number}" for number in numbers]


def check_folder(plan: TrainPlan) -> None:
    """Refuse a run that would replace weights, before the data is read, which may take long.

    Raises:
        UsageError: the folder holds weights of an earlier run, and the plan does not say what to
            do with them; or a file there is a link to the weights that the run starts from.
    """
    folder = Path(plan.backup)
    if not (plan.resume or plan.overwrite):
        check_free(folder, plan.base)
    # A run replaces the weights that it starts from in its own folder alone.
    protected_inputs.clear()
    if not lies_in(plan.weights, plan.backup):
        for path in files_of_run(folder, plan.base):
            refuse_overwrite_of_inputs(path, [plan.weights])

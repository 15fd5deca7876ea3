"""What is checked before the first iteration of a training."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.augment.labelled import LabelledSource
from darknet_torch.cfg.data_file import read_data_file
from darknet_torch.datasets.examples import Problem
from darknet_torch.datasets.label_rule import CLASS_ID
from darknet_torch.datasets.opening import data_file
from darknet_torch.errors import CfgNote, ImageError, NamesError, UsageError, warn
from darknet_torch.media.decoding import read_picture
from darknet_torch.model.network import Network
from darknet_torch.text import is_file
from darknet_torch.training.box_counts import BoxCounts, count_boxes
from darknet_torch.training.data import (
    DETECTOR,
    TrainingData,
    paths_to_evaluate_on,
    paths_to_train_on,
)
from darknet_torch.training.disk_space import check_room, room_needed
from darknet_torch.training.learning_rate import LearningRate, learning_rate
from darknet_torch.training.optimizer_kinds import optimizer_kind
from darknet_torch.training.optimizer_names import SGD
from darknet_torch.training.phases import phases_of
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.records.tensorboard import check_tensorboard
from darknet_torch.training.run_folder import free_path
from darknet_torch.training.schedule_rules import schedule_warnings

_SHOWN = 3  # names and pictures that a message lists
_MOST = 0.5  # of the pictures to evaluate on may be trained on without a warning
_FROM_ONE = "class ids seem to count from 1; Darknet's count from 0: subtract 1 from each"


@dataclass(frozen=True)
class Start:
    """A training that is about to start.

    Attributes:
        plan: what to do.
        network: with the options of [net] that the training runs with.
        data: what to train and to evaluate on.
        iteration: updates made so far, 0 for a new training.
        rate: the learning rate of each update; None for the plan's.
    """

    plan: TrainPlan
    network: Network
    data: TrainingData
    iteration: int = 0
    rate: LearningRate | None = None

    @property
    def rate_of_run(self) -> LearningRate:
        """The learning rate of each update."""
        factor = phases_of(self.plan).factor_at
        return self.rate or learning_rate(self.plan, self.network.net, factor=factor)


StartCheck = Callable[[Start], None]


def names_match_classes(start: Start) -> None:
    """Compare the number of class names with the classes of a detector.

    Training needs no names, so without an evaluation another number is a warning.

    Raises:
        NamesError: the evaluation, which needs them, would fail.

    Source: detector.c validate_detector_map (AlexeyAB), which stops there during training.
    """
    data, names = start.data, start.data.names
    if data.kind != DETECTOR or not names:
        return
    classes, have = start.network.heads[-1].classes, len(names)
    if have == classes:
        return
    cfg = start.plan.cfg
    error = NamesError(
        "the number of class names differs from the network's number of classes",
        where=_origin_of_names(start.plan),
        expected=f"{classes} names, as classes={classes} in {cfg}",
        got=f"{have} ({_listed(names)})",
        fix=f"correct the names, or make a cfg with dtorch new {cfg} --classes {have}",
    )
    if data.valid is not None:
        raise error
    if any(problem.kind == "number of classes" for problem in data.problems):
        return  # classes= of the data file contradicts the names, too, which is reported
    warn(error.what, where=error.where, expected=error.expected, got=error.got, fix=error.fix)


def _origin_of_names(plan: TrainPlan) -> str:
    """The file that the class names come from."""
    if plan.names:
        return plan.names
    file = data_file(plan.data)
    given = None if file is None else read_data_file(file).get("names")
    return str(given.path()) if given else plan.data


def boxes_are_left(start: Start) -> None:
    """Check that a detector has pictures and boxes to train on.

    Raises:
        UsageError: not one picture exists, or not one box can be used.
    """
    source = start.data.source
    if not isinstance(source, LabelledSource) or start.network.net.notruth:
        return
    _check_any_exists(source.pictures.paths, start.plan)
    classes = start.network.heads[-1].classes
    counts = count_boxes(start.data.examples, classes)
    if not counts.usable:
        without = sum(problem.kind == "no label file" for problem in source.problems)
        raise _no_boxes_error(
            "no box is left to train on", start.plan.data, counts, _missing_labels(without)
        )
    if counts.seem_to_count_from_one:
        warn(
            "boxes of the highest class are left out, and there are none of class 0",
            where=start.plan.data,
            expected=f"class ids in 0..{classes - 1}",
            got=f"class ids in {counts.lowest}..{counts.highest}",
            fix=_FROM_ONE,
        )


def faults_named_together(network: Network, data: TrainingData) -> list[Problem]:
    """The faults in the labels that `boxes_are_left` has named in one line."""
    if data.kind != DETECTOR:
        return []
    if not count_boxes(data.examples, network.heads[-1].classes).seem_to_count_from_one:
        return []
    problems = (*data.source.problems, *data.valid_problems)
    return [problem for problem in problems if problem.kind == CLASS_ID]


def _check_any_exists(paths: Sequence[Path], plan: TrainPlan) -> None:
    if not any(map(is_file, paths)):
        raise UsageError(
            "not one picture to train on exists",
            where=plan.data,
            expected="paths of pictures, as seen from the working folder or from the list",
            got=f"{len(paths)} of {len(paths)} missing: {_listed(paths)}",
            fix=f"correct the list of the split {plan.split or 'train'}",
        )


def _missing_labels(count: int) -> str:
    return f"; {count} of the pictures have no label file" if count else ""


def _no_boxes_error(what: str, where: object, counts: BoxCounts, remark: str = "") -> UsageError:
    """The error for a list of pictures without a single usable box."""
    if counts.seem_to_count_from_one:
        fix = _FROM_ONE
    elif counts.total:
        fix = "correct the labels; dtorch dataset check lists each line"
    else:
        fix = "label the pictures: a .txt of lines 'class x y width height' next to each"
    return UsageError(
        what,
        where=where,
        expected=f"boxes of the classes 0..{counts.classes - 1} inside their pictures",
        got=f"{counts}{remark}",
        fix=fix,
    )


def evaluation_is_possible(start: Start) -> None:
    """Check the pictures and boxes that the evaluation takes.

    Some missing pictures cause a warning.

    Raises:
        UsageError: there are no pictures, not one can be read, or not one has a usable truth.
    """
    data, plan = start.data, start.plan
    if data.valid is not None:
        paths = [example.path for example in data.valid.examples]
        _check_pictures(paths, data.valid.origin, plan)
        counts = count_boxes(data.valid_examples, start.network.heads[-1].classes)
        if not counts.usable:
            without = sum(example.labels is None for example in data.valid.examples)
            raise _no_boxes_error(
                "no box to evaluate on", data.valid.origin, counts, _missing_labels(without)
            )
    elif data.valid_pictures is not None:
        pictures = data.valid_pictures
        _check_pictures(pictures.paths, pictures.origin, plan)
        if all(class_id is None for class_id in pictures.class_ids):
            raise UsageError(
                "no picture to evaluate on has a class",
                where=pictures.origin,
                expected="one label in each path",
                got=pictures.problems[0] if pictures.problems else "none",
                fix="correct labels=, or train without --map",
            )


def evaluation_has_other_pictures(start: Start) -> None:
    """Warn of an evaluation on pictures that are trained on.

    --overfit means to.
    """
    data, plan = start.data, start.plan
    trained, evaluated = paths_to_train_on(data), paths_to_evaluate_on(data)
    if plan.overfit or not evaluated:
        return
    known = {path.absolute() for path in trained}
    shared = sum(path.absolute() in known for path in evaluated)
    if shared <= _MOST * len(evaluated):
        return
    warn(
        "the evaluation says nothing about new pictures",
        where=plan.data,
        expected="pictures to evaluate on that are not trained on",
        got=f"{shared} of {len(evaluated)} pictures that are trained on, too",
        fix=_fix_of_same_pictures(plan, data),
    )


def _fix_of_same_pictures(plan: TrainPlan, data: TrainingData) -> str:
    if data.kind != DETECTOR:
        return "divide the pictures into those to train on and those to evaluate on"
    options = [*("--images", plan.images)] if plan.images else []
    options += ["--names", plan.names] if plan.names else []
    out = free_path(f"{Path(plan.data).stem}-split")
    words = [*("--split", plan.split or "train"), *("--valid", "0.2"), "--out", str(out)]
    command = shlex.join(["dtorch", "dataset", "init", plan.data, *options, *words])
    return f"{command} makes lists of different pictures, to use as --data {out}/dataset.data"


def _check_pictures(paths: Iterable[Path], origin: str, plan: TrainPlan) -> None:
    paths = list(dict.fromkeys(paths))
    fix = f"correct the list of the split {plan.valid_split}, or train without --map"
    if not paths:
        raise UsageError(
            "no pictures to evaluate on",
            where=origin,
            expected="at least one",
            got="an empty list",
            fix=fix,
        )
    missing = [path for path in paths if not is_file(path)]
    got = f"{len(missing)} of {len(paths)} missing: {_listed(missing)}" if missing else ""
    present = set(paths).difference(missing)
    if not any(_can_be_read(path) for path in paths if path in present):
        raise UsageError(
            "not one picture to evaluate on can be read",
            where=origin,
            expected="pictures that exist and can be decoded",
            got=got or f"{len(paths)} that cannot be decoded, such as {paths[0]}",
            fix=fix,
        )
    if missing:
        warn("pictures to evaluate on are missing", where=origin, got=got, fix=fix)


def _listed(items: Sequence[object]) -> str:
    """The first of `items`, for a message."""
    return ", ".join(map(str, items[:_SHOWN])) + (", ..." if len(items) > _SHOWN else "")


def _can_be_read(path: Path) -> bool:
    try:
        read_picture(path)
    except ImageError:
        return False
    return True


def schedule_of_run(start: Start) -> None:
    """Warn of a schedule by which little or nothing is learned, and of the rates of the run."""
    net, plan = start.network.net, start.plan
    found = list(schedule_warnings(start.rate_of_run, lambda _: net.where))
    has_own_length = plan.max_batches is not None or bool(plan.phase)
    scaling_helps = has_own_length and not plan.scale_schedule
    for item in found:
        fix = f"use dtorch train --scale-schedule, or {item.fix}" if scaling_helps else item.fix
        warn(item.what, where=item.where, expected=item.expected, got=item.got, fix=fix)
    if found and start.iteration < net.max_batches:
        warn(f"the learning rates of this run: {_rates(start)}", where=net.where)


def _rates(start: Start) -> str:
    """The rate of the first iteration, of each quarter, and of the last one."""
    rate, first = start.rate_of_run, start.iteration + 1
    last = start.network.net.max_batches
    batches = {first, *(last * part // 4 for part in (1, 2, 3)), last}
    return ", ".join(
        f"{rate(batch):.3g} at iteration {batch}" for batch in sorted(batches) if batch >= first
    )


def update_in_c_order(start: Start) -> None:
    """Say that --exact-order does not reach an update that C does not have on the CPU."""
    plan, kind = start.plan, optimizer_kind(start.plan.optimizer, start.network.net).name
    reasons = [kind] if kind != SGD else []
    reasons += ["--clip-norm"] if plan.clip_norm is not None else []
    if plan.exact_order and reasons:
        warn(
            f"--exact-order adds up forward and backward passes alone, with {reasons[0]}",
            where=start.network.net.where,
            got="an update of the weights in PyTorch's order, since C has none on the CPU",
            category=CfgNote,
        )


def room_on_disk(start: Start) -> None:
    """Check that the disk has room for the files of the training.

    Raises:
        UsageError: there is no room for even one checkpoint.
    """
    needed = room_needed(
        start.network,
        start.plan,
        iteration=start.iteration,
        evaluates=start.plan.map,
    )
    check_room(needed, start.plan)


def tensorboard_is_there(start: Start) -> None:
    """Check that the package that --tensorboard needs can be imported.

    Raises:
        UsageError: it cannot; the message has the command that installs it.
    """
    if start.plan.tensorboard:
        check_tensorboard()


START_CHECKS: tuple[StartCheck, ...] = (
    names_match_classes,
    boxes_are_left,
    evaluation_is_possible,
    evaluation_has_other_pictures,
    schedule_of_run,
    update_in_c_order,
    room_on_disk,
    tensorboard_is_there,
)


def check_start(start: Start) -> None:
    """Apply all checks to a training before its first iteration.

    Raises:
        NamesError, UsageError: the training, or its evaluation, would fail.
    """
    for check in START_CHECKS:
        check(start)

"""The options of a training, by their names in Python, and the values that each takes. No torch.

The command line takes the same values: `darknet_torch.cli.train` makes its types from these.
Options of the lists in `darknet_torch.training.choices` are declared there alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.numbers import INT64_MAX
from darknet_torch.cpu.cores import MOST_THREADS
from darknet_torch.errors import ArgumentError, UsageError, nearest
from darknet_torch.ops.precision_names import PRECISIONS
from darknet_torch.other_names import own_names
from darknet_torch.training.choices.declaration import declared_choices
from darknet_torch.training.choices.every import TrainChoices
from darknet_torch.training.option_values import (
    Choice,
    Device,
    Flag,
    GpuNumbers,
    Number,
    PathOrName,
    ValueKind,
    WholeNumber,
    Word,
)

_POSITIVE, _NOT_NEGATIVE, _FRACTION = WholeNumber(1), WholeNumber(0), Number((0, 1))
_CORES = WholeNumber(1, MOST_THREADS)
_FLAG, _PATH = Flag(), PathOrName()

# The name of each option -> its values. They mean what `TrainPlan` says of its fields of the same
# names; gpus and processes replace device.
TRAIN_OPTIONS: Mapping[str, ValueKind] = {
    "weights": _PATH,
    "backup": _PATH,
    "split": Word(),
    "valid_split": Word(),
    "names": _PATH,
    "images": _PATH,
    "voc_origin": WholeNumber(0, 1),
    "exif": _FLAG,
    "max_batches": _POSITIVE,
    "epochs": _POSITIVE,
    "scale_schedule": _FLAG,
    "learning_rate": Number(),
    "batch": _POSITIVE,
    "subdivisions": _POSITIVE,
    "width": _POSITIVE,
    "height": _POSITIVE,
    "allow_large": _FLAG,
    "bn_momentum": _FRACTION,
    "overfit": _POSITIVE,
    "map": _FLAG,
    "iou": _FRACTION,
    "map_every": _POSITIVE,
    "clear": _FLAG,
    "resume": _FLAG,
    "overwrite": _FLAG,
    "save_every": _POSITIVE,
    "save_last": _NOT_NEGATIVE,
    "seed": WholeNumber(0, INT64_MAX),
    "workers": WholeNumber(0, MOST_THREADS),
    "threads": _CORES,
    "device": Device(),
    "gpus": GpuNumbers(),
    "processes": _CORES,
    "precision": Choice(PRECISIONS),
    "checkpoint_activations": _FLAG,
    "dialect": Choice(tuple(DIALECTS)),
    "darknet_bugs": Choice(("fix", "reproduce")),
    "exact_order": _FLAG,
    **{name: choice.kind for name, choice in declared_choices(TrainChoices).items()},
}


def parse_options(options: Mapping[str, Any], also: Iterable[str] = ()) -> dict[str, Any]:
    """Check options that were given in Python.

    Args:
        options: by name; None stands for an option that is not given.
        also: other names that the function takes, for the advice about an unknown one.

    Returns:
        Those that are given, as the plan has them.

    Raises:
        ArgumentError: there is no such option, or its value is of another type.
        UsageError: a value is out of bounds.
    """
    found = {}
    for name, value in options.items():
        if name not in TRAIN_OPTIONS:
            raise _unknown(name, (*TRAIN_OPTIONS, *also))
        if value is not None:
            found[name] = parse_option(name, value, TRAIN_OPTIONS[name])
    return found


def parse_option(name: str, value: Any, kind: ValueKind) -> Any:
    """Check one argument of a function; see `parse_options`."""
    try:
        return kind.parse(value)
    except TypeError:
        raise ArgumentError(
            f"{name}= is of a wrong type",
            expected=kind,
            got=f"{value!r} ({type(value).__name__})",
        ) from None
    except ValueError:
        raise UsageError(f"{name}= is out of its bounds", expected=kind, got=repr(value)) from None


def _unknown(name: str, known: Iterable[str]) -> ArgumentError:
    known = list(known)
    near = nearest(name, known)
    close = own_names(name, known) or ([near] if near else [])
    return ArgumentError(
        "a training has no such option",
        expected=f"one of {', '.join(known)}",
        got=f"{name}=",
        fix=f"did you mean {' and '.join(f'{own}=' for own in close)}?" if close else None,
    )

"""What trainings have been run with, and where they differ. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

from darknet_torch.cfg.grammar import Section
from darknet_torch.report.runs import Run
from darknet_torch.training.plan import TrainPlan

# Where the files lie and how a training was started again is nothing that it was run with.
_LEFT_OUT = ("base", "backup", "resume", "overwrite")
_NET_OPTIONS = "net_options"
_DEFAULTS: Mapping[str, Any] = {
    field.name: None if field.default is MISSING else field.default for field in fields(TrainPlan)
}
_MACHINE = ("system", "processor", "device", "threads", "processes")


@dataclass(frozen=True)
class Setting:
    """Something that trainings are run with.

    Attributes:
        name: such as "--seed", "[net] batch" or "torch".
        values: as text, one for each training; None where it is not set.
    """

    name: str
    values: tuple[str | None, ...]

    @property
    def differs(self) -> bool:
        """Whether two of the trainings have different values."""
        return len(set(self.values)) > 1


def plan_settings(runs: Sequence[Run]) -> list[Setting]:
    """Return the options of the trainings that one of them has not left at its default.

    An option that a plan of an older version lacks has its default.
    """
    names = dict.fromkeys(name for run in runs for name in (*_DEFAULTS, *run.plan))
    shown = (name for name in names if name not in (*_LEFT_OUT, _NET_OPTIONS))
    options = (
        Setting(_option(name), tuple(_text(_planned(run, name)) for run in runs))
        for name in shown
        if any(_planned(run, name) != _DEFAULTS.get(name) for run in runs)
    )
    return [*options, *_settings(runs, _changed_net_options)]


def _planned(run: Run, name: str) -> Any:
    """The value of an option; JSON has lists where the default is a tuple."""
    value = run.plan.get(name, _DEFAULTS.get(name))
    return tuple(value) if isinstance(value, list) else value


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _changed_net_options(run: Run) -> Iterator[tuple[str, str | None]]:
    """What the training ran with instead of the cfg's values, unless an option says the same."""
    changed = run.plan.get(_NET_OPTIONS)
    for name, value in (changed if isinstance(changed, dict) else {}).items():
        if _text(value) != _text(run.plan.get(name)):
            yield f"[net] {name}, instead of the cfg's", _text(value)


def cfg_settings(runs: Sequence[Run]) -> list[Setting]:
    """Return the keys of the trainings' cfgs.

    Layers are compared by their numbers if all networks have the same kinds of layers in the same
    order. Otherwise one row counts them, and [net] alone is compared.
    """
    networks = [[section.name for section in run.sections[1:]] for run in runs if run.sections]
    if all(names == networks[0] for names in networks):
        return _settings(runs, lambda run: _keys(run.sections))
    counted = Setting("layers", tuple(_count(run.sections[1:]) for run in runs))
    return [*_settings(runs, lambda run: _keys(run.sections[:1])), counted]


def _keys(sections: Sequence[Section]) -> Iterator[tuple[str, str | None]]:
    """The keys of sections and their values; layers are numbered from 0, after [net]."""
    for number, section in enumerate(sections):
        title = f"layer {number - 1} [{section.name}]" if number else "[net]"
        for key, entry in section.first().items():
            yield f"{title} {key}", entry.value


def _count(layers: Sequence[Section]) -> str | None:
    """How many layers of each kind there are, such as "7 convolutional, 1 yolo"."""
    counts = Counter(layer.name for layer in layers)
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or None


def environment_settings(runs: Sequence[Run]) -> list[Setting]:
    """Return the versions, machines and contents of the data that the trainings started with."""
    return _settings(runs, _environment)


def _environment(run: Run) -> Iterator[tuple[str, str | None]]:
    for name in ("versions", "content"):
        part = run.start.get(name)
        items = part.items() if isinstance(part, dict) else ()
        yield from ((key, _text(value)) for key, value in items if value)
    yield from ((name, _text(run.start.get(name))) for name in _MACHINE)


def _settings(
    runs: Sequence[Run], read: Callable[[Run], Iterator[tuple[str, str | None]]]
) -> list[Setting]:
    """Return what `read` gives for each training, by name, in the order in which names come."""
    found = [dict(read(run)) for run in runs]
    names = dict.fromkeys(name for each in found for name in each)
    return [Setting(name, tuple(each.get(name) for each in found)) for name in names]


def _text(value: Any) -> str | None:
    """A value as text; numbers of cfgs are float32, so their last digits mean nothing."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(_text(each)) for each in value) or None
    return str(value)

"""The results of `tools/bench.py infer` as text, Markdown, JSON and a chart."""

from __future__ import annotations

import io
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import darknet_torch
from darknet_torch.cpu.cores import usable_cores
from darknet_torch.cpu.machine import processor_name
from darknet_torch.cpu.turns import milliseconds
from darknet_torch.errors import UsageError
from darknet_torch.extras import import_extra
from darknet_torch.files import write_bytes, write_text
from tools.bench_infer_results import RAW_ENGINES, Result, Timing, Verdict, verdicts

_WIDTH = 12  # of an engine's name
# A number instead of a random one in the names of a chart's parts, so that it can be compared.
_SALT = {"svg.hashsalt": "0"}
# Of a chart, by suffix, with what leaves its date out.
_FORMATS = {".svg": {"Date": None}, ".png": {}}


def result_lines(result: Result) -> Iterator[str]:
    """Describe one network: a line for each engine, then the ratios and their goals."""
    yield (
        f"{result.network}, {result.weights}, batch {result.batch}, "
        f"Detector's threshold {result.threshold:.4f}"
    )
    for name, timing in result.timings.items():
        yield f"  {name:{_WIDTH}} {_timing(timing)}"
    for name, reason in result.failures.items():
        yield f"  {name:{_WIDTH}} failed: {reason}"
    for verdict in verdicts([result]):
        yield f"  {verdict.goal.title}: {verdict}"


def _timing(timing: Timing) -> str:
    low, high = timing.noise
    parts = [
        f"median {milliseconds(timing.median)} ms",
        f"min {milliseconds(timing.minimum)}",
        f"rounds {low:+.0%} to {high:+.0%}",
    ]
    if timing.cpu is not None:
        parts.append(f"CPU {milliseconds(timing.cpu)}")
    if timing.difference is not None:
        parts.append(f"outputs differ by {timing.difference:.0e}")
    return ", ".join(parts)


def markdown(results: Sequence[Result], labels: Mapping[str, str]) -> Iterator[str]:
    """Yield the tables of docs/performance.md: milliseconds of each batch size, and ratios."""
    for batch in dict.fromkeys(one.batch for one in results):
        shown = [one for one in results if one.batch == batch]
        title = "ms" if batch == 1 else f"ms, {batch} pictures at once"
        yield from _header([title, *(one.network for one in shown)])
        for name, label in labels.items():
            if any(name in one.timings or name in one.failures for one in shown):
                yield _row([label, *(_cell(one, name) for one in shown)])
        yield ""
    yield from _goal_table(verdicts(results))


def _header(cells: Sequence[str]) -> Iterator[str]:
    yield _row(cells)
    yield "|---" * len(cells) + "|"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(result: Result, engine: str) -> str:
    if engine in result.failures:
        return "failed"
    if engine not in result.timings:
        return "-"
    timing = result.timings[engine]
    return f"{milliseconds(timing.median)} (min {milliseconds(timing.minimum)})"


def _goal_table(found: Sequence[Verdict]) -> Iterator[str]:
    """The ratios, a row for each goal and a column for each network."""
    networks = list(dict.fromkeys(one.network for one in found))
    cells = {(one.goal.title, one.network): str(one) for one in found}
    yield from _header(["ratio of medians", *networks])
    for title in dict.fromkeys(one.goal.title for one in found):
        yield _row([title, *(cells.get((title, network), "-") for network in networks)])


def machine(results: Sequence[Result]) -> dict[str, Any]:
    """What the figures depend on: processor, cores, and the versions of all packages."""
    versions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "darknet_torch": darknet_torch.__version__,
    }
    for result in results:
        versions |= result.versions
    return {
        "processor": processor_name(),
        "cores": asdict(usable_cores()),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions,
    }


def machine_lines(results: Sequence[Result]) -> Iterator[str]:
    """Describe the machine in two lines."""
    found = machine(results)
    cores = found["cores"]["physical"]
    yield f"{found['processor']}, {cores} core{'s' if cores > 1 else ''}, {found['system']}"
    yield ", ".join(f"{name} {version}" for name, version in found["versions"].items())


def write_json(path: Path, results: Sequence[Result], options: Mapping[str, Any]) -> None:
    """Write everything that was measured, in seconds, with the machine, without a date.

    Raises:
        UsageError: the file cannot be written.
    """
    report = {
        "machine": machine(results),
        "options": dict(options),
        "results": [_result_as_json(one) for one in results],
        "goals": [
            {
                "ratio of medians": one.goal.title,
                "network": one.network,
                "measured": one.ratio,
                "goal": one.limit,
                "met": one.is_met,
            }
            for one in verdicts(results)
        ],
    }
    write_text(path, json.dumps(report, indent=2) + "\n")


def _result_as_json(result: Result) -> dict[str, Any]:
    engines = {
        name: {
            "median": timing.median,
            "minimum": timing.minimum,
            "noise": timing.noise,
            "rounds": timing.rounds,
            "cpu": timing.cpu,
            "difference": timing.difference,
        }
        for name, timing in result.timings.items()
    }
    named = {name: getattr(result, name) for name in ("network", "weights", "batch", "threshold")}
    return {**named, "engines": engines, "failures": result.failures}


def check_chart(path: Path) -> None:
    """Find out before anything is measured whether a chart can be drawn.

    Raises:
        UsageError: matplotlib is not installed, or the suffix is none of a known format.
    """
    import_extra("matplotlib.figure", extra="plot")
    if path.suffix not in _FORMATS:
        raise UsageError("unknown format", where=path, expected=" or ".join(_FORMATS))


def draw_chart(path: Path, results: Sequence[Result], labels: Mapping[str, str]) -> None:
    """Draw the medians with one picture at once, as multiples of the fastest raw engine's.

    Args:
        path: the file, see `check_chart`.
        results: those of other batches are left out.
        labels: what to call each engine.

    Raises:
        UsageError: there is nothing to draw, or the file cannot be written.
    """
    shown = [one for one in results if one.batch == 1 and one.timings]
    if not shown:
        raise UsageError("no times to draw", where=path, expected="those of --batch 1")
    size = (8, 0.6 + sum(0.7 + 0.28 * len(one.timings) for one in shown))
    matplotlib = import_extra("matplotlib", extra="plot")
    figure = import_extra("matplotlib.figure", extra="plot").Figure(size, layout="constrained")
    heights = [1 + len(one.timings) for one in shown]
    all_axes = figure.subplots(len(shown), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, result in zip(all_axes, shown, strict=True):
        _draw_bars(axes, result, labels)
    all_axes[-1].set_xlabel("time / that of the faster of ONNX Runtime and OpenVINO")
    data = io.BytesIO()
    with matplotlib.rc_context(_SALT):
        figure.savefig(data, format=path.suffix[1:], metadata=_FORMATS[path.suffix])
    write_bytes(path, data.getvalue())


def _draw_bars(axes: Any, result: Result, labels: Mapping[str, str]) -> None:
    medians = {name: timing.median for name, timing in result.timings.items()}
    raw = [medians[name] for name in RAW_ENGINES if name in medians]
    unit = min(raw or medians.values())
    ours = ("torch", "auto", "detector")
    bars = axes.barh(
        [labels[name] for name in medians],
        [median / unit for median in medians.values()],
        color=["tab:blue" if name in ours else "tab:gray" for name in medians],
    )
    axes.bar_label(bars, [f"{milliseconds(median)} ms" for median in medians.values()], padding=3)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.margins(x=0.2)  # room for the labels
    axes.invert_yaxis()
    axes.set_title(result.network, loc="left")

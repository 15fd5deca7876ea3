"""Everything that is worth knowing of an installation, and what is wrong with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from darknet_torch.doctor import machine
from darknet_torch.doctor.self_test import TOLERANCE, self_test
from darknet_torch.errors import DarknetError


@dataclass(frozen=True)
class Examination:
    """What was found.

    Attributes:
        parts: by name; empty for one that could not be examined.
        problems: what keeps the program from working, a line each.
    """

    parts: Mapping[str, Mapping[str, Any]]
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


def examine(device: str = "cpu") -> Examination:
    """Examine the installation, and run the bundled model on `device`."""
    examiners: dict[str, Callable[[], Mapping[str, Any]]] = {
        "program": machine.program,
        "packages": machine.packages,
        "devices": machine.devices,
        "opencv": machine.opencv,
        "cache": machine.cache,
        "definitions": machine.definitions,
        "self-test": lambda: _tested(device),
    }
    parts: dict[str, Mapping[str, Any]] = {}
    problems = []
    for name, examiner in examiners.items():
        try:
            parts[name] = examiner()
        except (DarknetError, ImportError, OSError, RuntimeError) as error:
            parts[name] = {}
            problems.append(f"{name}: {error}")
    return Examination(parts, (*problems, *_missing(parts), *_failed(parts["self-test"])))


def _tested(device: str) -> dict[str, Any]:
    from darknet_torch.model.loading import find_device

    start = time.perf_counter()
    found = str(find_device(device))
    worst = self_test(found)
    return {
        "device": found,
        "difference": worst,
        "tolerance": TOLERANCE,
        "seconds": round(time.perf_counter() - start, 3),
    }


def _missing(parts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    required = parts["packages"].get("", {})
    absent = [package for package, version in required.items() if version is None]
    fix = f"pip install {' '.join(absent)}"
    return [f"packages: {', '.join(absent)} not installed; {fix}"] if absent else []


def _failed(tested: Mapping[str, Any]) -> list[str]:
    if not tested or tested["difference"] <= TOLERANCE:
        return []
    return [
        "self-test: the bundled model finds something else than it should: expected at most "
        f"{TOLERANCE} apart, got {tested['difference']:.3g}; install PyTorch and OpenCV anew"
    ]

"""Examine an installation and list what is wrong with it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from darknet_torch.doctor import machine
from darknet_torch.doctor.picture_decoder import OK, PICTURE_DECODER, examine_picture_decoder
from darknet_torch.doctor.self_test import TOLERANCE, self_test
from darknet_torch.errors import DarknetError
from darknet_torch.extras import installed_version, required_packages
from darknet_torch.media.stb import PACKAGE, REQUIREMENT


@dataclass(frozen=True)
class Examination:
    """The result of examining an installation.

    Attributes:
        parts: name of a part -> its values; empty for a part that could not be examined.
        problems: what keeps the program from working, one line each.
    """

    parts: Mapping[str, Mapping[str, Any]]
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values, for JSON."""
        return asdict(self)


def examine(device: str = "cpu") -> Examination:
    """Examine every part of the installation, and run the bundled model.

    Args:
        device: the device that runs the model, such as "cpu" or "cuda:0".
    """
    examiners: dict[str, Callable[[], Mapping[str, Any]]] = {
        "program": machine.program,
        "packages": machine.packages,
        "cores": machine.cores,
        "devices": machine.devices,
        "opencv": machine.opencv,
        PICTURE_DECODER: examine_picture_decoder,
        "cache": machine.cache,
        "definitions": machine.definitions,
        "self-test": lambda: _run_self_test(device),
    }
    parts: dict[str, Mapping[str, Any]] = {}
    problems = []
    for name, examiner in examiners.items():
        try:
            parts[name] = examiner()
        except (DarknetError, ImportError, OSError, RuntimeError) as error:
            parts[name] = {}
            problems.append(f"{name}: {error}")
    problems += _missing_packages(parts["packages"])
    problems += _decoder_problems(parts[PICTURE_DECODER])
    problems += _self_test_problems(parts["self-test"])
    return Examination(parts, tuple(problems))


def _run_self_test(device: str) -> dict[str, Any]:
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


def _missing_packages(packages: Mapping[str, Any]) -> list[str]:
    required = packages.get("", {})
    absent = [package for package, version in required.items() if version is None]
    wanted = required_packages().get("", {})
    fix = f"pip install {shlex.join(wanted.get(package, package) for package in absent)}"
    return [f"packages: {', '.join(absent)} not installed; {fix}"] if absent else []


def _decoder_problems(decoder: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with libstb; where it is only missing, `_missing_packages` says so."""
    if decoder.get("status", OK) == OK or installed_version(PACKAGE) is None:
        return []
    fix = f"pip install --force-reinstall {REQUIREMENT}"
    return [f"{PICTURE_DECODER}: {decoder['status']}; {fix}"]


def _self_test_problems(result: Mapping[str, Any]) -> list[str]:
    if not result or result["difference"] <= TOLERANCE:
        return []
    return [
        "self-test: the bundled model does not find what it should: expected a difference of at "
        f"most {TOLERANCE}, got {result['difference']:.3g}; reinstall PyTorch and OpenCV"
    ]

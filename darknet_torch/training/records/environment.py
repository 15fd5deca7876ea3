"""With what a run is made, ``<cfg>_environment.json``: versions, machine, inputs."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from darknet_torch.cpu.machine import machine_name
from darknet_torch.datasets.file_list import named_files
from darknet_torch.errors import UsageError
from darknet_torch.extras import PROGRAM, installed_version
from darknet_torch.files import file_digest, write_text
from darknet_torch.reading import guarded
from darknet_torch.text import read_bytes
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.records.looked_at import LookedAt

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop

_PACKAGES = ("torch", "numpy", "opencv-python", "pycocotools")
_STARTS = "starts"


class Environment(LookedAt):
    """Writes an entry for each start of the run.

    Args:
        path: the file.
        plan: of the run.
        content: the digests of what it trains and evaluates on, by name.
        continues: the run goes on from an earlier one, whose entries stay.
    """

    what = "the description of the environment"

    def __init__(
        self, path: Path, plan: TrainPlan, content: dict[str, str], *, continues: bool
    ) -> None:
        super().__init__()
        self.path, self.plan, self.content, self.continues = path, plan, content, continues

    def on_start(self, loop: TrainingLoop) -> None:
        with self.tolerating(loop):
            entry = describe_start(self.plan, loop.device, self.content)
            entry = {"iteration": loop.iteration, "processes": loop.processes.count, **entry}
            starts = [*(self._earlier() if self.continues else ()), entry]
            text = json.dumps({_STARTS: starts}, indent=1, ensure_ascii=False)
            write_text(self.path, f"{text}\n")

    def _earlier(self) -> list[Any]:
        with suppress(UsageError), guarded(self.path):
            return list(json.loads(read_bytes(self.path))[_STARTS])
        return []


def describe_start(
    plan: TrainPlan,
    device: torch.device,
    content: dict[str, str],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, Any]:
    """Versions, machine, command line and inputs of a run that starts, as plain values.

    Args:
        plan: of the run.
        device: of the network.
        content: as in `Environment`.
        now: the time.
    """
    versions = {name: installed_version(name) for name in (PROGRAM, *_PACKAGES)}
    versions["Python"] = platform.python_version()
    if torch.version.cuda:
        versions["CUDA"] = torch.version.cuda
    return {
        "time": now().isoformat(timespec="seconds"),
        "command": shlex.join(sys.argv),
        "folder": str(Path.cwd()),
        "versions": versions,
        "system": platform.platform(),
        "processor": machine_name(),
        "threads": plan.threads,
        "device": _device_name(device),
        "files": _digests(plan),
        "content": content,
    }


def _device_name(device: torch.device) -> str:
    if device.type != "cuda":
        return str(device)
    return f"{device}: {torch.cuda.get_device_name(device)}"


def _digests(plan: TrainPlan) -> dict[str, str]:
    """The SHA-256 of cfg, weights, names, data file and lists, by their paths."""
    given = [Path(path) for path in (plan.cfg, plan.weights, plan.names, plan.data) if path]
    found = {}
    for path in dict.fromkeys([*given, *named_files(plan.data)]):
        with suppress(OSError):
            if path.is_file():
                found[str(path)] = file_digest(path)
    return found

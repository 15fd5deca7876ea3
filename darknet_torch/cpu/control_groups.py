"""The control groups of this process: where Linux keeps the limits of a container. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GROUPS_OF_PROCESS = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class ControlGroup:
    """A control group that this process belongs to, or one above it.

    Attributes:
        folder: of its files, which may not exist.
        version: 1 or 2.
    """

    folder: Path
    version: int

    def read(self, name: str) -> str:
        """The text of a file of the group, stripped; "" where there is none."""
        return read_text(self.folder / name)


def control_groups(
    controller: str, process: Path = GROUPS_OF_PROCESS, root: Path = GROUPS
) -> Iterator[ControlGroup]:
    """The groups that limit this process, and those above them.

    Args:
        controller: what they limit, such as "cpu" or "memory".
        process: names the groups, as /proc/self/cgroup does.
        root: the folder of their files; version 1 has a folder for each controller.
    """
    for line in read_text(process).splitlines():
        yield from _groups_of(line, controller, root)


def _groups_of(line: str, controller: str, root: Path) -> Iterator[ControlGroup]:
    """The groups that a line such as ``4:cpu,cpuacct:/docker/1f`` names."""
    _, controllers, path = (*line.split(":", 2), "", "")[:3]
    if controllers and controller not in controllers.split(","):
        return
    # Inside a container the files of its own group may lie at the root, whatever its path is.
    mounts = (root / controllers, root / controller) if controllers else (root, root / "unified")
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for mount in dict.fromkeys(mounts):
        for length in range(len(parts), -1, -1):
            yield ControlGroup(mount.joinpath(*parts[:length]), 1 if controllers else 2)


def read_text(path: Path) -> str:
    """The text of a file of the system, stripped; "" where it cannot be read."""
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""

"""Install each extra into a clean environment, as a user does, and check what it is for.

`make test-extras` runs it, `make test-extras EXTRAS="plot report"` for some of them. The checks
are in `tools/extra_checks.py`.
"""

from __future__ import annotations

import configparser
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
CHECKS = ROOT / "tools" / "extra_checks.py"
NO_EXTRA = "none"  # an installation without extras
# What the package is built from: a copy, so that no earlier build gets into it.
_SOURCES = ("setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
_SOURCE_FOLDERS = ("darknet_torch", "cfg")
_PINS = "constraints.txt"
_LINES_OF_A_FAILURE = 15


@dataclass(frozen=True)
class Trial:
    """How an extra is tried.

    Attributes:
        constraints: the file of the repository that pins its versions.
        skip: returns why it cannot be tried on this machine, None if it can.
    """

    constraints: str = _PINS
    skip: Callable[[], str | None] = lambda: None


@dataclass(frozen=True)
class Outcome:
    """What came of a trial.

    Attributes:
        extra: the extra.
        result: "ok", "FAILED" or "skipped".
        remark: why it was skipped or what failed, else the packages that it adds.
        megabytes: size of the downloads of these packages.
        seconds: how long it took.
    """

    extra: str
    result: str
    remark: str
    megabytes: float = 0.0
    seconds: float = 0.0


def _no_nvidia_gpu() -> str | None:
    return None if shutil.which("nvidia-smi") else "needs an NVIDIA GPU"


# The others are tried with a plain `Trial()`.
TRIALS = {
    "bench": Trial(constraints="constraints-bench.txt"),
    "onnxruntime-gpu": Trial(skip=_no_nvidia_gpu),
}


def declared_extras() -> list[str]:
    """Return the extras of setup.cfg."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return list(config["options.extras_require"])


@click.command()
@click.argument("extras", nargs=-1, type=click.Choice([NO_EXTRA, *declared_extras()]))
def main(extras: Sequence[str]) -> None:
    """Install EXTRAS, by default all, one after the other, and check each.

    Exit status: 0 all that could be tried work, 1 one failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        outcomes = []
        for extra in extras or [NO_EXTRA, *declared_extras()]:
            outcomes.append(try_extra(extra, wheel, TRIALS.get(extra, Trial())))
            click.echo(format_outcome(outcomes[-1]))
    failed = [outcome.extra for outcome in outcomes if outcome.result == "FAILED"]
    if len(outcomes) > 1:
        click.echo("\n" + "\n".join(map(format_outcome, outcomes)))
    sys.exit(1 if failed else 0)


def format_outcome(outcome: Outcome) -> str:
    """Return the row of the table."""
    size = f"{outcome.megabytes:7.1f} MB" if outcome.megabytes else " " * 10
    return (
        f"{outcome.extra:16} {outcome.result:8} {size} {outcome.seconds:5.0f} s  {outcome.remark}"
    )


def build_wheel(folder: Path) -> Path:
    """Build the package from a copy of the sources, and return the wheel."""
    source = folder / "source"
    source.mkdir()
    for name in _SOURCES:
        shutil.copy(ROOT / name, source)
    for name in _SOURCE_FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    _run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, source])
    (wheel,) = folder.glob("*.whl")
    return wheel


def try_extra(extra: str, wheel: Path, trial: Trial) -> Outcome:
    """Make an environment, install the wheel with the extra, check it, and remove it all."""
    reason = trial.skip()
    if reason is not None:
        return Outcome(extra, "skipped", reason)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            pins, megabytes = _install_and_check(extra, wheel, trial, Path(folder))
        except subprocess.CalledProcessError as error:
            remark = "\n" + "\n".join(error.stdout.splitlines()[-_LINES_OF_A_FAILURE:])
            return Outcome(extra, "FAILED", remark, seconds=time.monotonic() - start)
    return Outcome(extra, "ok", " ".join(pins), megabytes, time.monotonic() - start)


def _install_and_check(
    extra: str, wheel: Path, trial: Trial, folder: Path
) -> tuple[list[str], float]:
    """Return what the extra adds to the installation, and the megabytes of these downloads."""
    _run([sys.executable, "-m", "venv", folder / "venv"])
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    name = str(wheel) if extra == NO_EXTRA else f"{wheel}[{extra}]"
    # Compiling all of PyTorch takes longer than to compile what is used.
    installed = _install(python, name, trial, "--no-compile")
    (folder / "work").mkdir()
    # -I: neither this repository nor the user's own packages are on the path.
    _run([python, "-I", CHECKS, extra], cwd=folder / "work", env=_clean_environment(folder))
    kept = {} if extra == NO_EXTRA else _packages_without_extra(wheel)
    added = [f"{one}=={version}" for one, version in installed.items() if kept.get(one) != version]
    download = [python, "-m", "pip", "download", "-q", "--no-deps", "--dest", folder / "sizes"]
    _run([*download, *added])
    size = sum(file.stat().st_size for file in (folder / "sizes").iterdir())
    return added, size / 1e6


@functools.cache
def _packages_without_extra(wheel: Path) -> dict[str, str]:
    return _install(sys.executable, str(wheel), Trial(), "--dry-run", "--ignore-installed")


def _install(python: str | Path, target: str, trial: Trial, *options: str) -> dict[str, str]:
    """Run pip install; return the packages that it installs, with their versions."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip = [python, "-m", "pip", "install", "-q", "--report", report, *options]
        _run([*pip, "--constraint", ROOT / trial.constraints, target])
        packages = [one["metadata"] for one in json.loads(report.read_text("utf-8"))["install"]]
    found = {one["name"]: one["version"] for one in packages if one["name"] != "darknet-torch"}
    return dict(sorted(found.items(), key=lambda one: one[0].lower()))


def _clean_environment(folder: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return kept | {"DTORCH_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}


def _run(
    command: Sequence[str | Path], cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> None:
    subprocess.run(
        [os.fspath(word) for word in command],
        cwd=cwd,
        env=env,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


if __name__ == "__main__":
    main()

"""Put single mistakes into the core modules, and count those that their tests notice.

    python tools/mutants.py [--count 300] [--seed 0] [--out runs/mutants.txt]

The mistakes, one at a time, are listed in `tools/mutation.py`. They are drawn at random from all
places of the modules in `tools/core_modules.py`, put into a copy of the package, and only the
module's own tests are run. A mutant is killed if a test fails, or takes much longer than without
it. Those that survive are printed; each is a missing test, or a change that makes no difference.

Exit status: 0 whatever survives, 1 the tests fail without a mistake.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.core_modules import CORE_MODULES
from tools.mutation import Mutant, find_mutants

_PACKAGE = "darknet_torch"
_COPIED = (_PACKAGE, "cfg", "tests", "tools", "pyproject.toml", "setup.cfg", "setup.py")
_SLOWER, _LEAST_SECONDS = 5, 60  # a mutant that takes longer than this runs for ever
_FAILED = 1  # pytest's status if a test fails; others are mistakes of this tool


@click.command()
@click.option("--count", default=300, show_default=True, help="Mutants to draw.")
@click.option("--seed", default=0, show_default=True, help="Of the draw.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("runs/mutants.txt"), show_default=True
)
def main(count: int, seed: int, out: Path) -> None:
    """Put mistakes into the core modules; see the docstring of this file."""
    mutants = draw(count, seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    killed: Counter[str] = Counter()
    total = Counter(mutant.path for mutant in mutants)
    with tempfile.TemporaryDirectory() as folder, out.open("w") as log:
        copy = Path(folder)
        copy_repository(copy)
        limits = {path: _time_without_mistake(copy, path) for path in total}
        for mutant in mutants:
            is_killed = run_mutant(copy, mutant, limits[mutant.path])
            killed[mutant.path] += is_killed
            line = f"{'killed' if is_killed else 'SURVIVED'} {mutant}"
            print(line, file=log, flush=True)
            if not is_killed:
                click.echo(line)
    for path in total:
        click.echo(f"| {path} | {total[path]} | {killed[path]} |")
    share = killed.total() / max(1, total.total())
    click.echo(f"| all | {total.total()} | {killed.total()} ({share:.0%}) |")


def draw(count: int, seed: int) -> list[Mutant]:
    """Return mutants drawn from all those of the core modules, module by module."""
    found = [
        mutant
        for path in CORE_MODULES
        for mutant in find_mutants(path, (ROOT / _PACKAGE / path).read_text("utf-8"))
    ]
    drawn = random.Random(seed).sample(found, min(count, len(found)))
    return sorted(drawn, key=found.index)


def copy_repository(folder: Path) -> None:
    """Copy what the tests need, so that no mistake is ever put into the repository itself."""
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)


def run_mutant(copy: Path, mutant: Mutant, limit: float) -> bool:
    """Return whether the tests of a mutant's module notice it."""
    file = copy / _PACKAGE / mutant.path
    original = file.read_text("utf-8")
    file.write_text(mutant.text, "utf-8")
    try:
        return run_tests(copy, mutant.path, limit) != 0
    finally:
        file.write_text(original, "utf-8")


def run_tests(copy: Path, path: str, limit: float) -> int:
    """Return the exit status of a module's tests; that of a failure if they take too long."""
    tests = [f"tests/{test}" for test in CORE_MODULES[path]]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(copy), *sys.path[1:]]),
        "PYTHONDONTWRITEBYTECODE": "1",  # two texts of a second have the same time
        "OMP_NUM_THREADS": "1",
    }
    try:
        return subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, timeout=limit
        ).returncode
    except subprocess.TimeoutExpired:
        return _FAILED


def _time_without_mistake(copy: Path, path: str) -> float:
    """Return how long the tests of a module may take, from how long they take now."""
    start = time.monotonic()
    if run_tests(copy, path, limit=600):
        raise click.ClickException(f"the tests of {path} fail without a mistake")
    return max(_LEAST_SECONDS, _SLOWER * (time.monotonic() - start))


if __name__ == "__main__":
    main()

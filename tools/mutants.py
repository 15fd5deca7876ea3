"""Put single mistakes into the core modules, and count those that their tests notice.

    python tools/mutants.py [--count 300] [--seed 0] [--jobs 2] [--out runs/mutants.txt]

The mistakes, one at a time, are listed in `tools/mutation.py`. They are drawn at random from all
places of the modules in `tools/core_modules.py`, put into a copy of the package, and only the
module's own tests are run. A mutant is killed if a test fails, or takes much longer than without
it. Those that survive are printed; each is a missing test, or a change that makes no difference.

Exit status: 0 whatever survives, 1 the tests fail without a mistake.
"""

from __future__ import annotations

import compileall
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.core_modules import CORE_MODULES
from tools.mutation import Mutant, find_mutants

_PACKAGE = "darknet_torch"
_COPIED = (_PACKAGE, "cfg", "tests", "tools", "pyproject.toml", "setup.cfg", "setup.py")
_LARGE = ("torch", "cv2")  # imported once, by the process that all others fork from
_SLOWER, _LEAST_SECONDS = 5, 60  # a mutant that takes longer than this runs for ever


@click.command()
@click.option("--count", default=300, show_default=True, help="Mutants to draw.")
@click.option("--seed", default=0, show_default=True, help="Of the draw.")
@click.option("--jobs", default=os.cpu_count(), help="Mutants at a time; one a core by default.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("runs/mutants.txt"), show_default=True
)
def main(count: int, seed: int, jobs: int, out: Path) -> None:
    """Put mistakes into the core modules; see the docstring of this file."""
    mutants = draw(count, seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    killed: Counter[str] = Counter()
    total = Counter(mutant.path for mutant in mutants)
    for name in _LARGE:
        import_module(name)
    with (
        tempfile.TemporaryDirectory() as folder,
        out.open("w") as log,
        multiprocessing.get_context("fork").Pool(jobs, enter_copy, [Path(folder)]) as pool,
    ):
        limits = dict(zip(total, pool.map(_time_without_mistake, total, 1), strict=True))
        tasks = [(mutant, limits[mutant.path]) for mutant in mutants]
        for mutant, is_killed in zip(mutants, pool.imap(run_mutant, tasks), strict=True):
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


def enter_copy(folder: Path) -> None:
    """Work in a copy of what the tests need: no mistake is ever put into the repository itself."""
    copy = folder / str(os.getpid())
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, copy / name, ignore=ignored)
        else:
            shutil.copy(source, copy / name)
    compileall.compile_dir(copy / _PACKAGE, quiet=1)
    os.chdir(copy)
    sys.path[:] = [str(copy), *(place for place in sys.path if place != str(ROOT))]
    os.environ |= {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}


def run_mutant(task: tuple[Mutant, float]) -> bool:
    """Return whether the tests of a mutant's module notice it within a limit in seconds."""
    mutant, limit = task
    file = Path(_PACKAGE, mutant.path)
    original = file.read_text("utf-8")
    file.write_text(mutant.text, "utf-8")
    try:
        return not run_tests(mutant.path, limit)
    finally:
        file.write_text(original, "utf-8")


def run_tests(path: str, limit: float) -> bool:
    """Return whether a module's tests, in their own process, succeed within `limit` seconds."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return status == 0
    status = 1
    try:
        signal.alarm(round(limit))  # which ends this process
        sys.dont_write_bytecode = True  # two texts of a second have the same time
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        tests = [f"tests/{test}" for test in CORE_MODULES[path]]
        status = pytest.main(["-qx", "-p", "no:cacheprovider", "--basetemp", "tmp", *tests])
    finally:
        os._exit(status)


def _time_without_mistake(path: str) -> float:
    """Return how long the tests of a module may take, from how long they take now."""
    start = time.monotonic()
    if not run_tests(path, limit=600):
        raise click.ClickException(f"the tests of {path} fail without a mistake")
    return max(_LEAST_SECONDS, _SLOWER * (time.monotonic() - start))


if __name__ == "__main__":
    main()

"""Fuzz the readers of files with atheris, which follows the code that each input reaches.

    python tools/fuzz.py [TARGET ...] [--seconds N] [--out runs/fuzz] [--keep]

Without a target, all of `tools/fuzzing/targets.py` are run one after the other, each for that many
seconds, and a table is printed:

- executions: how many inputs were read;
- edges, features: the branches of the package and of Python's JSON and XML readers that were
  reached, and the same with how often they were;
- findings: inputs that raised anything but a `DarknetError`, one for each place in the code. They
  are in OUT/TARGET/findings, minimised; the inputs that reached something new are in
  OUT/TARGET/corpus, where the next run starts, as it does with tests/fuzz/reached.tar.xz. --keep
  adds them there, and `make test` reads them;
- kills: the reader took more than --memory megabytes or --input-seconds, or the process crashed.
  These inputs are in OUT/TARGET/kills, and the target goes on with others.

Exit status: 0 no findings and no kills, 1 some.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

_INSTRUMENTED = ["darknet_torch", "json", "xml"]
_LONGEST_INPUT = 4096  # bytes
_STATUS = re.compile(r"cov: (\d+) ft: (\d+)")
_COUNT = re.compile(r"^#(\d+)\s", re.MULTILINE)
_FEWEST_SECONDS = 3  # for which a killed target is started again
_MEMORY = Path("/dev/shm")  # a file system without a disk, so that writing inputs takes no time
_RUN_ONE = "--run-in-this-process"


@dataclass
class Outcome:
    """What running a target came to; its string is a row of the table."""

    target: str
    seconds: float = 0.0
    executions: int = 0
    edges: int = 0
    features: int = 0
    findings: int = 0
    kills: int = 0

    def __str__(self) -> str:
        numbers = (self.executions, self.edges, self.features, self.findings, self.kills)
        cells = [self.target, f"{self.seconds:.0f}", *(f"{number:,}" for number in numbers)]
        return f"| {' | '.join(cells)} |"

    def add_log(self, log: str) -> None:
        """Count what libFuzzer printed."""
        self.executions += max(map(int, _COUNT.findall(log)), default=0)
        for edges, features in _STATUS.findall(log):
            self.edges = max(self.edges, int(edges))
            self.features = max(self.features, int(features))


@click.command()
@click.argument("names", nargs=-1, metavar="[TARGET ...]")
@click.option("--seconds", default=600, show_default=True, help="For each target.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("runs/fuzz"), show_default=True
)
@click.option("--memory", default=4096, show_default=True, help="Megabytes of the process.")
@click.option("--input-seconds", default=10, show_default=True, help="For one input.")
@click.option("--keep", is_flag=True, help="Keep what reached new code in tests/fuzz.")
@click.option(_RUN_ONE, "work", type=click.Path(path_type=Path), hidden=True)
def main(
    names: tuple[str, ...],
    seconds: int,
    out: Path,
    memory: int,
    input_seconds: int,
    keep: bool,
    work: Path | None,
) -> None:
    """Fuzz the readers of files; see the docstring of this file."""
    if work is not None:
        _fuzz_here(names[0], out, work, seconds, memory, input_seconds)
    click.echo("| target | seconds | executions | edges | features | findings | kills |")
    click.echo("|---|---|---|---|---|---|---|")
    outcomes = []
    for name in names or _target_names():
        outcomes.append(fuzz(name, out / name, seconds, memory, input_seconds))
        click.echo(outcomes[-1])
    if keep:
        _keep([outcome.target for outcome in outcomes], out)
    sys.exit(any(outcome.findings or outcome.kills for outcome in outcomes))


def _target_names() -> list[str]:
    from tools.fuzzing.targets import TARGETS

    return [target.name for target in TARGETS]


def fuzz(name: str, out: Path, seconds: int, memory: int, input_seconds: int) -> Outcome:
    """Fuzz a target in processes of its own until the time is over.

    Args:
        name: the target.
        out: its folder, which gets the folders that the docstring of this file describes.
        seconds: for all of it.
        memory: megabytes that a process may take.
        input_seconds: what reading one input may take.
    """
    outcome = Outcome(name)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as work:
        while not outcome.seconds or seconds - outcome.seconds >= _FEWEST_SECONDS:
            left = round(seconds - outcome.seconds)
            limits = [f"--memory={memory}", f"--input-seconds={input_seconds}"]
            command = [sys.executable, __file__, name, _RUN_ONE, work, f"--out={out}", *limits]
            ended = subprocess.run(
                [*command, f"--seconds={left}"], capture_output=True, text=True, errors="replace"
            )
            outcome.add_log(ended.stderr)
            if not outcome.executions:
                raise click.ClickException(f"{name} does not start: {ended.stderr.strip()}")
            (out / "log").write_text(ended.stderr + ended.stdout)
            outcome.seconds = time.monotonic() - start
        outcome.findings = _minimise(name, out, Path(work))
    outcome.kills = len(list((out / "kills").iterdir()))
    return outcome


def _keep(names: Sequence[str], out: Path) -> None:
    from tools.fuzzing.reached import write_reached

    corpora = {name: (out / name / "corpus").iterdir() for name in names}
    write_reached({name: [file.read_bytes() for file in files] for name, files in corpora.items()})


def _minimise(name: str, out: Path, work: Path) -> int:
    """Make the findings smaller, and return how many there are."""
    from tools.fuzzing.findings import Findings
    from tools.fuzzing.targets import find_target

    findings = Findings(find_target(name), out / "findings", work)
    findings.minimise()
    return len(list(findings.folder.iterdir()))


def _fuzz_here(
    name: str, out: Path, work: Path, seconds: int, memory: int, input_seconds: int
) -> NoReturn:
    """Fuzz a target in this process, which ends afterwards, or when an input kills it."""
    import atheris

    with atheris.instrument_imports(include=_INSTRUMENTED):
        from tools.fuzzing.findings import Findings
        from tools.fuzzing.reached import read_reached
        from tools.fuzzing.targets import find_target

        target = find_target(name)
        folders = {kind: out / kind for kind in ("corpus", "seeds", "findings", "kills")}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        findings = Findings(target, folders["findings"], work)
        for number, seed in enumerate([*target.seeds(), *read_reached(name)]):
            (folders["seeds"] / f"{number:03}").write_bytes(seed)
            findings.check(seed)  # imports what the reader imports when it is called
    arguments = [
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST_INPUT}",
        f"-rss_limit_mb={memory}",
        f"-timeout={input_seconds}",
        f"-artifact_prefix={folders['kills']}/",
        *_dictionary(target.words(), out / "words"),
        str(folders["corpus"]),
        str(folders["seeds"]),
    ]
    atheris.Setup([sys.argv[0], *arguments], findings.check)
    atheris.Fuzz()
    sys.exit()


def _dictionary(words: Sequence[str], file: Path) -> list[str]:
    """Write words for libFuzzer to insert, and return the argument that names the file."""
    file.write_text("".join(f"{_quoted(word)}\n" for word in words))
    return [f"-dict={file}"] if words else []


def _quoted(word: str) -> str:
    """A word in the form of libFuzzer's dictionaries."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"'


if __name__ == "__main__":
    main()

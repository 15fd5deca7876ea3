"""`make long-runs`: what long runs hold in memory, and what must not depend on threads or workers.

Prints the tables of docs/reliability.md. Memory and open files are those of the whole process, as
Linux counts them. The networks are tiny, since what a run gathers does not depend on their size.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import click
import cv2
import numpy as np

from darknet_torch import Detector, load
from darknet_torch.files import file_digest
from darknet_torch.media.video_writer import VideoFile
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS
from tests.training.runs import DETECTOR, detector_data
from tools.markdown_text import table

_ROOT = Path(__file__).resolve().parents[1]
_SHARES = (0.1, 0.5, 0.95)  # of a run; at its very end the process may be gone
_GROWTH = 1.05  # from the middle of a run to its end; an allocator's pools move by less
_MORE_FILES = 2  # a picture and a list that happen to be open
_MEBIBYTE = 2**20
_DTORCH = ("-c", "from darknet_torch.cli.main import main; main()")
_MODEL = ("--cfg", str(CFG), "--weights", str(WEIGHTS), "--names", str(NAMES))
_ONE_BY_ONE = f"""
from darknet_torch import Detector, load
from darknet_torch.media.images import read_image
detector = Detector(load({str(CFG)!r}, {str(WEIGHTS)!r}))
picture = read_image({str(PICTURE)!r})
for _ in range(COUNT):
    print("found", len(detector(picture)), flush=True)
"""


@dataclass(frozen=True)
class LongRun:
    """A run of which memory and open files are measured.

    Attributes:
        name: what it does.
        count: how often; it prints a line with `mark` each time.
        words: the arguments of Python, in a working folder.
        mark: what is in these lines, and in no others.
        prepare: writes what the run needs into the folder, for `count`.
    """

    name: str
    count: int
    words: Sequence[str]
    mark: str
    prepare: Callable[[Path, int], None] = lambda folder, count: None


@dataclass(frozen=True)
class Sample:
    """What a process holds: memory in bytes, and open files."""

    memory: int
    files: int


def _write_pictures(folder: Path, count: int) -> None:
    """Write 100 different pictures, under as many names as asked for."""
    picture, root = cv2.imread(str(PICTURE)), folder / "pictures"
    root.mkdir()
    for number in range(count):
        path = root / f"{number:05d}.jpg"
        if number < 100:
            cv2.imwrite(str(path), np.roll(picture, 4 * number, 1)[::2, ::2])
        else:
            path.hardlink_to(root / f"{number % 100:05d}.jpg")


def _write_video(folder: Path, count: int) -> None:
    picture = cv2.imread(str(PICTURE))[::2, ::2]
    video = VideoFile(folder / "clip.mp4", 25, *picture.shape[:2])
    for number in range(count):
        video.write(np.roll(picture, number, 1))
    video.close()


def _write_squares(folder: Path, count: int) -> None:
    """Write a network, its pictures, and a list of them."""
    detector_data(folder / "data", 32)
    text = DETECTOR.replace("max_batches=6", f"max_batches={count}")
    (folder / "small.cfg").write_text(text.replace("learning_rate=0.01", "learning_rate=0.001"))


_DETECT = (*_DTORCH, "detect", *_MODEL, "--format", "jsonl", "--quiet")
_TRAIN = (*_DTORCH, "train", "small.cfg", "data/squares.data", "--backup", "run")
RUNS = (
    LongRun("`Detector` on one picture", 10_000, ("-c", _ONE_BY_ONE), "found"),
    LongRun("`dtorch detect` on pictures", 20_000, (*_DETECT, "pictures"), '"', _write_pictures),
    LongRun("`dtorch detect` on a video", 5_000, (*_DETECT, "clip.mp4"), '"', _write_video),
    LongRun(
        "`dtorch train`, iterations",
        2_000,
        (*_TRAIN, "--save-last", "100", "--workers", "1"),
        " images, ",
        _write_squares,
    ),
)


def measure(run: LongRun, folder: Path, count: int) -> list[Sample]:
    """Run, and look at the process after each of `_SHARES` of its lines.

    Raises:
        RuntimeError: it failed, or printed another number of lines.
    """
    run.prepare(folder, count)
    moments, samples, lines = [round(share * count) for share in _SHARES], list[Sample](), 0
    words = [word.replace("COUNT", str(count)) for word in run.words]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"}
    with (
        (folder / "errors.txt").open("w+") as errors,
        subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None, "it is a pipe"
        for line in process.stdout:
            lines += run.mark in line
            if run.mark in line and lines in moments:
                samples.append(_look(process.pid))
    if process.returncode or lines != count:
        text = (folder / "errors.txt").read_text()
        raise RuntimeError(f"{run.name}: status {process.returncode}, {lines} lines\n{text}")
    return samples


def _look(process: int) -> Sample:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    files = len(list(Path(f"/proc/{process}/fd").iterdir()))
    return Sample(pages * os.sysconf("SC_PAGE_SIZE"), files)


def is_flat(samples: Sequence[Sample]) -> bool:
    """Whether neither memory nor open files grew from the middle of a run to its end."""
    _, middle, end = samples
    no_more_files = end.files <= middle.files + _MORE_FILES
    return end.memory <= _GROWTH * middle.memory and no_more_files


def equal_in_threads(count: int, threads: int = 8) -> bool:
    """Whether one detector finds the same in `threads` threads at once as in one.

    Args:
        count: of pictures, which all differ.
    """
    detector, picture = Detector(load(CFG, WEIGHTS), names=NAMES), cv2.imread(str(PICTURE))
    pictures = [np.roll(picture, 3 * number, 1) for number in range(count)]
    alone = [detector(one).to_dict() for one in pictures]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda one: detector(one).to_dict(), pictures)) == alone


def digests_by_workers(folder: Path, iterations: int, workers: Iterable[int]) -> dict[int, str]:
    """The digests of the weights that a training ends with, by its number of workers."""
    _write_squares(folder, iterations)
    found = {}
    for number in workers:
        words = [sys.executable, *_TRAIN[:-1], f"run{number}", "--workers", str(number)]
        environment = {**os.environ, "PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"}
        subprocess.run(words, cwd=folder, env=environment, check=True, capture_output=True)
        found[number] = file_digest(folder / f"run{number}" / "small_final.weights")
    return found


def _describe(run: LongRun, count: int, samples: Sequence[Sample]) -> list[str]:
    figures = [f"{sample.memory / _MEBIBYTE:.0f} MiB, {sample.files}" for sample in samples]
    return [run.name, f"{count:,}", *figures, "yes" if is_flat(samples) else "**no**"]


def _fresh(root: Path, number: int) -> Path:
    folder = root / str(number)
    folder.mkdir()
    return folder


@click.command()
@click.option("--part", default=1.0, help="Make every run shorter, by this factor.")
def main(part: float) -> None:
    """Measure, print the tables, and fail if something grew or differed."""
    rows, passed = list[list[str]](), True
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for number, run in enumerate(RUNS):
            count = round(part * run.count)
            samples = measure(run, _fresh(root, number), count)
            rows.append(_describe(run, count, samples))
            passed &= is_flat(samples)
            click.echo(f"{run.name}: done", err=True)
        digests = digests_by_workers(_fresh(root, len(RUNS)), round(100 * part), range(4))
    equal_workers, equal_threads = len(set(digests.values())) == 1, equal_in_threads(400)
    heads = ("run", "count", *(f"{share:.0%}" for share in _SHARES), "flat")
    click.echo("\n".join(table(heads, rows)))
    click.echo(f"\nweights by 0 to 3 workers equal, byte for byte: {equal_workers}")
    click.echo(f"detections of 8 threads equal to those of one: {equal_threads}")
    sys.exit(not (passed and equal_workers and equal_threads))


if __name__ == "__main__":
    main()

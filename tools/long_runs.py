"""`make long-runs`: what long runs hold in memory, and what must not depend on threads or workers.

Prints the tables of docs/reliability.md. The networks are tiny, since what a run gathers does not
depend on their size.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from tools.process_samples import ENVIRONMENT, LongRun, Sample, is_flat, measure

_THREADS = 8
_MEBIBYTE = 2**20
_DTORCH = ("-c", "from darknet_torch.cli.main import main; main()")
_MODEL = ("--cfg", str(CFG), "--weights", str(WEIGHTS), "--names", str(NAMES))
_ONE_BY_ONE = f"""
from darknet_torch import Detector, load
from darknet_torch.media.images import read_image
detector = Detector(load({str(CFG)!r}, {str(WEIGHTS)!r}))
picture = read_image({str(PICTURE)!r})
def detect(numbers):
    for _ in numbers:
        print(f"found {{len(detector(picture))}}\\n", end="", flush=True)
"""
_IN_THREADS = f"""{_ONE_BY_ONE}
from concurrent.futures import ThreadPoolExecutor
numbers = iter(range(COUNT))
with ThreadPoolExecutor({_THREADS}) as pool:
    list(pool.map(detect, [numbers] * {_THREADS}))
"""


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
    """Write a network, its pictures, and lists of them."""
    detector_data(folder / "data", 32)
    detector_data(folder / "data", 4, "valid")
    text = DETECTOR.replace("max_batches=6", f"max_batches={count}")
    (folder / "small.cfg").write_text(text.replace("learning_rate=0.01", "learning_rate=0.001"))


_DETECT = (*_DTORCH, "detect", *_MODEL, "--format", "jsonl", "--quiet")
_TRAIN = (*_DTORCH, "train", "small.cfg", "data/squares.data", "--backup", "run")
RUNS = (
    LongRun(
        "`Detector` on one picture",
        10_000,
        ("-c", f"{_ONE_BY_ONE}\ndetect(range(COUNT))"),
        "found",
    ),
    LongRun("`Detector` in 8 threads", 10_000, ("-c", _IN_THREADS), "found"),
    LongRun("`dtorch detect` on pictures", 20_000, (*_DETECT, "pictures"), '"', _write_pictures),
    LongRun("`dtorch detect` on a video", 5_000, (*_DETECT, "clip.mp4"), '"', _write_video),
    LongRun(
        "`dtorch train --map`, iterations",
        2_000,
        (*_TRAIN, "--save-last", "50", "--workers", "2", "--map", "--map-every", "5"),
        " images, ",
        _write_squares,
    ),
)


def equal_in_threads(count: int) -> bool:
    """Whether one detector finds the same in `_THREADS` threads at once as in one.

    Args:
        count: of pictures, which all differ, as do most of their detections.
    """
    detector, picture = Detector(load(CFG, WEIGHTS), names=NAMES), cv2.imread(str(PICTURE))
    shifts = [divmod(number, 20) for number in range(count)]
    pictures = [np.roll(picture, (5 * down, 7 * right), (0, 1)) for down, right in shifts]
    alone = [detector(one).to_dict() for one in pictures]
    assert len({str(found) for found in alone}) > count / 2, "equal results would compare nothing"
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda one: detector(one).to_dict(), pictures)) == alone


def _train(folder: Path, name: str, *options: str) -> str:
    """Train, and return the digest of the weights at the end."""
    words = [sys.executable, *_TRAIN[:-1], name, *options]
    ended = subprocess.run(
        words, cwd=folder, env=ENVIRONMENT, check=False, capture_output=True, text=True
    )
    if ended.returncode:
        raise RuntimeError(f"training {name}: status {ended.returncode}\n{ended.stderr}")
    return file_digest(folder / name / "small_final.weights")


def equal_by_workers(folder: Path, iterations: int, workers: Iterable[int]) -> bool:
    """Whether trainings with these numbers of workers end with the same weights, byte for byte."""
    _write_squares(folder, iterations)
    digests = {_train(folder, f"run{number}", "--workers", str(number)) for number in workers}
    other_seed = _train(folder, "other", "--workers", "0", "--seed", "1")
    assert other_seed not in digests, (
        "weights that do not depend on the seed would compare nothing"
    )
    return len(digests) == 1


def _describe(run: LongRun, count: int, samples: Sequence[Sample]) -> list[str]:
    figures = [f"{sample.memory / _MEBIBYTE:.1f} MiB, {sample.files}" for sample in samples]
    return [run.name, f"{count:,}", *figures, "yes" if is_flat(samples) else "**no**"]


def _fresh(root: Path, name: str) -> Path:
    folder = root / name
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
            samples = measure(run, _fresh(root, str(number)), count)
            rows.append(_describe(run, count, samples))
            passed &= is_flat(samples)
            click.echo(" | ".join(rows[-1]), err=True)
        equal_workers = equal_by_workers(_fresh(root, "workers"), round(100 * part), range(4))
    equal_threads = equal_in_threads(400)
    heads = ("run", "count", "10-35 %", "40-65 %", "70-95 %", "flat")
    click.echo("\n".join(table(heads, rows)))
    click.echo(f"\nweights by 0 to 3 workers equal, byte for byte: {equal_workers}")
    click.echo(f"detections of 8 threads equal to those of one: {equal_threads}")
    sys.exit(not (passed and equal_workers and equal_threads))


if __name__ == "__main__":
    main()

"""Measure this project and a named peer in the same run; every result is a ratio of the two.

python tools/bench.py load [--cfg yolov3]
python tools/bench.py start
python tools/bench.py once [--cfg yolov3] [--backend openvino]
python tools/bench.py kmeans [--boxes 200000]
python tools/bench.py eval [--detections 200000]
python tools/bench.py nms [--boxes 4462]
python tools/bench.py data [--data shapes.data]
python tools/bench.py resize
python tools/bench.py train [--device cuda] [--precision bfloat16] [--net yolov3-tiny:416]
python tools/bench.py gpu
python tools/bench.py infer [--net yolov3:416] [--opencv-python PYTHON] [--darknet PATH]
python tools/bench.py layers [--net yolov4-tiny:416]
python tools/bench.py folder [--video] [--save] [--picture photo.jpg]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.downloads.finding import CACHE
from darknet_torch.engines.names import BACKENDS, TORCH
from darknet_torch.errors import CfgWarning


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Return the median time of `action` over `repeats` runs, after a warm-up run."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def report(name: str, ours: float, peer: str, theirs: float) -> None:
    """Print both times and their ratio."""
    click.echo(
        f"{name}: {ours * 1000:.1f} ms, {peer}: {theirs * 1000:.1f} ms, ratio {ours / theirs:.2f}"
    )


@click.group(help=__doc__)
def main() -> None:
    """Compare with a named peer."""


@main.command()
@click.option("--cfg", default="yolov3", show_default=True)
@click.option("--repeats", default=7, show_default=True)
def load(cfg: str, repeats: int) -> None:
    """Build a network and read its weight file, compared with np.fromfile."""
    from darknet_torch.loading.load import load as load_network
    from darknet_torch.model.weights import write_weights

    warnings.simplefilter("ignore", CfgWarning)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.weights"
        write_weights(load_network(cfg), path)
        click.echo(f"{cfg}: {path.stat().st_size / 1e6:.0f} MB")
        theirs = seconds(lambda: np.fromfile(path, "<f4"), repeats)
        ours = seconds(lambda: load_network(cfg, path), repeats)
        report("build and read", ours, "np.fromfile", theirs)
        report("build, Darknet's starting values", seconds(lambda: load_network(cfg), 1),
               "np.fromfile", theirs)  # fmt: skip


@main.command()
@click.option("--repeats", default=3, show_default=True)
def start(repeats: int) -> None:
    """Print help pages, compared with `python -c pass`; the fastest runs."""
    help_page = "from darknet_torch.cli.main import main; main({})"
    codes = {
        "python -c pass": "pass",
        "dtorch --help": help_page.format(["--help"]),
        "dtorch kmeans --help": help_page.format(["kmeans", "--help"]),
    }
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(repeats):  # in turn, so that a busy machine slows all of them
        for name, code in codes.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
            times[name].append(time.perf_counter() - began)
    peer = min(times.pop("python -c pass"))
    for name, spent in times.items():
        report(name, min(spent), "python -c pass", peer)
        click.echo(f"  {1000 * (min(spent) - peer):.0f} ms more")


@main.command()
@click.option("--cfg", default="yolo-fastest-1.1", show_default=True)
@click.option("--repeats", default=7, show_default=True)
@click.option("--threads", default=1, show_default=True, help="Those that wait need time, too.")
@click.option("--backend", type=click.Choice(BACKENDS), default=TORCH, show_default=True)
def once(cfg: str, repeats: int, threads: int, backend: str) -> None:
    """Detect in one picture from the shell, compared with `import torch`; the least of each."""
    from tools.bench_once import cost, detect_words, least, report_once, write_quiet_weights

    warnings.simplefilter("ignore", CfgWarning)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "once.weights"
        write_quiet_weights(cfg, path)
        ours = detect_words(cfg, path, threads, backend)
        programs = {"ours": ours, "torch": ["-c", "import torch"]}
        # Files come into the system's cache, modules are compiled, and an engine is prepared.
        os.environ[CACHE] = folder
        for words in programs.values():
            cost(words)
        turns = [{name: cost(words) for name, words in programs.items()} for _ in range(repeats)]
        best = {name: least([turn[name] for turn in turns]) for name in programs}
        click.echo(report_once(cfg, best["ours"], best["torch"], path.stat().st_size))


@main.command()
@click.option("--boxes", "number", default=200_000, show_default=True)
@click.option("-k", "--anchors", "count", default=9, show_default=True)
@click.option(
    "--rounds", default=30, show_default=True, help="The peer's maximum number of rounds."
)
def kmeans(number: int, count: int, rounds: int) -> None:
    """Compute anchors with all restarts, compared with one run of k-means box by box.

    All boxes have different sizes, which is the slowest case here. The peer is stopped long before
    it converges, so the ratio is a lower bound.
    """
    from darknet_torch.anchors import DEFAULT_RESTARTS
    from darknet_torch.anchors.kmeans import cluster
    from darknet_torch.anchors.quality import measure_fit
    from darknet_torch.anchors.sizes import BoxSizes

    sizes = np.exp(np.random.default_rng(0).normal(3.7, 0.9, (number, 2))).clip(1, 416)
    start = time.perf_counter()
    boxes = BoxSizes.from_sizes(sizes)
    found = cluster(boxes, count)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    peer, needed = kmeans_by_rows(sizes, count, rounds)
    theirs = time.perf_counter() - start
    ours_fit, peer_fit = (
        measure_fit(boxes, found).average_iou,
        measure_fit(boxes, peer).average_iou,
    )
    click.echo(
        f"{len(boxes)} sizes, {count} anchors: average IoU {ours_fit:.2%} of "
        f"{DEFAULT_RESTARTS} runs; row by row {peer_fit:.2%} of one run, {needed} rounds"
    )
    report("k-means", ours, "row by row", theirs)
    click.echo(f"{theirs / ours:.0f} times faster")


def kmeans_by_rows(sizes: np.ndarray, count: int, rounds: int) -> tuple[np.ndarray, int]:
    """Run k-means by 1 - IoU as other ports do: numpy, one box at a time, medians.

    Returns:
        [count, 2] anchors, and the number of rounds, at most `rounds`.
    """
    random = np.random.default_rng(0)
    anchors = sizes[random.choice(len(sizes), count, replace=False)]
    distances, last = np.empty((len(sizes), count)), np.zeros(len(sizes))
    for done in range(1, rounds + 1):
        for row, size in enumerate(sizes):
            shared = np.minimum(size, anchors).prod(1)
            distances[row] = 1 - shared / (size.prod() + anchors.prod(1) - shared)
        nearest = distances.argmin(1)
        if (nearest == last).all():
            return anchors, done
        for number in np.unique(nearest):
            anchors[number] = np.median(sizes[nearest == number], 0)
        last = nearest
    return anchors, rounds


@main.command("eval")
@click.option("--pictures", default=5000, show_default=True)
@click.option("--detections", default=200_000, show_default=True)
@click.option("--classes", default=80, show_default=True)
@click.option("--repeats", default=3, show_default=True)
def eval_(pictures: int, detections: int, classes: int, repeats: int) -> None:
    """Match detections with objects, compared with a loop over detections."""
    from tools.bench_eval import one_by_one, random_results, vectorised

    found, truths = random_results(pictures, detections, classes)
    if vectorised(found, truths, classes) != one_by_one(found, truths):
        raise click.ClickException("the two disagree")
    ours = seconds(lambda: vectorised(found, truths, classes), repeats)
    theirs = seconds(lambda: one_by_one(found, truths), 1)
    report(f"match {detections} detections", ours, "loop over detections", theirs)


@main.command()
@click.option("--boxes", "counts", multiple=True, default=(4462, 22743), show_default=True)
@click.option(
    "--most", default=3, show_default=True,
    help="Each box is a candidate for 1 to this many of 80 classes.",
)  # fmt: skip
@click.option("--repeats", default=9, show_default=True)
def nms(counts: tuple[int, ...], most: int, repeats: int) -> None:
    """Drop overlapping boxes of all classes at once, compared with a greedy loop over boxes."""
    from darknet_torch.results.suppression import suppress_overlaps
    from tools.bench_nms import one_by_one, random_candidates

    for count in counts:
        boxes, scores = random_candidates(count, most=most)
        given = boxes, scores, np.zeros(count, int), 0.45
        if not np.array_equal(suppress_overlaps(*given), one_by_one(*given)):
            raise click.ClickException("the two disagree")
        ours = seconds(lambda given=given: suppress_overlaps(*given), repeats)
        theirs = seconds(lambda given=given: one_by_one(*given), 1)
        report(f"NMS of {count} boxes", ours, "loop over boxes", theirs)


@main.command()
@click.option("--data", type=click.Path(exists=True), help="A data set; without it random JPEGs.")
@click.option("--split", help="The split of the data set.")
@click.option("--size", "sizes", multiple=True, default=(320, 416, 608), show_default=True)
@click.option(
    "--workers", multiple=True, default=(1,), show_default=True,
    help="Processes that load; 0 leaves out what they cost to send pictures.",
)  # fmt: skip
@click.option("--pictures", default=128, show_default=True)
def data(
    data: str | None,
    split: str | None,
    sizes: tuple[int, ...],
    workers: tuple[int, ...],
    pictures: int,
) -> None:
    """Load pictures for training, compared with a loop that reads, resizes and mirrors them.

    Prints a table of pictures per CPU-second, that of the process which receives them included,
    and the ratios to the loop. A GPU needs as many cores that load as it trains on pictures per
    second, divided by this.
    """
    import cv2

    from darknet_torch.datasets.opening import open_dataset
    from tools.bench_data import PICTURE, random_examples, table

    cv2.setNumThreads(1)  # for both; loader workers do so themselves
    with tempfile.TemporaryDirectory() as folder:
        if data:
            examples = list(open_dataset(data, split=split).examples)
        else:
            examples = random_examples(Path(folder), 64)
        shown = data or "JPEGs of {1} x {0} pixels".format(*PICTURE)
        click.echo(f"Pictures per CPU-second (ratio to OpenCV), from {shown}:\n")
        for line in table(examples, sizes, workers, pictures):
            click.echo(line)


@main.command()
@click.option("--seconds", default=4.0, show_default=True, help="For each row.")
def resize(seconds: float) -> None:
    """Turn pictures into a network's input, compared with OpenCV's resize of floats.

    One thread; the shortest CPU times of many turns. OpenCV's rule is another one.
    """
    import cv2

    from tools.bench_resize import PEER, comparisons

    cv2.setNumThreads(1)
    for name, ours, theirs in comparisons(seconds):
        report(name, ours, PEER, theirs)


@main.command()
@click.option("--device", type=click.Choice(("cpu", "cuda")), default="cpu", show_default=True)
@click.option(
    "--precision", default="float32", show_default=True, help="float32, tf32, bfloat16 or float16."
)
@click.option(
    "--net", "nets", multiple=True, help="A cfg and the side of its input, as in yolov3:416."
)
@click.option("--batch", type=int, help="Pictures per step.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--threads", default=1, show_default=True)
@click.option("--profile", is_flag=True, help="Print the 15 most expensive operations instead.")
def train(
    device: str,
    precision: str,
    nets: tuple[str, ...],
    batch: int | None,
    repeats: int,
    threads: int,
    profile: bool,
) -> None:
    """Run training steps, compared with plain eager PyTorch in both orders of memory.

    The three take turns. On the CPU their pictures are loaded, too.
    """
    import torch

    from darknet_torch.ops.precision import Precision
    from tools.bench_timing import NotFiniteError, interleaved
    from tools.bench_train import OURS, picture_rate, profiled, report_steps, steps, subjects

    warnings.simplefilter("ignore", CfgWarning)
    torch.set_num_threads(threads)
    where, chosen = torch.device(device), Precision.named(precision)
    for subject in subjects(where, nets, batch):
        programs = steps(subject, where, chosen)
        if profile:
            click.echo(f"{subject}, {precision}\n{profiled(programs[OURS], where)}")
            continue
        try:
            spent = interleaved(programs, where, repeats=repeats)
        except NotFiniteError as error:
            raise click.ClickException(f"{subject}, {precision}: {error}") from None
        click.echo(report_steps(subject, precision, spent, where))
        if where.type == "cpu":
            name, rate = picture_rate(subject)
            click.echo(f"{subject}, its pictures alone ({name}): {rate:.0f} per CPU-second")


@main.command()
@click.option("--device", type=click.Choice(("cpu", "cuda")), default="cuda", show_default=True)
@click.option(
    "--net", "nets", multiple=True, help="A cfg and the side of its input; all by default."
)
@click.option("--batch", type=int, help="Pictures at once, for all of them.")
@click.option("--repeats", default=5, show_default=True)
@click.option("--minutes", default=7.0, show_default=True, help="Start no row after so long.")
def gpu(
    device: str, nets: tuple[str, ...], batch: int | None, repeats: int, minutes: float
) -> None:
    """Print the tables of docs/performance.md for a GPU, as Markdown, row by row."""
    from tools.bench_gpu import tables

    warnings.simplefilter("ignore", CfgWarning)
    for line in tables(device, nets, batch, repeats, 60 * minutes):
        click.echo(line)


@main.command()
@click.option(
    "--net",
    "nets",
    multiple=True,
    help="NAME:SIZE of a network; the five of the goals by default.",
)
@click.option(
    "--engine", "engines", multiple=True,
    help="torch, detector, plain, onnxruntime, openvino, opencv or darknet; all by default.",
)  # fmt: skip
@click.option(
    "--batch", "batches", type=click.IntRange(1), multiple=True, default=(1,), show_default=True,
    help="Pictures at once. Goals are of one; Detector, OpenCV and Darknet take no more.",
)  # fmt: skip
@click.option("--rounds", type=click.IntRange(5), default=7, show_default=True)
@click.option("--seconds", default=0.5, show_default=True, help="Of a turn; 3 calls at least.")
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@click.option(
    "--weights", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with NAME.weights; other networks have statistics of noise.",
)  # fmt: skip
@click.option("--opencv-python", help="A Python whose package opencv-python is older than 5.")
@click.option(
    "--darknet", type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    help="Darknet's program.",
)  # fmt: skip
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures.")
@click.option("--chart", type=click.Path(path_type=Path), help="Draw bars, such as infer.svg.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print tables, too.")
def infer(
    nets: tuple[str, ...],
    engines: tuple[str, ...],
    batches: tuple[int, ...],
    json_path: Path | None,
    chart: Path | None,
    as_markdown: bool,
    **settings: Any,
) -> None:
    """Detect on a CPU, compared with other engines, each in a process of its own.

    Prints the ratios of medians next to their goals. The engines take turns.
    """
    from darknet_torch.errors import DarknetError
    from tools import bench_infer_report as report
    from tools.bench_infer import LABELS, compare
    from tools.bench_infer_inputs import Settings

    warnings.simplefilter("ignore", CfgWarning)
    try:
        if chart:
            report.check_chart(chart)
        results = compare(nets, batches, engines, Settings(**settings), click.echo)
        for line in report.machine_lines(results):
            click.echo(line)
        if as_markdown:
            click.echo("\n".join(["", *report.markdown(results, LABELS)]))
        if json_path:
            kept = ("threads", "rounds", "seconds")  # the others are paths
            report.write_json(json_path, results, {name: settings[name] for name in kept})
        if chart:
            report.draw_chart(chart, results, LABELS)
    except DarknetError as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option("--net", default="yolov4-tiny:416", show_default=True, help="A cfg and a side.")
@click.option("--picture", type=click.Path(exists=True), help="By default a random JPEG.")
@click.option("--pictures", default=64, show_default=True, help="Copies, or frames.")
@click.option("--video", is_flag=True, help="Detect in a video instead of a folder.")
@click.option("--save", is_flag=True, help="Draw and write annotated pictures, too.")
@click.option("--batch", default=1, show_default=True, help="Pictures per batch, of both.")
@click.option("--threads", default=2, show_default=True)
@click.option("--threshold", default=0.95, show_default=True, help="Few boxes pass it.")
@click.option("--repeats", default=5, show_default=True)
def folder(
    net: str,
    picture: str | None,
    pictures: int,
    video: bool,
    save: bool,
    batch: int,
    threads: int,
    threshold: float,
    repeats: int,
) -> None:
    """Detect in a folder of pictures or in a video, compared with the network alone.

    The two take turns. Random weights find boxes anywhere, so the threshold is high.
    """
    import cv2
    import torch

    from darknet_torch.inference.detector import Detector
    from tools import bench_folder as parts
    from tools.bench_timing import interleaved
    from tools.bench_train import Subject, network

    warnings.simplefilter("ignore", CfgWarning)
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    cfg, _, side = net.partition(":")
    device = torch.device("cpu")
    built = network(Subject(cfg, int(side or 416), batch), device)
    detector = Detector(built, threshold=threshold)
    with tempfile.TemporaryDirectory() as place:
        media = parts.write_media(Path(place), pictures, picture=picture, video=video)
        programs = {
            parts.RUN: parts.detect_program(detector, media, Path(place), batch=batch, save=save),
            parts.NETWORK: parts.network_program(detector, pictures, batch=batch),
        }
        spent = interleaved(programs, device, repeats=repeats)
        steps = parts.step_seconds(detector, media)
    click.echo(f"{net}, batch {batch}, {threads} threads, {pictures} pictures or frames")
    for line in parts.report_lines(spent, steps, pictures):
        click.echo(line)


@main.command()
@click.option("--net", default="yolov4-tiny:416", show_default=True, help="A cfg and a side.")
@click.option("--threads", default=2, show_default=True)
@click.option("--repeats", default=30, show_default=True)
def layers(net: str, threads: int, repeats: int) -> None:
    """Print where the time of an optimised network goes, by kind of layer; the fastest runs."""
    import torch

    from darknet_torch.model.noise_statistics import noise
    from tools import bench_layers as parts
    from tools.bench_train import Subject, network

    warnings.simplefilter("ignore", CfgWarning)
    torch.set_num_threads(threads)
    cfg, _, side = net.partition(":")
    built = network(Subject(cfg, int(side or 416), 1), torch.device("cpu"))
    least = parts.step_seconds(built, noise(built, 1), repeats)
    click.echo(f"{net}, {threads} threads: {1000 * sum(least.values()):.1f} ms")
    for line in parts.lines(parts.kinds(built, least)):
        click.echo(line)


if __name__ == "__main__":
    main()

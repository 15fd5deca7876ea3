"""`dtorch detect`: pictures in, detections out."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.loading import ModelOptions, find_names, from_command, load_model
from darknet_torch.cli.options import (
    detection_options,
    names_options,
    network_options,
    output_options,
    run_options,
)
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.files import replacing
from darknet_torch.sources import find_pictures
from darknet_torch.zoo import sample_folder

if TYPE_CHECKING:
    import numpy as np

    from darknet_torch.detect import Detector
    from darknet_torch.detections import Detections

_SOME_FAILED = 1
_LONG = 10  # pictures from which progress is shown


@click.command(short_help="Find objects in pictures.")
@click.argument("source", nargs=-1)
@network_options
@names_options
@detection_options
@run_options
@output_options
@click.option("--save", type=click.Path(file_okay=False), help="Write annotated pictures here.")
def detect(source: tuple[str, ...], **arguments: Any) -> None:
    """Find objects in pictures.

    SOURCE is any number of pictures, folders, globs and .txt lists; without one it is the
    bundled sample. Without --cfg the bundled toy model runs on that sample. Darknet's own
    spelling `detect X.cfg X.weights picture` works too.

    Exit status: 0 all done, 1 some pictures failed, 2 wrong usage or an unusable model.
    """
    source, arguments = _darknet_spelling(source, arguments)
    if arguments["cfg"] is None:
        if source:
            raise UsageError(
                "no network", expected="--cfg CFG --weights FILE", got="pictures only"
            )
        arguments["cfg"] = str(sample_folder() / "toy-shapes.cfg")
    pictures = find_pictures(source or [str(sample_folder() / "shapes.png")])
    options = from_command(arguments)
    detector = _build(options, arguments)
    with _Output(arguments["form"], arguments["out"]) as output:
        failed = _run(detector, pictures, arguments, output)
    if failed:
        click.echo(f"dtorch: {failed} of {len(pictures)} pictures failed", err=True)
        sys.exit(_SOME_FAILED)


def _darknet_spelling(
    source: tuple[str, ...], arguments: dict[str, Any]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """`detect X.cfg X.weights picture` as --cfg, --weights and SOURCE."""
    arguments = dict(arguments)
    for key, suffix in (("cfg", ".cfg"), ("weights", ".weights")):
        if source and arguments[key] is None and source[0].endswith(suffix):
            arguments[key], source = source[0], source[1:]
    return source, arguments


def _build(options: ModelOptions, arguments: dict[str, Any]) -> Detector:
    import torch

    from darknet_torch.detect import Detector
    from darknet_torch.loading import find_device

    device = find_device(arguments["device"])
    if arguments["threads"]:
        torch.set_num_threads(arguments["threads"])
    if arguments["seed"] is not None:
        torch.manual_seed(arguments["seed"])
    network = load_model(options).to(device)
    heads = network.heads
    return Detector(
        network,
        names=find_names(options, heads[-1].classes) if heads else None,
        threshold=arguments["threshold"],
        nms_threshold=arguments["nms_threshold"],
        letterbox=arguments["letterbox"],
        backend=arguments["backend"],
        resize=arguments["resize"],
        exif=arguments["exif"],
    )


def _run(
    detector: Detector, pictures: Sequence[str], arguments: dict[str, Any], output: _Output
) -> int:
    """Detect in all `pictures`; how many of them failed."""
    save = _Saver(arguments["save"]) if arguments["save"] else None
    failed = 0
    frame = 0
    chunks = _chunks(detector, pictures, arguments["batch"], arguments["workers"])
    with _progress(len(pictures), quiet=arguments["quiet"]) as advance:
        for names, images, errors in chunks:
            for error in errors:
                click.echo(f"dtorch: {error}", err=True)
            failed += len(errors)
            start = time.perf_counter()
            found = detector.detect_images(images, names) if images else []
            each = (time.perf_counter() - start) * 1000 / max(1, len(images))
            for image, detections in zip(images, found, strict=True):
                frame += 1
                output.write(replace(detections, frame_id=frame), each)
                if save is not None:
                    save(image, detections)
            advance(len(images) + len(errors))
    return failed


_Chunk = tuple[list[str], list["np.ndarray"], list[ImageError]]


def _chunks(
    detector: Detector, pictures: Sequence[str], size: int, workers: int
) -> Iterator[_Chunk]:
    """Pictures, opened, `size` at a time; the next are read while these are searched."""
    from darknet_torch.images import read_image

    def read(path: str) -> np.ndarray:
        return read_image(path, exif=detector.exif)

    groups = [pictures[start : start + size] for start in range(0, len(pictures), size)]
    with ThreadPoolExecutor(max(1, workers)) as pool:

        def submit(group: Sequence[str]) -> list[Future[np.ndarray]]:
            return [pool.submit(read, path) for path in group]

        ahead = submit(groups[0])
        for index, group in enumerate(groups):
            current = ahead
            ahead = submit(groups[index + 1]) if index + 1 < len(groups) else []
            yield _opened(group, current)


def _opened(names: Sequence[str], futures: Sequence[Future[np.ndarray]]) -> _Chunk:
    good, images, errors = [], [], []
    for name, future in zip(names, futures, strict=True):
        try:
            images.append(future.result())
            good.append(name)
        except ImageError as error:
            errors.append(error)
    return good, images, errors


@contextlib.contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    if quiet or total < _LONG or not sys.stderr.isatty():
        yield lambda count: None
        return
    with click.progressbar(length=total, label="detecting", file=sys.stderr) as bar:
        yield bar.update


class _Output:
    """Where results go: standard output or a file, as Darknet's lines or its JSON."""

    def __init__(self, form: str, out: str | None) -> None:
        self.form, self.out = form, out
        self.lines: list[str] = []
        self.count = 0

    def __enter__(self) -> _Output:
        self._print("[") if self.form == "json" else None
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is not None:
            return
        if self.form == "json":
            self._print("\n]")
        if self.out:
            text = "\n".join(self.lines) + "\n"
            try:
                with replacing(Path(self.out)) as file:
                    file.write(text.encode())
            except OSError as error:
                raise UsageError(f"cannot be written ({error.strerror})", where=self.out) from None

    def write(self, found: Detections, milliseconds: float) -> None:
        """The detections of one picture."""
        self.count += 1
        if self.form == "json":
            comma = ",\n" if self.count > 1 else ""
            self._print(comma + json.dumps(found.to_dict(), ensure_ascii=False, indent=1))
            return
        self._print(f"{found.filename}: Predicted in {milliseconds:f} milli-seconds.")
        for line in found.lines():
            self._print(line)

    def _print(self, line: str) -> None:
        if self.out:
            self.lines.append(line)
        else:
            click.echo(line)


class _Saver:
    """Writes annotated pictures into a folder under the names of their sources."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.taken: set[str] = set()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot be created ({error.strerror})", where=folder) from None

    def __call__(self, image: np.ndarray, found: Detections) -> None:
        import cv2

        path = self._free(Path(found.filename))
        done, data = cv2.imencode(path.suffix, found.draw(image))
        if not done:
            raise UsageError("cannot be encoded", where=path)
        try:
            with replacing(path) as file:
                file.write(data.tobytes())
        except OSError as error:
            raise UsageError(f"cannot be written ({error.strerror})", where=path) from None

    def _free(self, source: Path) -> Path:
        """A name in the folder that no picture of this run has."""
        suffix = source.suffix.lower() if source.suffix.lower() in (".jpg", ".png") else ".png"
        name, number = source.stem, 1
        while f"{name}{suffix}" in self.taken:
            number += 1
            name = f"{source.stem}-{number}"
        self.taken.add(f"{name}{suffix}")
        return self.folder / f"{name}{suffix}"

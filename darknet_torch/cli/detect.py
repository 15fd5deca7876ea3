"""`dtorch detect`: pictures in, detections out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.darknet_flags import darknet_flags, take_darknet_flags
from darknet_torch.cli.loading import find_names, from_command, load_to_device
from darknet_torch.cli.options import (
    detection_options,
    names_options,
    network_options,
    output_options,
    run_options,
)
from darknet_torch.cli.pictures import Run
from darknet_torch.errors import UsageError
from darknet_torch.files import write_bytes
from darknet_torch.sources import find_pictures
from darknet_torch.zoo import sample_folder

if TYPE_CHECKING:
    import numpy as np

    from darknet_torch.detect import Detector
    from darknet_torch.detections import Detections


@click.command(short_help="Find objects in pictures.")
@click.argument("source", nargs=-1)
@network_options
@names_options
@detection_options
@run_options
@output_options
@click.option("--save", type=click.Path(file_okay=False), help="Write annotated pictures here.")
@darknet_flags
def detect(source: tuple[str, ...], **arguments: Any) -> None:
    """Find objects in pictures.

    SOURCE is any number of pictures, folders, globs and .txt lists; without one it is the
    bundled sample. Without --cfg the bundled toy model runs on that sample. Darknet's own
    spelling `detect X.cfg X.weights picture` works too.

    Exit status: 0 all done, 1 some pictures failed, 2 wrong usage or an unusable model.
    """
    source, arguments = _darknet_spelling(source, take_darknet_flags(arguments))
    if arguments["cfg"] is None:
        if source:
            raise UsageError(
                "no network", expected="--cfg CFG --weights FILE", got="pictures only"
            )
        arguments["cfg"] = str(sample_folder() / "toy-shapes.cfg")
    pictures = find_pictures(source or [str(sample_folder() / "shapes.png")])
    detector = _build(arguments)
    keep = _Keeper(arguments["save"], pictures)
    Run(detector.detect_images, arguments)(pictures, keep)


def _darknet_spelling(
    source: tuple[str, ...], arguments: dict[str, Any]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """`detect X.cfg X.weights picture` as --cfg, --weights and SOURCE."""
    arguments = dict(arguments)
    for key, suffix in (("cfg", ".cfg"), ("weights", ".weights")):
        if source and arguments[key] is None and source[0].endswith(suffix):
            arguments[key], source = source[0], source[1:]
    return source, arguments


def _build(arguments: dict[str, Any]) -> Detector:
    from darknet_torch.detect import Detector

    options = from_command(arguments)
    network = load_to_device(options, arguments)
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


class _Keeper:
    """Numbers the results and writes annotated pictures under the names of their sources."""

    def __init__(self, folder: str | None, pictures: Sequence[str]) -> None:
        self.folder = Path(folder) if folder else None
        self.taken = {Path(picture).resolve() for picture in pictures}
        self.count = 0
        try:
            if self.folder is not None:
                self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot be created ({error.strerror})", where=folder) from None

    def __call__(self, image: np.ndarray, found: Detections) -> Detections:
        self.count += 1
        found = replace(found, frame_id=self.count)
        if self.folder is not None:
            path = self._free_path(self.folder, Path(found.filename))
            self._save(path, found.draw(image))
        return found

    def _save(self, path: Path, picture: np.ndarray) -> None:
        import cv2

        done, data = cv2.imencode(path.suffix, picture)
        if not done:
            raise UsageError("cannot be encoded", where=path)
        write_bytes(path, data.tobytes())

    def _free_path(self, folder: Path, source: Path) -> Path:
        """A path that no picture of this run has, neither its source nor its result."""
        suffix = source.suffix.lower() if source.suffix.lower() in (".jpg", ".png") else ".png"
        path, number = folder / f"{source.stem}{suffix}", 1
        while path.resolve() in self.taken:
            number += 1
            path = folder / f"{source.stem}-{number}{suffix}"
        self.taken.add(path.resolve())
        return path

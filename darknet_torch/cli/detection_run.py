"""What the commands that detect share: from their arguments to a run over sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darknet_torch.cli.model_loading import find_names, from_command, load_to_device, reporting
from darknet_torch.cli.result_output import Output, find_form
from darknet_torch.cli.source_run import Run, Sinks
from darknet_torch.cli.window import Window
from darknet_torch.errors import UsageError
from darknet_torch.files import FreePaths
from darknet_torch.media.sources import PictureSource

if TYPE_CHECKING:
    from darknet_torch.inference.detector import Detector
    from darknet_torch.media.frame_batches import Frame
    from darknet_torch.results.detections import Detections


def _check_outputs(arguments: dict[str, Any]) -> None:
    """Refuse options on results that contradict each other.

    Raises:
        UsageError: they do.
    """
    if arguments["form"] == "txt" and arguments["out"] in (None, "-"):
        raise UsageError("--format txt writes a file for each picture", expected="--out DIR")


def search(
    arguments: dict[str, Any],
    sources: Sequence[PictureSource],
    groups: Iterable[Sequence[PictureSource]] | None = None,
) -> None:
    """Detect in all sources and put the results where the arguments say.

    Args:
        arguments: the keyword arguments of `dtorch detect`, Darknet's flags turned into ours.
        sources: all of them, as far as they are known.
        groups: `sources` one group after the other, or those that are not known yet.
    """
    _check_outputs(arguments)
    detector = _build_detector(arguments)
    sinks = _sinks(arguments, sources, detector.classes)
    Run(_search_of(detector), sinks, arguments)(groups or [sources])


def _build_detector(arguments: dict[str, Any]) -> Detector:
    """The detector of a command's keyword arguments."""
    from darknet_torch.inference.detector import Detector

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
        only=arguments["only"],
        max_detections=arguments["max_detections"],
    )


def _search_of(detector: Detector) -> Callable[[list[Frame]], list[Detections]]:
    """Detections of shots; pictures are numbered in order, frames as in their source."""
    pictures = 0

    def search(shots: list[Frame]) -> list[Detections]:
        nonlocal pictures
        moving = shots[0].source.moving
        found = detector.detect_images(
            [shot.image for shot in shots], [shot.filename for shot in shots], moving=moving
        )
        numbers = [shot.number if moving else pictures + i for i, shot in enumerate(shots, 1)]
        pictures += 0 if moving else len(shots)
        return [replace(one, frame_id=number) for one, number in zip(found, numbers, strict=True)]

    return search


def _sinks(
    arguments: dict[str, Any], sources: Sequence[PictureSource], classes: int
) -> Sinks[Detections]:
    from darknet_torch.datasets.pseudo_labels import LabelFolder, label_in_place
    from darknet_torch.results.annotated_media import AnnotatedFolder, AnnotatedVideo, LastPicture

    form, out = arguments["form"], arguments["out"]
    outputs = [Output(find_form(form, out, classes), None if form == "txt" else out)]
    if arguments["json_out"]:
        outputs.append(
            Output(find_form("json", arguments["json_out"], classes), arguments["json_out"])
        )
    keep: list[Callable[[Frame, Detections], None]] = []
    opened: list[Any] = []
    if arguments["save"]:
        opened.append(AnnotatedFolder(_paths(arguments["save"], sources)))
    if arguments["out_filename"]:
        opened.append(AnnotatedVideo(Path(arguments["out_filename"])))
    keep += [annotated.keep for annotated in opened]
    if form == "txt":
        keep.append(LabelFolder(_paths(out, sources)).keep)
    if arguments["save_labels"]:
        keep.append(label_in_place)
    if arguments["predictions"]:
        keep.append(LastPicture(reporting(arguments).say).keep)
    if not arguments["show"]:
        return Sinks(outputs, keep, None, opened)
    window = Window()
    return Sinks(outputs, keep, window.show, [*opened, window])


def _paths(folder: str, sources: Sequence[PictureSource]) -> FreePaths:
    return FreePaths(Path(folder), (source.name for source in sources))

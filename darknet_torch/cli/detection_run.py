"""The options of commands that detect, and the run of a detector over sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.darknet.flags import (
    DetectionFlags,
    detection_flags,
)
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.model_loading import (
    RunModelOptions,
    find_names,
    find_names_file,
    load_on_device,
)
from darknet_torch.cli.model_words import PictureModelOptions
from darknet_torch.cli.options import (
    OverlapOptions,
    all_options,
    names_options,
    network_options,
    output_options_for,
    overlap_options,
    run_options,
    threshold_option,
)
from darknet_torch.cli.parameter_types import (
    NOT_NEGATIVE,
    OUTPUT_FILE,
    OUTPUT_FOLDER,
    STANDARD_STREAM,
)
from darknet_torch.cli.result_formats import create_format
from darknet_torch.cli.result_output import ResultOutput
from darknet_torch.cli.source_run import ReadingSettings, Sinks, SourceRun
from darknet_torch.cli.window import ResultWindow
from darknet_torch.errors import UsageError
from darknet_torch.files import FreePaths
from darknet_torch.input_files import protected_inputs
from darknet_torch.media.sources import PictureSource

if TYPE_CHECKING:
    from darknet_torch.inference.detector import Detector
    from darknet_torch.media.frame_batches import Frame
    from darknet_torch.results.detections import Detections

_FORMATS = ("text", "json", "jsonl", "csv", "coco", "txt")


@dataclass(frozen=True, kw_only=True)
class DetectOptions(RunModelOptions, PictureModelOptions, OverlapOptions, DetectionFlags):
    """The options of `dtorch detect` and of `detector test|demo`.

    Attributes:
        only: names or numbers of the classes to look for; None for all.
        save: the folder of annotated pictures and videos.
    """

    threshold: float
    only: list[str] | None
    max_detections: int | None
    reconnects: int
    save: str | None


def _split_words(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> list[str] | None:
    """Parse a list of names or numbers with commas between them."""
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise click.BadParameter("no names or numbers")
    return words


detect_options = all_options(
    network_options,
    names_options,
    threshold_option("Scores at or below are dropped."),
    overlap_options,
    click.option(
        "--classes",
        "only",
        metavar="A,B,...",
        callback=_split_words,
        help="Names or numbers of the classes to look for.",
    ),
    click.option(
        "--max-detections", type=NOT_NEGATIVE, help="Keep the best detections of each picture."
    ),
    run_options,
    click.option(
        "--reconnects",
        type=NOT_NEGATIVE,
        default=5,
        show_default=True,
        help="How many times in a row to reconnect to a stream.",
    ),
    output_options_for(*_FORMATS, into_folder=True),
    click.option(
        "--save",
        type=OUTPUT_FOLDER,
        help="Write annotated pictures and videos to this folder.",
    ),
    click.option("--show", is_flag=True, help="Show results in a window; q quits."),
    detection_flags,
)


def run_detection(
    options: DetectOptions,
    sources: Sequence[PictureSource],
    groups: Iterable[Sequence[PictureSource]] | None = None,
    *,
    draw_predictions: bool = False,
) -> None:
    """Detect in all sources, and put the results where the options say.

    Args:
        options: with Darknet's flags already applied.
        sources: all that are known before the run.
        groups: the same in groups that are processed one after the other, or sources that are
            not known yet; by default one group of `sources`.
        draw_predictions: write the last annotated picture to Darknet's predictions.jpg.

    Raises:
        UsageError: options contradict each other.
    """
    if options.output_format == "txt" and options.out in (None, STANDARD_STREAM):
        raise UsageError("--format txt writes a file for each picture", expected="--out DIR")
    if options.out:
        (OUTPUT_FOLDER if options.output_format == "txt" else OUTPUT_FILE).check(options.out)
    protect_inputs([source.name for source in sources])
    if options.save_labels:
        from darknet_torch.datasets.pseudo_labels import label_path_in_place

        for source in sources:
            protected_inputs.refuse(label_path_in_place(source.name))
    detector = _build_detector(options)
    sinks = _create_sinks(options, sources, detector.classes, draw_predictions=draw_predictions)
    reading = ReadingSettings(
        batch=options.batch,
        workers=options.workers,
        exif=options.exif,
        quiet=options.quiet,
        reconnects=options.reconnects,
    )
    SourceRun(_numbered_detection(detector), sinks, reading).run(groups or [sources])


def _build_detector(options: DetectOptions) -> Detector:
    from darknet_torch.inference.detector import Detector

    model = load_on_device(options)
    network, names = model.network, None
    if network.heads:
        names_file = find_names_file(options.names, options.data)
        names = find_names(options, network.heads[-1].classes, names_file, model)
    return Detector(
        network,
        names=names,
        threshold=options.threshold,
        nms_threshold=options.nms_threshold,
        letterbox=options.letterbox,
        backend=options.backend,
        resize=options.resize,
        exif=options.exif,
        only=options.only,
        max_detections=options.max_detections,
    )


def _numbered_detection(detector: Detector) -> Callable[[list[Frame]], list[Detections]]:
    """Return a function that detects in a batch of frames and numbers the results.

    Pictures are numbered in their order from 1, frames as in their video.
    """
    pictures = 0

    def detect(frames: list[Frame]) -> list[Detections]:
        nonlocal pictures
        moving = frames[0].source.is_video
        found = detector.detect_images(
            [frame.image for frame in frames],
            [frame.filename for frame in frames],
            from_video=moving,
        )
        numbers = [frame.number if moving else pictures + i for i, frame in enumerate(frames, 1)]
        pictures += 0 if moving else len(frames)
        return [replace(one, frame_id=number) for one, number in zip(found, numbers, strict=True)]

    return detect


def _create_sinks(
    options: DetectOptions,
    sources: Sequence[PictureSource],
    classes: int,
    *,
    draw_predictions: bool,
) -> Sinks[Detections]:
    from darknet_torch.datasets.pseudo_labels import LabelFolder, write_label_in_place
    from darknet_torch.results.annotated_media import AnnotatedFolder, AnnotatedVideo, LastPicture

    keep: list[Callable[[Frame, Detections], None]] = []
    opened: list[Any] = []
    if options.save:
        opened.append(AnnotatedFolder(_free_paths(options.save, sources)))
    if options.out_filename:
        opened.append(AnnotatedVideo(Path(options.out_filename)))
    keep += [annotated.write for annotated in opened]
    if options.output_format == "txt":
        assert options.out is not None, "checked before"
        keep.append(LabelFolder(_free_paths(options.out, sources)).write)
    if options.save_labels:
        keep.append(write_label_in_place)
    if draw_predictions:
        keep.append(LastPicture(options.print_remark).write)
    outputs = _create_outputs(options, classes)
    if not options.show:
        return Sinks(outputs, keep, None, opened)
    window = ResultWindow()
    return Sinks(outputs, keep, window.show, [*opened, window])


def _create_outputs(options: DetectOptions, classes: int) -> list[ResultOutput]:
    output_format, out, json_out = options.output_format, options.out, options.json_out
    result_format = create_format(output_format, out, classes)
    outputs = [ResultOutput(result_format, None if output_format == "txt" else out)]
    if json_out:
        outputs.append(ResultOutput(create_format("json", json_out, classes), json_out))
    return outputs


def _free_paths(folder: str, sources: Sequence[PictureSource]) -> FreePaths:
    return FreePaths(Path(folder), (source.name for source in sources))

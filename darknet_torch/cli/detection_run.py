"""The options of commands that detect, and the run of a detector over sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.batch_choice import choose_batch_size, pictures_at_once
from darknet_torch.cli.counted_files import CountedFiles
from darknet_torch.cli.darknet.flags import (
    DetectionFlags,
    detection_flags,
)
from darknet_torch.cli.data_options import names_options
from darknet_torch.cli.detection_report import (
    DetectionPageOptions,
    DetectionReport,
    check_detection_page,
)
from darknet_torch.cli.drawing_options import (
    DrawingOptions,
    drawing_options,
    hide_scores_option,
    note_undrawable_names,
)
from darknet_torch.cli.engine_loading import (
    backend_of,
    expected_pictures,
    load_for_pictures,
)
from darknet_torch.cli.garbage_collection import objects_stay
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.model_loading import (
    find_given_names,
    find_names,
)
from darknet_torch.cli.model_words import PictureModelOptions
from darknet_torch.cli.options import (
    OverlapOptions,
    all_options,
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
from darknet_torch.cli.report_options import page_options
from darknet_torch.cli.result_formats import create_format
from darknet_torch.cli.result_output import ResultOutput
from darknet_torch.cli.source_run import ReadingSettings, Sinks, SourceRun, Steps
from darknet_torch.cli.window import ResultWindow
from darknet_torch.errors import UsageError
from darknet_torch.files import FreePaths
from darknet_torch.input_files import protected_inputs
from darknet_torch.media.sources import PICTURE_SUFFIXES, VIDEO_SUFFIXES, PictureSource
from darknet_torch.text import is_folder

if TYPE_CHECKING:
    import numpy as np

    from darknet_torch.errors import ImageError
    from darknet_torch.inference.batch_predictions import BatchPredictions
    from darknet_torch.inference.detector import Detector
    from darknet_torch.inference.gpu.pipeline import DeviceInputs
    from darknet_torch.media.drawing import DrawingStyle
    from darknet_torch.media.frame_batches import Frame
    from darknet_torch.media.images import Placement
    from darknet_torch.results.detections import Detections

_RANGE = re.compile(r"(\d{1,6})-(\d{1,6})")
_MOST_NUMBERS = 100_000  # in a range: more than any network has classes
_FORMATS = ("text", "json", "jsonl", "csv", "coco", "txt")


@dataclass(frozen=True, kw_only=True)
class DetectOptions(
    DetectionPageOptions, PictureModelOptions, OverlapOptions, DrawingOptions, DetectionFlags
):
    """The options of `dtorch detect` and of `detector test|demo`.

    Attributes:
        only: names or numbers of the classes to look for; None for all.
        skipped: names or numbers of the classes to leave out; None for none.
        save: the folder of annotated pictures and videos.
        crops: the folder of cut-out detections.
        label_scores: append scores to the lines of --format txt.
    """

    only: list[str] | None
    skipped: list[str] | None
    max_detections: int | None
    reconnects: int
    save: str | None
    crops: str | None
    label_scores: bool


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


def _split_words_and_ranges(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> list[str] | None:
    """Parse a list such as 2,5-8,cat; a range is the numbers that it stands for.

    Source: darknet_cfg_and_state.cpp parse_skip_classes (hank-ai).
    """
    found = []
    for word in _split_words(context, parameter, text) or ():
        ends = _RANGE.fullmatch(word)
        numbers = range(int(ends[1]), int(ends[2]) + 1) if ends else ()
        if ends and not 0 < len(numbers) <= _MOST_NUMBERS:
            raise click.BadParameter(f"{word!r} is not a range of classes, such as 5-8")
        found += [str(number) for number in numbers] or [word]
    return found or None


def _refuse_media_name(
    context: click.Context, parameter: click.Parameter, folder: str | None
) -> str | None:
    """Refuse the name of a picture or a video for a new folder."""
    path, option = Path(folder or ""), parameter.opts[0]
    suffix = path.suffix.lower()
    is_video = suffix in VIDEO_SUFFIXES
    if not (is_video or suffix in PICTURE_SUFFIXES) or is_folder(path):
        return folder
    raise UsageError(
        f"{option} takes a folder, not the name of a {'video' if is_video else 'picture'}",
        where=folder,
        expected=f"a folder, such as {option} {path.parent if path.parent.name else path.stem}",
        fix=f"to write one video: -out_filename {folder}"
        if is_video and option == "--save"
        else "the files in it have the names of the pictures",
    )


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
        "--skip-classes",
        "skipped",
        metavar="A,B,...",
        callback=_split_words_and_ranges,
        help="Names, numbers or ranges of numbers, such as 2,5-8, of the classes to leave out.",
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
        "--label-scores",
        is_flag=True,
        help="With --format txt, append the score to each line; not for training.",
    ),
    click.option(
        "--save",
        type=OUTPUT_FOLDER,
        callback=_refuse_media_name,
        help="Write annotated pictures and videos to this folder.",
    ),
    drawing_options,
    hide_scores_option,
    click.option(
        "--crops",
        type=OUTPUT_FOLDER,
        callback=_refuse_media_name,
        help="Write each detection's part of its picture to a folder per class in this one.",
    ),
    page_options,
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
    if options.label_scores and options.output_format != "txt":
        raise UsageError(
            "--label-scores is for label files",
            expected="--format txt --out DIR",
            got=f"--format {options.output_format}",
            fix="leave out --label-scores; all other formats have the scores",
        )
    if options.out:
        (OUTPUT_FOLDER if options.output_format == "txt" else OUTPUT_FILE).check(options.out)
    protect_inputs([source.name for source in sources])
    if options.save_labels:
        from darknet_torch.datasets.pseudo_labels import label_path_in_place

        for source in sources:
            protected_inputs.refuse(label_path_in_place(source.name))
    check_detection_page(options)
    groups = groups or [sources]
    detector = _build_detector(options, expected_pictures(groups))
    _report_drawing(options, detector.names, draws=draw_predictions)
    sinks = _create_sinks(options, sources, detector, draw_predictions=draw_predictions)
    reading = ReadingSettings(
        batch=choose_batch_size(options, detector, pictures_at_once(groups)),
        workers=options.workers,
        exif=options.exif,
        quiet=options.quiet,
        reconnects=options.reconnects,
    )
    SourceRun(detection_steps(detector), sinks, reading).run(groups)


def _report_drawing(options: DetectOptions, names: Sequence[str], *, draws: bool) -> None:
    """Note options of drawing where nothing is drawn, and names that are drawn otherwise."""
    if draws or options.save or options.out_filename or options.show:
        note = note_undrawable_names(names)
        if note:
            options.print_remark(note)
    elif given := options.given():
        options.print_remark(
            f"note: {given[0]} has no effect: nothing is drawn without --save DIR or --show"
        )


@objects_stay()
def _build_detector(options: DetectOptions, pictures: int | None) -> Detector:
    from darknet_torch.inference.description import describe
    from darknet_torch.inference.detector import Detector

    model = load_for_pictures(options, pictures)
    described, names = describe(model.network), None
    if described.heads:
        given = find_given_names(options, options.names, options.data)
        names = find_names(options, described.classes, given, model)
    return Detector(
        model.network,
        names=names,
        threshold=options.threshold,
        nms_threshold=options.nms_threshold,
        letterbox=options.letterbox,
        backend=backend_of(options),
        precision=options.precision,
        optimize=options.optimize,
        keep_weights=False,
        resize=options.resize,
        exif=options.exif,
        only=options.only,
        skip=options.skipped or (),
        max_detections=options.max_detections,
    )


def detection_steps(detector: Detector) -> Steps[Detections]:
    """Return the steps that detect in a batch of frames and number the results.

    Pictures are numbered in their order from 1, frames as in their video.
    """
    pictures = 0

    def prepare(frames: list[Frame]) -> tuple[np.ndarray | DeviceInputs, list[Placement]]:
        images = [frame.image for frame in frames]
        return detector.prepare_inputs(images, from_video=frames[0].source.is_video)

    def finish(frames: list[Frame], predicted: BatchPredictions) -> list[Detections]:
        nonlocal pictures
        found = detector.find_detections(
            predicted, [frame.image for frame in frames], [frame.filename for frame in frames]
        )
        moving = frames[0].source.is_video
        numbers = [frame.number if moving else pictures + i for i, frame in enumerate(frames, 1)]
        pictures += 0 if moving else len(frames)
        return [replace(one, frame_id=number) for one, number in zip(found, numbers, strict=True)]

    return Steps(prepare, lambda prepared: detector.predict_inputs(*prepared), finish)


def _create_sinks(
    options: DetectOptions,
    sources: Sequence[PictureSource],
    detector: Detector,
    *,
    draw_predictions: bool,
) -> Sinks[Detections]:
    style = options.style(boxes=not options.dontdraw_bbox)
    files, opened = _files_to_write(options, sources, style)
    keep: list[Callable[[Frame, Detections], None]] = [one.write for one in files]
    if draw_predictions:
        from darknet_torch.results.annotated_media import LastPicture

        keep.append(LastPicture(options.print_remark, style).write)
    failed: list[Callable[[ImageError], None]] = []
    if options.report or options.plots:
        report = DetectionReport(options, detector)
        keep.append(report.write)
        failed.append(report.note_failure)
        opened.append(report)
    outputs, written = _create_outputs(options, detector.classes), [one.line for one in files]
    if not options.show:
        return Sinks(outputs, keep, None, opened, written, failed)
    window = ResultWindow(style)
    return Sinks(outputs, keep, window.show, [*opened, window], written, failed)


def _files_to_write(
    options: DetectOptions, sources: Sequence[PictureSource], style: DrawingStyle
) -> tuple[list[CountedFiles[Detections]], list[Any]]:
    """Return what writes a file for each picture or video, and what must be closed after it."""
    files: list[CountedFiles[Detections]] = []
    opened: list[Any] = []
    if options.save:
        from darknet_torch.results.annotated_media import AnnotatedFolder

        folder = AnnotatedFolder(_free_paths(options.save, sources), style)
        opened.append(folder)
        files.append(CountedFiles(folder.write, "annotated:", f"in {options.save}"))
    if options.out_filename:
        from darknet_torch.results.annotated_media import AnnotatedVideo

        out = options.out_filename
        video = AnnotatedVideo(Path(out), style)
        opened.append(video)
        files.append(CountedFiles(video.write, "annotated:", f"in {out}", pictures=False))
    if options.crops:
        from darknet_torch.results.crops import CropFolder

        free = _free_paths(options.crops, sources, keep_existing=True)
        files.append(CountedFiles(CropFolder(free).write, "crops of", f"in {options.crops}"))
    if options.output_format == "txt":
        from darknet_torch.datasets.pseudo_labels import LabelFolder

        assert options.out is not None, "checked before"
        labels = LabelFolder(_free_paths(options.out, sources), scores=options.label_scores)
        files.append(CountedFiles(labels.write, "labels of", f"in {options.out}"))
    if options.save_labels:
        from darknet_torch.datasets.pseudo_labels import write_label_in_place

        files.append(CountedFiles(write_label_in_place, "labels of", "next to them", videos=False))
    return files, opened


def _create_outputs(options: DetectOptions, classes: int) -> list[ResultOutput]:
    output_format, out, json_out = options.output_format, options.out, options.json_out
    result_format = create_format(output_format, out, classes)
    outputs = [ResultOutput(result_format, None if output_format == "txt" else out)]
    if json_out:
        outputs.append(ResultOutput(create_format("json", json_out, classes), json_out))
    return outputs


def _free_paths(
    folder: str, sources: Sequence[PictureSource], *, keep_existing: bool = False
) -> FreePaths:
    names = (source.name for source in sources)
    return FreePaths(Path(folder), names, keep_existing=keep_existing)

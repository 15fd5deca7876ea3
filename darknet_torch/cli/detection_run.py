"""The run of a detector over sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darknet_torch.cli.batch_choice import choose_batch_size, pictures_at_once
from darknet_torch.cli.counted_files import CountedFiles
from darknet_torch.cli.detect_options import DetectOptions
from darknet_torch.cli.detection_report import DetectionReport, check_detection_page
from darknet_torch.cli.drawing_options import note_undrawable_names
from darknet_torch.cli.engine_loading import (
    backend_of,
    expected_pictures,
    load_for_pictures,
)
from darknet_torch.cli.garbage_collection import objects_stay
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.model_loading import find_given_names, find_names
from darknet_torch.cli.parameter_types import OUTPUT_FILE, OUTPUT_FOLDER, STANDARD_STREAM
from darknet_torch.cli.result_formats import create_format
from darknet_torch.cli.result_output import ResultOutput
from darknet_torch.cli.source_run import ReadingSettings, Sinks, SourceRun, Steps
from darknet_torch.cli.window import ResultWindow
from darknet_torch.errors import UsageError
from darknet_torch.files import FreePaths
from darknet_torch.input_files import protected_inputs
from darknet_torch.media.sources import PictureSource

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
    _check_outputs(options, sources)
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


def _check_outputs(options: DetectOptions, sources: Sequence[PictureSource]) -> None:
    """Check before the run what would be written, and that it replaces no source.

    Raises:
        UsageError: options contradict each other, or a file would replace an input.
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

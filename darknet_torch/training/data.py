"""The training data of a network: pictures or text, in the form that its losses take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from darknet_torch.augment.cells import CellAugmentation, CellSource
from darknet_torch.augment.classification import (
    ClassificationAugmentation,
    ClassificationSource,
)
from darknet_torch.augment.detection import DetectionAugmentation, DetectionSource
from darknet_torch.augment.labelled import LabelledPictures, LabelledSource
from darknet_torch.augment.picture_draw import ShapeDraw, WeightedDraw
from darknet_torch.augment.pictures import check_mini_batch
from darknet_torch.augment.source import SampleSource
from darknet_torch.augment.text import TextSource
from darknet_torch.augment.transforms.augmentation import Augmentation
from darknet_torch.augment.transforms.choice import NONE, files_of
from darknet_torch.datasets.class_order import warn_of_class_order
from darknet_torch.datasets.classification import ClassifiedPictures, open_classification
from darknet_torch.datasets.examples import DataSet, Example, Problem
from darknet_torch.datasets.label_rule import leave_out_wrong_boxes
from darknet_torch.datasets.opening import open_dataset
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.losses.registry import loss_function_for
from darknet_torch.model.network import Network
from darknet_torch.reading import guarded, read_to_memory
from darknet_torch.training.balance import (
    class_weights,
    classification_weights,
    counts_of,
    weigh_classes_of_heads,
)
from darknet_torch.training.choices.sampling import OVERSAMPLE, WEIGHTS
from darknet_torch.training.data_content import (
    describe_classified,
    describe_examples,
    describe_text,
)
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.sampling import (
    check_has_pictures,
    check_is_detector,
    draw_of_detector,
    limited,
    limited_pictures,
    reader_of,
    shapes_of,
    with_draw,
)

DETECTOR, CLASSIFIER, TEXT = "detector", "classifier", "text"
_TEXT_GROWTH = 2  # bytes of memory for each byte of a text


@dataclass(frozen=True)
class TrainingData:
    """The data of a training.

    Attributes:
        kind: DETECTOR, CLASSIFIER or TEXT.
        source: makes the samples.
        names: class names, may be empty.
        pictures: number of training pictures; for a text its length in bytes.
        content: describes pictures and labels, or the text: equal for equal data.
        augmentation: describes how pictures are changed, the content of files included.
        valid_content: the same of those for the evaluation; "" for no evaluation.
        random: random= of the last head, None for a network without heads.
        side: cells per side of a [detection] head, None for others.
        shapes: the shape of each iteration's pictures with --rect, else None.
        class_weights: of a classifier's classes in the loss; None for equal ones.
        problems: faults in the files of the data set.
        examples: the training pictures of a detector with their labels as they were read.
        valid: labelled pictures for the evaluation of a detector, None for no evaluation.
        valid_examples: those pictures with their labels as they were read.
        valid_problems: faults in the labels of the evaluation.
        valid_pictures: pictures for the evaluation of a classifier, None for no evaluation.
    """

    kind: str
    source: SampleSource
    names: tuple[str, ...]
    pictures: int
    content: str
    augmentation: str = NONE
    valid_content: str = ""
    random: float | None = None
    side: int | None = None
    shapes: ShapeDraw | None = None
    class_weights: tuple[float, ...] | None = None
    problems: tuple[Problem, ...] = ()
    examples: tuple[Example, ...] = ()
    valid: DataSet | None = None
    valid_examples: tuple[Example, ...] = ()
    valid_problems: tuple[Problem, ...] = ()
    valid_pictures: ClassifiedPictures | None = None


def paths_to_train_on(data: TrainingData) -> Sequence[Path]:
    """The pictures to train on; none for a text."""
    if isinstance(data.source, LabelledSource):
        return data.source.pictures.paths
    return data.source.paths if isinstance(data.source, ClassificationSource) else ()


def keeping_pictures(
    source: SampleSource, report: Callable[[str], None]
) -> AbstractContextManager[None]:
    """Keep decoded pictures of a source while the block runs, where its reader does so.

    Args:
        report: takes a line for the user.
    """
    pictures = source.pictures if isinstance(source, LabelledSource) else source
    if not isinstance(pictures, LabelledPictures | ClassificationSource):
        return nullcontext()
    return pictures.reader.keeping(pictures.paths, report, exif=pictures.exif)


def paths_to_evaluate_on(data: TrainingData) -> Sequence[Path]:
    """The pictures to evaluate on; none without an evaluation."""
    if data.valid is not None:
        return [example.path for example in data.valid.examples]
    return () if data.valid_pictures is None else data.valid_pictures.paths


def kind_of(network: Network) -> str:
    """The kind of a network: DETECTOR, CLASSIFIER or TEXT.

    Raises:
        CfgError: none of its layers has a loss.
    """
    if network.heads:
        return DETECTOR
    if not any(loss_function_for(layer) for layer in network.layers):
        raise CfgError(
            "the network has no layer with a loss",
            where=network.net.where,
            expected="a detection head, [softmax], [logistic] or [cost]",
        )
    return CLASSIFIER if network.net.is_picture else TEXT


def open_training_data(network: Network, plan: TrainPlan) -> TrainingData:
    """Open the data that `plan` names, for `network`.

    Raises:
        UsageError, NamesError: it does not exist, or has no training samples.
        CfgError: the network has no loss, or options that Darknet refuses together.
    """
    check_mini_batch(network.net)
    kind = kind_of(network)
    if kind == DETECTOR:
        return _detector(network, plan)
    return _classifier(network, plan) if kind == CLASSIFIER else _text(network, plan)


def _detector(network: Network, plan: TrainPlan) -> TrainingData:
    head = network.heads[-1]  # the last one's options count, as in train_detector
    data_set, examples = open_detection_data(plan)
    if plan.names is None:
        names_file = Path(plan.cfg).with_suffix(".names")
        warn_of_class_order(Path(plan.data), data_set.names, names_file)
    draw, reader = draw_of_detector(network, examples, plan), reader_of(plan)
    if plan.balance == WEIGHTS:
        weigh_classes_of_heads(network, examples)
    augmentation = _augmentation(network, plan, head.classes)
    augment, steps = augmentation.follows_cfg, augmentation.steps
    side = None
    source: CellSource | DetectionSource
    if head.truths_by_cell:
        side = head.options.side
        cells = CellAugmentation.from_options(
            network.net, head.options, network.dialect, augment=augment
        )
        source = CellSource.from_examples(examples, with_draw(cells, draw), steps)
    else:
        boxes = DetectionAugmentation.from_options(
            network.net, head.options, network.dialect, augment=augment
        )
        source = DetectionSource.from_examples(examples, with_draw(boxes, draw), steps)
    source = replace(source, pictures=replace(source.pictures, reader=reader))
    valid = None
    if plan.overfit:
        valid = replace(data_set, examples=examples, problems=())
    elif plan.map:
        with _names_the_option(plan):
            valid = _data_set(plan, plan.valid_split)
    valid_examples = () if valid is None else valid.examples
    if valid is not None:
        valid = leave_out_wrong_boxes(valid, head.classes)
    return TrainingData(
        DETECTOR,
        source,
        data_set.names,
        len(examples),
        describe_examples(examples),
        str(augmentation),
        "" if valid is None else describe_examples(valid_examples),
        # One size is enough for pictures that stay as they are.
        random=head.options.random if augmentation.changes_pictures else 0.0,
        side=side,
        shapes=shapes_of(draw),
        problems=data_set.problems,
        valid=valid,
        examples=examples,
        valid_examples=valid_examples,
        valid_problems=() if valid is None else valid.problems,
    )


def open_detection_data(plan: TrainPlan) -> tuple[DataSet, tuple[Example, ...]]:
    """The data set to train a detector on, and those of its pictures that are used.

    Raises:
        UsageError, NamesError: as `open_dataset`; also if there are no pictures to use.
    """
    data_set = _data_set(plan, plan.split or "train")
    examples = limited(data_set.examples, plan.limit)
    if plan.overfit:
        examples = tuple([item for item in examples if item.labels][: plan.overfit])
    if not examples:
        raise UsageError(
            "no pictures to train on",
            where=data_set.origin,
            expected="pictures with boxes" if plan.overfit else "at least one",
            got=f"{len(data_set.examples)} without boxes" if plan.overfit else "an empty list",
            fix="label some of them" if plan.overfit else "fill the list",
        )
    return data_set, examples


@contextmanager
def _names_the_option(plan: TrainPlan) -> Iterator[None]:
    """Add to an error about the validation data where it comes from and what it is for."""
    try:
        yield
    except UsageError as error:
        raise UsageError(
            f"{error.what} (the list to evaluate on)",
            where=error.where,
            expected=error.expected or "a list of pictures, on which --map evaluates",
            got=error.got,
            fix=error.fix
            or f"correct {plan.valid_split}= of {plan.data}, give another "
            "--valid-split, or train without --map",
        ) from None


def _data_set(plan: TrainPlan, split: str) -> DataSet:
    return open_dataset(
        Path(plan.data),
        images=plan.images,
        split=split,
        names=plan.names,
        voc_origin=plan.voc_origin,
        exif=plan.exif,
    )


def _classifier(network: Network, plan: TrainPlan) -> TrainingData:
    check_is_detector(plan, CLASSIFIER)
    pictures = open_classification(plan.data, split=plan.split, exif=plan.exif)
    pictures.warn_of_folders()
    pictures = limited_pictures(pictures, plan.limit)
    if plan.overfit:
        pictures = replace(
            pictures,
            paths=pictures.paths[: plan.overfit],
            class_ids=pictures.class_ids[: plan.overfit],
        )
    classes = _check_classes(network, pictures)
    augmentation = _augmentation(network, plan, classes)
    trees = [layer.class_tree for layer in network.layers if layer.class_tree is not None]
    options = ClassificationAugmentation.from_options(
        network.net,
        classes,
        network.dialect,
        tree=trees[-1] if trees else None,
        augment=augmentation.follows_cfg,
    )
    valid = None
    if plan.overfit:
        valid = pictures
    elif plan.map:
        with _names_the_option(plan):
            valid = open_classification(plan.data, split=plan.valid_split, exif=plan.exif)
    source = ClassificationSource.from_pictures(pictures, options, augmentation.steps)
    classes = options.truth_encoder.classes
    if plan.balance == OVERSAMPLE:
        draw = WeightedDraw(classification_weights(source.class_ids, classes))
        source = replace(source, settings=with_draw(options, draw))
    weights = None
    if plan.balance == WEIGHTS:
        weights = tuple(class_weights(counts_of(pictures, classes)).tolist())
    return TrainingData(
        CLASSIFIER,
        replace(source, reader=reader_of(plan)),
        pictures.names,
        len(pictures.paths),
        describe_classified(pictures),
        str(augmentation),
        "" if valid is None else describe_classified(valid),
        class_weights=weights,
        problems=pictures.problems,
        valid_problems=() if valid is None else valid.problems,
        valid_pictures=valid,
    )


def _check_classes(network: Network, pictures: ClassifiedPictures) -> int:
    """The number of a classifier's classes, which has room for all classes of the data."""
    classes = network.output_layer.output_shape.count
    if len(pictures.labels) > classes:
        raise UsageError(
            "the data set has more classes than the network",
            where=pictures.origin,
            expected=f"{classes} classes",
            got=f"{len(pictures.labels)} classes",
            fix="correct filters= or output= of the layer before [softmax]",
        )
    return classes


def _augmentation(network: Network, plan: TrainPlan, classes: int) -> Augmentation:
    """How the plan changes pictures. To overfit a few, they stay as they are."""
    name = NONE if plan.overfit else plan.augment
    return Augmentation.open(name, classes, network.net.fill)


def _text(network: Network, plan: TrainPlan) -> TrainingData:
    check_has_pictures(plan)
    if files_of(plan.augment):
        raise UsageError(
            "there are no pictures to augment",
            where=plan.cfg,
            expected="a network that takes pictures",
            got=f"--augment {plan.augment}, and a network that takes text",
            fix="leave out --augment",
        )
    with guarded(plan.data, expected="a text file"):
        text = read_to_memory(plan.data, _TEXT_GROWTH, expected="a text file")
    source = TextSource.from_text(text, network.net, network.dialect)
    return TrainingData(TEXT, source, (), len(text), describe_text(text))

"""Every difference between the two code bases called Darknet, named once.

``alexeyab`` is AlexeyAB/darknet, the superset and the default; ``pjreddie`` is
pjreddie/darknet. Both stand for that code base's CPU build (AlexeyAB's with AVX, as
its makefile offers), which is what a result can be checked against everywhere.
``alexeyab-cuda`` is AlexeyAB's code as its CUDA build computes, where that differs.

Nothing else in the package asks which dialect it is; it asks for one of the
fields below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from darknet_torch.errors import UsageError

# Activation functions that only this package has, in every dialect; Darknet takes relu.
ACTIVATION_EXTENSIONS = frozenset({"hard_swish", "hard_sigmoid"})
_BOTH_ACTIVATIONS = ACTIVATION_EXTENSIONS | frozenset(
    "logistic loggy relu elu selu relie plse hardtan lhtan linear ramp leaky tanh stair".split()
)
_ALEXEYAB_ACTIVATIONS = frozenset(
    "swish mish hard_mish relu6 gelu revleaky normalize_channels "
    "normalize_channels_softmax normalize_channels_softmax_maxval".split()
)
# Sections that copy a delta where they should add it, in every build.
_OVERWRITING = frozenset("batchnorm activation normalization reorg reorg3d sam".split())


@dataclass(frozen=True)
class Dialect:
    """What one code base does where the two disagree.

    Attributes:
        name: what ``--dialect`` calls it.
        code_base: the repository, for messages; also the word that options name
            when only one code base reads them (`darknet_torch.cfg.options`).
        activations: the activation functions it knows, and `ACTIVATION_EXTENSIONS`;
            others become relu.
        unwritten_activations: known by name, but the general activation routine of
            this build has no case for them and writes zeros. Layers with a routine
            of their own for a function are not affected.
        epsilon_inside_root: batch normalisation divides by sqrt(variance + 1e-5),
            else by sqrt(variance) + 1e-6.
        rolling_step: weight of a batch in the rolling mean and variance.
        connected_rolling_step: the same for [connected].
        cudnn_normalization: in training, batch normalisation divides by the variance over N,
            as cuDNN does; else by that over N - 1, with the gradient as Darknet has it.
        double_slopes: which values of a convolution's leaky are multiplied by .1 as a double,
            and so rounded otherwise: "all", "tail", those that are left over by vectors of 8,
            or "none".
        logistic_in_double: the logistic function is computed in float64, else in float32.
        trains_normalized_biases: the biases of a convolution or [batchnorm] that normalises
            are learnt; else they stay as they are.
        trained_layers: the sections whose arrays are learnt; None for all.
        carries_deltas: of the other sections, the delta of a mini-batch is added to that of
            the next one, and so on: Darknet does not zero it.
        overwriting_layers: the sections that overwrite the delta of a layer they read where they
            should add to it, so that what other readers of that layer sent is lost; "1x1" is
            a [convolutional] whose window is.
        frozen_layers_decay: layers before a stopbackward=1 still decay towards zero.
        cumulative_yolo: a box of [yolo] that learns several truths adds up what they say and
            learns all their classes, boxes without a class are not let off by ignore_thresh,
            and the normalizers are known; else the last truth counts.
        batchnorm_has_biases: a lone [batchnorm] keeps biases in the weight file.
        shortcut_strides: [shortcut] between different heights and widths adds with
            a stride, and knows alpha and beta; else heights and widths must agree
            and it takes several sources.
        shortcut_crosses_pictures: in training [shortcut] takes a layer with more channels,
            but inputs of its own inputs' shape, as if that had as many as it has itself.
        pointwise_strides: the strides of a 1x1 [convolutional] that step: "all"; "x", all
            but those along y alone; or "none", it reads its input as it lies.
        convolutions_start_normal: starting weights are normal, else uniform.
        maxpool_blocks: at inference [maxpool] computes a row in vectors of several
            outputs and drops a column of the window for all of them where it lies left
            of the picture for the first.
        flat_region: [region] leaves its values position by position, x and y not
            activated; else channel by channel, activated.
        letterbox: pictures are letterboxed unless the user says otherwise.
        names_leaves_only: a classifier over a tree names leaves only.
        xnor_in_bits: an xnor convolution runs on bits at inference: one group,
            normalisation folded in first, -1 outside the picture; else 0 outside.
        rnn_has_hidden: [rnn] has a hidden size of its own, else that of its output.
        gru_order, lstm_order: the order of [gru]'s parts and [lstm]'s gates in the file.
        crnn_padding: default padding of [crnn].
        crnn_swaps_sides: [crnn] takes its input's width for the height and vice versa.
        chooses_lstm_activation: [conv_lstm] heeds lstm_activation, else it takes tanh.
        dropout_probability, yolo_max_boxes, region_max_boxes, adam_epsilon: defaults.
        file_version: the version its weight files carry.
        jitter_places_pictures: jitter lays the whole picture, of another aspect, somewhere in a
            detector's input; else it moves the edges of a crop, which resize= does too.
        truths_in_pixels: a detector's truths are a pixel of its input wide and high at least,
            else 0.001 of it.
        smallest_cell_truth: the same for [detection], in 0-1 of the input.
        centres_small_crops: a picture smaller than a classifier's crop is in its middle.
        multiscale_by_factor: multi-scale training multiplies the cfg's size, else it takes 320
            to 608, and [net] random= takes 128 to 448 for classifiers.
        stream_restart: one in so many streams of text starts elsewhere with the next batch.
        wide_seen_in_transposed: files with the transpose mark have a 64-bit `seen`.
    """

    name: str
    code_base: str
    activations: frozenset[str]
    unwritten_activations: frozenset[str]
    epsilon_inside_root: bool
    rolling_step: float
    connected_rolling_step: float
    cudnn_normalization: bool
    double_slopes: str
    logistic_in_double: bool
    trains_normalized_biases: bool
    trained_layers: frozenset[str] | None
    carries_deltas: bool
    overwriting_layers: frozenset[str]
    frozen_layers_decay: bool
    cumulative_yolo: bool
    batchnorm_has_biases: bool
    shortcut_strides: bool
    shortcut_crosses_pictures: bool
    pointwise_strides: str
    convolutions_start_normal: bool
    maxpool_blocks: bool
    flat_region: bool
    letterbox: bool
    names_leaves_only: bool
    xnor_in_bits: bool
    rnn_has_hidden: bool
    gru_order: tuple[str, ...]
    lstm_order: str
    crnn_padding: int
    crnn_swaps_sides: bool
    chooses_lstm_activation: bool
    dropout_probability: float
    yolo_max_boxes: int
    region_max_boxes: int
    adam_epsilon: float
    file_version: tuple[int, int, int]
    jitter_places_pictures: bool
    truths_in_pixels: bool
    smallest_cell_truth: float
    centres_small_crops: bool
    multiscale_by_factor: bool
    stream_restart: int
    wide_seen_in_transposed: bool


ALEXEYAB = Dialect(
    name="alexeyab",
    code_base="alexeyab",
    activations=_BOTH_ACTIVATIONS | _ALEXEYAB_ACTIVATIONS,
    unwritten_activations=_ALEXEYAB_ACTIVATIONS - {"gelu", "revleaky"},
    epsilon_inside_root=True,
    rolling_step=0.1,
    connected_rolling_step=0.05,
    cudnn_normalization=False,
    double_slopes="tail",
    logistic_in_double=False,
    trains_normalized_biases=False,
    trained_layers=frozenset(
        "convolutional batchnorm maxpool local_avgpool shortcut crnn conv_lstm".split()
    ),
    carries_deltas=True,
    overwriting_layers=_OVERWRITING | {"convolutional"},
    frozen_layers_decay=False,
    cumulative_yolo=True,
    batchnorm_has_biases=True,
    shortcut_strides=False,
    shortcut_crosses_pictures=True,
    pointwise_strides="x",
    convolutions_start_normal=False,
    maxpool_blocks=True,
    flat_region=True,
    letterbox=False,
    names_leaves_only=False,
    xnor_in_bits=True,
    rnn_has_hidden=True,
    gru_order=("uz", "ur", "uh", "wz", "wr", "wh"),
    lstm_order="figo",
    crnn_padding=0,
    crnn_swaps_sides=False,
    chooses_lstm_activation=False,
    dropout_probability=0.2,
    yolo_max_boxes=200,
    region_max_boxes=200,
    adam_epsilon=1e-6,
    file_version=(0, 2, 5),
    jitter_places_pictures=False,
    truths_in_pixels=True,
    smallest_cell_truth=0.001,
    centres_small_crops=True,
    multiscale_by_factor=True,
    stream_restart=10,
    wide_seen_in_transposed=True,
)

ALEXEYAB_CUDA = replace(
    ALEXEYAB,
    name="alexeyab-cuda",
    unwritten_activations=ALEXEYAB.unwritten_activations - {"relu6"},
    rolling_step=0.01,
    connected_rolling_step=0.01,
    cudnn_normalization=True,
    double_slopes="none",
    trains_normalized_biases=True,
    carries_deltas=False,
    overwriting_layers=_OVERWRITING,
    maxpool_blocks=False,
    shortcut_crosses_pictures=False,
    pointwise_strides="all",
    chooses_lstm_activation=True,
)

PJREDDIE = Dialect(
    name="pjreddie",
    code_base="pjreddie",
    activations=_BOTH_ACTIVATIONS,
    unwritten_activations=frozenset(),
    epsilon_inside_root=False,
    rolling_step=0.01,
    connected_rolling_step=0.01,
    cudnn_normalization=False,
    double_slopes="all",
    logistic_in_double=True,
    trains_normalized_biases=True,
    trained_layers=frozenset(
        "convolutional deconvolutional connected local rnn gru lstm crnn".split()
    ),
    carries_deltas=False,
    overwriting_layers=_OVERWRITING | {"1x1"},
    frozen_layers_decay=True,
    cumulative_yolo=False,
    batchnorm_has_biases=False,
    shortcut_strides=True,
    shortcut_crosses_pictures=False,
    pointwise_strides="none",
    convolutions_start_normal=True,
    maxpool_blocks=False,
    flat_region=False,
    letterbox=True,
    names_leaves_only=True,
    xnor_in_bits=False,
    rnn_has_hidden=False,
    gru_order=("wz", "wr", "wh", "uz", "ur", "uh"),
    lstm_order="ifog",
    crnn_padding=1,
    crnn_swaps_sides=True,
    chooses_lstm_activation=False,
    dropout_probability=0.5,
    yolo_max_boxes=90,
    region_max_boxes=30,
    adam_epsilon=1e-7,
    file_version=(0, 2, 0),
    jitter_places_pictures=True,
    truths_in_pixels=False,
    smallest_cell_truth=0.005,
    centres_small_crops=False,
    multiscale_by_factor=False,
    stream_restart=64,
    wide_seen_in_transposed=False,
)

DIALECTS = {dialect.name: dialect for dialect in (ALEXEYAB, PJREDDIE, ALEXEYAB_CUDA)}


def without_bugs(dialect: Dialect) -> Dialect:
    """`dialect` without what in training is a fault of its C code rather than its way.

    Every section learns, deltas start from zero and are added up where several layers read one,
    biases behind batch normalisation are learnt, [shortcut] adds pictures to themselves.
    """
    return replace(
        dialect,
        trained_layers=None,
        carries_deltas=False,
        overwriting_layers=frozenset(),
        trains_normalized_biases=True,
        shortcut_crosses_pictures=False,
    )


def find_dialect(name: str | Dialect) -> Dialect:
    """The dialect called `name`.

    Raises:
        UsageError: there is none of that name.
    """
    if isinstance(name, Dialect):
        return name
    if name not in DIALECTS:
        raise UsageError("unknown dialect", expected=" or ".join(DIALECTS), got=repr(name))
    return DIALECTS[name]

"""The differences between the two code bases called Darknet, each named once.

``alexeyab`` is AlexeyAB/darknet, the superset and the default; ``pjreddie`` is
pjreddie/darknet. Both stand for the CPU build of that code base (AlexeyAB's with AVX, as
its makefile offers), because its results can be checked on any machine. ``alexeyab-cuda``
is AlexeyAB's code as its CUDA build computes, where the two builds differ.

Nothing else in the package asks which dialect it has been given: it reads one of the fields
below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from darknet_torch.cfg.darknet_bugs import DarknetBug, find_bugs
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


@dataclass(frozen=True)
class NumericRules:
    """Rules for computing values: activation functions, normalisation, rounding.

    Attributes:
        activations: the activation functions that the code base knows, and
            `ACTIVATION_EXTENSIONS`; every other name becomes relu.
        unwritten_activations: functions that are known by name, but for which the general
            activation routine of this build has no case, so that it writes zeros. Layers with
            a routine of their own for a function are not affected.
        chooses_lstm_activation: [conv_lstm] applies lstm_activation; else it always takes tanh.
        logistic_in_double: the logistic function is computed in float64; else in float32.
        double_slopes: which values of a convolution's leaky are multiplied by .1 as a double,
            and are therefore rounded differently: "all"; "tail", those that vectors of 8 leave
            over; or "none".
        epsilon_inside_root: batch normalisation divides by sqrt(variance + 1e-5); else by
            sqrt(variance) + 1e-6.
        cudnn_normalization: in training, batch normalisation divides by the variance over N,
            as cuDNN does; else by the variance over N - 1, with Darknet's own gradient.
        rolling_step: weight of a batch in the rolling mean and variance.
        connected_rolling_step: the same weight in [connected].
        maxpool_blocks: at inference [maxpool] computes a row in vectors of several outputs. A
            column of the window that lies left of the picture for the first output of a vector
            is dropped for all of them.
        xnor_in_bits: at inference an xnor convolution runs on bits: it has one group, the
            normalisation is folded in first, and the values outside the picture are -1; else
            they are 0.
    """

    activations: frozenset[str]
    unwritten_activations: frozenset[str]
    chooses_lstm_activation: bool
    logistic_in_double: bool
    double_slopes: str
    epsilon_inside_root: bool
    cudnn_normalization: bool
    rolling_step: float
    connected_rolling_step: float
    maxpool_blocks: bool
    xnor_in_bits: bool


@dataclass(frozen=True)
class GeometryRules:
    """Rules for strides and sizes of layers, and for the layout of their outputs.

    Attributes:
        pointwise_strides: the strides of a 1x1 [convolutional] that have an effect: "all"; "x",
            all but a stride along y alone; or "none", it reads its input without stepping.
        shortcut_strides: [shortcut] between different heights and widths adds with a stride,
            and knows alpha and beta; else heights and widths must agree and it takes several
            sources.
        crnn_swaps_sides: [crnn] takes the width of its input for the height and vice versa.
        rnn_has_hidden: [rnn] has a hidden size of its own; else its output size is used.
        flat_region: [region] leaves its values position by position, with x and y not
            activated; else they are channel by channel, activated.
        names_leaves_only: a classifier over a tree of classes returns leaves only.
    """

    pointwise_strides: str
    shortcut_strides: bool
    crnn_swaps_sides: bool
    rnn_has_hidden: bool
    flat_region: bool
    names_leaves_only: bool


@dataclass(frozen=True)
class WeightFileRules:
    """Rules for the layout of weight files.

    Attributes:
        version: (major, minor, revision) that the code base writes.
        wide_seen_in_transposed: files with the transpose mark have a 64-bit `seen`.
        batchnorm_has_biases: a lone [batchnorm] has biases in the file.
        gru_order: the order of the parts of [gru].
        lstm_order: the order of the gates of [lstm], one letter a gate.
    """

    version: tuple[int, int, int]
    wide_seen_in_transposed: bool
    batchnorm_has_biases: bool
    gru_order: tuple[str, ...]
    lstm_order: str


@dataclass(frozen=True)
class DefaultValues:
    """Default values, used where neither the cfg nor the user sets a value.

    Attributes:
        letterbox: pictures are letterboxed.
        crnn_padding: padding of [crnn].
        dropout_probability: probability of [dropout].
        yolo_max_boxes: max of [yolo] and [Gaussian_yolo], truths per picture.
        region_max_boxes: max of [region].
        adam_epsilon: eps of Adam.
    """

    letterbox: bool
    crnn_padding: int
    dropout_probability: float
    yolo_max_boxes: int
    region_max_boxes: int
    adam_epsilon: float


@dataclass(frozen=True)
class TrainingDataRules:
    """Rules for making training batches of pictures, truths and streams of text.

    Attributes:
        jitter_places_pictures: jitter changes the aspect of the whole picture and places it
            somewhere in a detector's input; else it moves the edges of a crop, and so does
            resize=.
        centres_small_crops: a picture smaller than a classifier's crop is put in the middle of
            the crop; else anywhere in it.
        truths_in_pixels: the truths of a detector are at least one pixel of its input wide and
            high; else 0.001 of the input.
        smallest_cell_truth: the same bound for [detection], in 0-1 of the input.
        multiscale_by_factor: multi-scale training multiplies the cfg's size by a factor; else
            it takes sizes of 320 to 608, and [net] random= takes 128 to 448 for classifiers.
        stream_restart: one in this many streams of text starts elsewhere with the next batch.
    """

    jitter_places_pictures: bool
    centres_small_crops: bool
    truths_in_pixels: bool
    smallest_cell_truth: float
    multiscale_by_factor: bool
    stream_restart: int


@dataclass(frozen=True)
class TrainingRules:
    """Rules for initialising and updating weights, and for the loss of [yolo].

    Attributes:
        convolutions_start_normal: the starting weights of a convolution are normally
            distributed; else uniformly.
        cumulative_yolo: a box of [yolo] that several truths are assigned to adds up their
            deltas and is trained on the classes of all of them; ignore_thresh does not exempt
            boxes without a class; and the normalizers are known. Else the last truth counts.
        frozen_layers_decay: layers before a stopbackward=1 still decay towards zero.
    """

    convolutions_start_normal: bool
    cumulative_yolo: bool
    frozen_layers_decay: bool


@dataclass(frozen=True)
class Dialect:
    """The choices of one code base where the two disagree.

    Attributes:
        name: what ``--dialect`` calls it.
        code_base: the repository, for messages; also the word that options name
            when only one code base reads them (`darknet_torch.cfg.options`).
        numerics: rules for computing values.
        geometry: rules for strides, sizes and the layout of outputs.
        weight_file: rules for the layout of weight files.
        defaults: default values.
        training_data: rules for making training batches.
        training: rules for initialising and updating weights, and for the loss of [yolo].
        bugs: the bugs of its C code that training reproduces.
    """

    name: str
    code_base: str
    numerics: NumericRules
    geometry: GeometryRules
    weight_file: WeightFileRules
    defaults: DefaultValues
    training_data: TrainingDataRules
    training: TrainingRules
    bugs: frozenset[DarknetBug]

    def reproduces(self, bug: DarknetBug) -> bool:
        """Whether training has this bug of the C code."""
        return bug in self.bugs

    def trains(self, section: str) -> bool:
        """Whether the arrays of `section` are trained; its first name counts, not an alias."""
        return all(bug.trains_only is None or section in bug.trains_only for bug in self.bugs)

    def overwrites_delta(self, section: str) -> bool:
        """Whether `section` overwrites the delta of a layer it reads, instead of adding to it.

        What other readers of that layer sent is lost then.
        """
        return any(section in bug.overwrites for bug in self.bugs)

    def sends_delta(self, section: str) -> bool:
        """Whether the backward pass of `section` sends a delta to the layers before it."""
        return not any(section in bug.withholds_delta for bug in self.bugs)


ALEXEYAB = Dialect(
    name="alexeyab",
    code_base="alexeyab",
    numerics=NumericRules(
        activations=_BOTH_ACTIVATIONS | _ALEXEYAB_ACTIVATIONS,
        unwritten_activations=_ALEXEYAB_ACTIVATIONS - {"gelu", "revleaky"},
        chooses_lstm_activation=False,
        logistic_in_double=False,
        double_slopes="tail",
        epsilon_inside_root=True,
        cudnn_normalization=False,
        rolling_step=0.1,
        connected_rolling_step=0.05,
        maxpool_blocks=True,
        xnor_in_bits=True,
    ),
    geometry=GeometryRules(
        pointwise_strides="x",
        shortcut_strides=False,
        crnn_swaps_sides=False,
        rnn_has_hidden=True,
        flat_region=True,
        names_leaves_only=False,
    ),
    weight_file=WeightFileRules(
        version=(0, 2, 5),
        wide_seen_in_transposed=True,
        batchnorm_has_biases=True,
        gru_order=("uz", "ur", "uh", "wz", "wr", "wh"),
        lstm_order="figo",
    ),
    defaults=DefaultValues(
        letterbox=False,
        crnn_padding=0,
        dropout_probability=0.2,
        yolo_max_boxes=200,
        region_max_boxes=200,
        adam_epsilon=1e-6,
    ),
    training_data=TrainingDataRules(
        jitter_places_pictures=False,
        centres_small_crops=True,
        truths_in_pixels=True,
        smallest_cell_truth=0.001,
        multiscale_by_factor=True,
        stream_restart=10,
    ),
    training=TrainingRules(
        convolutions_start_normal=False,
        cumulative_yolo=True,
        frozen_layers_decay=False,
    ),
    bugs=find_bugs("alexeyab"),
)

ALEXEYAB_CUDA = replace(
    ALEXEYAB,
    name="alexeyab-cuda",
    numerics=replace(
        ALEXEYAB.numerics,
        unwritten_activations=ALEXEYAB.numerics.unwritten_activations - {"relu6"},
        chooses_lstm_activation=True,
        double_slopes="none",
        cudnn_normalization=True,
        rolling_step=0.01,
        connected_rolling_step=0.01,
        maxpool_blocks=False,
    ),
    geometry=replace(
        ALEXEYAB.geometry,
        pointwise_strides="all",
    ),
    bugs=find_bugs("alexeyab-cuda"),
)

PJREDDIE = Dialect(
    name="pjreddie",
    code_base="pjreddie",
    numerics=NumericRules(
        activations=_BOTH_ACTIVATIONS,
        unwritten_activations=frozenset(),
        chooses_lstm_activation=False,
        logistic_in_double=True,
        double_slopes="all",
        epsilon_inside_root=False,
        cudnn_normalization=False,
        rolling_step=0.01,
        connected_rolling_step=0.01,
        maxpool_blocks=False,
        xnor_in_bits=False,
    ),
    geometry=GeometryRules(
        pointwise_strides="none",
        shortcut_strides=True,
        crnn_swaps_sides=True,
        rnn_has_hidden=False,
        flat_region=False,
        names_leaves_only=True,
    ),
    weight_file=WeightFileRules(
        version=(0, 2, 0),
        wide_seen_in_transposed=False,
        batchnorm_has_biases=False,
        gru_order=("wz", "wr", "wh", "uz", "ur", "uh"),
        lstm_order="ifog",
    ),
    defaults=DefaultValues(
        letterbox=True,
        crnn_padding=1,
        dropout_probability=0.5,
        yolo_max_boxes=90,
        region_max_boxes=30,
        adam_epsilon=1e-7,
    ),
    training_data=TrainingDataRules(
        jitter_places_pictures=True,
        centres_small_crops=False,
        truths_in_pixels=False,
        smallest_cell_truth=0.005,
        multiscale_by_factor=False,
        stream_restart=64,
    ),
    training=TrainingRules(
        convolutions_start_normal=True,
        cumulative_yolo=False,
        frozen_layers_decay=True,
    ),
    bugs=find_bugs("pjreddie"),
)

DIALECTS = {dialect.name: dialect for dialect in (ALEXEYAB, PJREDDIE, ALEXEYAB_CUDA)}


def without_bugs(dialect: Dialect) -> Dialect:
    """`dialect` with the bugs of its C code fixed (`darknet_torch.cfg.darknet_bugs`).

    Inference and weight files stay the same: all of the bugs concern training.
    """
    return replace(dialect, bugs=frozenset())


def find_dialect(name: str | Dialect) -> Dialect:
    """Return the dialect called `name`; a `Dialect` is returned unchanged.

    Raises:
        UsageError: there is no dialect of that name.
    """
    if isinstance(name, Dialect):
        return name
    if not isinstance(name, str) or name not in DIALECTS:
        raise UsageError("unknown dialect", expected=" or ".join(DIALECTS), got=repr(name))
    return DIALECTS[name]

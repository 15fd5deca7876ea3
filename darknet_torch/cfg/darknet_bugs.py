"""The bugs of Darknet's C code that a training can reproduce, each described once.

A dialect holds the bugs of its build in `Dialect.bugs`. Code asks for one by its name, as in
``dialect.reproduces(DELTAS_NOT_ZEROED)``, or asks what the bugs together mean for a section:
`Dialect.trains`, `overwrites_delta` and `sends_delta`. A dialect without bugs comes from
`darknet_torch.cfg.dialect.without_bugs`. All of them concern training alone: what a network
computes at inference, and its weight files, are the same with and without them. Where a code
base merely chose another way, that is a field of the dialect and no bug.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DarknetBug:
    """One bug of the C code.

    Attributes:
        name: as in this module.
        dialects: the names of the dialects whose builds have it.
        source: the C file and function.
        effect: what the C code does wrong, in a sentence.
        fix: what a dialect without the bug does, in a sentence.
        trains_only: the sections that are trained in spite of the bug; None if it leaves no
            section untrained. Sections without arrays count where Darknet sets their `train`.
        overwrites: the sections that, because of the bug, overwrite the delta of a layer they
            read where they should add to it.
        withholds_delta: the sections whose backward pass, because of the bug, sends no delta to
            the layers before.
    """

    name: str
    dialects: tuple[str, ...]
    source: str
    effect: str
    fix: str
    trains_only: frozenset[str] | None = None
    overwrites: frozenset[str] = frozenset()
    withholds_delta: frozenset[str] = frozenset()


LAYERS_WITHOUT_TRAIN_FLAG = DarknetBug(
    name="LAYERS_WITHOUT_TRAIN_FLAG",
    dialects=("alexeyab", "alexeyab-cuda"),
    source="network.c `update_network`, `update_network_gpu`",
    effect=(
        "Layers whose `train` is 0 are not updated, and few functions that make a layer set it: "
        "[connected], [local], [implicit], [rnn], [gru] and [lstm] keep their starting weights."
    ),
    fix="Every section is trained.",
    trains_only=frozenset(
        "convolutional batchnorm maxpool local_avgpool shortcut crnn conv_lstm".split()
    ),
)
BATCHNORM_WITHOUT_UPDATE = DarknetBug(
    name="BATCHNORM_WITHOUT_UPDATE",
    dialects=("pjreddie",),
    source="batchnorm_layer.c `make_batchnorm_layer`",
    effect="A lone [batchnorm] has no update function and keeps its starting scales.",
    fix="Every section is trained.",
    trains_only=frozenset(
        "convolutional deconvolutional connected local rnn gru lstm crnn".split()
    ),
)
NORMALIZED_BIASES_WITHOUT_DELTA = DarknetBug(
    name="NORMALIZED_BIASES_WITHOUT_DELTA",
    dialects=("alexeyab",),
    source=(
        "convolutional_layer.c `backward_convolutional_layer`, "
        "batchnorm_layer.c `backward_batchnorm_layer`"
    ),
    effect=(
        "The delta of the biases is summed up only where nothing is normalised, so that the "
        "biases of a normalising [convolutional] and of [batchnorm] keep their values."
    ),
    fix="These biases are trained.",
)
DELTAS_NOT_ZEROED = DarknetBug(
    name="DELTAS_NOT_ZEROED",
    dialects=("alexeyab",),
    source="network.c `forward_network`",
    effect=(
        "Only layers with `train` start a mini-batch with a delta of zero; all others, such as "
        "[route], [upsample], [avgpool] and [connected], add it to that of the last mini-batch. "
        "`forward_network_gpu` zeroes all."
    ),
    fix="Every delta starts from zero.",
)
COL2IM_ZEROES_DELTA = DarknetBug(
    name="COL2IM_ZEROES_DELTA",
    dialects=("alexeyab",),
    source="col2im.c `col2im_cpu_ext`",
    effect=(
        "The backward pass of [convolutional] zeroes the delta of the layer before it first. "
        "What a later [route] or [shortcut] sent there is lost, so that the residuals of "
        "Darknet-53 pass nothing on."
    ),
    fix="The deltas of all readers of a layer are added up.",
    overwrites=frozenset({"convolutional"}),
)
POINTWISE_OVERWRITES_DELTA = DarknetBug(
    name="POINTWISE_OVERWRITES_DELTA",
    dialects=("pjreddie",),
    source="convolutional_layer.c `backward_convolutional_layer`",
    effect=(
        "With size=1, [convolutional] multiplies straight into the delta of the layer before it. "
        "What a later [route] or [shortcut] sent there is lost, so that the residuals of "
        "Darknet-53 pass nothing on."
    ),
    fix="The deltas of all readers of a layer are added up.",
)
LAYERS_COPY_DELTA = DarknetBug(
    name="LAYERS_COPY_DELTA",
    dialects=("alexeyab", "alexeyab-cuda", "pjreddie"),
    source="`backward_..._layer` of each section",
    effect=(
        "[batchnorm], [activation], [reorg], [reorg3d] and [normalization] copy their delta to "
        "the layer before them, and [sam] to the layer in `from=`, instead of adding it."
    ),
    fix="The deltas of all readers of a layer are added up.",
    overwrites=frozenset("batchnorm activation normalization reorg reorg3d sam".split()),
)
SHORTCUT_MIXES_PICTURES = DarknetBug(
    name="SHORTCUT_MIXES_PICTURES",
    dialects=("alexeyab",),
    source="shortcut_layer.c `forward_shortcut_layer`",
    effect=(
        "It compares the shapes of the inputs and then adds the outputs as one array: from a "
        "layer with more channels, such as `from=8` of yolov3-tiny-prn, the second picture of a "
        "batch gets values of the first. C detects one picture at a time, so that only training "
        "is concerned."
    ),
    fix="Every picture is added to itself.",
)
REGION_LEARNS_NOTHING = DarknetBug(
    name="REGION_LEARNS_NOTHING",
    dialects=("pjreddie",),
    source="region_layer.c `backward_region_layer`",
    effect=(
        "The body of the function is commented out, so that no delta leaves [region] and the "
        "layers before it only decay. `backward_region_layer_gpu` is complete."
    ),
    fix="[region] passes its delta on.",
    withholds_delta=frozenset({"region"}),
)

DARKNET_BUGS = (
    LAYERS_WITHOUT_TRAIN_FLAG,
    BATCHNORM_WITHOUT_UPDATE,
    NORMALIZED_BIASES_WITHOUT_DELTA,
    DELTAS_NOT_ZEROED,
    COL2IM_ZEROES_DELTA,
    POINTWISE_OVERWRITES_DELTA,
    LAYERS_COPY_DELTA,
    SHORTCUT_MIXES_PICTURES,
    REGION_LEARNS_NOTHING,
)


def find_bugs(dialect: str) -> frozenset[DarknetBug]:
    """The bugs of the build that the dialect called `dialect` stands for."""
    return frozenset(bug for bug in DARKNET_BUGS if dialect in bug.dialects)

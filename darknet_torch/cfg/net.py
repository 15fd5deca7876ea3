"""The options of [net]: the input, the optimiser and the augmentation of a network."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.options import (
    Options,
    choice,
    extension,
    extensions_in,
    flag,
    inert,
    integer,
    integers,
    number,
    numbers,
    read_options,
)
from darknet_torch.cfg.preprocessing import (
    FILLS,
    GREY,
    IMAGENET,
    IMAGENET_MEAN,
    NORMALIZATIONS,
    PER_PICTURE,
    ZERO_ONE,
)
from darknet_torch.cfg.shape import Shape
from darknet_torch.errors import CfgError, nearest

SECTION_NAMES = ("net", "network")


@dataclass(frozen=True)
class NetOptions(Options):
    """Options of [net].

    Source: parser.c parse_net_options (both code bases).
    """

    batch: int = integer(1, minimum=1, doc="pictures per update")
    subdivisions: int = integer(1, minimum=1, doc="parts a batch is computed in")
    time_steps: int = integer(1, minimum=1, doc="time steps of a recurrent network")
    width: int = integer(0, minimum=0, doc="input width, pixels")
    height: int = integer(0, minimum=0, doc="input height, pixels")
    channels: int = integer(0, minimum=0, doc="input channels")
    inputs: int = integer(0, minimum=0, doc="input values, if the input is not a picture")

    learning_rate: float = number(0.001, doc="the rate the policy starts from")
    learning_rate_min: float = number(1e-5, only="alexeyab", doc="the lowest rate of sgdr")
    sgdr_cycle: int = integer(0, only="alexeyab", doc="batches of the first sgdr cycle")
    sgdr_mult: int = integer(2, only="alexeyab", doc="factor from one sgdr cycle to the next")
    momentum: float = number(0.9, doc="momentum of SGD")
    decay: float = number(0.0001, doc="weight decay")
    policy: str = choice(
        "constant",
        *("constant", "step", "steps", "exp", "poly", "random", "sigmoid", "sgdr"),
        fallback="constant",
        words_of={"sgdr": "alexeyab"},
        doc="how the rate changes",
    )
    burn_in: int = integer(0, doc="batches over which the rate rises")
    power: float = number(4.0, doc="exponent of burn_in, poly and random")
    max_batches: int = integer(0, doc="batches to train for")
    step: int = integer(1, doc="batches per step of policy step")
    scale: float = number(1.0, doc="factor per step of policy step")
    steps: tuple[int, ...] = integers(
        (), stops_at_hash=True, doc="batches at which policy steps acts"
    )
    scales: tuple[float, ...] = numbers((), stops_at_hash=True, doc="factors at the steps")
    seq_scales: tuple[float, ...] = numbers(
        (), only="alexeyab", doc="factors on the number of sequences"
    )
    gamma: float = number(1.0, doc="base of exp, slope of sigmoid")
    adam: bool = flag(doc="use Adam")
    B1: float = number(0.9, doc="first moment's decay of Adam")
    B2: float = number(0.999, doc="second moment's decay of Adam")
    eps: float = number(lambda dialect: dialect.defaults.adam_epsilon, doc="epsilon of Adam")
    clip: float = number(0.0, only="pjreddie", doc="bound on the weights")
    ema_alpha: float = number(
        0.0, only="alexeyab", doc="decay of the average of the weights; 0: none"
    )

    max_crop: int = integer(0, minimum=0, doc="largest short side for a classifier's crop")
    min_crop: int = integer(0, minimum=0, doc="smallest short side for a classifier's crop")
    max_ratio: float = number(0.0, only="pjreddie", doc="largest scale of a crop")
    min_ratio: float = number(0.0, only="pjreddie", doc="smallest scale of a crop")
    center: bool = flag(only="pjreddie", doc="crop from the centre")
    angle: float = number(0.0, doc="largest rotation, degrees")
    aspect: float = number(1.0, doc="largest change of the aspect ratio, a factor")
    saturation: float = number(1.0, doc="largest change of saturation, a factor")
    exposure: float = number(1.0, doc="largest change of exposure, a factor")
    hue: float = number(0.0, doc="largest change of hue, part of a turn")
    flip: int = integer(1, only="alexeyab", doc="mirror half of the pictures")
    blur: int = integer(0, only="alexeyab", doc="1: blur the background; else kernel size")
    gaussian_noise: int = integer(0, only="alexeyab", doc="deviation of the noise, grey levels")
    mixup: int = integer(0, only="alexeyab", doc="1 mixup, 2 cutmix, 3 mosaic, 4: 2 or 3")
    cutmix: bool = flag(only="alexeyab", doc="paste a part of another picture")
    mosaic: bool = flag(only="alexeyab", doc="combine four pictures into one")
    mosaic_bound: bool = flag(only="alexeyab", doc="clip boxes to their quarter of a mosaic")
    letter_box: bool = flag(only="alexeyab", doc="keep the aspect ratio of pictures")
    label_smooth_eps: float = number(0.0, only="alexeyab", doc="smoothing of labels")
    resize_step: int = integer(
        32, minimum=1, only="alexeyab", doc="step of multi-scale sizes, pixels"
    )
    random: int = integer(0, only="pjreddie", doc="multi-scale training of classifiers")
    notruth: bool = flag(only="pjreddie", doc="train without truths")
    contrastive: bool = flag(only="alexeyab", doc="contrastive training")
    contrastive_jit_flip: bool = flag(only="alexeyab", doc="separate crops and flips in a pair")
    contrastive_color: bool = flag(only="alexeyab", doc="separate colours in a pair")
    unsupervised: bool = flag(only="alexeyab", doc="ignore labels: one class per picture")
    attention: bool = flag(only="alexeyab", doc="show adversarial attention")
    adversarial_lr: float = number(0.0, only="alexeyab", doc="adversarial training")
    sequential_subdivisions: int = integer(
        0, only="alexeyab", doc="sequences per iteration; 0: subdivisions"
    )
    dynamic_minibatch: bool = flag(only="alexeyab", doc="larger mini-batches for small inputs")
    augment_speed: int = integer(2, only="alexeyab", doc="largest step from picture to picture")
    track: int = integer(0, only="alexeyab", doc="train on sequences of pictures")
    weights_reject_freq: int = integer(0, only="alexeyab", doc="undo bad updates")
    equidistant_point: int = integer(
        0, only="alexeyab", doc="iteration from which small deltas are rejected"
    )
    badlabels_rejection_percentage: float = number(
        0.0, only="alexeyab", doc="percentage of boxes to reject"
    )
    num_sigmas_reject_badlabels: float = number(
        0.0, only="alexeyab", doc="deviations beyond which deltas are rejected"
    )

    normalize: str = extension(
        ZERO_ONE,
        *NORMALIZATIONS,
        doc="what the network does to its input first; see preprocessing.md",
    )
    fill: str = extension(
        "",
        *FILLS,
        doc="colour of the areas of the input that no picture covers; without it 0.5, and in "
        "training what the C code takes; see preprocessing.md",
    )

    try_fix_nan: str = inert("a NaN stops training", only="alexeyab")
    loss_scale: str = inert("mixed precision scales the loss itself", only="alexeyab")
    optimized_memory: str = inert("PyTorch manages the memory", only="alexeyab")
    workspace_size_limit_MB: str = inert("PyTorch manages the memory", only="alexeyab")
    use_cuda_graph: str = inert("a switch of Darknet's CUDA code", only="alexeyab")
    max_chart_loss: str = inert("the scale of Darknet's chart", only="alexeyab")
    show_receptive_field: str = inert("a switch of Darknet's print-out", only="alexeyab")

    @property
    def is_picture(self) -> bool:
        """Whether the input is a picture; else it is a vector of `inputs` values."""
        return bool(self.width and self.height and self.channels)

    @property
    def normalizes(self) -> bool:
        """Whether the network changes its input before the first layer."""
        return self.normalize != ZERO_ONE

    @property
    def input_fill(self) -> str:
        """What fills the margins of a picture that keeps its aspect ratio, one of `FILLS`."""
        return self.fill or GREY

    @property
    def input_shape(self) -> Shape:
        """The shape of one input."""
        if self.is_picture:
            return Shape(self.channels, self.height, self.width)
        return Shape(self.inputs, 1, 1)


def read_net(section: Section, dialect: Dialect) -> NetOptions:
    """Read the options of a cfg's first section.

    Raises:
        CfgError: the section is not [net], gives no size of the input, has a value that
            `read_options` refuses, or a policy=steps without a scale for each step.
    """
    if section.name not in SECTION_NAMES:
        close = nearest(section.name.lower(), SECTION_NAMES)
        raise CfgError(
            "the first section must be [net]",
            where=section.where,
            expected="[net] or [network]",
            got=f"[{section.name}]",
            fix=f"did you mean [{close}]?" if close else None,
        )
    net = read_options(NetOptions, section, dialect)
    if not net.is_picture and not net.inputs:
        raise CfgError(
            "[net] does not say what the input is",
            where=section.where,
            expected="width=, height= and channels=, or inputs=",
            got=f"width={net.width}, height={net.height}, channels={net.channels}",
        )
    if net.policy == "steps" and not 0 < len(net.steps) <= len(net.scales):
        raise CfgError(
            "policy=steps needs steps= and scales=",
            where=section.where,
            expected="a scale for each step",
            got=f"{len(net.steps)} steps, {len(net.scales)} scales",
        )
    _check_extensions(net)
    return net


def _check_extensions(net: NetOptions) -> None:
    """Refuse what normalize= and fill= cannot do with the network's input."""
    if extensions_in(net) and not net.is_picture:
        raise CfgError(
            f"{extensions_in(net)[0]} is for networks whose input is a picture",
            where=net.where,
            expected="width=, height= and channels=",
            got=f"inputs={net.inputs}",
            fix=f"leave {extensions_in(net)[0]} out",
        )
    if net.normalize == IMAGENET and net.channels != len(IMAGENET_MEAN):
        raise CfgError(
            "normalize=imagenet is for pictures in colour: its mean and deviation are those of "
            "red, green and blue",
            where=net.where,
            expected=f"channels={len(IMAGENET_MEAN)}",
            got=f"channels={net.channels}",
            fix=f"use normalize={PER_PICTURE}, which takes any number of channels",
        )

"""What `dtorch kmeans` and `detector calc_anchors` have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.anchors import DEFAULT_RESTARTS, DEFAULT_VARIANT, VARIANT_NAMES
from darknet_torch.cli.options import all_options
from darknet_torch.errors import UsageError, warn

if TYPE_CHECKING:
    import numpy as np

    from darknet_torch.anchors.dataset import Measured
    from darknet_torch.anchors.distances import Distance, Nearest
    from darknet_torch.anchors.sweep import SweepPoint
    from darknet_torch.datasets.model import DataSet

_WITHOUT_TORCH = ("cpu", "auto")

kmeans_options = all_options(
    click.option(
        "--variant",
        type=click.Choice(VARIANT_NAMES),
        default=DEFAULT_VARIANT,
        show_default=True,
        help="What an anchor is of the boxes nearest by IoU; or the mean of those nearest in "
        "pixels.",
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
    click.option(
        "--restarts",
        type=click.IntRange(min=1),
        default=DEFAULT_RESTARTS,
        show_default=True,
        help="Runs, of which the best counts.",
    ),
    click.option(
        "--genetic",
        "generations",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        metavar="N",
        help="Then try N random changes.",
    ),
    click.option(
        "--device",
        default="cpu",
        show_default=True,
        help="cpu, or cuda or cuda:N through torch, with the same anchors.",
    ),
)

# For commands that do not ask.
KMEANS_DEFAULTS = {
    "variant": DEFAULT_VARIANT,
    "seed": 0,
    "restarts": DEFAULT_RESTARTS,
    "generations": 0,
    "device": "cpu",
}


@dataclass(frozen=True)
class Setting:
    """What the anchors are for.

    Attributes:
        count: how many anchors.
        height, width: of the network's input, pixels.
        letterbox: pictures keep their aspect.
        unit: pixels of the input that 1 means in the cfg's anchors=.
    """

    count: int
    height: int
    width: int
    letterbox: bool
    unit: Fraction = Fraction(1)

    def format_anchors(self, anchors: np.ndarray) -> str:
        """`anchors` as the cfg has them."""
        from darknet_torch.anchors.text import cfg_form, written_whole

        whole = self.unit == 1 and written_whole(self.width)
        return cfg_form(anchors / float(self.unit), whole=whole)


def measure_boxes(data_set: DataSet, setting: Setting) -> Measured:
    """The box sizes of a data set.

    Raises:
        UsageError, ImageError: as `measure`.

    Warns:
        CfgWarning: of pictures without labels and boxes without a size.
    """
    from darknet_torch.anchors.dataset import measure

    unlabelled = sum(example.labels is None for example in data_set.examples)
    if unlabelled:
        warn(f"pictures without a label file: {unlabelled}", where=data_set.origin)
    found = measure(data_set, setting.height, setting.width, letterbox=setting.letterbox)
    if found.without_size:
        warn(
            f"boxes left out, since their width or height is not above 0: {found.without_size}",
            where=data_set.origin,
        )
    return found


def find_anchors(
    arguments: dict[str, Any], measured: Measured, counts: Sequence[int]
) -> list[SweepPoint]:
    """Anchors of each number, as the options of k-means say.

    Raises:
        UsageError: more anchors than sizes, or no such device.
    """
    from darknet_torch.anchors.genetic import refine
    from darknet_torch.anchors.kmeans import VARIANTS, cluster
    from darknet_torch.anchors.sweep import sweep

    boxes, seed = measured.boxes, arguments["seed"]
    nearest = _nearest(arguments["device"], VARIANTS[arguments["variant"]].distance)

    def find(count: int) -> np.ndarray:
        anchors = cluster(
            boxes,
            count,
            variant=arguments["variant"],
            seed=seed,
            restarts=arguments["restarts"],
            nearest=nearest,
        )
        return refine(boxes, anchors, generations=arguments["generations"], seed=seed)

    return sweep(boxes, counts, find)


def _nearest(device: str, distance: Distance) -> Nearest | None:
    """What finds nearest anchors on --device; None for numpy."""
    if device in _WITHOUT_TORCH:
        return None
    if not device.startswith("cuda"):
        raise UsageError("unknown device", expected="cpu, cuda or cuda:N", got=repr(device))
    from darknet_torch.anchors.gpu import NearestOnDevice

    return NearestOnDevice(device, distance)

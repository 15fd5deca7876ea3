"""The search for anchors of `dtorch kmeans`, `dtorch new` and `detector calc_anchors`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import click

from darknet_torch.anchors import DEFAULT_RESTARTS, DEFAULT_VARIANT, VARIANT_NAMES
from darknet_torch.cli.options import all_options
from darknet_torch.cli.parameter_types import NOT_NEGATIVE, POSITIVE, SEED
from darknet_torch.cli.progress import progress_bar
from darknet_torch.errors import UsageError, warn

if TYPE_CHECKING:
    import numpy as np

    from darknet_torch.anchors.dataset import MeasuredBoxes
    from darknet_torch.anchors.distances import Distance, Nearest
    from darknet_torch.anchors.sweep import SweepPoint
    from darknet_torch.datasets.examples import DataSet

_WITHOUT_TORCH = ("cpu", "auto")


@dataclass(frozen=True, kw_only=True)
class AnchorSearchOptions:
    """The settings of the search for anchors; see `anchor_search_options`.

    Attributes:
        variant: of k-means, see `VARIANTS`.
        restarts: runs of k-means, of which the best counts.
        generations: random changes to try after k-means.
    """

    variant: str = DEFAULT_VARIANT
    seed: int = 0
    restarts: int = DEFAULT_RESTARTS
    generations: int = 0
    device: str = "cpu"


anchor_search_options = all_options(
    click.option(
        "--variant",
        type=click.Choice(VARIANT_NAMES),
        default=DEFAULT_VARIANT,
        show_default=True,
        help="An anchor is the median or the mean of the boxes nearest by IoU, or the mean of "
        "those nearest in pixels.",
    ),
    click.option(
        "--seed",
        type=SEED,
        default=0,
        show_default=True,
        help="Seed of the random numbers.",
    ),
    click.option(
        "--restarts",
        type=POSITIVE,
        default=DEFAULT_RESTARTS,
        show_default=True,
        help="Runs of k-means; the best one counts.",
    ),
    click.option(
        "--genetic",
        "generations",
        type=NOT_NEGATIVE,
        default=0,
        show_default=True,
        metavar="N",
        help="After k-means try N random changes.",
    ),
    click.option(
        "--device",
        default="cpu",
        show_default=True,
        help="cpu, or cuda or cuda:N with torch; the anchors are the same.",
    ),
)


@dataclass(frozen=True)
class AnchorTarget:
    """The network that anchors are for.

    Attributes:
        count: how many anchors.
        height, width: of the network's input, pixels.
        letterbox: pictures keep their aspect.
        unit: the pixels of the input that stand for 1 in the cfg's anchors=.
    """

    count: int
    height: int
    width: int
    letterbox: bool
    unit: Fraction = Fraction(1)

    def format_anchors(self, anchors: np.ndarray) -> str:
        """Return [count, 2] `anchors`, in pixels of the input, as the cfg writes them."""
        from darknet_torch.anchors.formatting import anchors_are_pixels, format_anchors_for_cfg

        as_integers = self.unit == 1 and anchors_are_pixels(self.width)
        return format_anchors_for_cfg(anchors / float(self.unit), as_integers=as_integers)


def measure_boxes(data_set: DataSet, target: AnchorTarget) -> MeasuredBoxes:
    """Measure the boxes of a data set in pixels of the target's input.

    Raises:
        UsageError, ImageError: as `measure_box_sizes`.

    Warns:
        CfgWarning: there are pictures without labels.
    """
    from darknet_torch.anchors.dataset import measure_box_sizes

    unlabelled = sum(example.labels is None for example in data_set.examples)
    if unlabelled:
        warn(f"pictures without a label file: {unlabelled}", where=data_set.origin)
    return measure_box_sizes(data_set, target.height, target.width, letterbox=target.letterbox)


def find_anchors(
    options: AnchorSearchOptions,
    measured: MeasuredBoxes,
    counts: Sequence[int],
    *,
    quiet: bool = False,
) -> list[SweepPoint]:
    """Find anchors for each number of anchors, with a progress bar.

    Args:
        options: how to search.
        measured: the boxes.
        counts: the numbers of anchors.
        quiet: show no bar.

    Raises:
        UsageError: there are more anchors than different sizes, or no such device.
    """
    from darknet_torch.anchors.genetic import refine
    from darknet_torch.anchors.kmeans import VARIANTS, cluster
    from darknet_torch.anchors.sweep import sweep

    boxes = measured.boxes
    nearest = _nearest_on_device(options.device, VARIANTS[options.variant].distance)

    def find(count: int, advance: Callable[[int], None]) -> np.ndarray:
        anchors = cluster(
            boxes,
            count,
            variant=options.variant,
            seed=options.seed,
            restarts=options.restarts,
            nearest=nearest,
            advance=advance,
        )
        return refine(
            boxes, anchors, generations=options.generations, seed=options.seed, advance=advance
        )

    total = len(counts) * (options.restarts + options.generations)
    with progress_bar(total, quiet=quiet, label="anchors", fewest=1) as advance:
        return sweep(boxes, counts, partial(find, advance=advance))


def _nearest_on_device(device: str, distance: Distance) -> Nearest | None:
    """Return the search for nearest anchors on --device; None for numpy's search."""
    if device in _WITHOUT_TORCH:
        return None
    if not device.startswith("cuda"):
        raise UsageError("unknown device", expected="cpu, cuda or cuda:N", got=repr(device))
    from darknet_torch.anchors.gpu import NearestOnDevice

    return NearestOnDevice(device, distance)

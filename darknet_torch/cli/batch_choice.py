"""The number of pictures per batch that --batch gives, or that --batch auto measures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from darknet_torch.cli.model_loading import RunModelOptions
from darknet_torch.cli.parameter_types import AUTO_BATCH
from darknet_torch.engines.choice import BATCH_SIZES
from darknet_torch.media.sources import PictureSource

if TYPE_CHECKING:
    from darknet_torch.inference.classifier import Classifier
    from darknet_torch.inference.detector import Detector


def choose_batch_size(
    options: RunModelOptions, runner: Detector | Classifier, pictures: int | None
) -> int:
    """Return the number of pictures per batch; say which one --batch auto takes.

    Args:
        options: of the command.
        runner: what will process the batches.
        pictures: how many there are at most; 1 where one must not wait for the next; None for
            any number.
    """
    if options.batch != AUTO_BATCH:
        return int(options.batch)
    from darknet_torch.inference.batch_size import choose_batch

    most = max(1, BATCH_SIZES[-1] if pictures is None else pictures)
    choice = choose_batch(runner.model, runner.backend, most=most)
    tried = ", ".join(f"{size}: {rate:.1f}" for size, rate in choice.rates.items())
    options.print_remark(
        f"--batch auto: {choice.size}" + (f" (pictures per second of {tried})" if tried else "")
    )
    return choice.size


def pictures_at_once(groups: Iterable[Sequence[PictureSource]]) -> int | None:
    """Return how many pictures of a run may make a batch; None for any number.

    One, where the next picture may let the program wait.

    Args:
        groups: of sources, see `SourceRun.run`; an iterator asks for each when it is needed.
    """
    if isinstance(groups, Iterator):
        return 1
    known = [source for sources in groups for source in sources]
    if any(source.may_wait for source in known):
        return 1
    return len(known) if all(source.is_picture for source in known) else None

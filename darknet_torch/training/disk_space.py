"""How much room the files of a training take, and whether the disk has it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.errors import UsageError, warn
from darknet_torch.model.network import Network
from darknet_torch.training.byte_sizes import describe_bytes
from darknet_torch.training.plan import TrainPlan

_HEADER = 20  # bytes of a weight file before its arrays
_PER_LAYER = 4096  # bytes of a state for the options and the names of a layer
# Of the table, events and pictures of a run; TensorBoard's files are not counted.
RECORDS = 20_000_000  # bytes
_PAIRS = 2  # the last pair of weights and state, and the pair before it


@dataclass(frozen=True)
class RoomNeeded:
    """The bytes that the files of a training take.

    Attributes:
        weights: of one weight file.
        pair: of the last weights and the state, from which a run is resumed.
        numbered: how many numbered weight files are to come.
        total: of all files, one that is being written included.
    """

    weights: int
    pair: int
    numbered: int
    total: int


def room_needed(
    network: Network, plan: TrainPlan, *, iteration: int, evaluates: bool
) -> RoomNeeded:
    """Estimate the room for the files of a training.

    Args:
        network: the network in training.
        plan: says how often weights are saved.
        iteration: updates made so far.
        evaluates: whether the best weights are kept.
    """
    net = network.net
    weights = _HEADER + 4 * sum(slot.tensor.numel() for slot in network.saved_slots())
    # The weights themselves; momentum, or Adam's two; averages.
    copies = 1 + (2 if net.adam else 1) + bool(net.ema_alpha)
    state = 4 * copies * sum(parameter.numel() for parameter in network.parameters())
    state += _PER_LAYER * len(network.layers)
    pair = weights + state
    interval = plan.save_interval(net.max_batches)
    numbered = net.max_batches // interval - iteration // interval
    single = 1 + evaluates + bool(net.ema_alpha)  # _final, _best, _ema
    total = (numbered + single) * weights + _PAIRS * pair + max(weights, state) + RECORDS
    return RoomNeeded(weights, pair, numbered, total)


def check_room(needed: RoomNeeded, plan: TrainPlan) -> None:
    """Compare the room that a training needs with what its disk has.

    A disk without room for all files causes a warning.

    Raises:
        UsageError: there is no room for even one pair of weights and state.
    """
    try:
        free = shutil.disk_usage(_existing_parent(Path(plan.backup))).free
    except OSError:
        return  # the folder cannot be looked at; creating it says why
    if free < needed.pair:
        raise UsageError(
            "the disk has no room for a checkpoint",
            where=plan.backup,
            expected=f"{describe_bytes(needed.pair)} for one pair of weights and state",
            got=f"{describe_bytes(free)} free",
            fix="free some room, or give a folder on another disk with --backup",
        )
    if free < needed.total:
        warn(
            "the disk has no room for all files of the training",
            where=plan.backup,
            expected=f"{describe_bytes(needed.total)}: {needed.numbered} numbered weight files of "
            f"{describe_bytes(needed.weights)} each, two pairs of weights and state, and the "
            "final files, and what is recorded",
            got=f"{describe_bytes(free)} free",
            fix="free some room, give another --backup, or save less often with --save-every",
        )


def _existing_parent(path: Path) -> Path:
    """The path itself or the nearest of its parents that exists."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.exists())

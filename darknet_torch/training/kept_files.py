"""The cfg and the names that a training keeps next to its weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from darknet_torch.errors import WeightsError
from darknet_torch.files import atomic_write, rewrite_input
from darknet_torch.model.network import Network
from darknet_torch.text import encode_text, read_bytes
from darknet_torch.training.plan import TrainPlan


def keep_cfg(plan: TrainPlan) -> None:
    """Copy the cfg next to the weights, so that the folder is complete.

    Args:
        plan: says which cfg and which folder. Nothing is copied if the cfg is already there
            under that name. Another file of that name, which may be an edited cfg, is kept as
            ``<name>.bak``.

    Raises:
        UsageError, WeightsError: the copy cannot be written; an older file is then untouched.
    """
    _keep(plan.path(".cfg"), read_bytes(plan.cfg))


def keep_names(plan: TrainPlan, names: Sequence[str]) -> None:
    """Write the names of the classes next to the weights, one a line, for commands to find them.

    Args:
        plan: says which folder. Another file of that name is kept, as `keep_cfg` does.
        names: nothing is written if there are none.

    Raises:
        UsageError, WeightsError: as `keep_cfg`.
    """
    if names:
        text = "".join(f"{name}\n" for name in names)
        _keep(plan.path(".names"), encode_text(text))


def names_to_keep(names: Sequence[str], network: Network) -> tuple[str, ...]:
    """The names of the data, if a detector has a class for each of them; otherwise none."""
    classes = network.heads[-1].classes if network.heads else len(names)
    return tuple(names) if len(names) == classes else ()


def _keep(target: Path, content: bytes) -> None:
    """Write a file, unless it has that content; another content is kept in a backup."""
    if target.exists():
        if read_bytes(target) != content:
            rewrite_input(target, content)
        return
    try:
        with atomic_write(target) as file:
            file.write(content)
    except OSError as error:
        raise WeightsError(f"cannot be written ({error.strerror})", where=target) from None

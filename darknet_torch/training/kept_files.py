"""The cfg and the names that a training keeps next to its weights."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from darknet_torch.cfg.edit import CfgEdit
from darknet_torch.cfg.grammar import decode_cfg, encode_cfg, parse_cfg
from darknet_torch.errors import CfgWarning, WeightsError
from darknet_torch.files import atomic_write, rewrite_input
from darknet_torch.model.network import Network
from darknet_torch.text import encode_text, read_bytes
from darknet_torch.training.plan import TrainPlan


def keep_cfg(plan: TrainPlan) -> None:
    """Copy the cfg next to the weights, so that the folder is complete.

    With `normalize` or `fill` the copy says so, for every command that uses the weights.

    Args:
        plan: says which cfg and which folder. Nothing is copied if the cfg is already there
            under that name. Another file of that name, which may be an edited cfg, is kept as
            ``<name>.bak``.

    Raises:
        UsageError, WeightsError: the copy cannot be written; an older file is then untouched.
    """
    _keep(plan.path(".cfg"), _cfg_with_options(plan))


def _cfg_with_options(plan: TrainPlan) -> bytes:
    """The bytes of the plan's cfg; [net] says what was chosen for the trained network."""
    content, options = read_bytes(plan.cfg), plan.kept_net_options
    if not options:
        return content
    text = decode_cfg(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)  # building the network has reported them
        net = parse_cfg(text, plan.cfg)[0]
    edit = CfgEdit(text)
    for key, value in options.items():
        edit.set(net, key, value)
    return encode_cfg(edit.text)


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

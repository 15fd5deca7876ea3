"""map=: a file that says which class of the network a class of the labels is."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.cfg.zoo import find_beside
from darknet_torch.heads.base import Head


def class_map(head: Head, name: str, device: torch.device) -> Tensor | None:
    """[classes of the labels] int64, a line of the file `name` each; None without a name.

    Raises:
        CfgError: there is no such file, or it holds no such numbers.

    Source: utils.c read_map.
    """
    if not name:
        return None
    path = find_beside(name, head.options.where.file)
    if path is None:
        raise head.config_error(
            f"map={name} is not there", expected="a file with a class id a line"
        )
    try:
        ids = [int(line) for line in path.read_text("utf-8", errors="replace").split()]
    except ValueError as error:
        raise head.config_error(f"map={name} holds something else than numbers: {error}") from None
    if not ids or not 0 <= min(ids) <= max(ids) < head.classes:
        raise head.config_error(
            f"map={name} does not fit classes", expected=f"ids from 0 to {head.classes - 1}"
        )
    return torch.tensor(ids, device=device)


def count_known_labels(head: Head, ids: Tensor | None, *, checked: bool) -> int:
    """How many classes labels may have; labels beyond are left out.

    Args:
        ids: the head's `class_map`.
        checked: labels beyond the head's own classes are left out before they are mapped.

    Differs: what pjreddie's code reads and writes for other labels lies beyond its arrays.
    """
    if ids is None:
        return head.classes
    return min(len(ids), head.classes) if checked else len(ids)

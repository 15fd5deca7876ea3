"""The assignment of a mini-batch's truths that a loss uses."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.heads.base import Head
from darknet_torch.losses.base import LossContext
from darknet_torch.targets.assignment import Assigner, Assignment, Size


def assignment_of(
    head: Head,
    truth_rows: Tensor,
    context: LossContext,
    map_size: Size,
    assigner: Assigner | None = None,
) -> Assignment:
    """The assignment that came with the mini-batch; without one it is made here.

    Making it reads the truths back from their device.

    Args:
        head: a head with an assigner.
        truth_rows: [N, truths, 5 or more].
        context: its `assignments` are those that came with the mini-batch.
        map_size: height and width of the head's map, in cells.
        assigner: makes it; None for the head's own.
    """
    input_size = (context.height, context.width)
    given = context.assignments.get(head.index)
    if given is not None and given.fits(len(truth_rows), input_size, map_size):
        return given
    assigner = assigner or head.assigner
    assert assigner is not None
    rows = truth_rows.detach().float().cpu().numpy()
    made = assigner.assign(rows, input_size, map_size)
    return made.converted(lambda part: torch.from_numpy(part).to(truth_rows.device))

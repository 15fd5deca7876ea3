"""What a kind of checkpoint offers: to be recognised, and to fill a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor

from darknet_torch.model.network import Network


class Layout(Protocol):
    """One way to name and shape the arrays of a network."""

    @property
    def name(self) -> str:
        """The programs that write it, for messages."""
        ...

    def recognises(self, state: Mapping[str, Tensor]) -> bool:
        """Whether the keys and shapes of `state` are of this kind."""
        ...

    def default_cfg(self, state: Mapping[str, Tensor]) -> str | None:
        """Name of the shipped definition that `state` belongs to; None if it must be given."""
        ...

    def fill(self, network: Network, state: Mapping[str, Tensor], where: object) -> int:
        """Put the arrays of `state` into `network`.

        Args:
            network: changed in place, but not on an error.
            state: from `find_state`. Every key is used.
            where: the checkpoint, for messages.

        Returns:
            How many layers from the first now have their arrays from `state`.

        Raises:
            WeightsError: the keys or the shapes are not those of the network's layers.
        """
        ...

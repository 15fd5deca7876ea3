"""Networks of a few numbers, whose training can be computed by hand."""

import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.losses.base import LossContext
from darknet_torch.model.network import build_network
from darknet_torch.training.forward import ForwardPass


def network(cfg, dialect="alexeyab", seed=1, arithmetic="fast"):
    """The network of `cfg`, each array filled from the seed; in training mode."""
    made = build_network(parse_cfg(cfg), dialect=find_dialect(dialect), arithmetic=arithmetic)
    make = torch.Generator().manual_seed(seed)
    for _, slot in made.slots():
        values = torch.randn(slot.tensor.shape, generator=make) * 0.5
        if slot.name in ("scales", "rolling_variance"):
            values = values.abs() + 0.5
        slot.tensor.data.copy_(values)
    return made.train()


def dialect_id(dialect):
    """The name of a dialect in the ids of tests."""
    return dialect if isinstance(dialect, str) else f"{dialect.name} without_bugs"


def arrays(made, index):
    """{name: array} of the layer at `index`."""
    return {slot.name: slot.tensor for slot in made.layers[index].weight_slots()}


def loss_context(made, iteration=0):
    """The context that the losses get in mini-batch `iteration`."""
    return LossContext(made.net, made.dialect, 1, 1, seen=1, iteration=iteration)


class Passes:
    """Forward and backward passes of a network; gradients add up from one to the next."""

    def __init__(self, made):
        self.network, self.forward = made, ForwardPass(made)

    def __call__(self, images, truths, iteration=0):
        result = self.forward(images, truths, loss_context(self.network, iteration))
        if result.root.requires_grad:
            result.root.backward()
        return result

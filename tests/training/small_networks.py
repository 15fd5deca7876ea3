"""Networks of a few numbers, whose training can be worked out by hand."""

import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.losses.base import LossContext
from darknet_torch.model.network import build_network
from darknet_torch.training.passes import TrainingPass


def network(cfg, dialect="alexeyab", seed=1):
    """The network of `cfg`, each array filled from the seed; in training mode."""
    made = build_network(parse_cfg(cfg), dialect=find_dialect(dialect))
    make = torch.Generator().manual_seed(seed)
    for _, slot in made.slots():
        values = torch.randn(slot.tensor.shape, generator=make) * 0.5
        if slot.name in ("scales", "rolling_variance"):
            values = values.abs() + 0.5
        slot.tensor.data.copy_(values)
    return made.train()


def called(dialect):
    """A dialect as the ids of tests call it."""
    return dialect if isinstance(dialect, str) else f"{dialect.name} without_bugs"


def arrays(made, index):
    """{name: array} of the layer at `index`."""
    return {slot.name: slot.tensor for slot in made.layers[index].weight_slots()}


def around(made, iteration=0):
    """What the losses may know of mini-batch `iteration`."""
    return LossContext(made.net, made.dialect, 1, 1, seen=1, iteration=iteration)


class Runs:
    """A network and its passes; gradients add up from run to run."""

    def __init__(self, made):
        self.network, self.run = made, TrainingPass(made)

    def __call__(self, images, truths, iteration=0):
        result = self.run(images, truths, around(self.network, iteration))
        if result.root.requires_grad:
            result.root.backward()
        return result

"""Small networks with every kind of loss, with pictures and truths for them."""

import copy
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from darknet_torch.cfg.dialect import find_dialect, without_bugs
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgWarning
from darknet_torch.model.network import build_network
from darknet_torch.training.batches import TrainBatch
from darknet_torch.training.loop import TrainingLoop
from tools import records

RECORDS = {
    path.stem: path
    for path in sorted((Path(__file__).parents[1] / "parity" / "data" / "train").glob("*.json"))
}
UPDATES = 2
_MINI_BATCHES = 2 * UPDATES  # two for each update
_INPUTS = 2 * _MINI_BATCHES

_NET = """[net]
width=32
height=32
channels=3
batch=4
subdivisions=2
momentum=.9
decay=.0005
learning_rate=.01
max_batches=100
[convolutional]
filters=8
size=3
stride=2
pad=1
batch_normalize=1
activation=leaky
[convolutional]
filters={filters}
size=3
stride=2
pad=1
activation=linear
"""
_CLASSES, _IDS, _POSITIONS = 3, 4, 8 * 8  # of the map that _NET ends with


@dataclass(frozen=True)
class Case:
    """A cfg with subdivisions=2, and what to train its network on.

    Attributes:
        cfg: the text of the cfg.
        images: [N, C, H, W], or [N, inputs].
        truths: [N, ...], as the network's losses take them.
    """

    cfg: str
    images: Tensor
    truths: Tensor

    def network(self, dialect, arithmetic="fast"):
        """A network of random weights, as `dtorch train` builds it in this dialect."""
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CfgWarning)
            return build_network(
                parse_cfg(self.cfg),
                dialect=without_bugs(find_dialect(dialect)),
                arithmetic=arithmetic,
            )

    def mini_batches(self, device):
        """The mini-batches on a device, two for each update."""
        parts = zip(
            self.images.chunk(_MINI_BATCHES), self.truths.chunk(_MINI_BATCHES), strict=True
        )
        return [TrainBatch(images.to(device), truths.to(device)) for images, truths in parts]


def recorded_case(name):
    """The network and the inputs of a training record of the C code."""
    record = records.read_record(RECORDS[name])
    images, truths = map(torch.from_numpy, records.train_batches(record))
    return Case(record["cfg"], images[:_INPUTS], truths[:_INPUTS])


def instances_case():
    """[iseg], with three instances in each picture."""
    make = torch.Generator().manual_seed(5)
    rows = torch.full((_INPUTS, 5, 1 + _POSITIONS), -1.0)
    rows[:, :3, 0] = torch.tensor([0.0, 1.0, 1.0])
    rows[:, :3, 1:] = (torch.rand(_INPUTS, 3, _POSITIONS, generator=make) < 0.3).float()
    cfg = f"{_NET.format(filters=_CLASSES + _IDS)}[iseg]\nclasses={_CLASSES}\nids={_IDS}\n"
    return Case(cfg, torch.rand(_INPUTS, 3, 32, 32, generator=make), rows.flatten(1))


def embeddings_case():
    """[contrastive], with pictures of equal and of different classes in each mini-batch."""
    make = torch.Generator().manual_seed(6)
    cfg = f"{_NET.format(filters=6)}[contrastive]\nclasses={_CLASSES}\ntemperature=.5\n"
    classes = torch.tensor([0, 0, 1, 1] * _MINI_BATCHES)
    truths = torch.nn.functional.one_hot(classes, _CLASSES).float()
    return Case(cfg, torch.rand(len(classes), 3, 32, 32, generator=make), truths)


def characters_case():
    """[rnn], [gru] and [lstm], on text in which the next character is the truth."""
    cfg = (
        "[net]\ninputs=16\nbatch=1\nsubdivisions=2\ntime_steps=2\nlearning_rate=.1\n"
        "momentum=.9\ndecay=0\nmax_batches=100\n[rnn]\noutput=12\nhidden=12\nactivation=tanh\n"
        "[gru]\noutput=12\n[lstm]\noutput=12\n[connected]\noutput=16\nactivation=linear\n"
        "[softmax]\n"
    )
    text = torch.eye(16)[torch.arange(_INPUTS + 1) * 5 % 16]
    return Case(cfg, text[:-1], text[1:])


_OWN = {
    "iseg": instances_case,
    "contrastive": embeddings_case,
    "characters": characters_case,
}
CASES = [*RECORDS, *_OWN]


def case_of(name):
    """The case of a name in `CASES`."""
    return _OWN[name]() if name in _OWN else recorded_case(name)


def changes_by_training(network, case, device, prepare=None, **options):
    """Train a copy of a network on a device for `UPDATES` updates.

    Args:
        network: stays as it is.
        case: gives the mini-batches.
        device: to train on.
        prepare: called with the `TrainingLoop` before the first update.
        options: of `TrainingLoop`.

    Returns:
        The losses of the updates, and {(layer, array): its change}.
    """
    trained = copy.deepcopy(network).to(device)
    loop, batches = TrainingLoop(trained, **options), case.mini_batches(device)
    if prepare:
        prepare(loop)
    step = trained.net.subdivisions
    losses = [
        update_now(loop, batches[start : start + step]).loss
        for start in range(0, len(batches), step)
    ]
    assert len(losses) == UPDATES
    pairs = zip(network.slots(), trained.slots(), strict=True)
    changes = {
        (layer.index, old.name): new.tensor.detach().cpu() - old.tensor.detach()
        for (layer, old), (_, new) in pairs
    }
    return losses, changes


def update_now(loop, mini_batches):
    """Update the weights once, and read the numbers, which a GPU keeps for a while."""
    return loop.train_iteration(mini_batches) or loop.settle()

"""Backbones with random arrays, and the networks that their checkpoints fill, in float64."""

import warnings

import torch
from torch import nn

import darknet_torch as dt
from darknet_torch.checkpoints.backbone import Backbone
from darknet_torch.checkpoints.registry import LAYOUTS
from darknet_torch.checkpoints.unwrap import find_state
from darknet_torch.errors import CfgNote

MEAN = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).view(1, 3, 1, 1)

BACKBONES = [layout for layout in LAYOUTS if isinstance(layout, Backbone)]


def randomized(model):
    """`model` in evaluation mode with random arrays that keep the outputs of each layer near 1."""
    generator = torch.Generator().manual_seed(1)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.weight.data.uniform_(0.5, 1.5, generator=generator)
            part.bias.data.uniform_(-0.3, 0.3, generator=generator)
            part.running_mean.uniform_(-0.3, 0.3, generator=generator)
            part.running_var.uniform_(0.3, 2, generator=generator)
        elif isinstance(part, nn.Conv2d | nn.Linear):
            part.weight.data.normal_(0, part.weight[0].numel() ** -0.5, generator=generator)
            if part.bias is not None:
                part.bias.data.uniform_(-0.2, 0.2, generator=generator)
    return model.double().eval()


def checkpoint(model):
    """The arrays of `model`, sorted by key, since no layout may depend on their order."""
    return dict(sorted(find_state(model.state_dict(), "model.pth").items()))


def family_of(state):
    """The only family that recognises `state`."""
    (family,) = [family for family in BACKBONES if family.recognises(state)]
    return family


def shapes_of(make):
    """The state_dict of the model that `make()` returns, on the meta device."""
    with torch.device("meta"):
        return find_state(make().state_dict(), "model.pth")


def load(cfg, side=None):
    """The network of `cfg` for pictures of `side` pixels, untrained."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgNote)
        return dt.load(cfg, width=side, height=side).double()


def picture(side):
    """One random picture [1, 3, side, side] in 0-1."""
    generator = torch.Generator().manual_seed(2)
    return torch.rand(1, 3, side, side, generator=generator, dtype=torch.float64)


def normalized(image):
    """`image` as torchvision normalises it."""
    return (image - MEAN) / DEVIATION


def assert_same(ours, theirs):
    """Assert equality up to the rounding of float64 through up to 200 layers.

    An epsilon of 1e-5 that is ignored would change values by about 1e-6.
    """
    largest = theirs.abs().max().item()
    assert largest > 0.1  # the values have not vanished on the way
    torch.testing.assert_close(ours.reshape(theirs.shape), theirs, rtol=0, atol=1e-10 * largest)

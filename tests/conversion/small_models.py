"""Small models with random arrays, in memory and in files, and the folder of real ones."""

import torch

from darknet_torch import build_network, write_weights
from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.loading.model import Model, decode_cfg
from darknet_torch.model.network import WeightsHeader
from tests.conftest import ROOT

SHARED = ROOT.parent / "shared"
NO_MODELS = "no real models: ../shared/models is not there"

NET = "[net]\nwidth=32\nheight=32\nchannels=3\n"
DETECTOR = (
    f"{NET}[convolutional]\nfilters=8\nsize=3\nstride=8\npad=1\nbatch_normalize=1\n"
    "activation=leaky\n[convolutional]\nfilters=14\nactivation=linear\n"
    "[yolo]\nclasses=2\nnum=2\nanchors=8,8, 16,12\n"
)
# A cfg with Windows line ends and bytes that are not valid UTF-8.
CFG_BYTES = DETECTOR.replace("\n", "\r\n").encode() + b"# gr\xf6\xdfer \x80\xff\r\n"


@torch.no_grad()
def randomize(network, seed=0):
    """Give `network` random arrays, with variances in 0.5-1.5, that keep its outputs near 1."""
    generator = torch.Generator().manual_seed(seed)
    for _, slot in network.slots():
        if slot.name.endswith(("rolling_variance", "scales")):
            slot.tensor.uniform_(0.5, 1.5, generator=generator)
        else:
            fan_in = max(1, slot.tensor[0].numel())
            slot.tensor.normal_(0, fan_in**-0.5, generator=generator)
    return network


def trained_network(cfg, dialect="alexeyab", seed=0, **sizes):
    """The network of the text of a cfg, with random arrays."""
    return randomize(
        build_network(parse_cfg(cfg, "small.cfg"), dialect=find_dialect(dialect), **sizes), seed
    )


def write_model(
    folder, cfg=DETECTOR, dialect="alexeyab", *, cutoff=None, version=(0, 2, 5), seen=64
):
    """Write small.cfg and small.weights with random arrays to `folder`; their paths."""
    network = trained_network(cfg, dialect)
    network.header = WeightsHeader(*version, seen)
    weights = folder / "small.weights"
    weights.with_suffix(".cfg").write_text(cfg)
    write_weights(network, weights, cutoff=cutoff)
    return weights.with_suffix(".cfg"), weights


def small_model(**details):
    """A model with no detail at its default."""
    network = trained_network(decode_cfg(CFG_BYTES), "pjreddie", width=64, height=96)
    network.header = WeightsHeader(0, 2, 7, 2**32 + 5)
    details = {"names": ("cat", "big döner"), "layers": 2, **details}
    return Model(network, decode_cfg(CFG_BYTES), **details)


def pictures(*shape):
    """Random pictures [N, C, H, W] in 0-1, the same in every call."""
    return torch.rand(*shape, generator=torch.Generator().manual_seed(5))


def real_models():
    """The weight files in the folder of real models, by name; empty if there is no such folder."""
    folder = SHARED / "models"
    return {path.name: path for path in sorted(folder.glob("*")) if path.suffix == ".weights"}

"""A batch gives the same outputs as its pictures one by one."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.registry import LAYER_TYPES

NET = "[net]\nwidth=24\nheight=8\nchannels=8\n"
# Options that change what a layer computes.
VARIANTS = {
    "convolutional": "[convolutional]\nfilters=6\nsize=3\nstride=2\ngroups=2\nbatch_normalize=1",
    "pointwise": "[convolutional]\nfilters=3\nsize=1\nstride=2",
    "connected": "[connected]\noutput=5\nbatch_normalize=1",
    "maxpool": "[maxpool]\nsize=3\nstride=2",
    "maxpool wide": "[maxpool]\nsize=5\nstride=1",
    "activation": "[activation]\nactivation=selu",
    "softmax": "[softmax]\ngroups=4",
    "route": "[maxpool]\nsize=3\n[route]\nlayers=-1,0",
    "shortcut": "[convolutional]\nfilters=6\n[convolutional]\nfilters=8\n[shortcut]\nfrom=-2",
    "upsample": "[upsample]\nstride=2\nscale=.5",
    "downsample": "[upsample]\nstride=-2",
    "reorg reversed": "[reorg]\nstride=2\nreverse=1",
    "local": "[local]\nfilters=3\nsize=3\npad=1",
    "normalization": "[normalization]",
    "crop": "[crop]\ncrop_height=4\ncrop_width=6",
    "detection": "[connected]\noutput=48\n[detection]\nside=2\ncoords=4\nnum=2\nclasses=2\n"
    "softmax=1",
    "yolo": "[convolutional]\nfilters=14\n[yolo]\nclasses=2\nnum=2\nanchors=1,2,3,4",
    "region": "[convolutional]\nfilters=7\n[region]\nclasses=2\nanchors=1,2\nsoftmax=1",
}
ALEXEYAB_VARIANTS = {
    "maxpool over channels": "[maxpool]\nmaxpool_depth=1\nout_channels=3",
    "antialiasing": "[convolutional]\nfilters=3\nsize=3\nstride=2\nantialiasing=1",
    "implicit": "[empty]\n[implicit]\nfilters=3\natoms=2",
    "sam": "[convolutional]\nfilters=8\n[convolutional]\nfilters=8\n[sam]\nfrom=-2",
    "Gaussian_yolo": "[convolutional]\nfilters=11\n[Gaussian_yolo]\nclasses=2\nanchors=1,2",
    "shared": "[convolutional]\nfilters=8\n[convolutional]\nfilters=8\nshare_index=0",
    "normalised channels": "[convolutional]\nfilters=3\nactivation=normalize_channels_softmax",
    "route of groups": "[empty]\n[route]\nlayers=0\ngroups=2\ngroup_id=1",
    "weighted shortcut": "[empty]\n[empty]\n[shortcut]\nfrom=-2\nweights_type=per_channel\n"
    "weights_normalization=softmax",
}
PJREDDIE_VARIANTS = {
    "deconvolutional": "[deconvolutional]\nfilters=3\nsize=3\nstride=2",
    "flattened": "[reorg]\nflatten=1",
}
# A layer with a state depends on earlier pictures.
EXAMPLES = {
    layer.section_names[0]: layer.example_cfg for layer in LAYER_TYPES if not layer.has_state
}
CASES = [
    pytest.param(dialect, cfg, id=f"{dialect} {name}")
    for dialect, variants in (
        ("alexeyab", VARIANTS | ALEXEYAB_VARIANTS),
        ("pjreddie", VARIANTS | PJREDDIE_VARIANTS),
    )
    for name, cfg in [
        *EXAMPLES.items(),
        *((f"{name} (variant)", cfg) for name, cfg in variants.items()),
    ]
]

STEM = (
    "[net]\nwidth=64\nheight=32\nchannels=3\n"
    "[convolutional]\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n"
    "[maxpool]\nsize=2\nstride=2\n"
    "[convolutional]\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n"
    "[shortcut]\nfrom=-2\nactivation=linear\n"
    "[maxpool]\nsize=2\nstride=2\n"
)
YOLO = "[convolutional]\nfilters=8\nactivation=linear\n[yolo]\nclasses=3\nanchors=9,7\n"
DETECTORS = {
    "two yolo heads": STEM + YOLO + "[route]\nlayers=4\n[upsample]\n[route]\nlayers=-1,3\n" + YOLO,
    "pooled pyramid": STEM
    + "[maxpool]\nsize=5\nstride=1\n[route]\nlayers=-2\n[maxpool]\nsize=9\nstride=1\n"
    + "[route]\nlayers=-1,-3,-4\n"
    + YOLO,
    "region": STEM
    + "[reorg]\nstride=2\n[convolutional]\nfilters=16\nactivation=linear\n"
    + "[region]\nclasses=3\nnum=2\nanchors=1,1,2,2\nsoftmax=1\n",
}


def ready(cfg, dialect, seed):
    network = build_network(parse_cfg(cfg), dialect=find_dialect(dialect))
    generator = torch.Generator().manual_seed(seed)
    for _, slot in network.slots():
        low = 0.5 if slot.name == "rolling_variance" else -1.0
        slot.tensor.data.uniform_(low, 1, generator=generator)
    return network.double()


@torch.inference_mode()
def check(network, count, seed, outputs):
    shape = network.net.input_shape
    size = (count, shape.channels, shape.height, shape.width)
    generator = torch.Generator().manual_seed(seed)
    batch = torch.rand(size, dtype=torch.float64, generator=generator)
    singles = [outputs(network, picture) for picture in batch.split(1)]
    for at, whole in enumerate(outputs(network, batch)):
        expected = torch.cat([single[at] for single in singles])
        # PyTorch's matrix products may add up in another order for another size; in
        # float64, so that this is all that may differ.
        torch.testing.assert_close(whole, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("dialect", "cfg"), CASES)
@settings(max_examples=3, deadline=None)
@given(count=st.integers(2, 4), seed=st.integers(0, 99))
def test_every_layer_treats_pictures_independently(dialect, cfg, count, seed):
    check(ready(NET + cfg, dialect, seed), count, seed, Network.layer_outputs)


def predictions(network, images):
    height, width = images.shape[-2:]
    outputs = network(images)
    found = [
        head.decode(out, height, width) for head, out in zip(network.heads, outputs, strict=True)
    ]
    return [
        *outputs,
        *(part.boxes for part in found),
        *(part.objectness for part in found),
        *(part.class_scores for part in found),
    ]


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie", "alexeyab-cuda"])
@pytest.mark.parametrize("name", DETECTORS)
@settings(max_examples=3, deadline=None)
@given(count=st.integers(2, 4), seed=st.integers(0, 99))
def test_a_detector_predicts_the_same_in_a_batch(name, dialect, count, seed):
    check(ready(DETECTORS[name], dialect, seed), count, seed, predictions)

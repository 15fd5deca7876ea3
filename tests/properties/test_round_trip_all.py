"""Writing what was read gives the same bytes for every layer type, in every dialect."""

import struct

import numpy as np
import pytest

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.layers.base import Layer
from darknet_torch.layers.history import History
from darknet_torch.model.network import build_network
from darknet_torch.model.registry import LAYER_TYPES
from darknet_torch.model.weights import read_weights, write_weights

NET = "[net]\nwidth=3\nheight=2\nchannels=2\ntime_steps=2\n"
EVERYWHERE = {
    "convolutional": "[convolutional]\nfilters=2\nsize=2",
    "convolutional normalised": "[convolutional]\nfilters=2\nbatch_normalize=1",
    "convolutional flipped": "[convolutional]\nfilters=3\nsize=2\nflipped=1",
    "convolutional binary": "[convolutional]\nfilters=4\nsize=3\npad=1\nxnor=1\ngroups=2",
    "deconvolutional": "[deconvolutional]\nfilters=3\nsize=2\nstride=2",
    "deconvolutional normalised": "[deconvolutional]\nfilters=3\nsize=2\nbatch_normalize=1",
    "local": "[local]\nfilters=3\nsize=2",
    "local padded": "[local]\nfilters=2\nsize=3\npad=1",
    "connected": "[connected]\noutput=3",
    "connected normalised": "[connected]\noutput=3\nbatch_normalize=1",
    "batchnorm": "[batchnorm]",
    "rnn": "[rnn]\noutput=3",
    "rnn normalised": "[rnn]\noutput=2\nbatch_normalize=1",
    "gru": "[gru]\noutput=2",
    "gru normalised": "[gru]\noutput=2\nbatch_normalize=1",
    "lstm": "[lstm]\noutput=2",
    "lstm normalised": "[lstm]\noutput=2\nbatch_normalize=1",
    "conv_lstm": "[conv_lstm]\noutput=3\npad=1",
    "conv_lstm normalised": "[conv_lstm]\noutput=3\npad=1\nbatch_normalize=1",
    "conv_lstm that peeps": "[conv_lstm]\noutput=2\nsize=1\npeephole=1",
    "conv_lstm with a bottleneck": "[conv_lstm]\noutput=2\nsize=1\nbottleneck=1\npeephole=1",
    "implicit": "[implicit]\nfilters=3\natoms=2",
}
ALEXEYABS = {
    "convolutional shared": "[convolutional]\nfilters=2\n" * 2 + "share_index=0",
    "convolutional blurred": "[convolutional]\nfilters=2\nstride=2\nantialiasing=1",
    "rnn with a state of its own": "[rnn]\noutput=2\nhidden=3",
    "crnn": "[crnn]\noutput=2\nhidden=4\npad=1\ngroups=2",
    "crnn normalised": "[crnn]\nhidden=2\nsize=1\nbatch_normalize=1",
    "shortcut per layer": "[empty]\n[empty]\n[shortcut]\nfrom=-2,0\nweights_type=per_layer\n"
    "weights_normalization=relu",
    "shortcut per channel": "[empty]\n[empty]\n[shortcut]\nfrom=-2\nweights_type=per_channel\n"
    "weights_normalization=softmax",
}
PJREDDIES = {
    "crnn": "[crnn]\noutput_filters=2\nhidden_filters=3",
    "crnn normalised": "[crnn]\nhidden_filters=2\nbatch_normalize=1",
}
KINDS = {
    "alexeyab": EVERYWHERE | ALEXEYABS,
    "alexeyab-cuda": EVERYWHERE | ALEXEYABS,
    "pjreddie": EVERYWHERE | PJREDDIES,
}
CASES = [
    pytest.param(dialect, cfg, id=f"{dialect} {name}")
    for dialect, kinds in KINDS.items()
    for name, cfg in kinds.items()
]
PLAIN, TRANSPOSED = (0, 2, 5), (0, 1001, 5)


def build(dialect, cfg):
    return build_network(parse_cfg(NET + cfg), dialect=DIALECTS[dialect])


@pytest.mark.parametrize("version", [PLAIN, TRANSPOSED], ids=["plain", "transposed"])
@pytest.mark.parametrize(("dialect", "cfg"), CASES)
def test_what_is_read_is_written(tmp_path, dialect, cfg, version):
    network = build(dialect, cfg)
    size = 4 * sum(slot.tensor.numel() for _, slot in network.slots())
    assert size
    values = np.random.default_rng(size).bytes(size)
    wide = version == PLAIN or DIALECTS[dialect].weight_file.wide_seen_in_transposed
    content = struct.pack("<3iQ" if wide else "<3iI", *version, 64) + values
    (tmp_path / "read.weights").write_bytes(content)
    assert read_weights(network, tmp_path / "read.weights").complete
    write_weights(network, tmp_path / "written.weights")
    assert (tmp_path / "written.weights").read_bytes() == content


@pytest.mark.parametrize(("dialect", "cfg"), CASES)
def test_every_value_of_the_state_has_its_place_in_the_file(dialect, cfg):
    network = build(dialect, cfg)
    in_state = sum(tensor.numel() for tensor in network.state_dict().values())
    in_file = sum(slot.tensor.numel() for _, slot in network.slots())
    if cfg == EVERYWHERE["batchnorm"] and not DIALECTS[dialect].weight_file.batchnorm_has_biases:
        in_file += network.layers[0].biases.numel()
    assert in_file == in_state


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_layer_type_with_arrays_is_among_them(dialect):
    networks = [build(dialect, cfg) for cfg in KINDS[dialect].values()]
    covered = {type(layer) for network in networks for layer, _ in network.slots()}
    with_arrays = {cls for cls in LAYER_TYPES if cls.weight_slots is not Layer.weight_slots}
    without = {History}  # it inherits the method and has no parts
    if dialect == "pjreddie":
        without |= {cls for cls in with_arrays if "shortcut" in cls.section_names}
    assert covered == with_arrays - without

"""Writing what was read gives the same bytes for every layer type, in every dialect."""

import struct

import numpy as np
import pytest

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.layers.base import Layer
from darknet_torch.layers.batchnorm import Batchnorm
from darknet_torch.layers.history import History
from darknet_torch.model.registry import LAYER_TYPES
from darknet_torch.model.weights import read_weights, write_weights
from tests.properties.layer_examples import EXAMPLES, build, has_arrays

# Options that change the arrays of a layer.
VARIANTS = {
    "convolutional": "[convolutional]\nfilters=2\nsize=2",
    "convolutional normalised": "[convolutional]\nfilters=2\nbatch_normalize=1",
    "convolutional flipped": "[convolutional]\nfilters=3\nsize=2\nflipped=1",
    "convolutional binary": "[convolutional]\nfilters=4\nsize=3\npad=1\nxnor=1\ngroups=2",
    "deconvolutional normalised": "[deconvolutional]\nfilters=3\nsize=2\nbatch_normalize=1",
    "local padded": "[local]\nfilters=2\nsize=3\npad=1",
    "connected normalised": "[connected]\noutput=3\nbatch_normalize=1",
    "rnn": "[rnn]\noutput=3",
    "rnn normalised": "[rnn]\noutput=2\nbatch_normalize=1",
    "gru normalised": "[gru]\noutput=2\nbatch_normalize=1",
    "lstm normalised": "[lstm]\noutput=2\nbatch_normalize=1",
    "conv_lstm": "[conv_lstm]\noutput=3\npad=1",
    "conv_lstm normalised": "[conv_lstm]\noutput=3\npad=1\nbatch_normalize=1",
    "conv_lstm that peeps": "[conv_lstm]\noutput=2\nsize=1\npeephole=1",
    "conv_lstm with a bottleneck": "[conv_lstm]\noutput=4\nsize=1\nbottleneck=1\npeephole=1",
}
ALEXEYAB_VARIANTS = {
    "convolutional shared": "[convolutional]\nfilters=4\n" * 2 + "share_index=0",
    "convolutional blurred": "[convolutional]\nfilters=2\nstride=2\nantialiasing=1",
    "rnn with a state of its own": "[rnn]\noutput=2\nhidden=3",
    "crnn": "[crnn]\noutput=2\nhidden=4\npad=1\ngroups=2",
    "crnn normalised": "[crnn]\nhidden=2\nsize=1\nbatch_normalize=1",
    "shortcut per layer": "[empty]\n[empty]\n[shortcut]\nfrom=-2,0\nweights_type=per_layer\n"
    "weights_normalization=relu",
    "shortcut per channel": "[empty]\n[empty]\n[shortcut]\nfrom=-2\nweights_type=per_channel\n"
    "weights_normalization=softmax",
}
PJREDDIE_VARIANTS = {
    "crnn": "[crnn]\noutput_filters=2\nhidden_filters=3",
    "crnn normalised": "[crnn]\nhidden_filters=2\nbatch_normalize=1",
}
BY_DIALECT = {
    "alexeyab": VARIANTS | ALEXEYAB_VARIANTS,
    "alexeyab-cuda": VARIANTS | ALEXEYAB_VARIANTS,
    "pjreddie": VARIANTS | PJREDDIE_VARIANTS,
}
CASES = [
    pytest.param(dialect, cfg, id=f"{dialect} {name}")
    for dialect, variants in BY_DIALECT.items()
    for name, cfg in [
        *((name, cfg) for name, cfg in EXAMPLES.items() if has_arrays(cfg, dialect)),
        *((f"{name} (variant)", cfg) for name, cfg in variants.items()),
    ]
]
PLAIN, TRANSPOSED = (0, 2, 5), (0, 1001, 5)


@pytest.mark.parametrize("version", [PLAIN, TRANSPOSED], ids=["plain", "transposed"])
@pytest.mark.parametrize(("dialect", "cfg"), CASES)
def test_weights_are_written_as_they_were_read(tmp_path, dialect, cfg, version):
    network = build(cfg, dialect)
    size = 4 * sum(slot.tensor.numel() for _, slot in network.slots())
    assert size
    values = np.random.default_rng(size).bytes(size)
    wide = version == PLAIN or DIALECTS[dialect].weight_file.wide_seen_in_transposed
    content = struct.pack("<3iQ" if wide else "<3iI", *version, 64) + values
    (tmp_path / "read.weights").write_bytes(content)
    assert read_weights(network, tmp_path / "read.weights").complete
    write_weights(network, tmp_path / "written.weights")
    assert (tmp_path / "written.weights").read_bytes() == content


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("cfg", EXAMPLES.values(), ids=EXAMPLES)
def test_every_value_of_an_examples_state_has_its_place_in_the_file(dialect, cfg):
    check_state_is_in_file(dialect, cfg)


@pytest.mark.parametrize(("dialect", "cfg"), CASES)
def test_every_value_of_the_state_has_its_place_in_the_file(dialect, cfg):
    check_state_is_in_file(dialect, cfg)


def check_state_is_in_file(dialect, cfg):
    network = build(cfg, dialect)
    in_state = sum(tensor.numel() for tensor in network.state_dict().values())
    in_file = sum(slot.tensor.numel() for _, slot in network.slots())
    if cfg == Batchnorm.example_cfg and not DIALECTS[dialect].weight_file.batchnorm_has_biases:
        in_file += network.layers[0].biases.numel()
    assert in_file == in_state


@pytest.mark.parametrize("layer", LAYER_TYPES, ids=EXAMPLES)
def test_the_example_of_a_layer_type_with_arrays_has_arrays(layer):
    with_arrays = {
        type(found)
        for dialect in DIALECTS
        for found, _ in build(layer.example_cfg, dialect).slots()
    }
    # [history] inherits the method of recurrent layers and has no parts.
    declares_arrays = layer.weight_slots is not Layer.weight_slots and layer is not History
    assert (layer in with_arrays) == declares_arrays

"""Writing what was read gives the same bytes, whatever they are and whatever the version is."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import read_weights, write_weights

NET = "[net]\nwidth=2\nheight=3\nchannels=4\n"
SEVERAL = "[convolutional]\nfilters=2\n[maxpool]\n[batchnorm]\n[connected]\noutput=2\n[cost]"
BOTH = {
    "convolutional": "[convolutional]\nfilters=2\nsize=2",
    "convolutional normalised": "[convolutional]\nfilters=2\nsize=2\nbatch_normalize=1",
    "convolutional flipped": "[convolutional]\nfilters=6\nsize=2\nflipped=1",
    "convolutional in groups": "[convolutional]\nfilters=6\ngroups=2\nflipped=1",
    "connected": "[connected]\noutput=3",
    "connected normalised": "[connected]\noutput=3\nbatch_normalize=1",
    "batchnorm": "[batchnorm]",
    "local": "[local]\nfilters=2\nsize=2",
    "rnn": "[rnn]\noutput=2\nbatch_normalize=1",
    "gru": "[gru]\noutput=2",
    "lstm": "[lstm]\noutput=1\nbatch_normalize=1",
    "several": SEVERAL,
}
ALEXEYABS = {
    "convolutional across batches": "[convolutional]\nfilters=2\ncbn=1",
    "convolutional shared": "[convolutional]\nfilters=4\n" * 2 + "share_index=0",
    "shortcut per feature": "[empty]\n[empty]\n[shortcut]\nfrom=-2,0\n"
    "weights_type=per_feature\nweights_normalization=softmax",
    "shortcut per channel": "[empty]\n[empty]\n[shortcut]\nfrom=-2,0\n"
    "weights_type=per_channel\nweights_normalization=relu",
    "implicit": "[implicit]\nfilters=3\natoms=2",
    "crnn": "[crnn]\noutput=2\nhidden=1\nsize=3\npad=1\nbatch_normalize=1",
    "conv_lstm": "[conv_lstm]\noutput=1\nsize=1\npeephole=1",
    "conv_lstm bottleneck": "[conv_lstm]\noutput=4\nsize=1\nbottleneck=1",
}
PJREDDIES = {
    "deconvolutional": "[deconvolutional]\nfilters=2\nsize=2\nbatch_normalize=1",
    "crnn": "[crnn]\noutput_filters=2\nhidden_filters=1",
}
CASES = [
    pytest.param(dialect, cfg, id=f"{dialect} {name}")
    for dialect, kinds in (("alexeyab", BOTH | ALEXEYABS), ("pjreddie", BOTH | PJREDDIES))
    for name, cfg in kinds.items()
]
VERSIONS = [(0, 1, 0), (0, 2, 0), (0, 2, 5), (1, 0, 0), (1001, 2, 0), (0, 1001, 5)]


def layout(version, dialect):
    """The struct format of a header; pjreddie's transposed files have a 32-bit `seen` again."""
    marked = max(version[:2]) >= 1000 and dialect == "pjreddie"
    return "<3iI" if version < (0, 2) or marked else "<3iQ"


@pytest.mark.parametrize(("dialect", "cfg"), CASES)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_weights_are_written_as_read_under_every_version(tmp_path_factory, dialect, cfg, data):
    network = build_network(parse_cfg(NET + cfg), dialect=find_dialect(dialect))
    size = 4 * sum(slot.tensor.numel() for _, slot in network.slots())
    assert size
    values = data.draw(st.binary(min_size=size, max_size=size))
    seen = data.draw(st.integers(0, 2**32 - 1))
    folder = tmp_path_factory.getbasetemp()
    for version in VERSIONS:
        content = struct.pack(layout(version, dialect), *version, seen) + values
        (folder / "read.weights").write_bytes(content)
        assert read_weights(network, folder / "read.weights").complete
        write_weights(network, folder / "written.weights")
        assert (folder / "written.weights").read_bytes() == content, version


@settings(max_examples=10, deadline=None)
@given(layers=st.integers(0, 5), data=st.data())
def test_a_cutoff_writes_the_partial_file_that_was_read(tmp_path_factory, layers, data):
    network = build_network(parse_cfg(NET + SEVERAL))
    size = 4 * sum(slot.tensor.numel() for layer, slot in network.slots() if layer.index < layers)
    values = data.draw(st.binary(min_size=size, max_size=size))
    folder = tmp_path_factory.getbasetemp()
    content = struct.pack("<3iQ", 0, 2, 5, 1) + values
    (folder / "partial.weights").write_bytes(content)
    report = read_weights(network, folder / "partial.weights")
    assert report.complete == (layers >= 4)
    write_weights(network, folder / "cut.weights", cutoff=layers)
    assert (folder / "cut.weights").read_bytes() == content

"""Networks that are too large are refused, with figures, before they take memory."""

from __future__ import annotations

import tracemalloc
import warnings
from contextlib import contextmanager

import pytest
import torch

from darknet_torch.cfg.dialect import PJREDDIE
from darknet_torch.cfg.grammar import parse_cfg, read_cfg
from darknet_torch.cfg.zoo import find_cfg, shipped
from darknet_torch.errors import CfgError, CfgWarning, without_warnings
from darknet_torch.model import bounds, layer_building, network
from darknet_torch.model.bounds import check_size, measure
from darknet_torch.model.network import build_network
from tests.cli.command import dtorch

NET = "[net]\nwidth=8\nheight=8\nchannels=4\n"
LARGE = "2147483647"
REFUSED = r"too (large|much)"
FREE = 4 * 10**9  # bytes, so that the tests hold on every machine


@pytest.fixture(autouse=True)
def free_memory(monkeypatch):
    monkeypatch.setattr(bounds, "available_memory", lambda: FREE)


def build(text, **more):
    return build_network(parse_cfg(text), initialize=False, **more)


def sketch(text):
    with torch.device("meta"):
        return build(text)


@contextmanager
def most_traced_memory(most):
    """Assert that Python takes at most that many bytes in the block."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def test_arrays_activations_and_operations_are_added_up():
    made = sketch(
        NET + "[convolutional]\nfilters=2\nsize=3\npad=1\n"
        "[convolutional]\nfilters=3\n"
        "[route]\nlayers=0\n"
    )
    found = measure(made.layers, made.net)
    values = (2 * 4 * 9 + 2) + (3 * 2 + 3)
    assert found.arrays == 4 * values
    # The input, the first output and the padded input are there at once.
    assert found.activations == 4 * (4 * 64 + 2 * 64 + 4 * 100)
    assert found.operations == pytest.approx(2 * 64 * (2 * 4 * 9 + 3 * 2))
    assert (found.largest, found.slowest) == (0, 0)


@pytest.mark.parametrize(
    "layers",
    [
        f"[convolutional]\nfilters={LARGE}\n",
        f"[convolutional]\nfilters={LARGE}\nantialiasing=1\n",
        f"[convolutional]\nsize={LARGE}\npad=1\n",
        f"[convolutional]\npadding={LARGE}\nstride={LARGE}\n",
        f"[convolutional]\nsize=3\npad=1\ndilation={LARGE}\n",
        f"[connected]\noutput={LARGE}\n",
        f"[connected]\noutput={LARGE}\nbatch_normalize=1\n",
        f"[local]\nfilters={LARGE}\n",
        f"[local]\npad={LARGE}\n",
        f"[deconvolutional]\nsize={LARGE}\n",
        f"[deconvolutional]\nstride={LARGE}\n",
        f"[implicit]\nfilters={LARGE}\natoms={LARGE}\n",
        f"[maxpool]\nsize={LARGE}\n",
        f"[maxpool]\npadding={LARGE}\nstride={LARGE}\n",
        f"[local_avgpool]\npadding={LARGE}\nstride={LARGE}\n",
        f"[upsample]\nstride={LARGE}\n",
        f"[history]\nhistory_size={LARGE}\n",
        f"[rnn]\nhidden={LARGE}\n",
        f"[gru]\noutput={LARGE}\n",
        f"[lstm]\noutput={LARGE}\n",
        f"[crnn]\nhidden={LARGE}\npad=1\n",
        f"[conv_lstm]\noutput={LARGE}\npad=1\n",
        "[upsample]\nstride=1024\n[upsample]\nstride=1024\n" * 4,
    ],
)
def test_a_size_that_no_machine_holds_is_refused(layers):
    with most_traced_memory(5e6), pytest.raises(CfgError, match=REFUSED) as caught:
        build(NET + layers)
    assert caught.value.where and caught.value.expected and caught.value.got and caught.value.fix


@pytest.mark.parametrize("side", [f"width={LARGE}", f"channels={LARGE}", f"height={LARGE}"])
def test_a_large_input_is_refused(side):
    with pytest.raises(CfgError, match=REFUSED):
        build(f"[net]\n{side}\nwidth=8\nheight=8\nchannels=4\n[maxpool]\n")


@pytest.mark.parametrize(
    "keys",
    [
        f"num={LARGE}",
        "mask=0,1888888888",
        f"classes={LARGE}",
        "num=" + "9" * 5000,
        f"max={LARGE}",
        "jitter=1e999",
        "anchors=nan,10",
    ],
)
def test_a_head_refuses_numbers_beyond_its_bounds(keys):
    with pytest.raises(CfgError) as caught:
        build(NET + f"[convolutional]\nfilters=7\n[yolo]\n{keys}\n")
    assert caught.value.where and caught.value.expected and caught.value.got
    assert len(str(caught.value)) < 1000


def test_the_message_has_the_figures_and_the_layer_that_takes_the_most():
    with pytest.raises(CfgError) as caught:
        build(NET + "[empty]\n[connected]\noutput=10000000\n")
    assert caught.value.expected == "80% of the 4.0 GB that are free, at most"
    assert caught.value.got == ("10.3 GB of arrays and 40.0 MB of activations for one picture")
    assert "layer 1, [connected] (<cfg>:6)" in caught.value.fix
    assert "--allow-large" in caught.value.fix


def test_layers_are_counted_before_they_are_built(monkeypatch):
    text = NET + "[empty]\n" * 10_001
    with pytest.raises(CfgError, match=r"<cfg>:10004: .* too many layers: expected 10000 at most"):
        build(text)
    monkeypatch.setattr(network, "MOST_LAYERS", 2)
    small = NET + "[empty]\n" * 3
    with pytest.raises(CfgError, match="too many layers"):
        build(small)
    assert len(build(small, allow_large=True).layers) == 3


def test_operations_are_bounded():
    with pytest.raises(CfgError, match="operations") as caught:
        build("[net]\nwidth=16000\nheight=8000\nchannels=1\n[convolutional]\nsize=301\npad=1\n")
    assert caught.value.got == "2.3e+13"


def test_a_large_network_is_built_if_that_is_allowed(monkeypatch):
    text = NET + "[connected]\noutput=1000\n"
    monkeypatch.setattr(bounds, "available_memory", lambda: 1000)
    with pytest.raises(CfgError):
        build(text)
    assert build(text, allow_large=True).layers[0].output_shape.channels == 1000
    with pytest.raises(CfgError):
        build(text)


def test_without_memory_every_size_is_built():
    assert sketch(NET + "[connected]\noutput=100000000\n").layers[0].connection.weights.is_meta


def test_each_warning_is_issued_once():
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", CfgWarning)
        build(NET + "[convolutional]\nfilters=7\n[yolo]\nclasses=2\nanchors=1\nnonsense=1\n")
    texts = [str(item.message) for item in found]
    assert len(texts) == len(set(texts)) >= 2


def test_where_the_free_memory_is_unknown_an_amount_is_assumed(monkeypatch):
    monkeypatch.setattr(bounds, "available_memory", lambda: None)
    made = sketch(NET + "[connected]\noutput=20000000\n")
    with pytest.raises(CfgError, match=r"17\.2 GB"):
        check_size(made.layers, made.net)


def test_the_shipped_networks_are_within_the_limits(monkeypatch):
    monkeypatch.setattr(bounds, "available_memory", lambda: 1_100_000_000)
    with without_warnings(), torch.device("meta"):
        for name in shipped(".cfg"):
            made = build_shipped(name)
            check_size(made.layers, made.net)


def build_shipped(name):
    """A shipped network; some are of pjreddie's code alone."""
    try:
        return build_network(read_cfg(find_cfg(name)), initialize=False)
    except CfgError:
        return build_network(read_cfg(find_cfg(name)), dialect=PJREDDIE, initialize=False)


def test_arrays_get_memory_and_constants_their_values():
    text = NET + (
        "[batchnorm]\n[convolutional]\nfilters=3\nsize=3\nstride=2\nantialiasing=1\n"
        "[convolutional]\nfilters=14\n[yolo]\nclasses=2\nmask=0,1\nanchors=1,2,3,4\nnum=2\n"
    )
    network = build(text, dialect=PJREDDIE)
    assert all(not array.is_meta for array in network.state_dict().values())
    assert all(array.is_contiguous() for array in (*network.parameters(), *network.buffers()))
    assert network.layers[0].biases.tolist() == [0.0] * 4  # not in pjreddie's weight files
    assert network.layers[3].anchors.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_constants_take_no_memory_before_the_size_is_known(monkeypatch):
    def refuse(layers, net):
        raise AssertionError([array.numel() for array in layers[0].buffers()])

    monkeypatch.setattr(layer_building, "check_size", refuse)
    text = "[net]\nwidth=8\nheight=8\nchannels=1\n[convolutional]\nantialiasing=1\nstride=2\n"
    with pytest.raises(AssertionError, match=str(9 * 2 * 10**9)):
        build(text + f"filters={2 * 10**9}\n")


@pytest.mark.parametrize("words", [("check",), ("new", "--classes", "3", "--out", "new.cfg")])
def test_commands_that_only_read_a_cfg_can_allow_a_large_network(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bounds, "available_memory", lambda: 1000)
    found = {allow: dtorch(*words, "yolov3-tiny", *allow) for allow in ((), ("--allow-large",))}
    assert "takes too much memory" in found[()].output
    assert "takes too much memory" not in found["--allow-large",].output
    assert found["--allow-large",].exit_code == 0

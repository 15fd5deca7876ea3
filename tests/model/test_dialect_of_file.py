"""A weight file whose length fits the other code base alone is read as that one's."""

import warnings

import numpy as np
import pytest

from darknet_torch import load
from darknet_torch.errors import CfgWarning, WeightsError
from darknet_torch.model.loading import load_with_report

CHANNELS = 3
CFG = f"[net]\nwidth=2\nheight=2\nchannels={CHANNELS}\n[batchnorm]\n"
WITH_BIASES, WITHOUT = 4 * CHANNELS, 3 * CHANNELS
FLOATS = {"alexeyab": WITH_BIASES, "alexeyab-cuda": WITH_BIASES, "pjreddie": WITHOUT}
WARNING = "this file is as long as {}/darknet writes it; dialect {} is used"


@pytest.fixture
def files(tmp_path):
    """A function that gives a cfg and a weight file of that many floats."""

    def make(floats, text=CFG):
        cfg, weights = tmp_path / "lone.cfg", tmp_path / "lone.weights"
        cfg.write_text(text)
        header = np.array([0, 2, 0, 64, 0], "<i4").tobytes()
        weights.write_bytes(header + np.arange(1, floats + 1, dtype="<f4").tobytes())
        return cfg, weights

    return make


def values(network):
    return np.concatenate([slot.tensor.detach().flatten() for _, slot in network.slots()])


@pytest.mark.parametrize(
    ("asked", "other"),
    [("alexeyab", "pjreddie"), ("alexeyab-cuda", "pjreddie"), ("pjreddie", "alexeyab")],
)
def test_the_other_dialect_is_used_and_that_is_said(files, asked, other):
    cfg, weights = files(FLOATS[other])
    message = WARNING.format(other, other)
    with pytest.warns(CfgWarning, match=rf"lone\.weights: {message}; say --dialect {other}$"):
        network = load(cfg, weights, dialect=asked)
    assert network.dialect.name == other
    assert values(network).tolist() == list(range(1, FLOATS[other] + 1))
    assert network.header.seen == 64


@pytest.mark.parametrize("dialect", FLOATS)
def test_a_file_that_fits_is_read_in_the_dialect_asked_for(files, dialect):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = load(*files(FLOATS[dialect]), dialect=dialect)
    assert network.dialect.name == dialect
    assert values(network).tolist() == list(range(1, FLOATS[dialect] + 1))


def refused(cfg, weights, dialect):
    """What `load` raises; nothing is warned of before."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(WeightsError) as caught:
            load(cfg, weights, dialect=dialect)
    return str(caught.value)


@pytest.mark.parametrize("dialect", FLOATS)
@pytest.mark.parametrize("floats", [WITHOUT - 1, WITHOUT + 1, WITH_BIASES + 1])
def test_a_file_that_fits_neither_is_refused_as_in_the_dialect_asked_for(files, dialect, floats):
    message = refused(*files(floats), dialect)
    wanted = FLOATS[dialect]
    assert ("left over" if floats > wanted else "ends inside layer 0 [batchnorm]") in message


def test_a_partial_file_is_not_taken_for_the_other_code_bases(files):
    """It ends inside the first layer for one, and behind it for the other."""
    text = CFG + "[convolutional]\nfilters=1\n"
    assert "ends inside layer 0 [batchnorm]" in refused(*files(WITHOUT, text), "alexeyab")


def test_a_cfg_that_the_other_code_base_refuses_is_not_tried_there(files):
    """pjreddie's shortcuts may step over a layer twice as large."""
    text = CFG + "[convolutional]\nfilters=3\nsize=2\nstride=2\n[shortcut]\nfrom=0\n"
    floats = WITH_BIASES + CHANNELS * (1 + 4 * CHANNELS)
    assert "left over" in refused(*files(floats, text), "pjreddie")


def test_sizes_given_hold_in_the_other_dialect_too(files):
    with pytest.warns(CfgWarning, match=WARNING.format("pjreddie", "pjreddie")):
        network, report = load_with_report(*files(WITHOUT), width=6, height=4, batch=7)
    net = network.net
    assert (net.width, net.height, net.batch) == (6, 4, 7)
    assert report.complete


def test_leftovers_that_are_allowed_are_no_reason_to_change_the_dialect(files):
    network = load(*files(WITH_BIASES), dialect="pjreddie", strict=False)
    assert network.dialect.name == "pjreddie"


def test_other_faults_of_the_file_are_reported_as_they_are(files, tmp_path):
    cfg, _ = files(WITHOUT)
    assert "no such weight file" in refused(cfg, tmp_path / "gone.weights", "alexeyab")

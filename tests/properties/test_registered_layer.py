"""The recipe for a new layer: a class registered from outside the package works everywhere."""

import struct
from dataclasses import dataclass

import numpy as np
import pytest
import torch

import darknet_torch
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.options import number
from darknet_torch.conversion.convert import convert
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions, Slot, empty_parameter
from darknet_torch.model.registry import unregister_layer
from tests.cli.command import dtorch
from tests.training.runs import classifier_data, outputs

CHANNELS = 3


@dataclass(frozen=True)
class ChannelGainOptions(LayerOptions):
    """The options of [channel_gain]."""

    offset: float = number(0.0, doc="added to every value")


class ChannelGain(Layer):
    """[channel_gain]: every channel times a learned factor. Arrays: `gains` [channels]."""

    section_names = ("channel_gain",)
    example_cfg = "[channel_gain]\noffset=.5\n"
    Options = ChannelGainOptions

    def __init__(self, options: ChannelGainOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.gains = empty_parameter(context.input_shape.channels)

    def weight_slots(self):
        return [Slot("gains", self.gains, decays=True)]

    @torch.no_grad()
    def initialize(self):
        self.gains.fill_(1)

    def forward(self, x):
        return x * self.gains[:, None, None] + self.options.offset


CFG = (
    "[net]\nwidth=16\nheight=16\nchannels=3\nbatch=4\nsubdivisions=2\nlearning_rate=.1\n"
    "momentum=.9\ndecay=.0005\nmax_batches=2\nmin_crop=16\nmax_crop=16\n"
    f"{ChannelGain.example_cfg}{outputs(CHANNELS)}[avgpool]\n[softmax]\n"
)


@pytest.fixture(autouse=True)
def registered():
    """`ChannelGain` is known during the test only."""
    darknet_torch.register_layer(ChannelGain)
    yield
    unregister_layer(ChannelGain)


@pytest.fixture
def cfg(tmp_path):
    path = tmp_path / "gain.cfg"
    path.write_text(CFG)
    return path


@pytest.fixture
def weights(cfg):
    """A weight file for `cfg` with random values."""
    count = CHANNELS + CHANNELS + CHANNELS * CHANNELS
    values = np.random.default_rng(1).normal(size=count).astype("<f4").tobytes()
    path = cfg.with_suffix(".weights")
    path.write_bytes(struct.pack("<3iQ", 0, 2, 5, 64) + values)
    return path


def test_it_is_built_and_computes_with_its_options():
    sections = parse_cfg("[net]\nwidth=4\nheight=4\nchannels=4\n" + ChannelGain.example_cfg)
    network = darknet_torch.build_network(sections)
    network.layers[0].gains.data.copy_(torch.tensor([1.0, 2, 3, 4]))
    (output,) = network(torch.ones(2, 4, 4, 4))
    assert output[:, :, 0, 0].tolist() == [[1.5, 2.5, 3.5, 4.5]] * 2


def test_its_weights_are_written_as_they_were_read(cfg, weights, tmp_path):
    network = darknet_torch.load(cfg, weights)
    darknet_torch.write_weights(network, tmp_path / "written.weights")
    assert (tmp_path / "written.weights").read_bytes() == weights.read_bytes()


def test_its_weights_survive_conversion_to_pytorch_and_back(weights, tmp_path):
    convert(weights, tmp_path / "gain.pt")
    convert(tmp_path / "gain.pt", tmp_path / "back.weights")
    assert (tmp_path / "back.weights").read_bytes() == weights.read_bytes()


def test_info_lists_it(cfg):
    result = dtorch("info", cfg)
    assert result.exit_code == 0, result.stderr
    assert f"{0:>4} channel_gain" in result.stdout


def test_check_reads_its_options(cfg):
    assert dtorch("check", cfg, "--quiet").exit_code == 0
    cfg.write_text(CFG.replace("offset=", "offfset="))
    result = dtorch("check", cfg, "--quiet")
    assert result.exit_code == 1
    assert "unknown key 'offfset' in [channel_gain]" in result.stdout
    assert "did you mean 'offset'?" in result.stdout


def test_training_changes_its_parameters(cfg, tmp_path):
    data = classifier_data(tmp_path / "colours", count=2)
    backup = tmp_path / "backup"
    result = dtorch("train", "--cfg", cfg, "--data", data, "--backup", backup, "--workers", 0)
    assert result.exit_code == 0, result.stderr
    trained = darknet_torch.load(cfg, backup / "gain_final.weights")
    gains = trained.layers[0].gains.detach()
    assert torch.isfinite(gains).all()
    assert (gains != 1).all()

"""The memory that a training takes, by its network."""

import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.losses.base import Loss, LossContext
from darknet_torch.model.network import build_network
from darknet_torch.ops.precision import Precision
from darknet_torch.training.forward import ForwardPass
from darknet_torch.training.memory import _LiveMemory, estimate_memory
from tests.training.runs import CHARACTERS, DETECTOR

FLOAT = 4  # bytes


def estimate(cfg, *, inputs=2, side=64, precision="float32", checkpoint_activations=False):
    forward = ForwardPass(build_network(parse_cfg(cfg), initialize=False), Precision(precision))
    return estimate_memory(
        forward,
        inputs=inputs,
        width=side,
        height=side,
        checkpoint_activations=checkpoint_activations,
    )


@pytest.mark.parametrize("checkpoint_activations", [False, True])
def test_it_is_what_the_tensors_of_a_real_mini_batch_take(checkpoint_activations):
    found = estimate(DETECTOR, checkpoint_activations=checkpoint_activations)
    network = build_network(parse_cfg(DETECTOR)).train()
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    forward = ForwardPass(network, checkpoint_activations=checkpoint_activations)
    forward.loss_functions[5] = lambda layer, x, *_: Loss(torch.zeros_like(x), x.new_zeros(()))
    context = LossContext(network.net, network.dialect, 64, 64, seen=1)
    with _LiveMemory() as live:
        images = torch.zeros(2, 3, 64, 64)  # the training loop keeps them, too
        root = forward(images, torch.zeros(2, 1), context).root
        kept = live.bytes
        root.backward()
    assert found.activations == pytest.approx(kept, rel=0.01)
    # Real recomputation keeps the states of the random numbers, too: 5 kB for each layer.
    assert found.peak == pytest.approx(live.peak, abs=8 * 5056)
    arrays = [*network.parameters(), *network.buffers()]
    assert found.weights == sum(array.nbytes for array in arrays)


def test_a_convolution_keeps_its_input_and_its_delta():
    cfg = (
        "[net]\nwidth=8\nheight=8\nchannels=2\nmax_batches=9\n"
        "[convolutional]\nfilters=3\nsize=1\nactivation=linear\n[cost]"
    )
    found = estimate(cfg, inputs=5, side=8)
    pictures, outputs = 5 * 2 * 8 * 8, 5 * 3 * 8 * 8
    # Kept: the pictures, and the delta of [cost] with its output.
    assert found.activations >= FLOAT * (pictures + outputs)
    assert found.activations < FLOAT * (pictures + 3 * outputs)
    assert found.weights == found.gradients == found.optimizer == FLOAT * (3 * 2 + 3)
    assert found.total == 3 * found.weights + found.peak


def test_it_grows_with_pictures_and_area_alone():
    small = estimate(DETECTOR)
    assert estimate(DETECTOR, inputs=4).activations == pytest.approx(
        2 * small.activations, rel=0.01
    )
    assert estimate(DETECTOR, side=128).activations == pytest.approx(
        4 * small.activations, rel=0.01
    )
    assert estimate(DETECTOR, side=128).gradients == small.gradients


def test_reduced_precision_and_recomputation_take_less():
    plain = estimate(DETECTOR)
    assert estimate(DETECTOR, precision="bfloat16").activations < 0.8 * plain.activations
    assert estimate(DETECTOR, precision="float16").activations < 0.8 * plain.activations
    again = estimate(DETECTOR, checkpoint_activations=True)
    assert again.activations < 0.8 * plain.activations
    assert again.peak < plain.peak


def test_adam_keeps_two_moments_and_ema_the_averages():
    cfg = DETECTOR.replace("momentum=0.9", "adam=1\nema_alpha=.9")
    found = estimate(cfg)
    assert found.optimizer == 2 * found.gradients
    assert found.averages == found.gradients  # all arrays are those of convolutions


def test_frozen_layers_take_little():
    free = estimate(DETECTOR)
    frozen = estimate(DETECTOR.replace("[dropout]\n", "[dropout]\nstopbackward=1\n"))
    assert frozen.gradients < free.gradients
    assert frozen.activations < 0.5 * free.activations


def test_steps_of_texts_are_inputs():
    assert estimate(CHARACTERS, inputs=8).activations > FLOAT * 8 * 256

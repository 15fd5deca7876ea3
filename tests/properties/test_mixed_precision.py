"""Every layer type computes in mixed precision on a CPU, as in inference and in training."""

import pytest
import torch

from darknet_torch.ops.precision import Precision
from darknet_torch.ops.precision_names import HALVES
from tests.conversion.small_models import randomize
from tests.properties.layer_examples import EXAMPLES, build

TOLERANCE = 0.05  # of the largest value: bfloat16 has 8 bits, and a layer rounds some ten times
NO_GRADIENT_OF_INPUT = {"contrastive", "implicit"}  # one has its loss's, one reads no input


@pytest.mark.parametrize("precision", HALVES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_layer_gives_nearly_the_same_in_16_bits(name, precision):
    network = randomize(build(EXAMPLES[name], "alexeyab"))
    images = torch.rand(2, 4, 4, 5, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        (exact,) = network(images)
        network.reset_state()
        with Precision(precision).autocast(images.device):
            (out,) = network(images)
        largest = float(exact.abs().max())
        torch.testing.assert_close(out.float(), exact, rtol=0, atol=TOLERANCE * largest)
    if network.output_layer.needs_float32:
        assert out.dtype == torch.float32


@pytest.mark.parametrize("precision", HALVES)
@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - NO_GRADIENT_OF_INPUT))
def test_a_layer_sends_a_gradient_back_in_16_bits(name, precision):
    network = randomize(build(EXAMPLES[name], "alexeyab-cuda")).train()
    images = torch.rand(2, 4, 4, 5, generator=torch.Generator().manual_seed(0))
    images.requires_grad_()
    with Precision(precision).autocast(images.device):
        (out,) = network(images)
    out.float().sum().backward()
    assert images.grad.dtype == torch.float32
    assert images.grad.isfinite().all()

"""[activation]: a function on its own."""

import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgWarning
from darknet_torch.model.network import build_network

X = torch.linspace(-4, 4, 24).reshape(1, 2, 3, 4)


def build(name, dialect="alexeyab"):
    cfg = f"[net]\nchannels=2\nheight=3\nwidth=4\n[activation]\nactivation={name}"
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie", "alexeyab-cuda"])
def test_it_applies_its_function(dialect):
    (out,) = build("leaky", dialect)(X)
    torch.testing.assert_close(out, torch.where(X > 0, X, 0.1 * X))
    assert build("leaky", dialect).layers[0].output_shape == build("leaky").net.input_shape


@pytest.mark.parametrize(
    "name", "swish mish hard_mish relu6 normalize_channels normalize_channels_softmax".split()
)
def test_functions_that_alexeyabs_code_of_the_layer_lacks_give_zeros_with_a_warning(name):
    with pytest.warns(CfgWarning, match=f"no {name} in .activation. and computes zeros"):
        network = build(name)
    assert not network(X)[0].any()


def test_relu6_is_in_the_cuda_build_and_the_warning_says_so():
    with pytest.warns(CfgWarning, match="--dialect alexeyab-cuda"):
        build("relu6")
    assert build("relu6", "alexeyab-cuda")(X)[0].any()


def test_mish_is_not_in_the_cuda_build_either():
    with pytest.warns(CfgWarning) as caught:
        network = build("mish", "alexeyab-cuda")
    assert not network(X)[0].any()
    assert "--dialect" not in str(caught[0].message)


@pytest.mark.parametrize("name", ["gelu", "revleaky"])
def test_functions_that_alexeyabs_cpu_code_has_are_computed(name):
    assert build(name)(X)[0].any()


def test_a_function_that_pjreddie_lacks_becomes_relu_with_a_warning():
    with pytest.warns(CfgWarning, match="pjreddie/darknet does not know .*'mish' .*'relu'"):
        network = build("mish", "pjreddie")
    torch.testing.assert_close(network(X)[0], X.clamp(min=0), rtol=0, atol=0)

"""Layers that the backward pass computes again."""

import pytest
import torch

from darknet_torch.ops.recomputation import is_recomputing, recomputed


def test_the_backward_pass_calls_it_again_and_says_so():
    calls = []

    def squared(x):
        calls.append(is_recomputing())
        return (x * x).exp()

    x = torch.tensor([0.5], requires_grad=True)
    y = recomputed(squared, x)
    assert calls == [False]
    y.backward()
    assert calls == [False, True]
    assert not is_recomputing()
    torch.testing.assert_close(x.grad, 2 * x.detach() * y.detach())


def test_an_error_in_the_second_call_leaves_no_trace():
    x = torch.tensor([0.5], requires_grad=True)

    def fails_later(x):
        if is_recomputing():
            raise ValueError("later")
        return x.exp()

    y = recomputed(fails_later, x)
    with pytest.raises(ValueError, match="later"):
        y.backward()
    assert not is_recomputing()


def test_random_numbers_are_the_same_in_both_calls():
    masks = []

    def noisy(x):
        masks.append(torch.rand(8))
        return (x * masks[-1]).exp()

    torch.manual_seed(1)
    x = torch.zeros(8, requires_grad=True)
    y = recomputed(noisy, x)
    after = torch.get_rng_state()
    y.sum().backward()
    assert torch.equal(*masks)
    assert torch.equal(torch.get_rng_state(), after)

"""The fast arithmetic compared with C's order of sums, in two orders of memory and precisions."""

import dataclasses

import pytest
import torch

from darknet_torch.ops.precision import Precision
from tests.training.differences import relative_norm, unequal_changes
from tests.training.training_cases import case_of, changes_by_training

CASE = "yolo_two_heads"
CPU = torch.device("cpu")


def changes(network, case, **options):
    return changes_by_training(network, case, CPU, **options)


def whole(found):
    """All changes in one vector."""
    return torch.cat([change.flatten() for change in found.values()])


@pytest.mark.parametrize("dialect", ["pjreddie", "alexeyab-cuda"])
def test_two_updates_equal_those_in_the_order_of_c(dialect):
    case = case_of(CASE)
    network = case.network(dialect)
    expected_losses, expected = changes(case.network(dialect, "c_order"), case)
    losses, found = changes(network, case)
    assert losses == pytest.approx(expected_losses, rel=1e-5)  # sums of float32
    assert unequal_changes(found, expected, network) == []


def test_alexeyabs_gradient_differs_by_little():
    """C's backward pass has another epsilon than the derivative, and N instead of N - 1.

    The smallest map has 2 * 8 * 12 values per channel, so that 1 / N is 0.5 %: for each of three
    layers, of a part of the gradient. The epsilon moves less: 0.05 % at a variance of 0.01.
    """
    case = case_of(CASE)
    expected_losses, expected = changes(case.network("alexeyab", "c_order"), case)
    losses, found = changes(case.network("alexeyab"), case)
    assert losses == pytest.approx(expected_losses, rel=1e-4)
    assert relative_norm(whole(found), whole(expected)) < 1e-3
    assert max(relative_norm(found[key], expected[key]) for key in expected) < 3 * 0.005


def test_the_order_in_memory_changes_nothing_but_rounding():
    case = case_of(CASE)
    network = case.network("alexeyab")
    expected_losses, expected = changes(network, case, prepare=lay_out_contiguously)
    losses, found = changes(network, case)
    assert losses == pytest.approx(expected_losses, rel=1e-5)
    assert unequal_changes(found, expected, network) == []


def lay_out_contiguously(loop):
    assert loop.forward.memory_format == torch.channels_last
    loop.forward.memory_format = torch.contiguous_format
    loop.network.to(memory_format=torch.contiguous_format)


def test_bfloat16_follows_float32():
    """It keeps 8 bits of a number, 0.4 %, in each of some ten operations."""
    case = case_of(CASE)
    network = case.network("alexeyab")
    expected_losses, expected = changes(network, case)
    losses, found = changes(network, case, precision=Precision("bfloat16"))
    assert losses == pytest.approx(expected_losses, rel=0.004)
    assert relative_norm(whole(found), whole(expected)) < 0.02
    assert 1e-3 < max(relative_norm(found[key], expected[key]) for key in expected) < 0.2


def test_a_difference_of_a_thousandth_is_seen():
    case = case_of(CASE)
    network = case.network("alexeyab")
    _, expected = changes(network, case)
    _, found = changes(network, dataclasses.replace(case, images=case.images * 1.001))
    assert unequal_changes(found, expected, network)

"""Two updates of a network with each kind of loss, compared with the CPU, in float32."""

import dataclasses

import pytest
import torch

from darknet_torch.cfg.dialect import DIALECTS
from tests.training.differences import unequal_changes
from tests.training.training_cases import CASES, case_of, changes_by_training

pytestmark = pytest.mark.cuda
CPU = torch.device("cpu")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", CASES)
def test_the_updates_equal_those_of_the_cpu(name, dialect, device):
    case = case_of(name)
    network = case.network(dialect)
    expected_losses, expected = changes_by_training(network, case, CPU)
    losses, found = changes_by_training(network, case, device)
    assert min(losses) > 0
    # Costs are sums of squares, of which float32 keeps 7 digits.
    assert losses == pytest.approx(expected_losses, rel=1e-4)
    assert unequal_changes(found, expected, network) == []


def test_a_difference_of_a_thousandth_is_seen(device):
    case = case_of("yolo_two_heads")
    network = case.network("alexeyab")
    brighter = dataclasses.replace(case, images=case.images * 1.001)
    _, expected = changes_by_training(network, case, CPU)
    _, found = changes_by_training(network, brighter, device)
    assert unequal_changes(found, expected, network)

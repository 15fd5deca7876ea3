"""Which layers have a loss, and which of them count when costs are averaged."""

import pytest

from darknet_torch.losses.classifier import softmax_loss
from darknet_torch.losses.registry import LOSSES, has_cost, loss_function_for
from darknet_torch.model.registry import LAYER_TYPES
from tests.losses.cases import build


@pytest.mark.parametrize(
    ("section", "function", "counts"),
    [
        ("[softmax]", softmax_loss, True),
        ("[softmax]\nnoloss=1", None, True),
        ("[dropout]", None, False),
    ],
)
def test_a_layer_with_noloss_has_no_loss_but_counts(section, function, counts):
    layer = build(section, 3)
    assert loss_function_for(layer) is function
    assert has_cost(layer) is counts


def test_every_layer_with_a_loss_is_a_layer_type():
    assert set(LOSSES) <= set(LAYER_TYPES)

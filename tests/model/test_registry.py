import pytest

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.layers.connected import Connected
from darknet_torch.layers.convolutional import Convolutional
from darknet_torch.layers.empty import Empty
from darknet_torch.layers.maxpool import Maxpool
from darknet_torch.layers.softmax import Softmax
from darknet_torch.model.registry import LAYER_TYPES, layer_type


@pytest.mark.parametrize(
    ("alias", "layer"),
    [
        ("conv", Convolutional),
        ("conn", Connected),
        ("max", Maxpool),
        ("soft", Softmax),
        ("silence", Empty),
    ],
)
def test_an_alias_means_the_same_layer(alias, layer):
    [section] = parse_cfg(f"[{alias}]\n")
    assert layer_type(section) is layer


def test_no_two_layer_types_claim_one_section():
    names = [name for layer in LAYER_TYPES for name in layer.section_names]
    assert sorted(names) == sorted(set(names))

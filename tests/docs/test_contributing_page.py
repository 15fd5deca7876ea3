"""CONTRIBUTING.md names every member of a layer, and its example is a layer."""

import re
from pathlib import Path

import pytest

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.heads.base import Head
from darknet_torch.layers.base import Layer, Slot
from darknet_torch.layers.recurrent import Recurrent
from darknet_torch.model.network import build_network
from darknet_torch.model.registry import unregister_layer

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PATHS = re.findall(r"`((?:darknet_torch|tests|tools|docs)/[\w/.]+)`", PAGE)
MEMBERS = {name for name in vars(Layer) if not name.startswith("_")} - {"extra_repr"}


@pytest.mark.parametrize("member", sorted(MEMBERS))
def test_every_member_of_a_layer_is_described(member):
    assert re.search(rf"\b{member}\b", PAGE)


@pytest.mark.parametrize("field", sorted(set(Slot.__dataclass_fields__) - {"name", "tensor"}))
def test_every_property_of_an_array_is_described(field):
    assert re.search(rf"\b{field}\b", PAGE)


@pytest.mark.parametrize("member", ["classes", "boxes_per_position", "values_per_box", "decode"])
def test_the_members_of_a_head_are_described(member):
    assert f"`{member}" in PAGE
    assert member in {*vars(Head), *Head.__annotations__}


def test_recurrent_layers_implement_what_the_page_says():
    for member in ("reset_state", "reset_stream_state"):
        assert member in vars(Recurrent)


@pytest.mark.parametrize(
    "path", re.findall(r"`((?:darknet_torch|tests|tools|docs)/[\w/.]+)`", PAGE)
)
def test_every_path_exists(path):
    assert (ROOT / path).exists() or "NAME" in path or "RECORD" in path


def test_the_example_is_a_layer_that_can_be_built():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, type[Layer]] = {"__name__": __name__}
    exec(code, names)
    layer = names["ChannelGain"]
    try:
        net = "[net]\nwidth=4\nheight=4\nchannels=4\n"
        network = build_network(parse_cfg(net + layer.example_cfg))
        assert type(network.layers[0]) is layer
    finally:
        unregister_layer(layer)

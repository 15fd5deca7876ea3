"""Layer types are found by the names of their sections, and more can be registered."""

from dataclasses import dataclass

import pytest

import darknet_torch
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.options import Options, number
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.layers.base import Layer, LayerOptions
from darknet_torch.layers.connected import Connected
from darknet_torch.layers.convolutional import Convolutional
from darknet_torch.layers.empty import Empty
from darknet_torch.layers.maxpool import Maxpool
from darknet_torch.layers.softmax import Softmax
from darknet_torch.model.registry import (
    LAYER_TYPES,
    layer_type,
    register_layer,
    unregister_layer,
)


class Identity(Layer):
    """A layer that passes its input on."""

    section_names = ("identity", "same")
    example_cfg = "[identity]\n"

    def forward(self, x):
        return x


def derived(**members):
    """A class like `Identity` with other members."""
    return type("Derived", (Identity,), members)


@pytest.fixture
def registered():
    """`Identity`, registered during the test."""
    yield register_layer(Identity)
    unregister_layer(Identity)


@pytest.mark.parametrize("layer", LAYER_TYPES, ids=lambda layer: layer.section_names[0])
def test_the_example_of_a_layer_type_contains_its_section(layer):
    assert layer in [layer_type(section) for section in parse_cfg(layer.example_cfg)]


def test_a_registered_layer_is_found_by_its_name_and_its_alias(registered):
    sections = parse_cfg("[identity]\n[same]\n")
    assert [layer_type(section) for section in sections] == [Identity, Identity]


def test_registering_returns_the_class_so_that_it_can_be_a_decorator():
    try:

        @darknet_torch.register_layer
        class Decorated(Identity):
            section_names = ("decorated",)
            example_cfg = "[decorated]\n"

        assert Decorated.section_names == ("decorated",)
    finally:
        unregister_layer(Decorated)


def test_registering_a_class_again_changes_nothing(registered):
    assert register_layer(Identity) is Identity


def test_an_unregistered_layer_is_unknown():
    register_layer(Identity)
    unregister_layer(Identity)
    with pytest.raises(CfgError, match=r"unknown section \[identity\]"):
        layer_type(parse_cfg("[identity]\n")[0])


def test_the_packages_own_layers_stay_registered():
    unregister_layer(Maxpool)
    assert layer_type(parse_cfg("[max]\n")[0]) is Maxpool


@pytest.mark.parametrize(
    ("name", "owner"),
    [("maxpool", "Maxpool"), ("conv", "Convolutional"), ("net", "the first section")],
)
def test_a_name_that_is_taken_is_refused(name, owner):
    taken = derived(section_names=("fresh", name), example_cfg="[fresh]\n")
    message = (
        rf"^the section name \[{name}\] is taken: expected a name that no other layer type has, "
        rf"got \[{name}\], which is {owner}; choose another name in section_names of Derived$"
    )
    with pytest.raises(UsageError, match=message):
        register_layer(taken)
    with pytest.raises(CfgError):
        layer_type(parse_cfg("[fresh]\n")[0])


def test_the_name_of_another_registered_layer_is_refused(registered):
    with pytest.raises(UsageError, match=r"\[same\], which is Identity"):
        register_layer(derived(section_names=("same",), example_cfg="[same]\n"))


@dataclass(frozen=True)
class OtherOptions(Options):
    """Not derived from LayerOptions."""


class ForgottenDecorator(LayerOptions):
    """Its options are not fields."""

    factor: float = number(1.0, doc="factor")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"section_names": "identity"},
            "its section_names does not fit: expected a tuple of the section's name and its "
            "aliases, got 'identity'",
        ),
        ({"section_names": ()}, "its section_names does not fit"),
        (
            {"Options": OtherOptions},
            "its Options does not fit: expected a dataclass derived from LayerOptions",
        ),
        (
            {"Options": ForgottenDecorator},
            r"its Options does not fit: expected a class with the decorator @dataclass",
        ),
        (
            {"example_cfg": "[maxpool]\n"},
            r"its example_cfg does not fit: expected sections that contain \[identity\], got",
        ),
        ({"example_cfg": ""}, "its example_cfg does not fit"),
        ({"example_cfg": None}, "its example_cfg does not fit"),
    ],
)
def test_a_class_that_lacks_a_declaration_is_refused(members, message):
    with pytest.raises(UsageError, match=f"^Derived cannot be registered: {message}"):
        register_layer(derived(**members))


@pytest.mark.parametrize("other", [LayerOptions, Identity.forward, None])
def test_only_layers_can_be_registered(other):
    with pytest.raises(UsageError, match="only a layer can be registered: expected a subclass"):
        register_layer(other)


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

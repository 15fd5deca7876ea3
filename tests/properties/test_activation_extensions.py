"""hard_swish and hard_sigmoid, which Darknet lacks: in every layer and dialect, with a note."""

import warnings

import pytest
import torch
from torch.nn import functional

from darknet_torch.cfg.dialect import ACTIVATION_EXTENSIONS, DIALECTS
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgNote
from darknet_torch.model.network import build_network

X = torch.linspace(-5, 5, 24).reshape(1, 2, 3, 4)
# Sections whose output is the activation function of `times` the input.
SECTIONS = {
    "activation": ("[activation]", 1),
    "convolutional": ("[convolutional]\nfilters=2\ngroups=2", 1),
    "shortcut": ("[empty]\n[shortcut]\nfrom=-1", 2),
}
FUNCTIONS = {
    "hard_swish": lambda x: x * functional.relu6(x + 3) / 6,
    "hard_sigmoid": lambda x: functional.relu6(x + 3) / 6,
}
NOTE = "{} is an extension of darknet_torch, Darknet itself takes relu"


def build(sections, name, dialect="alexeyab"):
    cfg = f"[net]\nchannels=2\nheight=3\nwidth=4\n{sections}\nactivation={name}\n"
    network = build_network(parse_cfg(cfg), dialect=DIALECTS[dialect])
    for parameter in network.parameters():
        torch.nn.init.constant_(parameter, float(parameter.dim() > 1))  # each channel itself
    return network


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_extension_is_computed_with_a_note(name, section, dialect):
    sections, times = SECTIONS[section]
    if dialect == "pjreddie":
        sections = sections.replace("[empty]", "[activation]")
    with pytest.warns(CfgNote, match=NOTE.format(name)) as caught:
        network = build(sections, name, dialect)
    assert len(caught) == 1
    x = X.clone().requires_grad_()
    (out,) = network(x)
    expected = FUNCTIONS[name](times * X)
    torch.testing.assert_close(out.detach(), expected)
    out.sum().backward()
    twin = X.clone().requires_grad_()
    FUNCTIONS[name](times * twin).sum().backward()
    torch.testing.assert_close(x.grad, twin.grad)


def test_each_extension_is_noted_once_at_its_first_use():
    cfg = (
        "[net]\nchannels=2\nheight=3\nwidth=4\n"
        "[activation]\nactivation=hard_swish\n"
        "[activation]\nactivation=hard_sigmoid\n"
        "[activation]\nactivation=hard_swish\n"
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        build_network(parse_cfg(cfg, "tiny.cfg"))
    assert [(str(one.message), one.category) for one in caught] == [
        (f"tiny.cfg:5: {NOTE.format('hard_swish')}", CfgNote),
        (f"tiny.cfg:7: {NOTE.format('hard_sigmoid')}", CfgNote),
    ]


def test_every_extension_is_tested():
    assert set(FUNCTIONS) == ACTIVATION_EXTENSIONS

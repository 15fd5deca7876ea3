"""The diagram of the architecture agrees with the import contract and with the modules."""

import itertools
import re
import tomllib

import pytest

import darknet_torch
from tests.docs.pages import ROOT, blocks

PAGE = "docs/architecture.md"
TORCHLESS = "- - "


def contracts():
    text = (ROOT / "pyproject.toml").read_text()
    return tomllib.loads(text)["tool"]["importlinter"]["contracts"]


def names(dotted):
    return {name.strip().removeprefix("darknet_torch.") for name in dotted}


LAYERS = [names(layer.split("|")) for layer in contracts()[0]["layers"]]
(PICTURE,) = blocks(PAGE, "")[:1]


def drawn():
    """(modules of a line, whether it is below the line without torch), from the top down."""
    below = False
    for line in PICTURE.splitlines():
        below |= line.startswith(TORCHLESS)
        if re.match("[a-z]", line):
            yield names(re.split("  +", line)[0].split(",")), below


def test_the_contract_has_every_module():
    folder = ROOT / darknet_torch.__name__
    there = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    kept = there - {"__init__", "__pycache__", "sample"}
    assert set().union(*LAYERS) == {name for name in kept if not name.startswith(".")}


def test_the_picture_has_the_modules_of_the_contract_in_its_order():
    order = [
        min(index for index, layer in enumerate(LAYERS) if name in layer)
        for line, _ in drawn()
        for name in line
    ]
    assert set().union(*(line for line, _ in drawn())) == set().union(*LAYERS)
    assert len(order) == sum(map(len, LAYERS))
    lines = [{index for index, layer in enumerate(LAYERS) if layer & line} for line, _ in drawn()]
    for above, below in itertools.pairwise(lines):
        assert max(above) <= min(below)


def test_the_line_without_torch_is_that_of_the_contract():
    forbidden = names(contracts()[1]["source_modules"])
    below = set().union(*(line for line, without in drawn() if without))
    assert below == forbidden


@pytest.mark.parametrize("heading", ["Ideas", "Data in flight", "Choices"])
def test_modules_that_the_text_names_are_there(heading):
    text = (ROOT / PAGE).read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    for path in re.findall(r"`([a-z_/]+\.py)`", text):
        assert list((ROOT / "darknet_torch").glob(f"**/{path}")), path

"""The drawing of a network: what its SVG holds."""

from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from darknet_torch.model.loading import build
from darknet_torch.model.summary import summarize
from darknet_torch.model.svg import draw_graph

SVG = "{http://www.w3.org/2000/svg}"


@dataclass
class Box:
    """A layer, as `draw_graph` takes it."""

    index: int
    sources: tuple[int, ...]
    section: str = "convolutional"
    detail: str = "8 3x3/1"
    output: tuple[int, int, int] = (8, 20, 24)


CHAIN = [Box(0, (-1,)), Box(1, (0,)), Box(2, (1,))]


def draw(layers, title="net"):
    return ElementTree.fromstring(draw_graph(layers, title))


def texts(drawing):
    return [element.text for element in drawing.iter(f"{SVG}text")]


def paths(drawing):
    return [element.get("d") for element in drawing.iter(f"{SVG}path")]


def boxes(drawing):
    """Left, top, width, height of each box."""
    keys = ("x", "y", "width", "height")
    return [[int(rect.get(key)) for key in keys] for rect in drawing.iter(f"{SVG}rect")]


def test_every_layer_has_its_own_box():
    drawn = boxes(draw(CHAIN))
    assert len(drawn) == 3
    for (_, top, _, height), (_, below, _, _) in pairwise(drawn):
        assert top + height < below


def test_a_box_shows_section_detail_and_output_size():
    assert texts(draw([Box(7, (-1,))]))[1:] == ["7 convolutional 8 3x3/1", "24 x 20 x 8"]


def test_the_title_appears_twice_and_is_escaped():
    drawing = draw(CHAIN, "a <b> & 'c' \"d\"")
    assert drawing.find(f"{SVG}title").text == "a <b> & 'c' \"d\""
    assert texts(drawing)[0] == "a <b> & 'c' \"d\""


def test_sections_and_details_are_escaped():
    assert texts(draw([Box(0, (-1,), "a<b", "&c")]))[1] == "0 a<b &c"


def test_a_line_connects_neighbours_but_not_the_networks_input():
    drawing = draw(CHAIN)
    assert len(paths(drawing)) == 2
    assert list(drawing.iter(f"{SVG}circle")) == []


def test_an_arc_connects_a_layer_to_a_distant_source():
    layers = [*CHAIN, Box(3, (2, 0), "shortcut")]
    drawing = draw(layers)
    (far,) = (path for path in paths(drawing) if "H" in path)
    left, first_top, _, height = boxes(drawing)[0]
    last_top = boxes(drawing)[3][1]
    assert far.startswith(f"M{left} {first_top + height // 2} ")
    assert f"V{last_top + height // 2} " in far
    (end,) = drawing.iter(f"{SVG}circle")
    assert (end.get("cx"), end.get("cy")) == (str(left), str(last_top + height // 2))


@pytest.mark.parametrize("name", ["yolov4", "densenet201"])
def test_a_large_network_fits_on_the_page(name):
    rows = summarize(build(name, width=32, height=32)).rows
    drawing = draw(rows, name)
    width, height = int(drawing.get("width")), int(drawing.get("height"))
    assert len(boxes(drawing)) == len(rows)
    for left, top, wide, high in boxes(drawing):
        assert 0 <= left < left + wide <= width
        assert 0 <= top < top + high <= height
    far = [(s, row.index) for row in rows for s in row.sources if 0 <= s < row.index - 1]
    arcs = [path for path in paths(drawing) if "H" in path]
    assert len(arcs) == len(far) > 10
    lanes = [int(path.split("H")[1].split()[0]) for path in arcs]
    assert all(0 < lane < boxes(drawing)[0][0] for lane in lanes)


def test_a_network_without_layers_is_an_empty_page():
    assert boxes(draw([])) == []

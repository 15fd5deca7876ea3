"""Descriptions of models, and their way through JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from darknet_torch.cfg.tree import Tree
from darknet_torch.decoding.arrays import NUMPY
from darknet_torch.decoding.detection import DetectionDecoder
from darknet_torch.decoding.gaussian_yolo import GaussianYoloDecoder
from darknet_torch.decoding.region import RegionDecoder
from darknet_torch.decoding.trees import ClassTree
from darknet_torch.decoding.yolo import YoloDecoder
from darknet_torch.engines.description import HeadDescription, ModelDescription
from darknet_torch.engines.engine import find_engine
from darknet_torch.engines.names import ENGINES
from darknet_torch.errors import UsageError

TREE = Tree(("a", "b", "c"), (-1, 0, 0), ((0, 1), (1, 2)))
ANCHORS = ((1.0, 2.5), (3.0, 4.0))
DECODERS = [
    YoloDecoder(2, 3, ANCHORS, 1.05, new_coords=True),
    GaussianYoloDecoder(2, 3, ANCHORS, 1.0, 0.5),
    RegionDecoder(2, 3, ANCHORS, 4, True, True, False, -1, None),
    DetectionDecoder(2, 3, (), 7, True),
]


def described(*heads: HeadDescription, tree: Tree | None = None) -> ModelDescription:
    return ModelDescription(32, 64, 3, True, ("a", "b", "c"), heads, 3, tree, True)


def through_json(model: ModelDescription) -> ModelDescription:
    return ModelDescription.from_json(json.loads(json.dumps(model.to_json())))


@pytest.mark.parametrize("decoder", DECODERS, ids=lambda one: type(one).__name__)
def test_decoders_survive_json(decoder: YoloDecoder) -> None:
    model = described(HeadDescription(decoder, True, 3, "diounms", 0.7))
    assert through_json(model) == model


def test_classifiers_survive_json() -> None:
    assert through_json(described(tree=TREE)) == described(tree=TREE)


def test_the_tree_of_a_head_survives_json() -> None:
    decoder = RegionDecoder(2, 3, ANCHORS, 4, True, True, False, 0, ClassTree(TREE))
    (head,) = through_json(described(HeadDescription(decoder, True, 3))).heads
    assert isinstance(head.decoder, RegionDecoder)
    assert head.decoder.tree is not None
    x = np.array([[0.3, 0.9, -1.0]], np.float32)
    expected = ClassTree(TREE).softmax(NUMPY, x)
    np.testing.assert_array_equal(head.decoder.tree.softmax(NUMPY, x), expected)


def test_a_head_with_formulas_of_its_own_cannot_be_written() -> None:
    class Own(YoloDecoder):
        pass

    own = described(HeadDescription(Own(2, 3, ANCHORS, 1.0, False), True, 3))
    for model in (own, described(HeadDescription(None, False, 3))):
        assert not model.is_complete
        with pytest.raises(ValueError, match="formulas of its own"):
            model.to_json()


@pytest.mark.parametrize("values", [{}, {"heads": [{}], "names": [], "tree": None}, {"heads": 3}])
def test_other_json_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not the description"):
        ModelDescription.from_json(values)


def changed(path: str, value: object) -> dict[str, object]:
    """The JSON of a detector with one value changed, whose place is named with dots."""
    decoder = RegionDecoder(2, 3, ANCHORS, 4, True, True, False, 0, ClassTree(TREE))
    values = json.loads(json.dumps(described(HeadDescription(decoder, True, 3)).to_json()))
    *places, last = [int(word) if word.isdigit() else word for word in path.split(".")]
    at = values
    for place in places:
        at = at[place]
    at[last] = value
    return dict(values)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("width", 0),
        ("height", "64"),
        ("channels", 3.5),
        ("letterbox", 1),
        ("classes", 10**9),
        ("values", True),
        ("heads.0.raw", None),
        ("heads.0.classes", -1),
        ("heads.0.nms_kind", 5),
        ("heads.0.beta_nms", math.nan),
        ("heads.0.beta_nms", 10**400),
        ("heads.0.decoder.boxes", -1),
        ("heads.0.decoder.kind", []),
        ("heads.0.decoder.anchors", []),
        ("heads.0.decoder.anchors", [[1, 2]]),
        ("heads.0.decoder.anchors.1", [1, "2"]),
        ("heads.0.decoder.anchors.1", [1, math.inf]),
        ("heads.0.decoder.tree.parents", [-1, 0]),
        ("heads.0.decoder.tree.parents.2", 7),
        ("heads.0.decoder.tree.parents.2", "0"),
        ("heads.0.decoder.tree.groups", [[0, 3]]),
    ],
)
def test_a_description_of_no_network_is_refused(path: str, value: object) -> None:
    with pytest.raises(ValueError, match="not the description of a model"):
        ModelDescription.from_json(changed(path, value))


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        find_engine("tensorflow")
    assert all(name in str(caught.value) for name in (*ENGINES, "tensorflow"))


def test_the_colour_of_the_margins_survives_json() -> None:
    assert through_json(replace(described(), fill="picture")).fill == "picture"
    values = described().to_json()
    del values["fill"]  # as descriptions before there was a choice
    assert ModelDescription.from_json(values).fill == "0.5"
    for wrong in ("black", 0.5):
        with pytest.raises(ValueError, match="fill"):
            ModelDescription.from_json(values | {"fill": wrong})

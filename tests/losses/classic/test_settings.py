"""The values of the options of the classic losses."""

import json
import math

import pytest

from darknet_torch.losses.classic.settings import LossWeights, LossWeightsKind, PositiveWeightKind


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        ("box=2", "box=2"),
        ("box=2.5, cls=0", "box=2.5,cls=0"),
        ({"obj": 1, "noobj": 0.125}, "obj=1,noobj=0.125"),
    ],
)
def test_weights_are_kept_as_text_that_is_parsed_again(given, parsed):
    kind = LossWeightsKind()
    assert kind.parse(given) == parsed
    assert kind.parse(json.loads(json.dumps(parsed))) == parsed


@pytest.mark.parametrize(
    "given",
    ["", "box", "box=", "box=-1", "box=nan", "box=inf", "iou=1", "box=1,box=2", "box=1,", {}],
)
def test_other_weights_are_refused(given):
    with pytest.raises(ValueError):
        LossWeightsKind().parse(given)


def test_weights_by_which_nothing_learns_are_refused():
    kind = LossWeightsKind()
    with pytest.raises(ValueError):
        kind.parse("box=0,obj=0,noobj=0,cls=0")
    assert kind.parse("box=0,obj=0,cls=0") == "box=0,obj=0,cls=0"  # noobj keeps its own
    assert "not all of them 0" in str(kind)


@pytest.mark.parametrize("given", [3, None, {"box": "1"}, {"box": True}])
def test_weights_of_other_types_are_refused(given):
    with pytest.raises(TypeError):
        LossWeightsKind().parse(given)


def test_weights_that_are_not_named_keep_their_defaults():
    assert LossWeights.from_text("noobj=2") == LossWeights(noobj=2.0)
    assert LossWeights.from_text(None) == LossWeights()
    assert LossWeightsKind().parse(str(LossWeightsKind()).partition("such as ")[2])


@pytest.mark.parametrize(
    ("given", "parsed"), [("auto", "auto"), ("2.5", 2.5), (3, 3.0), (0.5, 0.5)]
)
def test_a_positive_weight(given, parsed):
    assert PositiveWeightKind().parse(given) == parsed


@pytest.mark.parametrize("given", ["0", 0, -1, math.inf, "nan", "much", ""])
def test_other_positive_weights_are_refused(given):
    with pytest.raises(ValueError):
        PositiveWeightKind().parse(given)


@pytest.mark.parametrize("given", [None, True, [1]])
def test_positive_weights_of_other_types_are_refused(given):
    with pytest.raises(TypeError):
        PositiveWeightKind().parse(given)

"""Options of evaluations that contradict the rest of a plan, or have no effect."""

import warnings

import pytest

from darknet_torch.errors import CfgNote, UsageError
from darknet_torch.training.evaluation_rules import check_evaluates, check_kind
from darknet_torch.training.plan import TrainPlan


def plan(**options):
    return TrainPlan(cfg="a.cfg", data="a.data", base="a", backup="b", **options)


def notes(check):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CfgNote)
        check()
    return [str(item.message) for item in caught]


def test_patience_needs_evaluations():
    with pytest.raises(UsageError) as error:
        check_evaluates(plan(patience=3))
    assert error.value.what == "--patience 3 counts evaluations, and there are none"
    assert "--map" in error.value.fix
    with pytest.raises(UsageError, match="a network of characters, which has no evaluation"):
        check_kind(plan(patience=3, map=True), detects=False, classifies=False)
    for evaluated in (plan(patience=3, map=True), plan(patience=3, overfit=4)):
        check_evaluates(evaluated)


def test_what_a_network_of_characters_does_not_have_is_noted():
    given = plan(map=True, overfit=2, augment="none")
    assert notes(lambda: check_kind(given, detects=False, classifies=False)) == [
        f"a.cfg: --{name} has no effect on characters" for name in ("map", "overfit", "augment")
    ]
    assert not notes(lambda: check_kind(plan(), detects=False, classifies=False))
    assert not notes(lambda: check_kind(given, detects=False, classifies=True))


def test_options_without_effect_are_noted():
    assert notes(lambda: check_evaluates(plan(map_every=2, criterion="map50"))) == [
        "--map-every has no effect without --map",
        "--criterion has no effect without --map",
    ]
    given = plan(map=True, criterion="map50", label_smoothing=0.1)
    (smoothing,) = notes(lambda: check_kind(given, detects=True, classifies=False))
    assert "--label-smoothing has no effect: it is for classifiers; label_smooth_eps=" in smoothing
    (criterion,) = notes(lambda: check_kind(given, detects=False, classifies=True))
    assert criterion == "a.cfg: --criterion has no effect: it is for detectors"

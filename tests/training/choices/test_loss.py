"""Which options of the losses fit each other."""

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.losses.classic.settings import ClassicSettings, LossWeights
from darknet_torch.training.choices.loss import LossChoices, classic_settings


def test_darknets_losses_are_the_default():
    assert classic_settings(LossChoices()) is None


def test_options_become_the_settings():
    given = LossChoices(
        loss="classic",
        box_loss="giou",
        objectness_target="iou",
        assign="shape-ratio",
        assign_several=4,
        class_loss="ce",
        positive_weight="auto",
        loss_weights="box=2,noobj=0.125",
    )
    assert classic_settings(given) == ClassicSettings(
        *("giou", "iou", "shape-ratio", 4, "ce", "auto", LossWeights(box=2, noobj=0.125))
    )
    assert classic_settings(LossChoices(loss="classic")) == ClassicSettings()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"box_loss": "ciou"}, "--box-loss ciou"),
        ({"objectness_target": "iou"}, "--objectness-target iou"),
        ({"assign": "shape-iou"}, "--assign shape-iou"),
        ({"assign_several": 0.5}, "--assign-several 0.5"),
        ({"class_loss": "bce"}, "--class-loss bce"),
        ({"positive_weight": 1.0}, "--positive-weight 1.0"),
        ({"loss_weights": "box=1"}, "--loss-weights box=1"),
    ],
)
def test_options_of_the_classic_losses_need_them(options, named):
    with pytest.raises(UsageError) as caught:
        classic_settings(LossChoices(**options))
    for part in ("expected --loss classic", f"got --loss darknet, {named}", "add --loss classic"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("assign", "bound", "expected"),
    [
        (None, 1.5, "an IoU above 0 and up to 1"),
        ("shape-iou", 0.0, "with --assign shape-iou"),
        ("predicted-iou", 4.0, "an IoU above 0 and up to 1"),
        ("shape-ratio", 0.3, "a ratio of 1 or more, such as 4, with --assign shape-ratio"),
        ("shape-ratio", float("inf"), "a ratio of 1 or more"),
        ("shape-iou", float("nan"), "an IoU above 0 and up to 1"),
    ],
)
def test_a_bound_fits_the_assignment(assign, bound, expected):
    with pytest.raises(UsageError) as caught:
        classic_settings(LossChoices(loss="classic", assign=assign, assign_several=bound))
    assert expected in str(caught.value)
    assert "--assign-several" in str(caught.value)

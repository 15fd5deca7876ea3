"""The texts of --phase and --freeze."""

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.training.phase_option import FreezeValue, PhaseValue, parse_phase


def test_a_phase_is_iterations_and_options():
    text = " 500 : freeze=backbone, lr=.1, freeze-bn, width=448"
    parsed = PhaseValue().parse(text)
    assert parsed == "500:freeze=backbone,lr=0.1,freeze_bn=1,width=448"
    assert PhaseValue().parse(parsed) == parsed
    assert parse_phase(parsed) == (
        500,
        {"freeze": "backbone", "lr": 0.1, "freeze_bn": True, "width": 448},
    )


def test_a_number_is_a_phase_without_options():
    assert PhaseValue().parse(7) == "7"


@pytest.mark.parametrize(
    ("text", "expected", "got"),
    [
        ("freeze=3", "iterations", "freeze=3"),
        ("0:freeze=3", "1 or more", "0"),
        ("5:", "OPTION=VALUE after each colon or comma", "nothing"),
        ("5:lr=1,", "OPTION=VALUE after each colon or comma", "nothing"),
        ("5:freeze", "freeze= with a number of layers", "freeze"),
        ("5:freeze=-1", "0 or more", "freeze=-1"),
        ("5:freeze=half", "'backbone'", "freeze=half"),
        ("5:unfreeze=0", "1 or more", "unfreeze=0"),
        ("5:lr=0", "above 0", "lr=0"),
        ("5:lr=nan", "above 0", "lr=nan"),
        ("5:freeze_bn=maybe", "1 or 0", "freeze_bn=maybe"),
        ("5:lr=1,lr=2", "lr once", "lr twice"),
        ("5:freeze=1,unfreeze=2", "freeze= or unfreeze=", "both"),
        ("5:momentum=.9", "options of freeze", "momentum=.9"),
    ],
)
def test_what_is_no_phase_is_refused(text, expected, got):
    with pytest.raises(UsageError) as error:
        PhaseValue().parse(text)
    assert error.value.where == f"--phase {text}"
    assert expected in error.value.expected
    assert error.value.got == got
    assert error.value.fix


@pytest.mark.parametrize(("word", "near"), [("learning_rate", "lr"), ("freez", "freeze")])
def test_a_misspelt_option_is_answered_with_the_nearest(word, near):
    with pytest.raises(UsageError, match=f"did you mean {near}="):
        PhaseValue().parse(f"5:{word}=1")


def test_frozen_layers_are_a_number_or_the_backbone():
    assert [FreezeValue().parse(value) for value in ("74", 74, "backbone")] == [74, 74, "backbone"]
    for value in ("-1", "half", -1):
        with pytest.raises(ValueError):
            FreezeValue().parse(value)
    with pytest.raises(TypeError):
        FreezeValue().parse(True)

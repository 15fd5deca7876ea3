"""The phases of a plan."""

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.training.phases import Phases, lengthened, phases_of
from darknet_torch.training.plan import TrainPlan


def plan(**options):
    return TrainPlan(cfg="a.cfg", data="a.data", base="a", backup="a", **options)


def test_without_options_it_is_one_phase_in_which_all_layers_learn():
    phases = phases_of(plan())
    assert phases == Phases()
    assert phases.length is None
    assert phases.factor_at(1) == phases.factor_at(10**6) == 1


def test_phases_follow_each_other():
    phases = phases_of(plan(phase=("3:freeze=2,lr=0.5", "4", "2:lr=0.1")))
    assert [phase.first for phase in phases] == [0, 3, 7]
    assert phases.length == 9
    assert [phases.factor_at(update) for update in range(1, 12)] == [0.5] * 3 + [1] * 4 + [0.1] * 4
    assert [phases.at(iteration).number for iteration in (0, 2, 3, 6, 7, 8)] == [1, 1, 2, 2, 3, 3]
    assert [phase.description for phase in phases] == [
        "freeze=2, lr x 0.5",
        "all layers learn",
        "lr x 0.1",
    ]


def test_what_a_phase_does_not_say_is_as_in_the_whole_training():
    first, second, third = phases_of(
        plan(unfreeze=3, freeze_bn=True, phase=("1", "1:freeze=0,freeze_bn=0", "1:width=64"))
    )
    assert (first.unfreeze, first.freeze_bn) == (3, True)
    assert (second.freeze, second.unfreeze, second.freeze_bn) == (0, None, False)
    assert (third.unfreeze, third.width, third.height) == (3, 64, None)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"freeze": 2, "unfreeze": 2}, "--freeze and --unfreeze exclude"),
        ({"phase": ("2",), "max_batches": 2}, "--phase and --max-batches exclude"),
        ({"phase": ("2",), "epochs": 1}, "--phase and --epochs exclude"),
    ],
)
def test_contradictions_are_refused(options, what):
    with pytest.raises(UsageError, match=what) as error:
        phases_of(plan(**options))
    assert error.value.expected and error.value.got and error.value.fix


def test_how_a_training_goes_on_after_its_end():
    assert "--max-batches" in lengthened(plan(max_batches=5))
    longer = lengthened(plan(phase=["5", "2:lr=0.1"]))  # which --max-batches does not go with
    assert "--phase" in longer
    assert "--max-batches" not in longer

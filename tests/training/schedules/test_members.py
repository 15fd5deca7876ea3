"""NAME[:KEY=VALUE,...]: what is taken, and the messages for what is not."""

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.training.schedules.registry import SCHEDULES, WARM_UPS
from darknet_torch.training.schedules.shapes import StepEpochs


def test_a_text_gives_typed_parameters_and_parses_again():
    text = SCHEDULES.parse(" step-epochs: epochs=30+60, factor=0.1 ")
    assert SCHEDULES.parse(text) == text == "step-epochs:epochs=30+60,factor=0.1"
    assert SCHEDULES.member(text) == StepEpochs(epochs=(30.0, 60.0), factor=0.1)
    assert SCHEDULES.member("step-epochs:7") == StepEpochs(epochs=(7.0,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cosin", "--schedule has no such name: .* got cosin; did you mean cosine"),
        ("", "--schedule has no such name: .* got ''"),
        ("cosine:mim=.1", "cosine:mim=.1: cosine has no .* one of min, got mim; .*min="),
        ("cosine:0.1", "cosine has no such parameter: expected one of min, got 0.1"),
        ("cfg:min=1", "cfg has no such parameter: expected no parameter, got min"),
        ("cosine:min=2", "min is out of its bounds: expected a number, 0 to 1, got 2"),
        ("cosine:min=nan", "min is out of its bounds"),
        ("cosine:min=", "min has no value"),
        ("exponential:gamma=inf", "gamma is out of its bounds: expected a number above 0"),
        ("exponential:per=day", "per is out of its bounds: expected epoch or iteration"),
        ("exponential:gamma=.9,end=.1", "end and gamma exclude each other: .* end=0.1 and"),
        ("cosine-restarts:mult=1.5", "mult is out of its bounds: expected a whole number, 1"),
        ("step-epochs:epochs=60+30", "expected increasing numbers above 0"),
        ("step-epochs:factor=.1,factor=.2", "factor is given twice"),
        ("plateau:follow=map", "expected score or loss, got map"),
    ],
)
def test_a_mistake_says_what_is_right(text, message):
    with pytest.raises(UsageError, match=message):
        SCHEDULES.parse(text)


def test_the_length_of_a_warm_up_is_given_once():
    with pytest.raises(UsageError, match=r"--warmup linear:.*: iterations and epochs exclude"):
        WARM_UPS.parse("linear:iterations=5,epochs=1")


def test_what_a_text_cannot_give_is_parsed_but_not_named():
    assert SCHEDULES.parse("callable") == "callable"  # of a saved plan
    assert "callable" not in str(SCHEDULES)
    with pytest.raises(UsageError) as error:
        SCHEDULES.parse("callabel")
    assert "callable" not in str(error.value)


def test_another_type_is_none():
    with pytest.raises(TypeError):
        SCHEDULES.parse(5)

"""Values of a saved state that are not what a run has saved."""

import math
from types import NoneType

import pytest
import torch

from darknet_torch.training.early_end import Patience
from darknet_torch.training.forward import ForwardPass
from darknet_torch.training.optimizer import Optimizer
from darknet_torch.training.run_record import RunRecord
from darknet_torch.training.saved_arrays import saved_array
from darknet_torch.training.saved_values import saved_numbers, saved_value
from darknet_torch.training.score_history import ScoreHistory
from tests.conversion.small_models import small_model
from tests.training.small_networks import network


@pytest.mark.parametrize(
    ("value", "kinds"),
    [(0, (int,)), (2**31 - 1, (int,)), (3, (float,)), (math.inf, (float,)), (None, (NoneType,))],
)
def test_a_value_of_its_kind_is_taken(value, kinds):
    assert saved_value({"a": value}, "a", *kinds) is value


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        *((value, (int,)) for value in (-1, 2**31, 1.0, True, "1", None, [1], torch.ones(1))),
        *((value, (float, NoneType)) for value in (2**70, "nan", {}, torch.tensor(1.0), False)),
        (1, (bool,)),
        (None, (str,)),
    ],
)
def test_a_value_of_another_kind_is_refused(value, kinds):
    with pytest.raises(ValueError, match=r"^a cannot be "):
        saved_value({"a": value}, "a", *kinds)


def test_a_missing_value_is_the_default_which_is_checked_too():
    assert saved_value({}, "a", int, default=5) == 5
    with pytest.raises(ValueError, match="a cannot be None"):
        saved_value({}, "a", int)


def test_arrays_have_the_shape_of_others_and_numbers_in_them():
    like, value = torch.zeros(2, 3), torch.ones(2, 3)
    assert torch.equal(saved_array(value, like, "momentum"), value)
    with pytest.raises(ValueError, match=r"momentum is \[3, 2\], the cfg says \[2, 3\]"):
        saved_array(value.T, like, "momentum")
    for wrong in (value.int(), None, 1.0, [[1.0] * 3] * 2):
        with pytest.raises(ValueError, match="momentum cannot be"):
            saved_array(wrong, like, "momentum")


@pytest.mark.parametrize(
    "value",
    [
        torch.zeros(1).expand(2, 3),
        torch.zeros(2, 3).to_sparse(),
        torch.zeros(2, 3, dtype=torch.complex64),
    ],
)
def test_arrays_can_be_changed_in_place(value):
    with pytest.raises(ValueError, match="momentum"):
        saved_array(value, torch.zeros(2, 3), "momentum")


RECURRENT = "[net]\ninputs=3\nbatch=2\n[lstm]\noutput=4\n[connected]\noutput=2\n[softmax]\n"
DELTAS = "[net]\nwidth=2\nheight=2\nchannels=3\n[upsample]\n[connected]\noutput=2\n[softmax]\n"
LSTM = {"recurrent": {0: (torch.zeros(2, 4), torch.zeros(2, 4))}}


def loaded(cfg, changed):
    """A forward pass that goes on from its own state, in which some values are changed."""
    forward = ForwardPass(network(cfg))
    forward.load_state_dict({**forward.state_dict(), **changed})
    return forward


@pytest.mark.parametrize(
    "parts",
    [
        (torch.zeros(2, 4),),
        (torch.zeros(2, 4), torch.zeros(2, 5)),
        (torch.zeros(2, 4), torch.tensor(0.0)),
        (torch.zeros(2, 4), torch.zeros(2, 4).int()),
        (torch.zeros(2, 4), torch.zeros(1).expand(2, 4)),
        (None, None),
        "ab",
        5,
    ],
)
def test_states_of_layers_of_another_form_are_refused(parts):
    with pytest.raises(ValueError, match="the state of layer 0"):
        loaded(RECURRENT, {"recurrent": {0: parts}})


def test_a_state_of_fewer_sequences_is_dropped():
    layer = loaded(RECURRENT, LSTM).network.layers[0]
    layer.reset_stream_state(5)
    assert layer(torch.zeros(3, 3, 1, 1)).shape == (3, 4, 1, 1)
    assert [part.shape for part in layer.state] == [(3, 4), (3, 4)]


@pytest.mark.parametrize(
    "delta", [torch.zeros(()), torch.zeros(7), torch.zeros(1, 4, 1, 1), torch.zeros(1, 3).int(), 5]
)
def test_accumulated_deltas_of_another_form_are_refused(delta):
    with pytest.raises(ValueError, match="the accumulated delta of layer 0"):
        loaded(DELTAS, {"accumulated": {0: delta}})
    fitting = torch.ones(9, 3, 5, 5)
    assert loaded(DELTAS, {"accumulated": {0: fitting}}).accumulated[0].delta is not None


def test_lists_of_numbers_that_count():
    assert saved_numbers([0, 5], "layers") == [0, 5]
    for wrong in ([-1], ["1"], [True], 5, None, {1: 2}, "12"):
        with pytest.raises(ValueError, match="layers cannot be"):
            saved_numbers(wrong, "layers")


@pytest.mark.parametrize("name", ["last", "best"])
@pytest.mark.parametrize("score", [0, [], [1], [1.0, 2, 3], [1.0, -1], ["a", 2], [None, 2]])
def test_scores_are_a_number_and_an_iteration(name, score):
    with pytest.raises(ValueError, match=r"cannot be|values to unpack"):
        ScoreHistory().load_state_dict({name: score})
    history = ScoreHistory()
    history.load_state_dict({name: [0.5, 3]})
    assert getattr(history, name) == (0.5, 3)


def test_a_count_of_evaluations_is_a_number():
    with pytest.raises(ValueError, match="without_better cannot be 'many'"):
        Patience(3).load_state_dict({"without_better": "many"})


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"layers": [], "settings": None},
        {"layers": 5, "settings": {}},
        {"layers": [1], "settings": {}},
        {"layers": [{"section": 1}], "settings": {}},
        {"layers": [], "settings": {"seed": 1}},
    ],
)
def test_a_record_is_made_of_texts(record):
    with pytest.raises(ValueError, match="its record is not that of a run"):
        RunRecord.from_dict(record)


@pytest.mark.parametrize("value", [torch.zeros(1), 5.0, "x"])
def test_momentum_of_another_shape_is_refused(value):
    """PyTorch itself takes it, and fails in the first update."""
    network = small_model().network
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer = Optimizer(network)
    optimizer.step(0.1, 1, 1)
    state = optimizer.state_dict()
    Optimizer(network).load_state_dict(state)
    next(iter(state["state"].values()))["momentum_buffer"] = value
    with pytest.raises(ValueError, match="momentum_buffer"):
        Optimizer(network).load_state_dict(state)


@pytest.mark.parametrize(
    ("name", "is_there"),
    [("exp_avg", True), ("exp_avg_sq", True), ("exp_avg", False), ("step", False)],
)
def test_moments_that_are_none_or_missing_are_refused(name, is_there):
    """PyTorch itself takes them, and fails in the first update."""
    network = small_model().network
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer = Optimizer(network, kind="adam")
    optimizer.step(0.1, 1, 1)
    state = optimizer.state_dict()
    Optimizer(network, kind="adam").load_state_dict(state)
    values = next(iter(state["state"].values()))
    values[name] = None
    if not is_there:
        del values[name]
    with pytest.raises(ValueError, match="cannot be None" if is_there else "another optimizer"):
        Optimizer(network, kind="adam").load_state_dict(state)

"""The state_dict is found inside every kind of file that training runs write."""

import pytest
import torch

from darknet_torch.checkpoints.unwrap import find_state
from darknet_torch.errors import WeightsError

STATE = {"a.weight": torch.tensor([1.0, 2.0]), "a.bias": torch.tensor([3.0])}
TRAINING = {
    "epoch": 7,
    "best_fitness": torch.tensor([0.4]),
    "training_results": "lines",
    "optimizer": {"state": {0: {"momentum_buffer": torch.zeros(2)}}, "param_groups": []},
}


def prefixed(prefix, state=STATE):
    return {f"{prefix}{key}": value for key, value in state.items()}


@pytest.mark.parametrize(
    "loaded",
    [
        STATE,
        {"state_dict": STATE},
        {"model_state_dict": STATE, "loss": 0.1},
        {**TRAINING, "model": STATE},
        {**TRAINING, "model": STATE, "ema": None},
        {**TRAINING, "model": prefixed("b."), "ema": STATE},
        {"model": {"module": STATE}},
        prefixed("module."),
        prefixed("model."),
        prefixed("module.model."),
        {"model_ema": {**prefixed("module."), "n_averaged": torch.tensor(3)}},
        {**STATE, "a.num_batches_tracked": torch.tensor(5), "note": "none"},
        {
            **prefixed("module."),
            "total_ops": torch.zeros(1),
            "module.a.total_params": torch.ones(1),
        },
        {"model": {"total_ops": torch.zeros(1)}, "state_dict": {"net": STATE}},
    ],
)
def test_the_state_dict_is_found(loaded):
    found = find_state(loaded, "some.pt")
    assert list(found) == list(STATE)
    assert all(torch.equal(found[key], STATE[key]) for key in STATE)


def test_checkpoints_nested_without_end_are_searched_once():
    deep = loop = {}
    for _ in range(5000):
        deep = {"model": deep, "ema": deep}
    loop["net"] = deep
    with pytest.raises(WeightsError, match="contains no state_dict"):
        find_state(deep, "some.pt")
    loop["state_dict"] = STATE
    assert list(find_state(deep, "some.pt")) == list(STATE)


def test_a_prefix_that_some_keys_lack_is_kept():
    mixed = {"module.a": torch.zeros(1), "b": torch.zeros(1)}
    assert list(find_state(mixed, "some.pt")) == ["module.a", "b"]


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision_becomes_single(kind):
    found = find_state({"a": torch.tensor([0.5, 3.0], dtype=kind)}, "some.pt")["a"]
    assert found.dtype == torch.float32
    assert found.tolist() == [0.5, 3.0]


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.int64])
def test_other_types_are_kept(kind):
    assert find_state({"a": torch.ones(2, dtype=kind)}, "some.pt")["a"].dtype == kind


@pytest.mark.parametrize(
    ("loaded", "got"),
    [
        (torch.zeros(2), "a Tensor"),
        ([STATE], "a list"),
        ({}, "an empty dict"),
        ({"total_ops": torch.zeros(1)}, "a dict of 'total_ops'"),
        ({"two\nlines": 1, (1,): 2}, "a dict of 'two\\nlines', a tuple"),
        ({"epoch": 3, 4: "x"}, "a dict of 'epoch', 4"),
        ({f"k{n}": n for n in range(9)}, "a dict of 'k0', 'k1', 'k2', 'k3', 'k4', 'k5', ..."),
    ],
)
def test_a_file_without_a_state_dict_is_refused(loaded, got):
    with pytest.raises(WeightsError) as caught:
        find_state(loaded, "some.pt")
    message = str(caught.value)
    assert message.startswith(
        "some.pt: contains no state_dict: expected a dict of tensors, or one"
    )
    assert message.endswith(f", got {got}; save model.state_dict() with torch.save")

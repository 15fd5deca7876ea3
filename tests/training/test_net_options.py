"""The options of [net] that a training runs with."""

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.training.distributed import Processes
from darknet_torch.training.net_options import with_net_options
from darknet_torch.training.setup import prepare
from tests.training.runs import (
    CHARACTERS,
    CLASSIFIER,
    changed,
    classifier_data,
    written,
)


def options(plan, processes=None):
    return with_net_options(plan, processes or Processes()).net_options


def test_without_options_nothing_is_replaced(plan):
    assert options(plan) is None
    assert options(changed(plan, max_batches=9)) == {"max_batches": 9}


def test_epochs_are_shared_by_the_processes(plan):
    epochs = changed(plan, epochs=10)  # of 6 pictures, 4 at a time
    assert options(epochs)["max_batches"] == 15
    assert options(epochs, Processes(0, 3))["max_batches"] == 5


def test_epochs_of_a_classifier_and_of_a_text(plan, tmp_path):
    cfg, data = written(tmp_path, CLASSIFIER), classifier_data(tmp_path / "colours", 4)
    classifier = changed(plan, cfg=str(cfg), data=str(data), epochs=3)
    assert options(classifier)["max_batches"] == 3 * 12 // 12
    text = tmp_path / "text.txt"
    text.write_text("abcd" * 200)
    letters = written(tmp_path, CHARACTERS, "letters.cfg")
    characters = changed(plan, cfg=str(letters), data=str(text), epochs=2)
    assert options(characters)["max_batches"] == 2 * 800 // 32
    with pytest.raises(UsageError, match=r"cannot be read .*expected a text file"):
        options(changed(characters, data=str(tmp_path / "none.txt")))


def test_the_network_runs_with_them_and_the_plan_keeps_them(plan):
    training = prepare(changed(plan, epochs=10, learning_rate=0.25))
    net = training.network.net
    assert (net.max_batches, net.burn_in, net.learning_rate) == (15, 1, 0.25)
    assert training.plan.net_options == {
        "max_batches": 15,
        "burn_in": 1,
        "steps": (12,),
        "learning_rate": 0.25,
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_batches": 0}, "max_batches is out of its bounds: expected 1 or more, got 0"),
        ({"epochs": 0}, "epochs is out of its bounds"),
        ({"learning_rate": -1.0}, "--learning-rate is out of its bounds"),
    ],
)
def test_values_out_of_bounds_are_refused(plan, values, message):
    with pytest.raises(UsageError, match=message):
        options(changed(plan, **values))

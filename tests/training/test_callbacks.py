"""The events of a training."""

import inspect

import pytest

from darknet_torch.training.callbacks import Callback, CallbackList

EVENTS = [name for name in vars(Callback) if name.startswith("on_") and name != "on_every_rank"]


class Recorder(Callback):
    """Keeps the events in a list that several share."""

    def __init__(self, name, calls):
        self.name, self.calls = name, calls


def keep(event):
    return lambda self, *arguments: self.calls.append((self.name, event, arguments))


for _event in EVENTS:
    setattr(Recorder, _event, keep(_event))


@pytest.mark.parametrize("event", EVENTS)
def test_a_list_calls_its_callbacks_in_order_with_the_same_arguments(event):
    calls = []
    both = CallbackList([Recorder("one", calls), Recorder("two", calls)])
    count = len(inspect.signature(getattr(Callback, event)).parameters) - 1  # without self
    arguments = ("loop", "more", "most")[:count]
    getattr(both, event)(*arguments)
    assert calls == [("one", event, arguments), ("two", event, arguments)]


def test_a_misspelt_event_is_refused():
    with pytest.raises(TypeError, match=r"Misspelt\.on_iteraton is not an event of Callback"):

        class Misspelt(Callback):
            def on_iteraton(self, loop, update):
                """Never called."""

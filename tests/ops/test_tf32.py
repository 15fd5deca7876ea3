"""PyTorch's switches for TF32: what they are set to, and that they are restored."""

import itertools
import os
import threading

import pytest
import torch

from darknet_torch.ops.tf32 import TF32_OF_CUDA, SharedSwitch

BACKENDS = torch.backends
SWITCHES = (BACKENDS.cudnn.conv, BACKENDS.cudnn.rnn, BACKENDS.cuda.matmul)
PATIENCE = 10.0  # seconds: a thread that takes longer never ends
TIME_TO_ENTER = 0.05  # seconds in which a thread that need not wait would have entered

# What programs set, by either of PyTorch's interfaces; the last value of each counts.
PLACES = (BACKENDS, BACKENDS.cudnn, *SWITCHES)
STATES = [
    *((place, "fp32_precision", value) for place in PLACES for value in ("ieee", "tf32", "none")),
    *((BACKENDS.cudnn, "allow_tf32", value) for value in (True, False)),
    *((BACKENDS.cuda.matmul, "allow_tf32", value) for value in (True, False)),
    *((torch, "float32_matmul_precision", value) for value in ("highest", "high", "medium")),
]


def set_state(place, name, value):
    if name == "float32_matmul_precision":
        torch.set_float32_matmul_precision(value)
    else:
        setattr(place, name, value)


def readable(read):
    """What PyTorch reads, or that it refuses to, because the interfaces disagree."""
    try:
        return read()
    except RuntimeError:
        return "refused"


def reading():
    """Every switch by every interface."""
    return [
        *(place.fp32_precision for place in (*PLACES, BACKENDS.mkldnn, BACKENDS.mkldnn.matmul)),
        readable(lambda: BACKENDS.cudnn.allow_tf32),
        readable(lambda: BACKENDS.cuda.matmul.allow_tf32),
        readable(torch.get_float32_matmul_precision),
    ]


def whole_state():
    """What is read now, and what it becomes when the value for everything changes."""
    found, before = [reading()], BACKENDS.fp32_precision
    for value in ("ieee", "tf32", "none"):
        BACKENDS.fp32_precision = value
        found.append(reading())
    BACKENDS.fp32_precision = before
    return repr(found)


def in_a_fork(function):
    """What `function` returns in a copy of this process, whose state is then gone."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = function()
        except BaseException as error:  # noqa: BLE001 (the child must not go on as pytest)
            answer = repr(error)
        with os.fdopen(write, "w") as stream:
            stream.write(answer)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as stream:
        found = stream.read()
    os.waitpid(child, 0)
    return found


def positions():
    return {switch.fp32_precision for switch in SWITCHES}


def turned_on_and_off():
    """The state after the switches were turned, if they were what they should be."""
    for on, wanted in ((True, "tf32"), (False, "ieee")):
        with pytest.raises(KeyError), TF32_OF_CUDA.turned(on):
            assert positions() == {wanted}
            raise KeyError
    return whole_state()


def states_not_restored():
    """Those pairs of states after which another state is left."""
    own_of_cudnn = (BACKENDS.cudnn.conv, BACKENDS.cudnn.rnn)
    never_set = [
        state
        for state in STATES
        if state[0] not in own_of_cudnn and state[:2] != (BACKENDS.cudnn, "allow_tf32")
    ]
    wrong = []
    # First those that leave the switches of cuDNN's kernels as if they were never set.
    for states in (*itertools.product(never_set, repeat=2), *itertools.product(STATES, repeat=2)):
        for state in states:
            set_state(*state)
        before = whole_state()
        if turned_on_and_off() != before:
            wrong.append(states)
    return repr(wrong)


def test_a_program_gets_exactly_its_state_back():
    """A switch that was never set is not the same as one that was set to what it reads."""
    assert in_a_fork(states_not_restored) == "[]"


def test_the_older_interface_of_products_can_be_read_inside():
    """torch.compile reads it, also where TF32 is on."""
    for on, wanted in ((True, "high"), (False, "highest")):
        with TF32_OF_CUDA.turned(on):
            assert torch.get_float32_matmul_precision() == wanted


def test_blocks_nest():
    before = reading()
    with TF32_OF_CUDA.turned(True):
        with TF32_OF_CUDA.turned(False):
            with TF32_OF_CUDA.turned(False):
                assert positions() == {"ieee"}
            assert positions() == {"ieee"}
        assert positions() == {"tf32"}
    assert reading() == before


class Recorded:
    """A switch that records each position and each restoring."""

    def __init__(self):
        self.events = []
        self.switch = SharedSwitch(self.turn)

    def turn(self, on):
        self.events.append(on)
        return lambda: self.events.append("restored")


def started(function):
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def ended(*threads):
    for thread in threads:
        thread.join(PATIENCE)
    return not any(thread.is_alive() for thread in threads)


def test_threads_share_a_position():
    recorded, inside = Recorded(), threading.Barrier(2, timeout=PATIENCE)

    def use():
        with recorded.switch.turned(True):
            inside.wait()

    assert ended(started(use), started(use))
    assert recorded.events == [True, "restored"]


def test_a_thread_waits_until_nobody_needs_the_other_position():
    recorded, entered = Recorded(), threading.Event()

    def use_other():
        with recorded.switch.turned(False):
            entered.set()

    with recorded.switch.turned(True):
        other = started(use_other)
        assert not entered.wait(TIME_TO_ENTER)
    assert ended(other)
    assert recorded.events == [True, "restored", False, "restored"]


def test_two_threads_that_change_position_inside_do_not_wait_for_each_other():
    recorded, both_on = Recorded(), threading.Barrier(2, timeout=PATIENCE)

    def use():
        with recorded.switch.turned(True):
            both_on.wait()
            with recorded.switch.turned(False):
                pass

    assert ended(started(use), started(use))
    assert recorded.events.count("restored") == len(recorded.events) / 2

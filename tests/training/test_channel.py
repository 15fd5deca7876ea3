"""Messages between the two ends of a connection."""

import threading

import numpy as np
import pytest

from darknet_torch.training.channel import Channel


@pytest.fixture
def ends():
    one, other = Channel.pair()
    yield one, other
    one.close()
    other.close()


def test_messages_arrive_in_order_and_complete(ends):
    one, other = ends
    messages = ["text \udcff", {"empty": np.zeros((0, 5), np.float32)}, None]
    for message in messages:
        one.send(message)
    assert other.receive() == messages[0]
    assert other.receive()["empty"].shape == (0, 5)
    assert other.receive() is None


def test_arrays_of_any_layout_arrive_and_may_be_written_to(ends):
    one, other = ends
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    sent = [images, images.T, images[:, ::2]]
    one.send(sent)
    for array, got in zip(sent, other.receive(), strict=True):
        np.testing.assert_array_equal(got, array)
        got += 1


def test_a_message_may_be_larger_than_the_connection_holds(ends):
    one, other = ends
    large = np.arange(1 << 20, dtype=np.float32)
    sender = threading.Thread(target=one.send, args=(large,))
    sender.start()
    np.testing.assert_array_equal(other.receive(), large)
    sender.join()


def test_what_cannot_be_written_sends_nothing(ends):
    one, other = ends
    with pytest.raises(Exception, match="lambda"):
        one.send([np.zeros(4), lambda: None])
    one.send("next")
    assert other.receive() == "next"


def test_a_closed_end_is_known_to_the_other_side(ends):
    one, other = ends
    one.send("last")
    one.shut_down()
    one.shut_down()
    assert other.receive() == "last"
    with pytest.raises(EOFError):
        other.receive()
    with pytest.raises(ConnectionError):
        other.send("late")


def test_a_message_that_breaks_off_is_an_end(ends):
    one, other = ends
    one._end.sendall(b"\x01\0\0\0\x09")
    one.close()
    with pytest.raises(EOFError):
        other.receive()

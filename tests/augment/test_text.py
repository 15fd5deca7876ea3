import numpy as np
import pytest

from darknet_torch.augment.source import SampleRequest
from darknet_torch.augment.text import TextSource
from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError, UsageError

TEXT = b"the quick brown fox jumps over the lazy dog"
STREAMS, STEPS, PARTS = 3, 5, 2
SLOTS = STREAMS * STEPS


def source(text=TEXT, inputs=128, dialect=ALEXEYAB):
    net = NetOptions(inputs=inputs, batch=STREAMS * PARTS, subdivisions=PARTS, time_steps=STEPS)
    return TextSource.from_text(text, net, dialect)


def load(given, iteration, part=0, slots=None):
    chosen = range(SLOTS) if slots is None else slots
    places = tuple(part * SLOTS + slot for slot in chosen)
    return given.load(SampleRequest(0, iteration, places, 0, 0))


def get_rnn_data(text, offsets, characters):
    """rnn.c get_rnn_data: x, y; advances the offsets."""
    x, y = np.zeros((2, STEPS * STREAMS, characters), np.float32)
    for stream in range(STREAMS):
        for step in range(STEPS):
            offset = offsets[stream]
            x[step * STREAMS + stream, text[offset % len(text)]] = 1
            y[step * STREAMS + stream, text[(offset + 1) % len(text)]] = 1
            offsets[stream] = (offset + 1) % len(text)
    return x, y


@pytest.mark.parametrize("dialect", [ALEXEYAB, PJREDDIE])
def test_streams_continue_as_in_c_until_they_restart(dialect):
    given = source(dialect=dialect)
    offsets, restarts = [0] * STREAMS, 0
    for number in range(120):
        loaded = load(given, *divmod(number, PARTS))
        assert loaded.images.shape == (SLOTS, 128, 1, 1)
        for stream in loaded.restarts:
            # A position where this text occurs; the stream may have started there.
            texts = [loaded.images[step * STREAMS + stream].argmax() for step in range(STEPS)]
            offsets[stream] = (TEXT * 2).index(bytes(texts))
        restarts += len(loaded.restarts)
        if number == 0:
            assert loaded.restarts == tuple(range(STREAMS))
        x, y = get_rnn_data(TEXT, offsets, 128)
        np.testing.assert_array_equal(loaded.images[:, :, 0, 0], x)
        np.testing.assert_array_equal(loaded.truths, y)
    # 119 * 3 chances of one in 10 (36 +- 6) or 64 (6 +- 2).
    low, high = (16, 60) if dialect is ALEXEYAB else (0, 15)
    assert low <= restarts - STREAMS <= high


def test_requesting_some_streams_gives_the_same_text():
    given = source()
    whole = load(given, 7)
    slots = [slot for slot in range(SLOTS) if slot % STREAMS == 1]
    np.testing.assert_array_equal(load(given, 7, slots=slots).images, whole.images[slots])
    # Streams are numbered among those asked for.
    assert load(given, 0, slots=slots).restarts == (0,)


def test_token_ids_are_accepted():
    given = source([0, 5, 2], inputs=6)
    loaded = load(given, 0)
    follows = {0: 5, 5: 2, 2: 0}
    for now, then in zip(loaded.images[:, :, 0, 0], loaded.truths, strict=True):
        assert follows[int(now.argmax())] == then.argmax()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a\0b", "Bad char.*expected 1..127.*got 0"),
        ("é".encode(), "Bad char.*got 195"),
        ([3, 128], "character 1 of the text: Bad char: expected 0..127"),
        ([-1, 3], "Bad char"),
        (b"a", "the text is too short"),
        (b"", "the text is too short"),
    ],
)
def test_text_that_darknet_refuses_is_an_error(text, message):
    with pytest.raises(UsageError, match=message):
        source(text)


def test_a_network_of_pictures_is_an_error():
    with pytest.raises(CfgError, match="input is a picture, not text: expected inputs= in"):
        TextSource.from_text(TEXT, NetOptions(width=8, height=8, channels=3), ALEXEYAB)

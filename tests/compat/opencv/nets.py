"""Small nets for the tests of compat.opencv."""

import numpy as np

from darknet_torch.compat import opencv as dnn

ROWS = (100, 8)  # of the toy model's output
HEADER = np.array([0, 2, 5, 0, 0], np.int32).tobytes()
NAMES_PREFIX = ("conv_0", "bn_0", "leaky_1", "conv_1", "bn_1", "leaky_2")


def as_array(text):
    """The bytes of a text as an array."""
    return np.frombuffer(text.encode(), np.uint8)


def net_of(text):
    """The net of a cfg's text, without weights."""
    return dnn.readNetFromDarknet(as_array(text))

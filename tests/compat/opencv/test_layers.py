"""The layers that OpenCV's importer creates, and those that it refuses."""

import pytest

import darknet_torch as dt
from tests.compat.models import CLASSIFIER
from tests.compat.opencv.nets import net_of


def test_a_layer_that_no_other_reads_is_an_output():
    text = CLASSIFIER.replace("[softmax]", "[softmax]\n[route]\nlayers=2")
    assert net_of(text).getUnconnectedOutLayersNames() == ("softmax_5", "identity_7")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            "[local]\nfilters=4\nsize=1\nactivation=linear\n",
            r":5: .*not support \[local\]",
        ),
        (
            "[convolutional]\nactivation=elu\n",
            "not support activation=elu: expected linear, leaky",
        ),
        (
            "[region]\nanchors=1,1\nnum=1\nclasses=3\ncoords=4\n",
            r"supports \[region\] with softmax=1 and",
        ),
    ],
)
def test_layers_that_opencv_refuses_are_refused(layer, message):
    text = f"[net]\nwidth=32\nheight=32\nchannels=8\n{layer}"
    with pytest.raises(dt.UnsupportedError, match=message):
        net_of(text)

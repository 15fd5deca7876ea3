"""Networks for the tests of inference."""

from tests.conversion.small_models import NET

CLASSIFIER = (
    f"{NET}[convolutional]\nfilters=8\nsize=3\nstride=4\npad=1\nbatch_normalize=1\n"
    "activation=leaky\n[avgpool]\n[connected]\noutput=5\nactivation=linear\n[softmax]\n"
)

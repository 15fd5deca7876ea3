"""[iseg]: class scores and embeddings."""

import pytest

from darknet_torch.errors import CfgError
from tests.layers.single import build, check_output, logistic, picture


@pytest.mark.parametrize(("options", "classes"), [("classes=2 ids=3", 2), ("classes=5 ids=0", 5)])
def test_it_activates_the_classes_and_not_the_embedding(options, classes):
    x = picture(channels=5)
    expected = x.double().numpy()
    expected[:, :classes] = logistic(expected[:, :classes])
    check_output(build(f"iseg {options}", channels=5, dialect="pjreddie"), x, expected)


def test_an_input_of_other_channels_is_refused():
    with pytest.raises(
        CfgError,
        match=r"\[iseg\] does not fit the layer before it: "
        r"expected filters=4 = 2 classes \+ 2 ids, got 3 channels",
    ):
        build("iseg classes=2 ids=2")

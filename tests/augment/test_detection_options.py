from types import SimpleNamespace

import pytest

from darknet_torch.augment.detection_options import DetectionAugmentation
from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError

STILL = SimpleNamespace(classes=3, max=40, jitter=0.0, resize=1.0)


def net(**options):
    given = {"batch": 8, "width": 160, "height": 128, "channels": 3}
    return NetOptions(**{**given, **options})


@pytest.mark.parametrize(
    ("options", "head", "message"),
    [
        ({"cutmix": True}, STILL, "cutmix=1 - isn't supported for Detector"),
        ({"cutmix": True, "mosaic": True}, STILL, "cutmix=1 - isn't supported for Detector"),
        (
            {"mosaic": True, "letter_box": True},
            STILL,
            "Combination: letter_box=1 & mosaic=1 - isn't supported, use only 1",
        ),
        (
            {"contrastive": True, "subdivisions": 8},
            STILL,
            "mini_batch size .* should be higher than 1 for Contrastive loss!",
        ),
        ({"mixup": 5}, STILL, "mixup is out of its bounds"),
        (
            {"channels": 4},
            STILL,
            "input cannot be a picture: expected width=.*got width=160, height=128, channels=4",
        ),
        (
            {},
            SimpleNamespace(classes=3, max=9, jitter=0, resize=0),
            "resize of the last head is out of",
        ),
    ],
)
def test_options_that_darknet_refuses_are_an_error(options, head, message):
    with pytest.raises(CfgError, match=message):
        DetectionAugmentation.from_options(net(**options), head, ALEXEYAB)

import pytest

from darknet_torch.augment.mixing import (
    CUTMIX,
    CUTMIX_OR_MOSAIC,
    MIXUP,
    MOSAIC,
    check_contrastive_batch,
    mixing_mode,
)
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({}, 0),
        ({"mixup": 1}, MIXUP),
        ({"cutmix": True}, CUTMIX),
        ({"mosaic": True, "mixup": 1}, MOSAIC),
        ({"mosaic": True, "cutmix": True}, CUTMIX_OR_MOSAIC),
    ],
    ids=str,
)
def test_the_mode_follows_the_options(options, mode):
    assert mixing_mode(NetOptions(**options)) == mode


def test_an_unknown_mode_is_an_error():
    with pytest.raises(CfgError, match=r"mixup is out of its bounds: expected 0 for none.*got 5"):
        mixing_mode(NetOptions(mixup=5))


def test_contrastive_pairs_need_two_samples_per_mini_batch():
    check_contrastive_batch(NetOptions(contrastive=True, batch=8, subdivisions=4))
    with pytest.raises(CfgError, match="got batch=8, subdivisions=8; raise batch="):
        check_contrastive_batch(NetOptions(contrastive=True, batch=8, subdivisions=8))

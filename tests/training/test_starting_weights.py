"""The advice where the weights that a training starts from do not fit."""

import pytest

from darknet_torch.errors import WeightsError
from darknet_torch.training.setup import prepare
from tests.training.runs import changed, final_weights


@pytest.mark.parametrize("cut", [-8, 400])
def test_a_file_of_another_cfg_is_to_be_cut_with_its_own(plan, tmp_path, cut):
    data = final_weights(plan)
    odd = tmp_path / "odd one.weights"
    odd.write_bytes(data[:cut] if cut < 0 else data + bytes(cut))
    with pytest.raises(WeightsError) as caught:
        prepare(changed(plan, weights=str(odd)))
    assert caught.value.fix == (
        "the file belongs to another cfg, or the download broke off; to start from its first N "
        f"layers, run dtorch partial CFG '{odd}' OUT N with the cfg of the file, and give OUT as "
        "--weights"
    )
    assert "--allow-leftover" not in str(caught.value)


def test_a_missing_file_is_reported_as_such(plan):
    with pytest.raises(WeightsError, match=r"gone\.weights: no such weight file"):
        prepare(changed(plan, weights="gone.weights"))

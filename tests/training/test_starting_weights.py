"""The advice where the weights that a training starts from do not fit."""

import pytest

from darknet_torch import convert
from darknet_torch.errors import WeightsError
from darknet_torch.training.setup import prepare
from tests.training.runs import DETECTOR, changed, final_weights


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


def test_a_state_dict_for_other_classes_gets_the_command_that_cuts_it(plan, tmp_path):
    final_weights(plan)
    state = tmp_path / "small.pt"
    convert(plan.path("_final.weights"), state, cfg=plan.path(".cfg"))
    prepare(changed(plan, weights=str(state), backup=str(tmp_path / "next"), clear=True))
    other = tmp_path / "other.cfg"
    other.write_text(DETECTOR.replace("filters=", "filters=1", 1))
    with pytest.raises(WeightsError) as caught:
        prepare(changed(plan, cfg=str(other), weights=str(state)))
    assert "arrays of the state_dict do not fit the cfg" in caught.value.what
    assert f"run dtorch partial {other} {state} small.conv." in caught.value.fix

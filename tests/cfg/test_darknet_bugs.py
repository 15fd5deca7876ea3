import pytest

from darknet_torch.cfg import darknet_bugs
from darknet_torch.cfg.darknet_bugs import (
    BATCHNORM_WITHOUT_UPDATE,
    COL2IM_ZEROES_DELTA,
    DARKNET_BUGS,
    DELTAS_NOT_ZEROED,
    LAYERS_COPY_DELTA,
    LAYERS_WITHOUT_TRAIN_FLAG,
    NORMALIZED_BIASES_WITHOUT_DELTA,
    POINTWISE_OVERWRITES_DELTA,
    REGION_LEARNS_NOTHING,
    SHORTCUT_MIXES_PICTURES,
    DarknetBug,
    find_bugs,
)
from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.model.registry import LAYER_TYPES

KNOWN_SECTIONS = {layer.section_names[0] for layer in LAYER_TYPES}


def test_the_list_holds_every_bug_of_the_module_under_its_own_name():
    named = {name: bug for name, bug in vars(darknet_bugs).items() if isinstance(bug, DarknetBug)}
    assert list(named.values()) == list(DARKNET_BUGS)
    assert list(named) == [bug.name for bug in DARKNET_BUGS]


@pytest.mark.parametrize("bug", DARKNET_BUGS, ids=lambda bug: bug.name)
def test_a_bug_names_known_dialects_and_sections_and_says_what_it_does(bug):
    assert bug.dialects
    assert set(bug.dialects) <= set(DIALECTS)
    assert (bug.trains_only or frozenset()) | bug.overwrites <= KNOWN_SECTIONS
    assert "`" in bug.source
    assert bug.effect.endswith(".")
    assert bug.fix.endswith(".")


def test_each_build_has_the_bugs_of_its_sources():
    assert find_bugs("alexeyab") == {
        LAYERS_WITHOUT_TRAIN_FLAG,
        NORMALIZED_BIASES_WITHOUT_DELTA,
        DELTAS_NOT_ZEROED,
        COL2IM_ZEROES_DELTA,
        LAYERS_COPY_DELTA,
        SHORTCUT_MIXES_PICTURES,
    }
    assert find_bugs("alexeyab-cuda") == {LAYERS_WITHOUT_TRAIN_FLAG, LAYERS_COPY_DELTA}
    assert find_bugs("pjreddie") == {
        BATCHNORM_WITHOUT_UPDATE,
        POINTWISE_OVERWRITES_DELTA,
        LAYERS_COPY_DELTA,
        REGION_LEARNS_NOTHING,
    }

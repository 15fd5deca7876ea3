import dataclasses

import pytest

from darknet_torch.cfg.darknet_bugs import DARKNET_BUGS
from darknet_torch.cfg.dialect import (
    ALEXEYAB,
    ALEXEYAB_CUDA,
    DIALECTS,
    PJREDDIE,
    find_dialect,
    without_bugs,
)
from darknet_torch.errors import UsageError
from darknet_torch.model.registry import LAYER_TYPES
from darknet_torch.ops.activations import ACTIVATIONS

SECTIONS = {layer.section_names[0] for layer in LAYER_TYPES}


def flat(dialect):
    """Every field of `dialect` by its name, those of groups as group.name."""
    groups = {f.name: getattr(dialect, f.name) for f in dataclasses.fields(dialect)}
    named = {name: group for name, group in groups.items() if not dataclasses.is_dataclass(group)}
    for name in groups.keys() - named.keys():
        for field in dataclasses.fields(groups[name]):
            named[f"{name}.{field.name}"] = getattr(groups[name], field.name)
    return named


def differing(one, other):
    others = flat(other)
    return {name for name, value in flat(one).items() if value != others[name]}


@pytest.mark.parametrize("dialect", [ALEXEYAB, PJREDDIE, ALEXEYAB_CUDA])
def test_a_dialect_is_found_by_its_name_or_is_itself(dialect):
    assert find_dialect(dialect.name) is dialect
    assert find_dialect(dialect) is dialect


def test_an_unknown_dialect_is_refused_with_the_known_ones():
    with pytest.raises(UsageError) as caught:
        find_dialect("darknet")
    assert "unknown dialect" in str(caught.value)
    assert "got 'darknet'" in str(caught.value)
    for name in DIALECTS:
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("field", "alexeyab", "pjreddie"),
    [
        ("numerics.epsilon_inside_root", True, False),
        ("numerics.rolling_step", 0.1, 0.01),
        ("numerics.connected_rolling_step", 0.05, 0.01),
        ("numerics.double_slopes", "tail", "all"),
        ("numerics.logistic_in_double", False, True),
        ("training.frozen_layers_decay", False, True),
        ("training.cumulative_yolo", True, False),
        ("weight_file.batchnorm_has_biases", True, False),
        ("geometry.shortcut_strides", False, True),
        ("geometry.pointwise_strides", "x", "none"),
        ("training.convolutions_start_normal", False, True),
        ("numerics.maxpool_blocks", True, False),
        ("geometry.flat_region", True, False),
        ("numerics.xnor_in_bits", True, False),
        ("geometry.rnn_has_hidden", True, False),
        (
            "weight_file.gru_order",
            ("uz", "ur", "uh", "wz", "wr", "wh"),
            ("wz", "wr", "wh", "uz", "ur", "uh"),
        ),
        ("weight_file.lstm_order", "figo", "ifog"),
        ("defaults.crnn_padding", 0, 1),
        ("geometry.crnn_swaps_sides", False, True),
        ("defaults.letterbox", False, True),
        ("geometry.names_leaves_only", False, True),
        ("defaults.dropout_probability", 0.2, 0.5),
        ("defaults.yolo_max_boxes", 200, 90),
        ("defaults.region_max_boxes", 200, 30),
        ("defaults.adam_epsilon", 1e-6, 1e-7),
        ("weight_file.version", (0, 2, 5), (0, 2, 0)),
        ("training_data.jitter_places_pictures", False, True),
        ("training_data.truths_in_pixels", True, False),
        ("training_data.smallest_cell_truth", 0.001, 0.005),
        ("training_data.centres_small_crops", True, False),
        ("training_data.multiscale_by_factor", True, False),
        ("training_data.stream_restart", 10, 64),
        ("weight_file.wide_seen_in_transposed", True, False),
    ],
)
def test_the_code_bases_differ_as_their_sources_do(field, alexeyab, pjreddie):
    assert flat(ALEXEYAB)[field] == alexeyab
    assert flat(PJREDDIE)[field] == pjreddie


def test_every_field_differs_between_two_dialects():
    fields = flat(ALEXEYAB).keys()
    between_code_bases, of_builds = (differing(ALEXEYAB, d) for d in (PJREDDIE, ALEXEYAB_CUDA))
    assert between_code_bases | of_builds == fields
    assert fields - between_code_bases == {
        "numerics.chooses_lstm_activation",
        "numerics.cudnn_normalization",
    }


def test_the_cuda_build_is_the_same_code_base():
    assert ALEXEYAB_CUDA.code_base == ALEXEYAB.code_base == "alexeyab"
    assert differing(ALEXEYAB, ALEXEYAB_CUDA) == {
        "name",
        "numerics.unwritten_activations",
        "numerics.rolling_step",
        "numerics.connected_rolling_step",
        "numerics.cudnn_normalization",
        "numerics.double_slopes",
        "bugs",
        "geometry.pointwise_strides",
        "numerics.maxpool_blocks",
        "numerics.chooses_lstm_activation",
    }


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_dialect_reproduces_the_bugs_of_its_own_builds_only(dialect):
    for bug in DARKNET_BUGS:
        assert dialect.reproduces(bug) is (dialect.name in bug.dialects)


def trained_sections(dialect):
    return {name for name in SECTIONS if dialect.trains(name)}


def overwriting_sections(dialect):
    return {name for name in SECTIONS if dialect.overwrites_delta(name)}


def test_each_code_base_leaves_some_sections_untrained():
    """AlexeyAB's update_network reads `train`, which few layers set; pjreddie's, `update`."""
    alexeyab = set("convolutional batchnorm maxpool local_avgpool shortcut crnn conv_lstm".split())
    pjreddie = set("convolutional deconvolutional connected local rnn gru lstm crnn".split())
    assert trained_sections(ALEXEYAB) == trained_sections(ALEXEYAB_CUDA) == alexeyab
    assert trained_sections(PJREDDIE) == pjreddie


def test_some_sections_overwrite_the_delta_of_the_layer_they_read():
    everywhere = set("batchnorm activation normalization reorg reorg3d sam".split())
    assert overwriting_sections(ALEXEYAB) == everywhere | {"convolutional"}
    assert overwriting_sections(ALEXEYAB_CUDA) == overwriting_sections(PJREDDIE) == everywhere


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_without_bugs_reproduces_none_and_differs_in_nothing_else(dialect):
    fixed = without_bugs(dialect)
    assert differing(dialect, fixed) == {"bugs"}
    assert not any(fixed.reproduces(bug) for bug in DARKNET_BUGS)
    assert trained_sections(fixed) == SECTIONS
    assert not overwriting_sections(fixed)


def test_the_cuda_build_lacks_the_same_activations_except_relu6():
    """activation_kernels.cu activate_array_ongpu and activate_kernel."""
    lacking = (
        ALEXEYAB.numerics.unwritten_activations - ALEXEYAB_CUDA.numerics.unwritten_activations
    )
    assert lacking == {"relu6"}
    assert ALEXEYAB_CUDA.numerics.unwritten_activations < ALEXEYAB.numerics.unwritten_activations


def test_alexeyab_knows_every_activation_of_pjreddie_and_more():
    assert ALEXEYAB.numerics.activations > PJREDDIE.numerics.activations
    assert "mish" in ALEXEYAB.numerics.activations - PJREDDIE.numerics.activations


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_activation_of_a_dialect_is_implemented(dialect):
    assert dialect.numerics.activations <= set(ACTIVATIONS)
    assert dialect.numerics.unwritten_activations <= dialect.numerics.activations

import dataclasses

import pytest

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


def differing(one, other):
    fields = dataclasses.fields(one)
    return {f.name for f in fields if getattr(one, f.name) != getattr(other, f.name)}


@pytest.mark.parametrize("dialect", [ALEXEYAB, PJREDDIE, ALEXEYAB_CUDA])
def test_a_dialect_is_found_by_its_name_or_is_itself(dialect):
    assert find_dialect(dialect.name) is dialect
    assert find_dialect(dialect) is dialect


def test_an_unknown_dialect_is_refused_with_those_there_are():
    with pytest.raises(UsageError) as caught:
        find_dialect("darknet")
    assert "unknown dialect" in str(caught.value)
    assert "got 'darknet'" in str(caught.value)
    for name in DIALECTS:
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("field", "alexeyab", "pjreddie"),
    [
        ("epsilon_inside_root", True, False),
        ("rolling_step", 0.1, 0.01),
        ("connected_rolling_step", 0.05, 0.01),
        (
            "trained_layers",
            set("convolutional batchnorm maxpool local_avgpool shortcut crnn conv_lstm".split()),
            set("convolutional deconvolutional connected local rnn gru lstm crnn".split()),
        ),
        ("trains_normalized_biases", False, True),
        ("carries_deltas", True, False),
        ("double_slopes", "tail", "all"),
        ("shortcut_crosses_pictures", True, False),
        ("logistic_in_double", False, True),
        (
            "overwriting_layers",
            set("batchnorm activation normalization reorg reorg3d sam convolutional".split()),
            set("batchnorm activation normalization reorg reorg3d sam 1x1".split()),
        ),
        ("frozen_layers_decay", False, True),
        ("cumulative_yolo", True, False),
        ("batchnorm_has_biases", True, False),
        ("shortcut_strides", False, True),
        ("pointwise_strides", "x", "none"),
        ("convolutions_start_normal", False, True),
        ("maxpool_blocks", True, False),
        ("flat_region", True, False),
        ("xnor_in_bits", True, False),
        ("rnn_has_hidden", True, False),
        (
            "gru_order",
            ("uz", "ur", "uh", "wz", "wr", "wh"),
            ("wz", "wr", "wh", "uz", "ur", "uh"),
        ),
        ("lstm_order", "figo", "ifog"),
        ("crnn_padding", 0, 1),
        ("crnn_swaps_sides", False, True),
        ("letterbox", False, True),
        ("names_leaves_only", False, True),
        ("dropout_probability", 0.2, 0.5),
        ("yolo_max_boxes", 200, 90),
        ("region_max_boxes", 200, 30),
        ("adam_epsilon", 1e-6, 1e-7),
        ("file_version", (0, 2, 5), (0, 2, 0)),
        ("jitter_places_pictures", False, True),
        ("truths_in_pixels", True, False),
        ("smallest_cell_truth", 0.001, 0.005),
        ("centres_small_crops", True, False),
        ("multiscale_by_factor", True, False),
        ("stream_restart", 10, 64),
        ("wide_seen_in_transposed", True, False),
    ],
)
def test_the_code_bases_differ_as_their_sources_do(field, alexeyab, pjreddie):
    assert getattr(ALEXEYAB, field) == alexeyab
    assert getattr(PJREDDIE, field) == pjreddie


def test_every_field_names_a_difference():
    fields = {f.name for f in dataclasses.fields(ALEXEYAB)}
    between_code_bases, of_builds = (differing(ALEXEYAB, d) for d in (PJREDDIE, ALEXEYAB_CUDA))
    assert between_code_bases | of_builds == fields
    assert fields - between_code_bases == {"chooses_lstm_activation", "cudnn_normalization"}


def test_the_cuda_build_is_the_same_code_base():
    assert ALEXEYAB_CUDA.code_base == ALEXEYAB.code_base == "alexeyab"
    assert differing(ALEXEYAB, ALEXEYAB_CUDA) == {
        "name",
        "unwritten_activations",
        "rolling_step",
        "connected_rolling_step",
        "cudnn_normalization",
        "double_slopes",
        "shortcut_crosses_pictures",
        "trains_normalized_biases",
        "carries_deltas",
        "overwriting_layers",
        "pointwise_strides",
        "maxpool_blocks",
        "chooses_lstm_activation",
    }


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_section_that_a_dialect_names_is_there(dialect):
    known = {layer.section_names[0] for layer in LAYER_TYPES}
    assert dialect.overwriting_layers - {"1x1"} <= known
    assert (dialect.trained_layers or frozenset()) <= known


def test_in_each_code_base_some_sections_stay_as_they_started():
    """AlexeyAB's update_network heeds `train`, which few layers set; pjreddie's `update`."""
    assert {"convolutional", "crnn"} <= ALEXEYAB.trained_layers & PJREDDIE.trained_layers
    assert not {"connected", "local", "rnn", "implicit"} & ALEXEYAB.trained_layers
    assert "batchnorm" in ALEXEYAB.trained_layers - PJREDDIE.trained_layers


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_mended_dialect_has_no_fault_in_training_and_differs_in_nothing_else(dialect):
    better = without_bugs(dialect)
    assert better.trained_layers is None
    assert better.trains_normalized_biases
    assert not better.carries_deltas
    assert not better.overwriting_layers
    assert not better.shortcut_crosses_pictures
    assert differing(dialect, better) <= {
        "trained_layers",
        "trains_normalized_biases",
        "carries_deltas",
        "overwriting_layers",
        "shortcut_crosses_pictures",
    }


def test_the_cuda_build_has_relu6_and_lacks_what_the_cpu_build_lacks_otherwise():
    """activation_kernels.cu activate_array_ongpu and activate_kernel."""
    lacking = ALEXEYAB.unwritten_activations - ALEXEYAB_CUDA.unwritten_activations
    assert lacking == {"relu6"}
    assert ALEXEYAB_CUDA.unwritten_activations < ALEXEYAB.unwritten_activations


def test_alexeyab_knows_every_activation_of_pjreddie_and_more():
    assert ALEXEYAB.activations > PJREDDIE.activations
    assert "mish" in ALEXEYAB.activations - PJREDDIE.activations


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_activation_of_a_dialect_is_implemented(dialect):
    assert dialect.activations <= set(ACTIVATIONS)
    assert dialect.unwritten_activations <= dialect.activations

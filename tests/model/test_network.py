"""The network: its state, its outputs, what it keeps in memory, what it refuses."""

import copy
import gc
import weakref

import pytest
import torch

from darknet_torch.cfg.dialect import ALEXEYAB, find_dialect, without_bugs
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning, UsageError
from darknet_torch.heads.yolo import Yolo
from darknet_torch.model.network import WeightsHeader, build_network

NET = "[net]\nwidth=32\nheight=32\nchannels=3\n"
HEAD = "[convolutional]\nfilters=7\nactivation=linear\n[yolo]\nclasses=2\nanchors=4,5\n"
DETECTOR = (
    NET
    + "[convolutional]\nfilters=4\nsize=3\nstride=2\npad=1\nbatch_normalize=1\nactivation=leaky\n"
    + "[maxpool]\nsize=2\nstride=2\n"
    + HEAD
    + "[route]\nlayers=-3\n[upsample]\n[route]\nlayers=-1,0\n"
    + "[shortcut]\nfrom=-1\nactivation=leaky\n"
    + HEAD
)
CLASSIFIER = NET + "[avgpool]\n[connected]\noutput=4\nactivation=linear\n[softmax]\n[cost]\n"
SHARED = (
    "[convolutional]\nfilters=3\nbatch_normalize=1\nactivation=tanh\n"
    "[convolutional]\nfilters=3\nbatch_normalize=1\nactivation=tanh\nshare_index=0\n"
)


def build(cfg, **options):
    dialect = find_dialect(options.pop("dialect", "alexeyab"))
    return build_network(parse_cfg(cfg), dialect=dialect, **options)


def ready(cfg, **options):
    """A network with arrays that give finite results."""
    network = build(cfg, **options)
    generator = torch.Generator().manual_seed(1)
    for _, slot in network.slots():
        low = 0.5 if slot.name == "rolling_variance" else -1.0
        slot.tensor.data.uniform_(low, 1, generator=generator)
    return network


def picture(*shape):
    return torch.rand(shape or (2, 3, 32, 32), generator=torch.Generator().manual_seed(2))


def test_the_keys_of_the_state_name_layer_and_array():
    cfg = (
        NET
        + SHARED
        + "[batchnorm]\n[connected]\noutput=2\n[empty]\n"
        + "[shortcut]\nfrom=-2\nweights_type=per_channel\nweights_normalization=relu\n"
    )
    assert set(build(cfg).state_dict()) == {
        "layers.0.convolution.biases",
        "layers.0.convolution.weights",
        "layers.0.convolution.normalization.scales",
        "layers.0.convolution.normalization.rolling_mean",
        "layers.0.convolution.normalization.rolling_variance",
        "layers.2.biases",
        "layers.2.normalization.scales",
        "layers.2.normalization.rolling_mean",
        "layers.2.normalization.rolling_variance",
        "layers.3.connection.biases",
        "layers.3.connection.weights",
        "layers.5.weights",
    }


@pytest.mark.parametrize("cfg", [DETECTOR, CLASSIFIER, NET + SHARED])
def test_the_state_can_be_loaded_without_unpickling_code(cfg, tmp_path):
    first, second = ready(cfg), build(cfg)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    for ours, theirs in zip(first(picture()), second(picture()), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_trained_arrays_are_parameters_and_rolling_values_are_buffers():
    network = build(NET + SHARED)
    names = {name.rpartition(".")[2] for name, _ in network.named_parameters()}
    assert names == {"biases", "weights", "scales"}
    assert {name.rpartition(".")[2] for name, _ in network.named_buffers()} == {
        "rolling_mean",
        "rolling_variance",
    }


def test_a_detector_returns_its_heads_in_order():
    network = ready(DETECTOR)
    first, second = network(picture())
    assert (first.shape, second.shape) == ((2, 7, 8, 8), (2, 7, 16, 16))
    every = network.layer_outputs(picture())
    assert [head.index for head in network.heads] == [3, 9]
    torch.testing.assert_close(first, every[3], rtol=0, atol=0)
    torch.testing.assert_close(second, every[9], rtol=0, atol=0)


def test_heads_that_decode_their_input_are_left_out_for_decoding(monkeypatch):
    monkeypatch.setattr(Yolo, "decodes_input", True)
    network = ready(NET + HEAD + "[route]\nlayers=0\n" + HEAD + "[route]\nlayers=1\n")
    buffers = network.layer_outputs(picture())
    outputs = network.forward_for_decoding(picture())
    assert network.raw_heads == (False, True)  # the last layer reads the first head
    torch.testing.assert_close(outputs, (buffers[1], buffers[3]), rtol=0, atol=0)


def test_a_classifier_returns_its_last_layer_that_is_not_a_cost():
    network = ready(CLASSIFIER)
    (out,) = network(picture())
    torch.testing.assert_close(out, network.layer_outputs(picture())[2], rtol=0, atol=0)
    assert network.heads == []


def test_layer_outputs_have_the_announced_shapes():
    network = ready(DETECTOR)
    for layer, out in zip(network.layers, network.layer_outputs(picture()), strict=True):
        shape = layer.output_shape
        assert out.shape == (2, shape.channels, shape.height, shape.width), layer


def activations_alive(network, at):
    """Indices of the layers whose output is still in memory when layer `at` starts."""
    references, alive = {}, []
    handles = []
    for layer in network.layers:

        def remember(layer, inputs, output):
            references[layer.index] = weakref.ref(output)

        handles.append(layer.register_forward_hook(remember))

    def look(layer, inputs):
        gc.collect()
        alive.extend(index for index, one in references.items() if one() is not None)

    handles.append(network.layers[at].register_forward_pre_hook(look))
    with torch.inference_mode():
        network(picture())
    for handle in handles:
        handle.remove()
    return alive


@pytest.mark.parametrize(
    ("at", "alive"),
    [
        (1, [0]),
        (2, [0, 1]),  # 0 for the route at 6, 1 for the route at 4
        (3, [0, 1, 2]),
        (4, [0, 1, 3]),  # 3 is an output
        (6, [0, 3, 5]),
        (7, [3, 6]),
        (9, [3, 8]),
    ],
)
def test_an_activation_is_freed_after_its_last_reader(at, alive):
    assert activations_alive(ready(DETECTOR), at) == alive


def test_a_copy_shares_arrays_with_itself_alone():
    network = ready(NET + SHARED)
    copied = copy.deepcopy(network)
    assert copied.layers[1].arrays is copied.layers[0].arrays
    assert copied.layers[0].arrays is not network.layers[0].arrays
    (before,) = copied(picture())
    network.layers[0].arrays.weights.data.zero_()
    torch.testing.assert_close(copied(picture())[0], before, rtol=0, atol=0)


def test_arrays_stay_shared_after_a_change_of_type():
    network = ready(NET + SHARED).double()
    assert network(picture().double())[0].dtype == torch.float64


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("training", [False, True])
def test_it_runs_in_mixed_precision(dialect, training):
    network = ready(DETECTOR, dialect=dialect).train(training)
    exact = copy.deepcopy(network)(picture())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = network(picture())
    for ours, theirs in zip(mixed, exact, strict=True):
        # bfloat16 has 8 bits; a few layers of values near 1
        torch.testing.assert_close(ours.float(), theirs, rtol=0.1, atol=0.1)


def test_a_classifier_runs_in_mixed_precision():
    network = ready(CLASSIFIER)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        (out,) = network(picture())
    torch.testing.assert_close(out.float().sum((1, 2, 3)), torch.ones(2), rtol=0, atol=0.02)


@pytest.mark.parametrize("dialect", [without_bugs(ALEXEYAB), "alexeyab-cuda", "pjreddie"])
def test_training_gives_every_parameter_a_gradient(dialect):
    network = ready(DETECTOR, dialect=find_dialect(dialect)).train()
    sum(out.square().sum() for out in network(picture())).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_biases_after_normalisation_get_no_gradient_in_alexeyabs_cpu_build():
    network = ready(DETECTOR).train()
    sum(out.square().sum() for out in network(picture())).backward()
    without = [name for name, value in network.named_parameters() if value.grad is None]
    assert without == ["layers.0.convolution.biases"]


@pytest.mark.parametrize(
    "shape", [(2, 1, 32, 32), (3, 32, 32), (2, 3071), (2, 32, 32, 3), (1, 2, 3, 32, 32)]
)
def test_an_input_of_another_shape_is_refused(shape):
    with pytest.raises(UsageError) as caught:
        ready(DETECTOR)(torch.zeros(shape))
    assert str(caught.value) == (
        f"<cfg>:1: the input does not fit the network: expected [N, 3, 32, 32], got {list(shape)}"
    )


def test_without_connected_layers_any_size_that_the_strides_divide_is_accepted():
    first, second = ready(DETECTOR)(picture(1, 3, 64, 16))
    assert (first.shape, second.shape) == ((1, 7, 16, 4), (1, 7, 32, 8))


def test_a_flat_input_is_a_vector_or_a_picture_in_memory_order():
    vector = ready("[net]\ninputs=12\n[connected]\noutput=2")
    assert vector(picture(5, 12))[0].shape == (5, 2, 1, 1)
    network = ready(DETECTOR)
    for flat, whole in zip(network(picture().flatten(1)), network(picture()), strict=True):
        torch.testing.assert_close(flat, whole, rtol=0, atol=0)


def test_given_sizes_override_those_of_the_cfg():
    network = build(DETECTOR, width=64, height=96, batch=7)
    shape = network.layers[0].output_shape
    assert (shape.height, shape.width) == (48, 32)
    assert (network.net.width, network.net.height, network.net.batch) == (64, 96, 7)


@pytest.mark.parametrize("name", ["width", "height", "batch"])
def test_a_size_below_1_is_refused(name):
    with pytest.raises(
        UsageError, match=f"{name} is out of its bounds: expected 1 or more, got 0"
    ):
        build(DETECTOR, **{name: 0})


def test_a_detector_whose_size_32_does_not_divide_gives_a_warning():
    with pytest.warns(CfgWarning, match="should be divisible by 32.*got 40x32"):
        build(DETECTOR, width=40)


def test_a_cfg_without_layers_is_refused():
    with pytest.raises(CfgError, match=r"<cfg>:1: no layers after \[net\]"):
        build(NET)


def test_an_unknown_section_is_refused_with_the_nearest_name():
    with pytest.raises(CfgError, match=r"<cfg>:5: .*\[convolutionl\].*mean \[convolutional\]"):
        build(NET + "[convolutionl]\n")


def test_it_starts_in_evaluation_mode_with_the_dialects_version():
    assert not build(CLASSIFIER).training
    assert build(CLASSIFIER).header == WeightsHeader(0, 2, 5, 0)
    assert build(CLASSIFIER, dialect="pjreddie").header == WeightsHeader(0, 2, 0, 0)


def test_initialize_fills_only_the_chosen_layers():
    network = ready(NET + SHARED.replace("share_index=0", ""))
    network.initialize([1])
    assert network.layers[0].convolution.biases.any()
    assert not network.layers[1].convolution.biases.any()


def test_the_slots_come_layer_by_layer():
    places = [(layer.index, slot.name) for layer, slot in build(CLASSIFIER).slots()]
    assert places == [(1, "biases"), (1, "weights")]

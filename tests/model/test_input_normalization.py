"""[net] normalize=: the network equals one without the key on pictures normalised by hand."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.preprocessing import NORMALIZATIONS
from darknet_torch.errors import CfgNote
from darknet_torch.inference.gpu.folded_network import FoldedNetwork
from darknet_torch.losses.base import LossContext
from darknet_torch.model.input_normalization import INPUT_NORMALIZATIONS
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import write_weights
from darknet_torch.ops.precision import Precision
from darknet_torch.training.forward import ForwardPass
from tests.conversion.small_models import DETECTOR, NET, trained_network

CHANGING = ("imagenet", "per-picture")


def by_hand(kind, images):
    """The definition, in float64."""
    values = images.double().numpy()
    if kind == "imagenet":
        mean, deviation = np.array((0.485, 0.456, 0.406)), np.array((0.229, 0.224, 0.225))
        values = (values - mean[:, None, None]) / deviation[:, None, None]
    if kind == "per-picture":
        values = np.stack([(one - one.mean()) / max(one.std(), 1 / 255) for one in values])
    return torch.from_numpy(values).float()


def normalizing(kind, cfg=DETECTOR, **options):
    return trained_network(cfg.replace("[net]\n", f"[net]\nnormalize={kind}\n"), **options)


@pytest.fixture
def images():
    contrasts = torch.tensor((1, 0.5, 0.1))[:, None, None, None]
    return contrasts * torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def close(found, expected):
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_every_word_of_the_cfg_has_a_normalization():
    assert tuple(INPUT_NORMALIZATIONS) == NORMALIZATIONS


@pytest.mark.parametrize("kind", NORMALIZATIONS)
@torch.inference_mode()
def test_every_way_through_the_network_normalizes_once(kind, images):
    network, plain, prepared = normalizing(kind), trained_network(DETECTOR), by_hand(kind, images)
    expected = plain(prepared)
    close(network(images), expected)
    close(network.optimize()(images), expected)
    close(network.forward_for_decoding(images), plain.forward_for_decoding(prepared))
    close(network.optimize().forward_for_decoding(images), plain.forward_for_decoding(prepared))
    close(network.layer_outputs(images), plain.layer_outputs(prepared))
    close(
        [FoldedNetwork(network)(images).class_scores],
        [FoldedNetwork(plain)(prepared).class_scores],
    )
    network.optimize(keep_weights=False)


@pytest.mark.parametrize("arithmetic", ["fast", "c_order"])
@pytest.mark.parametrize("kind", CHANGING)
def test_training_normalizes(kind, arithmetic, images):
    deltas = []
    for network, inputs in (
        (normalizing(kind, arithmetic=arithmetic), images),
        (trained_network(DETECTOR, arithmetic=arithmetic), by_hand(kind, images)),
    ):
        network.train()
        context = LossContext(network.net, network.dialect, 32, 32, seen=1, iteration=1)
        truths = torch.tensor([[[0.5, 0.5, 0.3, 0.4, 1.0]]] * 3)
        ForwardPass(network)(inputs, truths, context).root.backward()
        arrays = [slot.tensor for _, slot in network.slots()]
        deltas.append([array.grad for array in arrays if array.requires_grad])
    close(*deltas)


def test_zero_one_returns_the_pictures_themselves(images):
    network = trained_network(DETECTOR)
    assert network.prepare_input(images) is images


@pytest.mark.parametrize("kind", CHANGING)
def test_it_is_no_array_of_the_model(kind, tmp_path):
    network, plain = normalizing(kind), trained_network(DETECTOR)
    assert list(network.state_dict()) == list(plain.state_dict())
    network.load_state_dict(plain.state_dict())
    for one, name in ((network, "a"), (plain, "b")):
        write_weights(one, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("kind", CHANGING)
def test_it_computes_in_float32_at_least_and_keeps_the_type(kind, dtype, images):
    given = images.to(dtype)
    found = INPUT_NORMALIZATIONS[kind]()(given)
    assert found.dtype == dtype
    rounded_once = by_hand(kind, given).to(dtype)
    bound = 1e-6 if dtype == torch.float64 else torch.finfo(dtype).eps
    torch.testing.assert_close(found, rounded_once, rtol=bound, atol=1e-5)


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_on_a_gpu_in_16_bits_the_pictures_are_not_rounded_before(name):
    precision = Precision.named(name)
    assert FoldedNetwork(normalizing("imagenet"), precision).dtype == torch.float32
    assert FoldedNetwork(normalizing("zero-one"), precision).dtype == precision.half


def test_a_picture_of_one_colour_becomes_zero():
    found = INPUT_NORMALIZATIONS["per-picture"]()(torch.full((2, 1, 4, 4), 0.7))
    torch.testing.assert_close(found, torch.zeros(2, 1, 4, 4), rtol=0, atol=1e-4)


def test_each_picture_of_a_batch_has_its_own_mean(images):
    normalize = INPUT_NORMALIZATIONS["per-picture"]()
    close([normalize(images)], [torch.cat([normalize(one[None]) for one in images])])


def test_grey_networks_normalize_by_picture():
    grey = DETECTOR.replace("channels=3", "channels=1")
    network, plain = normalizing("per-picture", grey), trained_network(grey)
    images = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        close(network(images), plain(by_hand("per-picture", images)))


def test_a_network_of_another_dialect_normalizes_too(images):
    cfg = f"{NET}normalize=imagenet\nfill=picture\n[maxpool]\nsize=2\nstride=2\n"
    with pytest.warns(CfgNote) as caught:
        network = build_network(parse_cfg(cfg), dialect=find_dialect("pjreddie"))
    (note,) = [str(one.message) for one in caught]
    assert "extension of darknet_torch in [net], Darknet itself ignores it" in note
    assert note.endswith("normalize=imagenet, fill=picture")
    expected = torch.nn.functional.max_pool2d(by_hand("imagenet", images), 2)
    with torch.inference_mode():
        close(network(images), [expected])

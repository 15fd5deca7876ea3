"""Models rewritten for the other code base: other orders and values, equal outputs."""

import numpy as np
import pytest
import torch

from darknet_torch import load
from darknet_torch.conversion.comparison import compare_layers
from darknet_torch.conversion.convert import convert
from darknet_torch.errors import WeightsError
from darknet_torch.model.weights import write_weights
from tests.conversion.small_models import DETECTOR, NET, pictures, trained_network, write_model

OTHER = {"alexeyab": "pjreddie", "pjreddie": "alexeyab"}
VALUES = "[net]\ninputs=6\ntime_steps=2\n"
ORDERED = {
    "lstm": f"{VALUES}[lstm]\noutput=4\n",
    "gru": f"{VALUES}[gru]\noutput=4\n",
}
ALIKE = {
    # The two code bases have different option names for the sizes.
    "rnn": f"{VALUES}[rnn]\noutput=4\nhidden=4\n",
    "crnn": f"{NET}time_steps=1\n[crnn]\noutput=2\noutput_filters=2\nhidden=4\nhidden_filters=4\n"
    "size=3\npad=1\n",
    "detector": DETECTOR.replace("batch_normalize=1\n", ""),
}
CONVOLUTION = f"{NET}[convolutional]\nfilters=64\nsize=3\npad=1\nbatch_normalize=1\n"
SIDES = pytest.mark.parametrize("dialect", OTHER)


def outputs(cfg, weights, dialect):
    """The outputs of every layer for the same input."""
    network = load(cfg, weights, dialect=dialect)
    shape = network.net.input_shape
    batch = network.net.time_steps
    with torch.inference_mode():
        return network.layer_outputs(pictures(batch, shape.channels, shape.height, shape.width))


def assert_same_outputs(cfg, weights, dialect, rewritten):
    """Assert equality up to float32: a sum of 30 products, a quotient of 64 factors near it."""
    before, after = outputs(cfg, weights, dialect), outputs(cfg, rewritten, OTHER[dialect])
    for got, want in zip(after, before, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-5)


def round_trip(weights, dialect):
    """The file for the other code base, and the one rewritten back from it."""
    other, back = weights.with_name("other.weights"), weights.with_name("back.weights")
    cfg = weights.with_suffix(".cfg")
    convert(weights, other, cfg=cfg, dialect=dialect, dialect_to=OTHER[dialect])
    convert(other, back, cfg=cfg, dialect=OTHER[dialect], dialect_to=dialect)
    return other, back


@SIDES
@pytest.mark.parametrize("cfg", ORDERED.values(), ids=ORDERED)
def test_arrays_are_put_into_the_other_order_and_back(cfg, dialect, tmp_path):
    path, weights = write_model(tmp_path, cfg, dialect)
    other, back = round_trip(weights, dialect)
    assert_same_outputs(path, weights, dialect, other)
    before, after = (file.read_bytes()[20:] for file in (weights, other))
    assert after != before
    ours, theirs = (np.sort(np.frombuffer(data, "<f4")) for data in (before, after))
    np.testing.assert_array_equal(theirs, ours)
    assert back.read_bytes()[20:] == before


@SIDES
@pytest.mark.parametrize("cfg", ALIKE.values(), ids=ALIKE)
def test_other_layers_without_normalisation_keep_every_value(cfg, dialect, tmp_path):
    path, weights = write_model(tmp_path, cfg, dialect)
    other, _ = round_trip(weights, dialect)
    assert other.read_bytes()[20:] == weights.read_bytes()[20:]
    assert_same_outputs(path, weights, dialect, other)


@SIDES
def test_the_header_has_the_other_version_and_the_same_seen(dialect, tmp_path):
    _, weights = write_model(tmp_path, dialect=dialect, seen=2**33, version=(0, 2, 9))
    other, _ = round_trip(weights, dialect)
    header = load(weights.with_suffix(".cfg"), other, dialect=OTHER[dialect]).header
    revision = {"alexeyab": 5, "pjreddie": 0}[OTHER[dialect]]
    assert (header.major, header.minor, header.revision) == (0, 2, revision)
    assert header.seen == 2**33


@SIDES
def test_small_variances_give_equal_outputs(dialect, tmp_path):
    """Epsilon 1e-5 inside the root against 1e-6 outside: a factor of 10 at a variance of 1e-7."""
    path, weights = write_model(tmp_path, CONVOLUTION, dialect)
    network = load(path, weights, dialect=dialect)
    arrays = {slot.name: slot.tensor for _, slot in network.slots()}
    variances = torch.logspace(-7, 0, 64)
    with torch.no_grad():
        arrays["rolling_variance"].copy_(variances)
        arrays["rolling_variance"][0] = 0  # where training starts
        arrays["scales"].mul_(variances.sqrt())  # as a trained network, whose outputs stay near 1
    write_weights(network, weights)
    other, back = round_trip(weights, dialect)
    assert_same_outputs(path, weights, dialect, other)
    again = load(path, back, dialect=dialect)
    with torch.inference_mode():
        want, got = (n.layer_outputs(pictures(1, 3, 32, 32))[0] for n in (network, again))
    torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-5)  # as above
    for (_, mine), (_, theirs) in zip(again.slots(), network.slots(), strict=True):
        if mine.name in ("weights", "biases", "rolling_mean"):
            torch.testing.assert_close(mine.tensor, theirs.tensor, rtol=0, atol=0)


@SIDES
def test_usual_variances_are_restored_up_to_rounding(dialect, tmp_path):
    """Two squares and two roots, stored as float32 between."""
    path, weights = write_model(tmp_path, CONVOLUTION, dialect)
    _, back = round_trip(weights, dialect)
    before, after = (load(path, file, dialect=dialect) for file in (weights, back))
    for (_, mine), (_, theirs) in zip(after.slots(), before.slots(), strict=True):
        # One float32 rounding each way, 6e-8 of the value; scales stay as they are.
        far = 2e-7 if mine.name == "rolling_variance" else 0
        torch.testing.assert_close(mine.tensor, theirs.tensor, rtol=far, atol=0)


class TestLoneBatchnorm:
    CFG = f"{NET}[batchnorm]\n[convolutional]\nfilters=2\n"

    def test_with_biases_cannot_be_stored_by_pjreddie(self, tmp_path):
        _, weights = write_model(tmp_path, self.CFG)
        with pytest.raises(WeightsError) as caught:
            convert(weights, tmp_path / "other.weights", dialect_to="pjreddie")
        assert str(caught.value) == (
            f"layer 0 [batchnorm] ({tmp_path / 'small.cfg'}:5) has biases, which weight files "
            "of pjreddie/darknet cannot store: expected zeros, or no such array, "
            "got 3 values that are not 0"
        )
        assert not (tmp_path / "other.weights").exists()

    def test_with_biases_of_zero_loses_them(self, tmp_path):
        path, weights = write_model(tmp_path, self.CFG)
        network = load(path, weights)
        with torch.no_grad():
            network.layers[0].biases.zero_()
        write_weights(network, weights)
        convert(weights, tmp_path / "other.weights", dialect_to="pjreddie")
        assert_same_outputs(path, weights, "alexeyab", tmp_path / "other.weights")
        # Without the three biases the file is 12 bytes shorter.
        sizes = [file.stat().st_size for file in (weights, tmp_path / "other.weights")]
        assert sizes[0] - sizes[1] == 12

    def test_of_pjreddie_gets_biases_of_zero(self, tmp_path):
        path, weights = write_model(tmp_path, self.CFG, "pjreddie")
        convert(
            weights,
            tmp_path / "other.weights",
            dialect="pjreddie",
            dialect_to="alexeyab",
            cfg=path,
        )
        assert_same_outputs(path, weights, "pjreddie", tmp_path / "other.weights")
        assert not load(path, tmp_path / "other.weights").layers[0].biases.any()


class TestLayerWithAnotherResult:
    """AlexeyAB's [maxpool] of stride 1 drops columns at the left border of wide maps."""

    CFG = f"{NET}[convolutional]\nfilters=2\n[maxpool]\nsize=9\nstride=1\n"

    def test_is_refused_with_layer_and_line(self, tmp_path):
        _, weights = write_model(tmp_path, self.CFG)
        expected = (
            r"^layer 1 \[maxpool\] \(.*small\.cfg:7\) computes something else in pjreddie than in "
            r"alexeyab: expected a difference of 0\.0001 at most, got 0\.\d+; if you can "
            r"accept that, give a larger --tolerance"
        )
        with pytest.raises(WeightsError, match=expected):
            convert(weights, tmp_path / "other.weights", dialect_to="pjreddie")
        assert not (tmp_path / "other.weights").exists()

    def test_is_accepted_and_reported_on_request(self, tmp_path):
        path, weights = write_model(tmp_path, self.CFG)
        report = convert(weights, tmp_path / "other.weights", dialect_to="pjreddie", tolerance=1.0)
        assert report.notes[0].startswith("rewritten for pjreddie: outputs differ by 0.")
        assert load(path, tmp_path / "other.weights", dialect="pjreddie")

    def test_the_builds_of_one_code_base_share_their_weight_files(self, tmp_path):
        _, weights = write_model(tmp_path)
        convert(weights, tmp_path / "other.weights", dialect_to="alexeyab-cuda")
        assert (tmp_path / "other.weights").read_bytes() == weights.read_bytes()


def test_boxes_of_a_region_head_are_equal_although_its_values_are_ordered_differently(tmp_path):
    cfg = f"{NET}[convolutional]\nfilters=14\n[region]\nclasses=2\nnum=2\nanchors=1,1, 2,2\n"
    cfg += "softmax=1\n"
    path, weights = write_model(tmp_path, cfg)
    report = convert(weights, tmp_path / "other.weights", dialect_to="pjreddie")
    assert report.notes[0].startswith("rewritten for pjreddie: outputs differ by ")
    ours = load(path, weights)
    theirs = load(path, tmp_path / "other.weights", dialect="pjreddie")
    with torch.inference_mode():
        (mine,), (other,) = (network(pictures(1, 3, 32, 32)) for network in (ours, theirs))
    assert not torch.allclose(mine, other.reshape(mine.shape), atol=0.1)
    want, got = ours.heads[0].decode(mine, 32, 32), theirs.heads[0].decode(other, 32, 32)
    for field in ("boxes", "class_scores"):
        # Float32, a few operations on values near 1.
        torch.testing.assert_close(getattr(got, field), getattr(want, field), rtol=1e-5, atol=1e-6)


def test_a_graph_may_be_rewritten(tmp_path):
    _, weights = write_model(tmp_path)
    report = convert(weights, tmp_path / "other.torchscript", dialect_to="pjreddie")
    assert report.notes[0].startswith("rewritten for pjreddie: ")
    assert report.worst < 1e-4  # the default tolerance


@SIDES
def test_rewriting_for_its_own_dialect_changes_nothing(dialect, tmp_path):
    _, weights = write_model(tmp_path, dialect=dialect)
    report = convert(weights, tmp_path / "a.weights", dialect=dialect, dialect_to=dialect)
    assert (tmp_path / "a.weights").read_bytes() == weights.read_bytes()
    assert report.restores is True


def test_a_state_dict_file_keeps_the_dialect_it_was_rewritten_for(tmp_path):
    _, weights = write_model(tmp_path, ORDERED["lstm"])
    convert(weights, tmp_path / "a.pt", dialect_to="pjreddie")
    convert(tmp_path / "a.pt", tmp_path / "a.weights")
    convert(weights, tmp_path / "b.weights", dialect_to="pjreddie")
    assert (tmp_path / "a.weights").read_bytes() == (tmp_path / "b.weights").read_bytes()


def test_a_partial_file_stays_partial(tmp_path):
    _, weights = write_model(tmp_path, cutoff=1)
    report = convert(weights, tmp_path / "other.conv.1", dialect_to="pjreddie")
    assert report.layers == 1
    values = sum(
        slot.tensor.numel() for slot in trained_network(DETECTOR).layers[0].weight_slots()
    )
    assert (tmp_path / "other.conv.1").stat().st_size == 20 + 4 * values


@pytest.mark.parametrize("layer", ["lstm", "gru"])
@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_every_gate_keeps_its_own_normalisation(layer, dialect, tmp_path):
    text = f"[net]\ninputs=4\n[{layer}]\noutput=3\nbatch_normalize=1\n"
    cfg, weights = write_model(tmp_path, text, dialect)
    other = {"alexeyab": "pjreddie", "pjreddie": "alexeyab"}[dialect]
    report = convert(weights, tmp_path / "b.weights", dialect=dialect, dialect_to=other)
    assert "outputs differ by" in report.notes[0]
    networks = (
        load(cfg, weights, dialect=dialect),
        load(cfg, tmp_path / "b.weights", dialect=other),
    )
    for step in torch.rand(3, 1, 4).unbind():
        first, second = (network(step)[0] for network in networks)
        # Float32 after three steps of a few sums each.
        torch.testing.assert_close(first, second, rtol=0, atol=1e-5)


def test_a_difference_in_a_layers_state_is_found_at_the_second_step():
    networks = [trained_network("[net]\ninputs=4\n[rnn]\noutput=3\n") for _ in range(2)]
    state = next(slot for _, slot in networks[0].slots() if slot.name == "self_layer.weights")
    with torch.no_grad():
        state.tensor.mul_(-3)
    with pytest.raises(WeightsError, match=r"layer 0 \[rnn\]"):
        compare_layers(*networks, 1e-4)

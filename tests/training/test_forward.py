"""What C's backward makes of small networks, computed by hand.

The first layer multiplies its input x by w; `d` is the delta of the [cost] after it, truth
minus output. The weight's gradient is -x times the delta that reaches the first layer.
"""

import pytest
import torch
from torch.nn import functional

from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE, without_bugs
from darknet_torch.losses.base import Loss
from darknet_torch.losses.rejection import RejectionState
from darknet_torch.ops.precision import Precision
from darknet_torch.training.forward import ForwardPass
from darknet_torch.training.optimizer import Optimizer
from tests.training.runs import convolution
from tests.training.small_networks import Passes, arrays, dialect_id, loss_context, network

FIRST = "[convolutional]\nfilters=1\nsize=1\nactivation=linear\n"
RIGHT = [without_bugs(ALEXEYAB), "alexeyab-cuda", "pjreddie"]  # these accumulate no deltas


def net(sections, side=1, first=FIRST):
    head = f"[net]\nwidth={side}\nheight={side}\nchannels=1\nbatch=1\n"
    return head + first + sections + "\n[cost]"


def trained(cfg, dialect, x=0.7, truth=-0.4):
    """w, b, what the first layer made, the last one's delta, and dw / -x."""
    made = network(cfg, dialect)
    passes = Passes(made)
    result = passes(torch.full((1, 1, 1, 1), x), torch.tensor([[truth]]))
    first = arrays(made, 0)
    w, b = first["weights"].item(), first["biases"].item()
    (loss,) = result.losses.values()
    return made, w * x + b, loss.delta.item(), first["weights"].grad.item() / -x


class TestConvolution:
    """0 - 1 [convolutional] - 2 [shortcut] from 0: the first layer has two readers.

    As around each residual of Darknet-53.
    """

    cfg = net(FIRST + "[shortcut]\nfrom=0\nactivation=linear")

    @pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
    def test_it_overwrites_the_delta_of_other_consumers(self, dialect):
        made, _, d, reached = trained(self.cfg, dialect)
        assert reached == pytest.approx(arrays(made, 1)["weights"].item() * d, rel=1e-5)

    @pytest.mark.parametrize(
        "dialect",
        [without_bugs(ALEXEYAB), without_bugs(PJREDDIE), "alexeyab-cuda"],
        ids=dialect_id,
    )
    def test_it_adds_to_the_delta_where_the_bug_is_fixed(self, dialect):
        made, _, d, reached = trained(self.cfg, dialect)
        wanted = (arrays(made, 1)["weights"].item() + 1) * d
        assert reached == pytest.approx(wanted, rel=1e-5)

    @pytest.mark.parametrize(("dialect", "adds"), [("alexeyab", 0), ("pjreddie", 1)])
    def test_a_larger_window_adds_to_the_delta_in_pjreddies_code(self, dialect, adds):
        larger = "[convolutional]\nfilters=1\nsize=3\npad=1\nactivation=linear\n"
        cfg = net(larger + "[shortcut]\nfrom=0\nactivation=linear")
        made, _, d, reached = trained(cfg, dialect)
        middle = arrays(made, 1)["weights"][0, 0, 1, 1].item()
        assert reached == pytest.approx((middle + adds) * d, rel=1e-5)

    def test_the_first_of_two_overwriting_layers_wins(self):
        """0 - 1 [convolutional] - 2 [sam] from 0: on the way back layer 1 comes last."""
        made, y, d, reached = trained(net(FIRST + "[sam]\nfrom=0"), "alexeyab")
        assert reached == pytest.approx(arrays(made, 1)["weights"].item() * y * d, rel=1e-5)

    def test_an_earlier_consumer_still_adds_its_delta(self):
        """0 - 1 [route] 0 - 2 [route] 0 - 3 [convolutional] - 4 [shortcut] from 1."""
        sections = "[route]\nlayers=0\n[route]\nlayers=0\n" + FIRST
        cfg = net(sections + "[shortcut]\nfrom=1\nactivation=linear")
        made, _, d, reached = trained(cfg, "alexeyab")
        # Layer 3 overwrites the delta of layer 2; that of layer 1 comes along another way.
        wanted = arrays(made, 3)["weights"].item() * d + d
        assert reached == pytest.approx(wanted, rel=1e-5)


class TestActivation:
    cfg = net("[activation]\nactivation=logistic\n[shortcut]\nfrom=0\nactivation=linear")

    @pytest.mark.parametrize(
        ("dialect", "adds"), [("alexeyab", 0), ("pjreddie", 0), (without_bugs(ALEXEYAB), 1)]
    )
    def test_it_overwrites_the_delta_of_other_consumers(self, dialect, adds):
        _, y, d, reached = trained(self.cfg, dialect)
        out = torch.sigmoid(torch.tensor(y)).item()
        assert reached == pytest.approx((out * (1 - out) + adds) * d, rel=1e-5)


@pytest.mark.parametrize(
    ("dialect", "adds"),
    [("alexeyab", 0), ("alexeyab-cuda", 0), ("pjreddie", 0), (without_bugs(PJREDDIE), 1)],
)
def test_a_batchnorm_overwrites_the_delta_in_every_build(dialect, adds):
    """0 - 1 [batchnorm] - 2 [shortcut] from 0, over 2x2 positions."""
    made = network(net("[batchnorm]\n[shortcut]\nfrom=0\nactivation=linear", side=2), dialect)
    x = torch.randn(1, 1, 2, 2, generator=torch.Generator().manual_seed(3))
    result = Passes(made)(x, torch.tensor([[0.1, 0.2, -0.5, 1.0]]))
    (loss,) = result.losses.values()
    weights = arrays(made, 0)["weights"].detach().clone().requires_grad_()
    made.layers[1](functional.conv2d(x, weights)).backward(-loss.delta)
    around_it = -(loss.delta * x).sum()
    assert abs(around_it) > 0.1
    found = arrays(made, 0)["weights"].grad
    # Batch normalisation cancels nearly all of a channel's own scale.
    wanted = weights.grad + adds * around_it
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


class TestSam:
    """0 - 1 [route] 0 - 2 [sam] from 0 - 3 [shortcut] from 0."""

    cfg = net("[route]\nlayers=0\n[sam]\nfrom=0\n[shortcut]\nfrom=0\nactivation=linear")

    @pytest.mark.parametrize(
        ("dialect", "adds"), [("alexeyab", 0), ("alexeyab-cuda", 0), (without_bugs(ALEXEYAB), 1)]
    )
    def test_it_overwrites_the_delta_of_the_layer_it_multiplies_by(self, dialect, adds):
        _, y, d, reached = trained(self.cfg, dialect)
        # y * y + y: from the left y * d through [route], at `from` y * d instead of d.
        assert reached == pytest.approx((2 * y + adds) * d, rel=1e-5)


@pytest.mark.parametrize(
    ("dialect", "adds"), [("alexeyab", 0), ("pjreddie", 0), (without_bugs(PJREDDIE), 1)]
)
def test_reorg_overwrites_the_delta_of_other_consumers(dialect, adds):
    sections = "[reorg]\nstride=2\n[reorg]\nstride=2\nreverse=1\n[shortcut]\nfrom=0\nactivation="
    first = FIRST.replace("filters=1", "filters=4")
    made = network(net(sections + "linear", side=2, first=first), dialect)
    x = torch.full((1, 1, 2, 2), 0.5)
    result = Passes(made)(x, torch.linspace(-1, 1, 16)[None])
    (loss,) = result.losses.values()
    y = torch.zeros(1, 4, 2, 2, requires_grad=True)
    made.layers[2](made.layers[1](y)).backward(-loss.delta)
    reached = y.grad - adds * loss.delta
    found = arrays(made, 0)["weights"].grad.flatten()
    torch.testing.assert_close(found, 0.5 * reached.sum((0, 2, 3)))
    assert loss.delta.sum((0, 2, 3)).abs().min() > 0.1  # what the shortcut sent


class TestAccumulatedDeltas:
    """0 - 1 [route] 0 - 2 [cost], trained on one mini-batch after the other."""

    cfg = net("[route]\nlayers=0")

    def two(self, cfg, dialect):
        """The deltas of two mini-batches, and what the first layer's bias got of each."""
        made = network(cfg, dialect)
        passes, deltas, gradients = Passes(made), [], []
        biases = arrays(made, 0)["biases"]
        for x, truth in ((0.5, 1.0), (-0.3, 0.2)):
            result = passes(torch.full((1, 1, 1, 1), x), torch.tensor([[truth]]))
            (loss,) = result.losses.values()
            deltas.append(loss.delta.item())
            gradients.append(-biases.grad.item())
            biases.grad = None
        return made, deltas, gradients

    def test_a_layer_without_train_adds_to_the_last_delta(self):
        _, (first, second), gradients = self.two(self.cfg, "alexeyab")
        assert gradients == pytest.approx([first, first + second], rel=1e-6)

    @pytest.mark.parametrize("dialect", RIGHT, ids=dialect_id)
    def test_elsewhere_every_mini_batch_starts_anew(self, dialect):
        _, deltas, gradients = self.two(self.cfg, dialect)
        assert gradients == pytest.approx(deltas, rel=1e-6)

    def test_an_activation_records_the_delta_times_its_slope(self):
        made, (first, second), gradients = self.two(
            net("[activation]\nactivation=logistic"), "alexeyab"
        )
        w, b = (arrays(made, 0)[name].item() for name in ("weights", "biases"))
        outs = [torch.sigmoid(torch.tensor(w * x + b)).item() for x in (0.5, -0.3)]
        slopes = [out * (1 - out) for out in outs]
        kept = first * slopes[0]
        assert gradients == pytest.approx([kept, (kept + second) * slopes[1]], rel=1e-5)

    def test_a_trained_layer_starts_from_zero(self):
        made, deltas, gradients = self.two(net(FIRST), "alexeyab")
        w = arrays(made, 1)["weights"].item()
        assert gradients == pytest.approx([w * delta for delta in deltas], rel=1e-5)


class TestDropout:
    """0 - 1 [dropout] - 2 [route] 0: the route sees what was dropped."""

    first = FIRST.replace("filters=1", "filters=64")
    cfg = net("[dropout]\nprobability=.5\n[route]\nlayers=0", first=first)

    @pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
    def test_it_works_in_the_memory_of_the_layer_before_it(self, dialect):
        torch.manual_seed(5)
        made = network(self.cfg, dialect)
        x = torch.full((1, 1, 1, 1), 0.5)
        result = Passes(made)(x, torch.zeros(1, 64))
        (loss,) = result.losses.values()
        first = arrays(made, 0)
        before = (first["weights"] * 0.5).flatten() + first["biases"]
        seen = -loss.delta.flatten()
        kept = seen != 0
        assert 16 < kept.sum() < 48
        torch.testing.assert_close(seen, torch.where(kept, 2 * before, 0.0).detach())
        wanted = torch.where(kept, 2 * -loss.delta.flatten(), 0.0)
        torch.testing.assert_close(first["biases"].grad, wanted)


class TestFrozen:
    """0 - 1 - 2 convolutions."""

    def grads(self, second, third, iteration=0, dialect="alexeyab"):
        cfg = net(f"{FIRST}{second}\n{FIRST}{third}")
        made = network(cfg, dialect)
        Passes(made)(torch.full((1, 1, 1, 1), 0.5), torch.tensor([[1.0]]), iteration)
        return [arrays(made, index)["weights"].grad is not None for index in (0, 1, 2)]

    @pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
    def test_stopbackward_1_freezes_its_layer_for_good(self, dialect):
        assert self.grads("stopbackward=1", "", 10**6, dialect) == [False, False, True]
        assert self.grads("", "stopbackward=1", 10**6, dialect) == [False, False, False]

    @pytest.mark.parametrize(("iteration", "learns"), [(0, False), (99, False), (100, True)])
    def test_a_larger_stopbackward_freezes_for_that_many_updates(self, iteration, learns):
        assert self.grads("stopbackward=100", "", iteration) == [learns, learns, True]

    def test_onlyforward_sends_no_delta_back(self):
        assert self.grads("onlyforward=1", "") == [False, False, True]

    def test_without_a_trainable_layer_the_root_needs_no_gradient(self):
        made = network(net(FIRST + "stopbackward=1"))
        result = Passes(made)(torch.ones(1, 1, 1, 1), torch.ones(1, 1))
        assert not result.root.requires_grad
        assert result.cost > 0


def test_the_output_of_a_truth_layer_is_the_truth_of_later_layers():
    """pjreddie's l.truth: 0 - 1 (truth) - 2 [route] 0 - [cost]."""
    cfg = net(FIRST + "truth=1\n[route]\nlayers=0")
    made = network(cfg, "pjreddie")
    result = Passes(made)(torch.full((1, 1, 1, 1), 0.5), torch.zeros(1, 1))
    layers = [arrays(made, index) for index in (0, 1)]
    outs, x = [], 0.5
    for layer in layers:
        x = layer["weights"].item() * x + layer["biases"].item()
        outs.append(x)
    (loss,) = result.losses.values()
    assert loss.delta.item() == pytest.approx(outs[1] - outs[0], rel=1e-5)


def test_the_cost_is_the_mean_over_the_layers_with_a_cost():
    sections = "[softmax]\n[route]\nlayers=0\n[softmax]"
    cfg = net(sections, first=FIRST.replace("filters=1", "filters=3")).removesuffix("[cost]")
    made = network(cfg)
    result = Passes(made)(torch.full((1, 1, 1, 1), 0.5), torch.tensor([[0.0, 1.0, 0.0]]))
    costs = [loss.cost for loss in result.losses.values()]
    assert sorted(result.losses) == [1, 3]
    assert result.cost.item() == pytest.approx(float(costs[0]), rel=1e-6)
    assert costs[0] == costs[1]
    # A layer with a loss passes on the gradient of later layers unchanged.
    assert arrays(made, 0)["biases"].grad is not None


def test_a_layer_with_noloss_counts_with_a_cost_of_zero():
    """network.c get_network_cost: whoever has a place for a cost."""
    first = FIRST.replace("filters=1", "filters=3")
    costs = []
    for option in ("", "noloss=1"):
        made = network(net(f"[softmax]\n[softmax]\n{option}", first=first).removesuffix("[cost]"))
        x, truth = torch.full((1, 1, 1, 1), 0.5), torch.tensor([[0.0, 1.0, 0.0]])
        result = Passes(made)(x, truth)
        costs.append(result.cost.item())
        parts = [loss.cost.item() for loss in result.losses.values()]
        assert costs[-1] == pytest.approx(sum(parts) / 2, rel=1e-6)
    assert costs[0] > costs[1] > 0


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_losses_are_computed_in_float32_in_every_precision(name, monkeypatch):
    made = network(net(FIRST))
    forward = ForwardPass(made, Precision(name))
    half = []
    monkeypatch.setattr(made.layers[1], "forward", watched(made.layers[1].forward, half))
    forward.loss_functions[2] = watched(forward.loss_functions[2], half)
    result = forward(torch.full((1, 1, 1, 1), 0.7), torch.tensor([[1.0]]), loss_context(made))
    (loss,) = result.losses.values()
    assert loss.delta.dtype == torch.float32
    result.root.backward()
    assert arrays(made, 0)["weights"].grad.dtype == torch.float32
    assert half == [True, False]


def watched(function, half):
    """`function`, which appends to `half` whether products in it have 16 bits."""

    def watching(*inputs):
        half.append((torch.ones(1, 1) @ torch.ones(1, 1)).dtype != torch.float32)
        return function(*inputs)

    return watching


def test_weights_that_a_frozen_layer_shares_still_get_a_gradient_in_mixed_precision():
    """0 is frozen, 1 shares its weights and ends the frozen part, 2 shares them and is trained.

    It fails with PyTorch 2.9 where casts of frozen layers are kept.
    """
    shared = "[convolutional]\nfilters=1\nsize=1\nactivation=linear\nshare_index=0\n"
    made = network(net(shared + "stopbackward=1\n" + shared), without_bugs(ALEXEYAB))
    x, truth = torch.full((1, 1, 1, 1), 0.5), torch.tensor([[1.0]])
    gradients = []
    for precision in (Precision(), Precision("bfloat16")):
        ForwardPass(made, precision)(x, truth, loss_context(made)).root.backward()
        weights = arrays(made, 0)["weights"]
        gradients.append(weights.grad.item())
        weights.grad = None
    assert gradients[0] != 0
    # bfloat16 rounds each of some ten values to 8 bits.
    assert gradients[1] == pytest.approx(gradients[0], rel=10 * 2**-8)


def test_a_loss_gets_the_losses_of_earlier_layers_and_the_last_rejection_state():
    made = network(net("[cost]\n[route]\nlayers=0"))
    forward = ForwardPass(made)
    contexts = []

    def loss_function(layer, x, output, truths, context):
        contexts.append(context)
        rejection = RejectionState(largest=context.rejection.largest + 1)
        return Loss(torch.zeros_like(x), torch.tensor(0.0), rejection=rejection)

    forward.loss_functions = {
        index: loss and loss_function for index, loss in forward.loss_functions.items()
    }
    for _ in range(2):
        result = forward(torch.ones(1, 1, 1, 1), torch.ones(1, 1), loss_context(made))
    assert [list(context.earlier) for context in contexts] == [[], [1], [], [1]]
    assert contexts[-1].earlier[1] is result.losses[1]
    assert [context.rejection.largest for context in contexts] == [0, 1, 2, 3]
    assert forward.rejection.largest == 4
    with pytest.raises(TypeError):
        contexts[-1].earlier[0] = result.losses[1]


REGION = """[net]
width=3
height=3
channels=1
batch=1
[convolutional]
filters=6
size=1
activation=linear
[region]
anchors=1,1
num=1
classes=1
coords=4
"""


@pytest.mark.parametrize(
    ("dialect", "trained"),
    [("pjreddie", False), (without_bugs(PJREDDIE), True)],
    ids=["reproduced", "fixed"],
)
def test_pjreddies_region_sends_no_delta_back(dialect, trained):
    """region_layer.c backward_region_layer: its body is commented out."""
    made = network(REGION, dialect)
    truths = torch.tensor([[[0.5, 0.5, 0.4, 0.4, 0.0]]])
    result = Passes(made)(torch.full((1, 1, 3, 3), 0.5), truths)
    assert result.cost > 0
    assert (arrays(made, 0)["weights"].grad is not None) == trained


@pytest.mark.parametrize(
    ("arithmetic", "expected"),
    [("fast", torch.channels_last), ("c_order", torch.contiguous_format)],
)
def test_images_and_weights_keep_cs_order_in_memory_where_sums_do(arithmetic, expected):
    text = "[net]\nwidth=4\nheight=4\nchannels=2\n[convolutional]\nsize=3"
    made = network(text, arithmetic=arithmetic)
    assert ForwardPass(made).memory_format == expected
    assert made.layers[0].convolution.weights.is_contiguous(memory_format=expected)


RECOMPUTED = f"""[net]
width=8
height=8
channels=2
batch=4
subdivisions=2
momentum=.9
decay=.001

{convolution(4)}
{convolution(4)}
[dropout]
probability=.4

[convolutional]
filters=4
size=3
pad=1
batch_normalize=1
activation=mish

[shortcut]
from=-3
activation=leaky

[route]
layers=-1,-4

[convolutional]
share_index=1
filters=4
size=3
pad=1
batch_normalize=1
activation=leaky
groups=2

[convolutional]
filters=2
size=1
activation=logistic

[cost]
"""


def after_two_updates(dialect, precision="float32", *, checkpoint_activations):
    """Everything that a network, its momentum and its forward pass keep, and the pass."""
    made = network(RECOMPUTED, dialect)
    forward = ForwardPass(
        made, Precision(precision), checkpoint_activations=checkpoint_activations
    )
    optimizer, random = Optimizer(made), torch.Generator().manual_seed(5)
    torch.manual_seed(2)
    for iteration in range(2):
        for _ in range(2):
            images = torch.rand(2, 2, 8, 8, generator=random)
            result = forward(images, torch.rand(2, 128, generator=random), loss_context(made))
            result.root.backward()
        optimizer.step(0.1, iteration + 1, 4)
    return {**made.state_dict(), "random": torch.get_rng_state()}, forward


@pytest.mark.parametrize(
    ("dialect", "precision"),
    [
        ("alexeyab", "float32"),  # deltas add up from one mini-batch to the next
        (without_bugs(ALEXEYAB), "float32"),
        (without_bugs(ALEXEYAB), "bfloat16"),
        ("alexeyab-cuda", "float32"),
        ("pjreddie", "float32"),
    ],
    ids=["reproduced", "fixed", "bfloat16", "cuda", "pjreddie"],
)
@pytest.mark.filterwarnings("ignore:.*pjreddie/darknet")
def test_recomputed_activations_give_the_same_training_bit_for_bit(dialect, precision):
    """Weights, rolling statistics, accumulated deltas and random numbers."""
    kept, forward = after_two_updates(dialect, precision, checkpoint_activations=False)
    again, recomputing = after_two_updates(dialect, precision, checkpoint_activations=True)
    assert kept.keys() == again.keys()
    assert [name for name in kept if not torch.equal(kept[name], again[name])] == []
    deltas, others = (made.state_dict()["accumulated"] for made in (forward, recomputing))
    assert deltas.keys() == others.keys()
    assert all(torch.equal(deltas[index], others[index]) for index in deltas)


def test_recomputed_activations_are_not_kept():
    sizes = []
    for checkpoint_activations in (False, True):
        made = network(RECOMPUTED)
        forward = ForwardPass(made, checkpoint_activations=checkpoint_activations)
        kept = set()

        def keep(tensor, kept=kept):
            kept.add((tensor.untyped_storage().data_ptr(), tensor.untyped_storage().nbytes()))
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            result = forward(torch.rand(2, 2, 8, 8), torch.rand(2, 128), loss_context(made))
        sizes.append(sum(size for _, size in kept))
        assert result.root.requires_grad
    assert sizes[1] < 0.6 * sizes[0]

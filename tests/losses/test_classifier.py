"""The losses of [softmax], [logistic] and [cost], compared with loops over the values."""

import math

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.losses.classifier import SECRET
from darknet_torch.losses.registry import loss_function_for
from darknet_torch.model.network import build_network
from tests.losses.cases import assert_near

COUNT, VALUES = 3, 6


def build_layer(section, dialect="alexeyab"):
    cfg = f"[net]\ninputs={VALUES}\n[dropout]\n{section}"
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect)).layers[1]


def random_case(seed, spread=1.5):
    random = np.random.default_rng(seed)
    x = random.normal(0, spread, (COUNT, VALUES)).astype(np.float32)
    truths = np.zeros_like(x)
    truths[np.arange(COUNT), random.integers(0, VALUES, COUNT)] = 1
    return x, truths


def compute(layer, x, truths):
    x = torch.from_numpy(x)
    output = layer(x)
    return output.numpy(), loss_function_for(layer)(
        layer, x, output, torch.from_numpy(truths), None
    )


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("options", ["", "groups=2", "temperature=3"])
def test_softmax_is_cross_entropy(options, seed):
    x, truths = random_case(seed)
    truths[0] = [0.5, 0, 0.25, 0, 0.25, 0]
    out, loss = compute(build_layer(f"[softmax]\n{options}"), x, truths)
    error, delta = 0.0, np.zeros_like(out)
    for at in np.ndindex(*out.shape):
        error += -math.log(out[at]) if truths[at] else 0
        delta[at] = truths[at] - out[at]
    assert_near(loss.delta, delta)
    assert loss.cost.item() == pytest.approx(error, rel=1e-6)  # float32


def test_an_unknown_value_has_no_delta(tmp_path, monkeypatch):
    """As in the CUDA code; in the CPU code the target is -1234 there."""
    parents = [-1, -1, 0, 0, 1, 1]
    lines = [f"class{index} {parent}" for index, parent in enumerate(parents)]
    (tmp_path / "classes.tree").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    x, _ = random_case(3)
    truths = np.full_like(x, SECRET)
    truths[0] = [1, 0, 0, 1, SECRET, SECRET]
    truths[1, :2] = 0, 1
    out, loss = compute(build_layer("[softmax]\ntree=classes.tree"), x, truths)
    delta = np.zeros_like(out)
    delta[0, :4] = np.float32([1, 0, 0, 1]) - out[0, :4]
    delta[1, :2] = np.float32([0, 1]) - out[1, :2]
    assert_near(loss.delta, delta)
    assert loss.cost.item() == pytest.approx(
        -math.log(out[0, 0]) - math.log(out[0, 3]) - math.log(out[1, 1]), rel=1e-6
    )


def test_logistic_is_binary_cross_entropy():
    x, truths = random_case(4)
    truths[2] = [1, 1, 0, 1, 0, 0.5]
    out, loss = compute(build_layer("[logistic]", "pjreddie"), x, truths)
    error = 0.0
    for at in np.ndindex(*out.shape):
        p, t = float(out[at]), float(truths[at])
        error -= t * math.log(p) + (1 - t) * math.log(1 - p)
    assert_near(loss.delta, truths - out)
    assert loss.cost.item() == pytest.approx(error, rel=1e-5)  # 1 - p loses digits


def reference_error_and_delta(kind, value, truth):
    """Error and delta. Source: blas.c l2_cpu, smooth_l1_cpu, l1_cpu; blas_kernels.cu wgan."""
    diff = truth - value
    sign = 1 if diff > 0 else -1
    if kind == "smooth" and abs(diff) >= 1:
        return 2 * abs(diff) - 1, sign
    if kind == "L1":
        return abs(diff), sign
    if kind == "wgan":
        return (-value if truth else value), (1 if truth > 0 else -1)
    return diff * diff, diff


KINDS = [
    ("alexeyab", "sse"),
    ("alexeyab", "masked"),
    ("alexeyab", "smooth"),
    ("pjreddie", "sse"),
    ("pjreddie", "smooth"),
    ("pjreddie", "seg"),
    ("pjreddie", "L1"),
    ("pjreddie", "wgan"),
]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("dialect", "kind"), KINDS)
def test_each_type_of_cost_equals_its_loop(dialect, kind, seed):
    x, truths = random_case(seed, spread=2)
    layer = build_layer(f"[cost]\ntype={kind}\nscale=.25", dialect)
    if kind == "masked":
        truths[:, ::2] = SECRET
    _, loss = compute(layer, x, truths)
    error, delta = 0.0, np.zeros_like(x)
    for at in np.ndindex(*x.shape):
        if truths[at] == SECRET:
            continue
        one, delta[at] = reference_error_and_delta(kind, float(x[at]), float(truths[at]))
        error += one
    assert_near(loss.delta, delta)
    assert loss.cost.item() == pytest.approx(error, rel=1e-6)
    assert loss.scale == 0.25


def test_noobj_scales_values_without_an_object():
    x, truths = random_case(3)
    _, plain = compute(build_layer("[cost]\ntype=seg", "pjreddie"), x, truths)
    _, weighted = compute(build_layer("[cost]\ntype=seg\nnoobj=.5", "pjreddie"), x, truths)
    factor = np.where(truths == 0, 0.5, 1).astype(np.float32)
    assert_near(weighted.delta, plain.delta.numpy() * factor)
    assert weighted.cost.item() == pytest.approx(((truths - x) ** 2 * factor).sum(), rel=1e-6)


def test_thresh_drops_small_errors_and_smooth_moves_the_truth():
    x, truths = random_case(3)
    _, loss = compute(build_layer("[cost]\nthresh=4.2", "pjreddie"), x, truths)
    kept = np.abs(truths - x) >= 4.2 / VALUES
    assert 0 < kept.sum() < kept.size
    assert_near(loss.delta, (truths - x) * kept)
    _, loss = compute(build_layer("[cost]\nsmooth=.1", "pjreddie"), x, truths)
    assert_near(loss.delta, truths * 0.9 + 0.1 / VALUES - x)

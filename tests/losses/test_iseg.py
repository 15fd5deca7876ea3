"""The loss of [iseg] compared with reference loops."""

import numpy as np
import pytest
import torch

from tests.losses.cases import (
    COLUMNS,
    ROWS,
    assert_near,
    build,
    compute_loss,
    loss_context,
    random_inputs,
)
from tests.losses.reference_boxes import F

CLASSES, IDS, AREA = 3, 4, ROWS * COLUMNS


def build_iseg():
    return build(f"[iseg]\nclasses={CLASSES}\nids={IDS}", CLASSES + IDS, "pjreddie")


def instances(seed, count=2):
    """Truths of up to 5 instances; some overlap, one is empty, one has an unknown class."""
    random = np.random.default_rng(seed)
    rows = np.full((count, 8, 1 + AREA), -1, np.float32)
    for picture in rows:
        picture[:5, 0] = [0, 1, 1, 2, CLASSES + 1]
        picture[:5, 1:] = random.random((5, AREA)) * (random.random((5, AREA)) < 0.4)
        picture[3, 1:] = 0
    rows[1, 2, 0] = -1  # ends the instances of this picture
    return rows.reshape(count, -1)


def reference_delta(out, truths):
    """The delta position by position, for `out` [N, values, positions].

    Source: iseg_layer.c forward_iseg_layer (pjreddie).
    """
    delta = np.zeros_like(out)
    for v, d, flat in zip(out, delta, truths, strict=True):
        for value, position in np.ndindex(*v.shape):
            d[value, position] = -v[value, position] * (F(1) if value < CLASSES else F(0.1))
        found = []
        for row in flat.reshape(-1, 1 + AREA):
            if row[0] < 0:
                break
            if row[0] >= CLASSES:
                continue
            positions = [k for k in range(AREA) if row[1 + k]]
            for k in positions:
                d[int(row[0]), k] = row[1 + k] - v[int(row[0]), k]
            if positions:
                mean = [
                    sum(v[CLASSES + z, k] for k in positions) / len(positions) for z in range(IDS)
                ]
                found.append((positions, mean))
        for own, (positions, _) in enumerate(found):
            for k in positions:
                for other, (_, mean) in enumerate(found):
                    for z in range(IDS):
                        step = F(-0.1) if mean[z] - v[CLASSES + z, k] < 0 else F(0.1)
                        d[CLASSES + z, k] += step if own == other else -step
        d[CLASSES:] *= F(0.01)
    return delta


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_delta_and_cost_equal_the_loops_of_c(seed):
    head = build_iseg()
    x = random_inputs(head, seed)
    rows = instances(seed)
    output, loss = compute_loss(head, x, rows, loss_context(head, "pjreddie"))
    delta = reference_delta(output.flatten(2).numpy(), rows)
    assert_near(loss.delta, delta.reshape(x.shape))
    assert loss.cost.item() == pytest.approx((delta.astype(float) ** 2).sum(), rel=1e-5)
    assert loss.parts["count"] == 4 + 2


def test_without_instances_all_deltas_go_towards_zero():
    head = build_iseg()
    x = random_inputs(head, 4)
    rows = np.full((2, 3 * (1 + AREA)), -1, np.float32)
    output, loss = compute_loss(head, x, rows, loss_context(head, "pjreddie"))
    assert_near(loss.delta[:, :CLASSES], -output[:, :CLASSES])
    assert_near(loss.delta[:, CLASSES:], -0.001 * output[:, CLASSES:])
    assert not torch.isnan(loss.delta).any()

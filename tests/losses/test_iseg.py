"""[iseg]'s loss against plain loops."""

import numpy as np
import pytest
import torch

from tests.losses.cases import COLUMNS, ROWS, assert_near, build, computed, context, raw
from tests.losses.plain_boxes import F

CLASSES, IDS, AREA = 3, 4, ROWS * COLUMNS


def head_of():
    return build(f"[iseg]\nclasses={CLASSES}\nids={IDS}", CLASSES + IDS, "pjreddie")


def instances(seed, count=2):
    """Truths of up to 5 instances, some over others, one empty, one of no known class."""
    random = np.random.default_rng(seed)
    rows = np.full((count, 8, 1 + AREA), -1, np.float32)
    for picture in rows:
        picture[:5, 0] = [0, 1, 1, 2, CLASSES + 1]
        picture[:5, 1:] = random.random((5, AREA)) * (random.random((5, AREA)) < 0.4)
        picture[3, 1:] = 0
    rows[1, 2, 0] = -1  # ends this picture's
    return rows.reshape(count, -1)


def plain(out, truths):
    """iseg_layer.c forward_iseg_layer, position by position; `out` [N, values, positions]."""
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
def test_delta_and_cost_are_those_of_cs_loops(seed):
    head = head_of()
    x = raw(head, seed)
    rows = instances(seed)
    output, loss = computed(head, x, rows, context(head, "pjreddie"))
    delta = plain(output.flatten(2).numpy(), rows)
    assert_near(loss.delta, delta.reshape(x.shape))
    assert loss.cost.item() == pytest.approx((delta.astype(float) ** 2).sum(), rel=1e-5)
    assert loss.parts["count"] == 4 + 2


def test_without_instances_there_is_no_class_and_embeddings_stay_small():
    head = head_of()
    x = raw(head, 4)
    rows = np.full((2, 3 * (1 + AREA)), -1, np.float32)
    output, loss = computed(head, x, rows, context(head, "pjreddie"))
    assert_near(loss.delta[:, :CLASSES], -output[:, :CLASSES])
    assert_near(loss.delta[:, CLASSES:], -0.001 * output[:, CLASSES:])
    assert not torch.isnan(loss.delta).any()

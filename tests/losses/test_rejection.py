"""Bad-label rejection compared with loops over the values of each mini-batch."""

import math
from dataclasses import asdict

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.net import read_net
from darknet_torch.losses.rejection import RejectionState, reject_deltas
from tests.losses.cases import build, compute_loss, loss_context, random_inputs, truth_rows

VALUES = 8  # of a box


def net(options):
    return read_net(parse_cfg(f"[net]\ninputs=1\nmax_batches=1000\n{options}")[0], ALEXEYAB)


class ReferenceRejection:
    """Loops as in yolo_layer.c forward_yolo_layer, which change their own state."""

    def __init__(self, options):
        self.o = options
        self.largest = self.average = self.deviation = self.threshold = 0.0

    def __call__(self, values, iteration):
        o, values = self.o, [float(value) for value in values]
        start = o.max_batches * 3 // 4
        late = start < iteration
        easing = o.equidistant_point and o.equidistant_point < iteration
        sigmas = late and o.num_sigmas_reject_badlabels
        percentage = late and o.badlabels_rejection_percentage
        if not (easing or sigmas or percentage):
            return values
        progress = (iteration - o.equidistant_point) / (o.max_batches - o.equidistant_point)
        least = self.average * progress * 1.4
        there = [value for value in values if value]
        largest = max(abs(value) for value in there)
        if self.largest == 0:
            self.largest = largest
        self.largest = self.largest * 0.99 + largest * 0.01
        mean = sum(abs(value) for value in there) / len(there)
        self.average = self.average * 0.99 + mean * 0.01
        if sigmas:
            before = self.deviation
            squares = sum((value - self.average) ** 2 for value in there)
            self.deviation = before * 0.99 + math.sqrt(squares / len(there)) * 0.01
            final = self.average + before * sigmas
            fallen = (iteration - start) / start
            bound = max(final, self.largest - fallen * abs(self.largest - final))
            values = [0.0 if abs(value) > bound else value for value in values]
            least = min(final, self.average) * progress
        if percentage:
            if self.threshold == 0:
                self.threshold = self.largest
            there = [value for value in values if value]
            rejected = [value for value in there if abs(value) > self.threshold]
            values = [0.0 if abs(value) > self.threshold else value for value in values]
            if 100 * len(rejected) * VALUES / len(there) > percentage:
                self.threshold += 0.01
            elif self.threshold > 0.01:
                self.threshold -= 0.01
        if easing:
            values = [0.0 if abs(value) < least else value for value in values]
        return values


OPTIONS = [
    "equidistant_point=500",
    "num_sigmas_reject_badlabels=1",
    "badlabels_rejection_percentage=20",
    "equidistant_point=300\nnum_sigmas_reject_badlabels=2\nbadlabels_rejection_percentage=50",
]


@pytest.mark.parametrize("options", OPTIONS)
def test_the_same_deltas_are_rejected_as_by_the_reference_loops(options):
    made, reference, state = net(options), ReferenceRejection(net(options)), RejectionState()
    random = np.random.default_rng(1)
    rejected = 0
    for iteration in (100, 400, 600, 749, 750, 751, 760, 800, 900, 990, 999):
        delta = random.normal(0, 1, (12, VALUES)) * (random.random((12, VALUES)) < 0.5)
        kept, state = reject_deltas(torch.from_numpy(delta), state, made, iteration)
        found = kept.numpy()
        expected = np.array(reference(delta.ravel(), iteration)).reshape(delta.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-12)  # float64
        rejected += np.count_nonzero(delta) - np.count_nonzero(found)
    assert rejected > 0
    for name in ("largest", "average", "deviation", "threshold"):
        assert getattr(state, name) == pytest.approx(getattr(reference, name), rel=1e-9)


def test_without_the_options_no_delta_is_rejected_and_the_state_stays():
    state, delta = RejectionState(average=0.5), torch.randn(5, VALUES)
    assert reject_deltas(delta, state, net(""), 999) == (delta, state)


def test_a_mini_batch_without_any_delta_leaves_the_state_as_it_is():
    state = RejectionState()
    zeros = torch.zeros(5, VALUES)
    kept, after = reject_deltas(zeros, state, net("badlabels_rejection_percentage=1"), 999)
    assert torch.equal(kept, zeros)
    assert after == state


def test_the_state_handed_in_is_not_changed():
    state = RejectionState(average=0.5)
    _, after = reject_deltas(torch.ones(5, VALUES), state, net(OPTIONS[0]), 999)
    assert state == RejectionState(average=0.5)
    assert after.average == 0.5 * 0.99 + 0.01


def test_the_state_goes_through_a_checkpoint_by_the_names_of_its_fields():
    state = RejectionState(largest=4.0, average=0.5, deviation=0.25, threshold=2.0)
    saved = asdict(state)
    assert list(saved) == ["largest", "average", "deviation", "threshold"]
    assert RejectionState(**saved) == state


@pytest.mark.parametrize(("dialect", "changes"), [("alexeyab", True), ("pjreddie", False)])
def test_yolo_rejects_deltas_in_the_alexeyab_dialect_only(dialect, changes):
    anchors = "anchors=6,9,15,12,20,30\nnum=3\nclasses=3"
    head = build(f"[yolo]\n{anchors}", 24, dialect)
    x = random_inputs(head, 1)
    rows = truth_rows(head, x, 1)
    options = net("equidistant_point=10")
    losses = []
    for iteration in (0, 900):
        rejection = RejectionState(average=0.5)
        context = loss_context(
            head, dialect, net=options, iteration=iteration, rejection=rejection
        )
        losses.append(compute_loss(head, x, rows, context)[1])
    fewer = losses[0].delta.count_nonzero() > losses[1].delta.count_nonzero()
    assert bool(fewer) is changes
    assert (losses[0].cost > losses[1].cost).item() is changes

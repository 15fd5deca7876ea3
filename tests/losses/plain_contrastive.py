"""[contrastive]'s delta, pair by pair, in the order of softmax_layer.c and blas.c."""

import math

import numpy as np

from tests.losses.plain_boxes import F

CERTAIN = F(0.9999)


def cosine(a, b):
    along = length_a = length_b = F(0)
    for x, y in zip(a, b, strict=True):
        along, length_a, length_b = along + x * y, length_a + x * x, length_b + y * y
    below = F(math.sqrt(length_a)) * F(math.sqrt(length_b))
    return along / below if below > 0 else F(0)


def factor(samples, labels, i, temperature):
    """1 over how many others have its label, the temperature and its length."""
    length = F(math.sqrt(sum(x * x for x in samples[i])))
    alike = sum(label == labels[i] for label in labels)
    return F(1 / ((alike - 1) * temperature * length)) if alike > 1 else F(0)


def similarities(samples, pair_up, temperature):
    """{(i, j): cosine} and {(i, j): its exponential} of those that `pair_up` lets meet."""
    count = range(len(samples))
    cosines = {
        (i, j): cosine(samples[i], samples[j]) for i in count for j in count if pair_up(i, j)
    }
    return cosines, {pair: F(math.exp(c / F(temperature))) for pair, c in cosines.items()}


def of_pictures(samples, labels, steps, temperature):
    """The delta of each of the K `samples`, [K, features], of a classifier."""
    count = range(len(samples))
    cosines, raised = similarities(
        samples, lambda i, j: i != j and steps[i] == steps[j], temperature
    )
    chances = {
        (i, j): value / sum((raised.get((k, j), F(0)) for k in count if k != i), F(0))
        for (i, j), value in raised.items()
    }
    delta = np.zeros_like(samples)
    for i in count:
        weight = factor(samples, labels, i, temperature)
        for j in count:
            if i == j or labels[i] != labels[j]:
                continue
            similar, chance = cosines.get((i, j), F(0)), chances.get((i, j), F(0))
            delta[i] -= weight * (similar * samples[i] - samples[j]) * (1 - chance)
        for j in count:
            if i == j or labels[i] != labels[j]:
                continue
            for k in count:
                if k in (i, j):
                    continue
                similar, chance = cosines.get((i, k), F(0)), chances.get((i, k), F(0))
                delta[i] -= weight * (samples[k] - similar * samples[i]) * chance
    return delta


def of_boxes(samples, labels, classes, steps, temperature, most):
    """The same of the boxes of a detector."""
    count = range(len(samples))
    cosines, raised = similarities(
        samples,
        lambda i, j: i != j and classes[i] == classes[j] and steps[i] == steps[j],
        temperature,
    )
    chances = {}
    for i, j in cosines:
        below = sum((raised[k, j] for k in count if k != i and (k, j) in raised), F(0))
        chance = raised[i, j] / below if below else CERTAIN
        chances[i, j] = CERTAIN if chance > 1 else chance
    delta = np.zeros_like(samples)
    for i in count:
        weight = factor(samples, labels, i, temperature)
        for j in count:
            if i != j and labels[i] == labels[j] and (i, j) in cosines:
                toward = cosines[i, j] * samples[i] - samples[j]
                delta[i] -= weight * toward * (1 - chances[i, j])
        push_away(samples, labels, classes, i, weight, cosines, chances, most, delta)
    return delta


def push_away(samples, labels, classes, i, weight, cosines, chances, most, delta):
    """From others of its class, until `most` of them have been counted."""
    count, counted = range(len(samples)), 0
    for j in count:
        if i == j or labels[i] != labels[j]:
            continue
        for k in count:
            if k in (i, j) or labels[k] == labels[i] or classes[j] != classes[k]:
                continue
            counted += 1
            if (i, k) not in cosines:
                continue
            delta[i] -= weight * (samples[k] - cosines[i, k] * samples[i]) * chances[i, k]
            if counted >= most:
                return

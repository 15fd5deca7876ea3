"""Reference for `losses.contrastive`: the delta pair by pair, in the loops of C."""

import math

import numpy as np

from tests.losses.reference_boxes import F

MAX_PROBABILITY = F(0.9999)


def cosine(a, b):
    along = length_a = length_b = F(0)
    for x, y in zip(a, b, strict=True):
        along, length_a, length_b = along + x * y, length_a + x * x, length_b + y * y
    product = F(math.sqrt(length_a)) * F(math.sqrt(length_b))
    return along / product if product > 0 else F(0)


def scale_of(samples, labels, i, temperature):
    """1 / (number of others with its label * temperature * length of the embedding)."""
    length = F(math.sqrt(sum(x * x for x in samples[i])))
    positives = sum(label == labels[i] for label in labels)
    return F(1 / ((positives - 1) * temperature * length)) if positives > 1 else F(0)


def similarities(samples, comparable, temperature):
    """{(i, j): cosine} and {(i, j): its exponential} of the pairs that are `comparable`."""
    count = range(len(samples))
    cosines = {
        (i, j): cosine(samples[i], samples[j]) for i in count for j in count if comparable(i, j)
    }
    return cosines, {pair: F(math.exp(c / F(temperature))) for pair, c in cosines.items()}


def picture_delta(samples, labels, steps, temperature):
    """The delta of each of K pictures' embeddings, `samples` [K, features]."""
    count = range(len(samples))
    cosines, exponentials = similarities(
        samples, lambda i, j: i != j and steps[i] == steps[j], temperature
    )
    probabilities = {
        (i, j): value / sum((exponentials.get((k, j), F(0)) for k in count if k != i), F(0))
        for (i, j), value in exponentials.items()
    }
    delta = np.zeros_like(samples)
    for i in count:
        weight = scale_of(samples, labels, i, temperature)
        for j in count:
            if i == j or labels[i] != labels[j]:
                continue
            similar, probability = cosines.get((i, j), F(0)), probabilities.get((i, j), F(0))
            delta[i] -= weight * (similar * samples[i] - samples[j]) * (1 - probability)
        for j in count:
            if i == j or labels[i] != labels[j]:
                continue
            for k in count:
                if k in (i, j):
                    continue
                similar, probability = cosines.get((i, k), F(0)), probabilities.get((i, k), F(0))
                delta[i] -= weight * (samples[k] - similar * samples[i]) * probability
    return delta


def box_delta(samples, labels, classes, steps, temperature, max_negatives):
    """The delta of each of K boxes' embeddings, `samples` [K, features]."""
    count = range(len(samples))
    cosines, exponentials = similarities(
        samples,
        lambda i, j: i != j and classes[i] == classes[j] and steps[i] == steps[j],
        temperature,
    )
    probabilities = {}
    for i, j in cosines:
        others = sum(
            (exponentials[k, j] for k in count if k != i and (k, j) in exponentials), F(0)
        )
        probability = exponentials[i, j] / others if others else MAX_PROBABILITY
        probabilities[i, j] = MAX_PROBABILITY if probability > 1 else probability
    delta = np.zeros_like(samples)
    for i in count:
        weight = scale_of(samples, labels, i, temperature)
        for j in count:
            if i != j and labels[i] == labels[j] and (i, j) in cosines:
                gradient = cosines[i, j] * samples[i] - samples[j]
                delta[i] -= weight * gradient * (1 - probabilities[i, j])
        add_negatives(
            samples, labels, classes, i, weight, cosines, probabilities, max_negatives, delta
        )
    return delta


def add_negatives(
    samples, labels, classes, i, weight, cosines, probabilities, max_negatives, delta
):
    """Push embedding i from others of its class, until `max_negatives` have been counted."""
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
            delta[i] -= weight * (samples[k] - cosines[i, k] * samples[i]) * probabilities[i, k]
            if counted >= max_negatives:
                return

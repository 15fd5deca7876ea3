"""The loss of [contrastive].

The delta pulls embeddings with the same label together and pushes those with other labels
apart. An embedding z_i gets, for each other one z_j, a multiple of the gradient of their cosine
similarity, weighted with the softmax probability P(i, j) of the pair among all pairs. Labels
are classes of pictures, or the track ids of the boxes of a [yolo].
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.layers.contrastive import Contrastive
from darknet_torch.losses.base import Loss, LossContext
from darknet_torch.losses.terms import clip_delta

_MAX_PROBABILITY = 0.9999  # replaces a probability above one, blas.c P_constrastive_f_det
_TRIPLES_AT_ONCE = 2**24  # bound on the size of a temporary tensor


@dataclass(frozen=True)
class _Embeddings:
    """K embeddings and what they are embeddings of.

    Attributes:
        z: [K, features] float32.
        labels: [K] int64.
        class_ids: [K] int64; only embeddings of one class are compared.
        time_steps: [K] int64; only embeddings of one time step are compared.
    """

    z: Tensor
    labels: Tensor
    class_ids: Tensor
    time_steps: Tensor


def contrastive_loss(
    layer: Contrastive, x: Tensor, output: Tensor, truths: Tensor, context: LossContext
) -> Loss:
    """Compute the delta and cost of a mini-batch.

    Args:
        layer: the [contrastive].
        x: its input: [N, features, 1, 1] of pictures, or [N, boxes * features, H, W] of the
            boxes of its yolo_layer.
        output: its output.
        truths: [N, classes] of a classifier. With yolo_layer the labels are those that the
            loss of the [yolo] found, in `context.earlier`.
        context: the state of the training.

    Source: softmax_layer.c forward_contrastive_layer, blas.c grad_contrastive_loss_positive,
    grad_contrastive_loss_negative and their _f forms (AlexeyAB).
    Differs: NaN, as of a mini-batch of two pictures, becomes 0.
    """
    options = layer.options
    if layer.head_index is None:
        embeddings = _picture_embeddings(x, truths, context)
        delta = _picture_delta(embeddings, options.temperature).reshape(x.shape)
    else:
        embeddings, boxes = _box_embeddings(layer, layer.head_index, x, context)
        box_delta = _box_delta(embeddings, options.temperature, options.contrastive_neg_max)
        delta = _delta_at_input(box_delta, boxes, layer.boxes, x)
    delta = clip_delta(delta * options.cls_normalizer, options.max_delta)
    cost = layer.arithmetic.sum_of_squares(delta)
    return Loss(delta, cost, parts={"accuracy": _accuracy(embeddings)})


def _picture_embeddings(x: Tensor, truths: Tensor, context: LossContext) -> _Embeddings:
    """One embedding per picture; without a class, each two successive pictures share a label."""
    count = x.shape[0]
    pictures = torch.arange(count, device=x.device)
    truth = truths.flatten(1)
    is_class = truth > context.net.label_smooth_eps
    ids = torch.arange(truth.shape[1], device=x.device)
    last_class = torch.where(is_class, ids, -1).amax(1)
    labels = torch.where(last_class >= 0, last_class, pictures // 2)
    time_steps = pictures // max(1, count // context.net.time_steps)
    return _Embeddings(x.flatten(1).float(), labels, torch.zeros_like(labels), time_steps)


def _box_embeddings(
    layer: Contrastive, head_index: int, x: Tensor, context: LossContext
) -> tuple[_Embeddings, Tensor]:
    """The embeddings of the boxes with a label, and [K] the indices of these boxes."""
    labels = context.earlier[head_index].cell_labels
    assert labels is not None  # the layer has checked that it is a [yolo]
    count, _, height, width = x.shape
    z = x.reshape(count, layer.boxes, -1, height, width).permute(0, 1, 3, 4, 2)
    z = z.flatten(0, 3)[labels.boxes].float()
    picture = labels.boxes // (layer.boxes * height * width)
    time_steps = picture // max(1, count // context.net.time_steps)
    return _Embeddings(z, labels.track_ids, labels.class_ids, time_steps), labels.boxes


def _delta_at_input(box_delta: Tensor, boxes: Tensor, boxes_per_cell: int, x: Tensor) -> Tensor:
    """Write the deltas of boxes, [K, features], to their places in a tensor of x's shape."""
    count, _, height, width = x.shape
    flat = box_delta.new_zeros(count * boxes_per_cell * height * width, box_delta.shape[1])
    flat[boxes] = box_delta
    flat = flat.reshape(count, boxes_per_cell, height, width, -1)
    return flat.permute(0, 1, 4, 2, 3).reshape(x.shape)


def _cosine_similarity(embeddings: _Embeddings, pairs: Tensor) -> Tensor:
    """[K, K]: the cosine similarity of the `pairs`, 0 for others."""
    unit = embeddings.z / embeddings.z.norm(dim=1, keepdim=True)
    return torch.where(pairs, unit @ unit.T, 0.0)


def _comparable_pairs(embeddings: _Embeddings) -> Tensor:
    """[K, K] bool: two embeddings of one class and time step, not one with itself."""
    pairs = embeddings.time_steps[:, None] == embeddings.time_steps
    pairs &= embeddings.class_ids[:, None] == embeddings.class_ids
    return pairs & ~torch.eye(len(embeddings.z), dtype=torch.bool, device=pairs.device)


def _positive_pairs(embeddings: _Embeddings) -> Tensor:
    """[K, K] bool: two embeddings with one label, not one with itself."""
    same = embeddings.labels[:, None] == embeddings.labels
    return same & ~torch.eye(len(embeddings.labels), dtype=torch.bool, device=same.device)


def _scale(embeddings: _Embeddings, positives: Tensor, temperature: float) -> Tensor:
    """[K, 1]: 1 / (number of positives * temperature * length), 0 without positives."""
    count = positives.sum(1, keepdim=True).float()
    length = embeddings.z.norm(dim=1, keepdim=True)
    return torch.where(count > 0, 1 / (count * temperature * length), 0.0)


def _picture_delta(embeddings: _Embeddings, temperature: float) -> Tensor:
    """[K, features]. Source: blas.c P_constrastive, grad_contrastive_loss_positive, _negative."""
    pairs = _comparable_pairs(embeddings)
    sim = _cosine_similarity(embeddings, pairs)
    exp_sim = torch.where(pairs, (sim / temperature).exp(), 0.0)
    probability = torch.where(pairs, exp_sim / (exp_sim.sum(0) - exp_sim), 0.0)
    positives = _positive_pairs(embeddings)
    scale = _scale(embeddings, positives, temperature)
    # For each positive j of i, i is pushed from every k other than i and j.
    negative_counts = positives.sum(1, keepdim=True) - positives.int()
    negative_counts.fill_diagonal_(0)
    pull, push = positives * (1 - probability), negative_counts * probability
    return _similarity_delta(embeddings.z, sim, pull, push, scale)


def _box_delta(embeddings: _Embeddings, temperature: float, max_negatives: int) -> Tensor:
    """[K, features]. Source: the forms of the same functions of blas.c that end in _f."""
    if not len(embeddings.labels):
        return embeddings.z
    pairs = _comparable_pairs(embeddings)
    sim = _cosine_similarity(embeddings, pairs)
    exp_sim = torch.where(pairs, (sim / temperature).exp(), 0.0)
    others = exp_sim.sum(0) - exp_sim
    probability = torch.where(others != 0, exp_sim / others, _MAX_PROBABILITY)
    probability = torch.where(probability > 1, _MAX_PROBABILITY, probability)
    positives = _positive_pairs(embeddings)
    scale = _scale(embeddings, positives, temperature)
    negative_counts = _negative_counts(embeddings, positives, pairs, max_negatives)
    pull, push = positives * pairs * (1 - probability), negative_counts * probability
    return _similarity_delta(embeddings.z, sim, pull, push, scale)


def _similarity_delta(z: Tensor, sim: Tensor, pull: Tensor, push: Tensor, scale: Tensor) -> Tensor:
    """Sum the gradients of the similarities of each embedding.

    Args:
        z: [K, features].
        sim: [K, K] cosine similarities.
        pull, push: [K, K] weights with which j pulls and pushes i.
        scale: [K, 1] weight of each embedding.

    Returns:
        [K, features].
    """
    own = (push * sim).sum(1, keepdim=True) - (pull * sim).sum(1, keepdim=True)
    return scale * (pull @ z - push @ z + own * z)


def _negative_counts(
    embeddings: _Embeddings, positives: Tensor, pairs: Tensor, max_negatives: int
) -> Tensor:
    """[K, K]: how often each embedding is pushed from each other one.

    C loops over the positives of an embedding, and for each over all negatives, and stops at
    contrastive_neg_max. It counts negatives that are none of the comparable `pairs` too, but
    stops only after one that is.
    """
    count = len(embeddings.labels)
    negatives = embeddings.labels[:, None] != embeddings.labels
    same_class = embeddings.class_ids[:, None] == embeddings.class_ids
    counts = []
    blocks = torch.arange(count, device=positives.device)
    for i in blocks.split(max(1, _TRIPLES_AT_ONCE // count**2)):
        # [i, positive j, negative k], flat in C's order of j and k
        triples = (positives[i, :, None] & negatives[i, None] & same_class).flatten(1)
        compared = triples & pairs[i].repeat(1, count)
        stops = compared & (triples.cumsum(1) >= max_negatives)
        pushed = compared & (stops.cumsum(1) - stops.int() == 0)
        counts.append(pushed.reshape(len(i), count, count).sum(1))
    return torch.cat(counts)


def _accuracy(embeddings: _Embeddings) -> Tensor:
    """Percentage of embeddings whose most similar one has their label, -1 without any."""
    pairs = _comparable_pairs(embeddings)
    sim = _cosine_similarity(embeddings, pairs)
    same_label = embeddings.labels[:, None] == embeddings.labels
    if not len(embeddings.labels):
        return sim.new_tensor(-1.0)
    best_positive = torch.where(pairs & same_label, sim, -10.0).amax(1)
    best_negative = torch.where(pairs & ~same_label, sim, -10.0).amax(1)
    counted = (best_positive >= -1) & (best_negative >= -1)
    correct = (counted & (best_negative < best_positive)).sum()
    return torch.where(counted.any(), 100 * correct / counted.sum().clamp(min=1), -1.0)

"""The loss of [contrastive]."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.layers.contrastive import Contrastive
from darknet_torch.losses.base import Loss, LossContext, sum_of_squares
from darknet_torch.losses.terms import clipped

_CERTAIN = 0.9999  # what a probability above one counts as, blas.c P_constrastive_f_det
_AT_ONCE = 2**24  # entries of one block of triples


@dataclass(frozen=True)
class _Samples:
    """K embeddings and what they show.

    Attributes:
        z: [K, features].
        labels, classes, steps: [K].
    """

    z: Tensor
    labels: Tensor
    classes: Tensor
    steps: Tensor


def contrastive_loss(
    layer: Contrastive, x: Tensor, output: Tensor, truths: Tensor, context: LossContext
) -> Loss:
    """Embeddings of one label draw together, of others apart.

    Args:
        layer: which.
        x: its input: [N, features, 1, 1] of pictures, or [N, boxes * features, H, W] of the
            boxes of its yolo_layer.
        output: its output.
        truths: [N, classes] of a classifier. Of a detector the labels are the track ids
            that the [yolo] has met.
        context: the training around it.

    Source: softmax_layer.c forward_contrastive_layer, blas.c grad_contrastive_loss_positive,
    grad_contrastive_loss_negative and their _f forms (AlexeyAB).
    Differs: what is no number, as of a mini-batch of two pictures, is 0.
    """
    if layer.head_index is None:
        samples = _of_pictures(layer, x, truths, context)
        gradient = _picture_gradient(samples, layer.options.temperature)
        delta = gradient.reshape(x.shape)
    else:
        samples, places = _of_boxes(layer, x, context)
        options = layer.options
        gradient = _box_gradient(samples, options.temperature, options.contrastive_neg_max)
        delta = _to_places(gradient, places, layer.boxes, x)
    delta = clipped(delta * layer.options.cls_normalizer, layer.options.max_delta)
    return Loss(delta, sum_of_squares(delta), 1.0, {"accuracy": _accuracy(samples)})


def _of_pictures(layer: Contrastive, x: Tensor, truths: Tensor, context: LossContext) -> _Samples:
    count = x.shape[0]
    numbers = torch.arange(count, device=x.device)
    truth = truths.flatten(1)
    above = truth > context.net.label_smooth_eps
    ids = torch.arange(truth.shape[1], device=x.device)
    last = torch.where(above, ids, -1).amax(1)
    labels = torch.where(last >= 0, last, numbers // 2)
    steps = numbers // max(1, count // context.net.time_steps)
    return _Samples(x.flatten(1).float(), labels, torch.zeros_like(labels), steps)


def _of_boxes(layer: Contrastive, x: Tensor, context: LossContext) -> tuple[_Samples, Tensor]:
    assert layer.head_index is not None
    cell_labels = context.earlier[layer.head_index].cell_labels
    assert cell_labels is not None  # the layer checked that it is a [yolo]
    labels, classes = cell_labels.track_ids, cell_labels.class_ids
    places = torch.nonzero(labels >= 0)[:, 0]
    count, _, height, width = x.shape
    z = x.reshape(count, layer.boxes, -1, height, width).permute(0, 1, 3, 4, 2)
    z = z.reshape(len(labels), -1)[places].float()
    picture = places // (layer.boxes * height * width)
    steps = picture // max(1, count // context.net.time_steps)
    return _Samples(z, labels[places], classes[places], steps), places


def _to_places(gradient: Tensor, places: Tensor, boxes: int, x: Tensor) -> Tensor:
    count, _, height, width = x.shape
    flat = gradient.new_zeros(count * boxes * height * width, gradient.shape[1])
    flat[places] = gradient
    flat = flat.reshape(count, boxes, height, width, -1)
    return flat.permute(0, 1, 4, 2, 3).reshape(x.shape)


def _similarity(samples: _Samples, pairs: Tensor) -> Tensor:
    """[K, K] cosines of the `pairs`, 0 elsewhere."""
    unit = samples.z / samples.z.norm(dim=1, keepdim=True)
    return torch.where(pairs, unit @ unit.T, 0.0)


def _weights(samples: _Samples, temperature: float) -> tuple[Tensor, Tensor]:
    """[K, K] which have one label, itself left out, and [K, 1] the factor of a sample."""
    same = samples.labels[:, None] == samples.labels
    same &= ~torch.eye(len(samples.labels), dtype=torch.bool, device=same.device)
    others = same.sum(1, keepdim=True).float()
    length = samples.z.norm(dim=1, keepdim=True)
    return same, torch.where(others > 0, 1 / (others * temperature * length), 0.0)


def _pairs(samples: _Samples) -> Tensor:
    """[K, K] bool: those of one class and time step, not a sample with itself."""
    pairs = samples.steps[:, None] == samples.steps
    pairs &= samples.classes[:, None] == samples.classes
    return pairs & ~torch.eye(len(samples.steps), dtype=torch.bool, device=pairs.device)


def _picture_gradient(samples: _Samples, temperature: float) -> Tensor:
    pairs = _pairs(samples)
    similar = _similarity(samples, pairs)
    raised = torch.where(pairs, (similar / temperature).exp(), 0.0)
    chance = torch.where(pairs, raised / (raised.sum(0) - raised), 0.0)
    same, factor = _weights(samples, temperature)
    times = same.sum(1, keepdim=True) - same.int()
    times.fill_diagonal_(0)
    return _sum(samples.z, similar, same * (1 - chance), times * chance, factor)


def _box_gradient(samples: _Samples, temperature: float, most: int) -> Tensor:
    if not len(samples.labels):
        return samples.z
    pairs = _pairs(samples)
    similar = _similarity(samples, pairs)
    raised = torch.where(pairs, (similar / temperature).exp(), 0.0)
    below = raised.sum(0) - raised
    chance = torch.where(below != 0, raised / below, _CERTAIN)
    chance = torch.where(chance > 1, _CERTAIN, chance)
    same, factor = _weights(samples, temperature)
    times = _negatives(samples, same, pairs, most)
    return _sum(samples.z, similar, same * pairs * (1 - chance), times * chance, factor)


def _sum(z: Tensor, similar: Tensor, drawn: Tensor, pushed: Tensor, factor: Tensor) -> Tensor:
    """[K, features]: the delta of each sample."""
    own = (pushed * similar).sum(1, keepdim=True) - (drawn * similar).sum(1, keepdim=True)
    return factor * (drawn @ z - pushed @ z + own * z)


def _negatives(samples: _Samples, same: Tensor, pairs: Tensor, most: int) -> Tensor:
    """[K, K]: how often each sample is pushed from each, the first `most` times alone.

    C walks over all pairs of a positive and a negative. It counts those too whose negative
    is none of its `pairs`, but stops only behind one that is.
    """
    count = len(samples.labels)
    unlike = samples.labels[:, None] != samples.labels
    fitting = samples.classes[:, None] == samples.classes
    rows = []
    for part in torch.arange(count, device=same.device).split(max(1, _AT_ONCE // count**2)):
        triples = (same[part, :, None] & unlike[part, None] & fitting).flatten(1)
        met = triples & pairs[part].repeat(1, count)
        stops = met & (triples.cumsum(1) >= most)
        pushed = met & (stops.cumsum(1) - stops.int() == 0)
        rows.append(pushed.reshape(len(part), count, count).sum(1))
    return torch.cat(rows)


def _accuracy(samples: _Samples) -> Tensor:
    """Per cent of the samples that are most like one of their own label; -1 without any."""
    pairs = _pairs(samples)
    similar = _similarity(samples, pairs)
    same = samples.labels[:, None] == samples.labels
    if not len(samples.labels):
        return similar.new_tensor(-1.0)
    own = torch.where(pairs & same, similar, -10.0).amax(1)
    other = torch.where(pairs & ~same, similar, -10.0).amax(1)
    both = (own >= -1) & (other >= -1)
    good = (both & (other < own)).sum()
    return torch.where(both.any(), 100 * good / both.sum().clamp(min=1), -1.0)

"""The losses of the class scores of boxes that have a truth.

Each takes the logits, all classes of a box, its class and the smoothing, and returns [P]. A new
one is a function, its row in `CLASS_LOSSES` and its name in `settings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn import functional

ClassLoss = Callable[[Tensor, Tensor, Tensor, float], Tensor]


def bce_loss(logits: Tensor, classes: Tensor, class_ids: Tensor, smoothing: float) -> Tensor:
    """Binary cross-entropy, summed over the classes; a box may have several.

    Args:
        logits: [P, classes].
        classes: [P, classes] 1 for each class of the box, else 0.
        class_ids: [P], not used.
        smoothing: targets are smoothing / 2 and 1 - smoothing / 2.

    Source: YOLOv3, section 2.2.
    """
    target = classes * (1 - smoothing) + 0.5 * smoothing
    return functional.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(1)


def ce_loss(logits: Tensor, classes: Tensor, class_ids: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy of the softmax, with one class per box.

    Args:
        logits: [P, classes].
        classes: not used.
        class_ids: [P] the class of each box.
        smoothing: part of the target that all classes share.

    Source: torch.nn.CrossEntropyLoss; YOLO9000, section 2, softmaxes classes.
    """
    return functional.cross_entropy(logits, class_ids, reduction="none", label_smoothing=smoothing)


CLASS_LOSSES: Mapping[str, ClassLoss] = {"bce": bce_loss, "ce": ce_loss}

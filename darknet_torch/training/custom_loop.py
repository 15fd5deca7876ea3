"""The pieces of a training loop of one's own: a network to train, its batches, its loss."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from itertools import islice

import torch
from torch import Tensor

from darknet_torch.cfg.dialect import Dialect, find_dialect, without_bugs
from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.errors import ArgumentError, CfgNote, UsageError, warn
from darknet_torch.loading.load import load
from darknet_torch.losses.base import LossContext
from darknet_torch.losses.registry import DARKNET_LOSSES, LossFamily, assigners_of
from darknet_torch.model.network import Network
from darknet_torch.ops.precision import Precision
from darknet_torch.ops.precision_names import FLOAT32
from darknet_torch.targets.assignment import Assignment, assign_to_heads
from darknet_torch.training.batch_sizes import batch_size
from darknet_torch.training.batches import TrainBatch, float_images
from darknet_torch.training.data import kind_of, open_training_data
from darknet_torch.training.forward import ForwardPass
from darknet_torch.training.line_log import ProblemWarnings
from darknet_torch.training.multiscale import MultiScale
from darknet_torch.training.options import parse_options
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.problem_log import ProblemLog
from darknet_torch.training.setup import batches_of

StrPath = str | os.PathLike[str]
_TRUTH_VALUES = 5  # of a box: x, y, width, height, class


def load_to_train(
    cfg: StrPath,
    weights: StrPath | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
    dialect: str | Dialect = "alexeyab",
    device: str | torch.device | None = None,
) -> Network:
    """Load a network to train it: in training mode, without the bugs of the C code.

    `darknet_torch.load(...).train()` gives one that trains with these bugs, as
    ``--darknet-bugs reproduce`` does; in evaluation mode the two are equal.

    Args:
        cfg, weights, width, height, dialect, device: as `darknet_torch.load` takes them; partial
            weights, such as darknet53.conv.74, leave the other layers at starting values.

    Raises:
        CfgError, WeightsError, UsageError: as `darknet_torch.load`.
    """
    chosen = without_bugs(find_dialect(dialect))
    network = load(cfg, weights, width=width, height=height, dialect=chosen, device=device)
    return network.train()


class NetworkLoss:
    """The loss of a network, whose gradient is what Darknet's backward pass computes.

    ``loss(images, truths).backward()`` adds to the gradients of the network's parameters the mean
    over the mini-batch, so that ``torch.optim.SGD`` with the rate, momentum and decay of a cfg
    makes Darknet's step. Losses may be scaled and added up.

    Args:
        network: in training mode; see `load_to_train`.
        precision: "float32", "tf32", "bfloat16" or "float16", that of the layers' forward pass.
            On a CUDA device the first two need the context `computing`. With float16 the loop
            scales the loss, by ``torch.amp.GradScaler``.
        losses: what the network is trained by, Darknet's losses by default; the classic ones are
            ``darknet_torch.losses.classic.family.classic_losses(network, ClassicSettings())``.

    Attributes:
        network: the argument.
        seen: inputs trained on so far, from the count in the network's weight file on; it is
            written back to the network's header. Some losses depend on it.

    Raises:
        ArgumentError: `network` is something else, or an unknown precision.
        CfgError: none of its layers has a loss.

    Warns:
        CfgNote: the network trains with the bugs of the C code.

    Source: network.c train_network_datum, yolo_layer.c forward_yolo_layer (AlexeyAB).
    Differs: C sums gradients over a batch and divides the rate by its size.
    """

    def __init__(
        self,
        network: Network,
        *,
        precision: str = FLOAT32,
        losses: LossFamily = DARKNET_LOSSES,
    ) -> None:
        _check_is_network(network)
        kind_of(network)
        if network.dialect.bugs:
            warn(
                "trains with the bugs of the C code, as --darknet-bugs reproduce does",
                where=network.net.where,
                fix="darknet_torch.load_to_train gives a network that trains without them",
                category=CfgNote,
            )
        self.network, self.seen = network, network.header.seen
        self._forward = ForwardPass(network, Precision.named(precision), losses=losses)

    def computing(self) -> AbstractContextManager[None]:
        """Return a context for an iteration on a CUDA device, from the loss to the backward pass.

        In it PyTorch's switches for TF32 are as the precision says; see `Precision.computing`.
        Outside of it they are as the program has set them.
        """
        return self._forward.precision.computing(self.network.device)

    def __call__(self, images: Tensor, truths: Tensor) -> Tensor:
        """Compute the loss of a mini-batch.

        Args:
            images: [N, C, H, W] float32, RGB in 0-1 (or in the channels of the cfg), H and W
                multiples of the network's stride; [N, inputs] for a text. They are moved to the
                network's device, as are the truths.
            truths: float32. Of a detector with [yolo], [Gaussian_yolo] or [region] [N, T, 5]: the
                boxes of each picture as centre x, centre y, width, height, in 0-1 of the
                image, and class id; rows of zeros fill up to T. Of a classifier [N, classes],
                1 for the class. In other networks as `training_batches` gives them.

        Returns:
            A scalar: the mean cost per input, as Darknet prints it. Call ``backward`` on it.

        Raises:
            UsageError: the network is in evaluation mode, or the tensors do not fit it.
        """
        self._check(images, truths)
        device = next(self.network.parameters()).device
        images = float_images(images.to(device), self._forward.memory_format)
        iteration = self.seen // batch_size(self.network.net)
        for layer in self.network.layers:
            layer.on_iteration_start(iteration)
        self.seen += len(images)
        context = self._context(images, iteration, self._assign(images, truths))
        result = self._forward(images, truths.to(device), context)
        self.network.header = replace(self.network.header, seen=self.seen)
        return (result.root + result.cost) / len(images)  # the root is a zero with a gradient

    def _assign(self, images: Tensor, truths: Tensor) -> dict[int, Assignment]:
        """Assign the truths of a detector to its heads, on the CPU; for the device of `images`."""
        assigners = assigners_of(self.network, self._forward.losses)
        if not assigners:
            return {}
        height, width = images.shape[2:]
        made = assign_to_heads(assigners, truths.detach().float().cpu().numpy(), (height, width))
        return {
            index: one.converted(lambda part: torch.from_numpy(part).to(images.device))
            for index, one in made.items()
        }

    def _context(
        self, images: Tensor, iteration: int, assignments: Mapping[int, Assignment]
    ) -> LossContext:
        height, width = images.shape[2:] if images.dim() == 4 else (1, 1)
        net, dialect = self.network.net, self.network.dialect
        return LossContext(
            *(net, dialect, height, width, self.seen, iteration), assignments=assignments
        )

    def _check(self, images: Tensor, truths: Tensor) -> None:
        if not self.network.training:
            raise UsageError(
                "the network is in evaluation mode",
                where=self.network.net.where,
                expected="training mode",
                fix="call network.train()",
            )
        for name, tensor in (("images", images), ("truths", truths)):
            if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
                raise ArgumentError(
                    f"{name} is of a wrong type",
                    expected="a tensor of floats",
                    got=tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__,
                )
        self.network.check_input(images)
        heads = self.network.heads
        boxes = bool(heads) and not heads[-1].truths_by_cell
        fits = truths.dim() > 1 and len(truths) == len(images)
        if not fits or (boxes and (truths.dim() != 3 or truths.shape[2] < _TRUTH_VALUES)):
            raise UsageError(
                "truths do not fit the images and the network",
                where=self.network.net.where,
                expected=f"[{len(images)}, T, 5]: x, y, width, height in 0-1, and the class"
                if boxes
                else f"[{len(images)}, values]",
                got=list(truths.shape),
            )


def _check_is_network(network: object) -> None:
    if not isinstance(network, Network):
        raise ArgumentError(
            "network is of a wrong type",
            expected="a darknet_torch.Network, such as darknet_torch.load_to_train(cfg) gives",
            got=type(network).__name__,
        )


def training_batches(
    network: Network,
    data: StrPath,
    *,
    mini_batches: int | None = None,
    split: str = "train",
    images: StrPath | None = None,
    names: StrPath | None = None,
    voc_origin: int = VOC_ORIGIN,
    exif: bool = True,
    augment: bool | StrPath = True,
    seed: int = 0,
    workers: int = 2,
) -> Generator[TrainBatch]:
    """Yield the mini-batches that a training of `network` would see, augmented as its cfg says.

    Args:
        network: its cfg says the size of the input, batch= / subdivisions= pictures a mini-batch,
            random= and the augmentation. It goes on at the count in its weight file.
        data: path of a data set, as --data takes it.
        mini_batches: how many to yield; None for no end.
        split, images, names, voc_origin, exif: how the data set is read, see `TrainPlan`.
        augment: True or "cfg" changes pictures at random as the cfg says, False or "none" only
            resizes them; or a file of steps, or a function, see docs/augmentation.md.
        seed: the same seed gives the same mini-batches, whatever the number of workers.
        workers: processes that load pictures; 0: none but this one.

    Yields:
        `images` [N, C, H, W] float32 RGB in 0-1 and `truths`, as `NetworkLoss` takes them, on
        the CPU; `paths` of the pictures.

    Raises:
        ArgumentError: `network` is something else, or an option is of a wrong type.
        UsageError, NamesError: the data set does not exist, or has nothing to train on; a value
            is out of its bounds.

    Warns:
        CfgWarning: for the first faults in the data.
    """
    _check_is_network(network)
    given = parse_options(
        {
            "split": split,
            "images": images,
            "names": names,
            "voc_origin": voc_origin,
            "exif": exif,
            "augment": augment,
            "seed": seed,
            "workers": workers,
        }
    )
    net = network.net
    plan = TrainPlan(cfg=net.where.file, data=os.fspath(data), base="", backup="", **given)
    found = open_training_data(network, plan)
    sizes = MultiScale.from_options(net, network.dialect, seed=plan.seed, random=found.random)
    start = network.header.seen // batch_size(net)
    batches = batches_of(network, found, sizes, plan, start=start)
    log, problem_warnings = ProblemLog(), ProblemWarnings()
    problem_warnings.issue(log.add((*found.problems, *found.source.problems)))
    with closing(batches.__iter__()) as made:
        for batch in islice(made, mini_batches):
            problem_warnings.issue(log.add(batch.problems))
            yield batch

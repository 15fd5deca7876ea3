"""Training steps, compared with the same network in PyTorch's own modules."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from darknet_torch.cfg.dialect import ALEXEYAB, without_bugs
from darknet_torch.heads.base import Head
from darknet_torch.layers.convolution import Convolution
from darknet_torch.layers.convolutional import Convolutional
from darknet_torch.model.loading import build
from darknet_torch.model.network import Network
from darknet_torch.model.noise_statistics import noise, set_rolling_statistics
from darknet_torch.ops.precision import Precision
from darknet_torch.training.batches import TrainBatch
from darknet_torch.training.loop import TrainingLoop
from tools.bench_data import RECIPES, random_examples, times
from tools.bench_data import ours as load_pictures
from tools.bench_timing import Program, Spent, synchronize

TRUTHS = 8  # per picture
PICTURES = 64  # that are loaded to time that
OURS, PLAIN, CHANNELS_LAST = "ours", "plain", "plain, channels-last"


@dataclass(frozen=True)
class Subject:
    """What is trained: a network, and on how much at once.

    Attributes:
        cfg: the name of a shipped definition, or a path.
        side: of the network's square input, in pixels.
        batch: pictures per step.
    """

    cfg: str
    side: int
    batch: int

    def __str__(self) -> str:
        return f"{self.cfg}-{self.side}, batch {self.batch}"


# Those of the project's goals: by kind of device.
SUBJECTS = {
    "cpu": (Subject("yolov3-tiny", 416, 8), Subject("yolo-fastest-1.1", 320, 8)),
    "cuda": (
        Subject("yolov3", 416, 32),
        Subject("yolov4", 416, 16),
        Subject("yolov3-tiny", 416, 64),
        Subject("yolo-fastest-1.1", 320, 64),
    ),
}


def subjects(device: torch.device, nets: Sequence[str], batch: int | None) -> list[Subject]:
    """The subjects that a user asks for.

    Args:
        device: its kind has subjects of its own, of which `nets` may choose some.
        nets: such as "yolov3-tiny" or "yolov3-tiny:416"; all of the device if empty.
        batch: replaces that of the subjects; 8 for a net that the device has not.
    """
    known = SUBJECTS[device.type]
    found = [_named(net, known) for net in nets] or list(known)
    return [replace(subject, batch=batch or subject.batch) for subject in found]


def _named(net: str, known: Sequence[Subject]) -> Subject:
    cfg, _, side = net.partition(":")
    default = next((one for one in known if one.cfg == cfg), Subject(cfg, 416, 8))
    return replace(default, side=int(side)) if side else default


def network(subject: Subject, device: torch.device) -> Network:
    """Build a network as `dtorch train` does, with random initial values."""
    torch.manual_seed(0)
    built = build(
        subject.cfg,
        width=subject.side,
        height=subject.side,
        batch=subject.batch,
        subdivisions=1,
        dialect=without_bugs(ALEXEYAB),
    )
    built.initialize()
    set_rolling_statistics(built, noise(built, 2))
    return built.to(device)


def inputs(subject: Subject, classes: int, device: torch.device) -> TrainBatch:
    """Make noise images, and rows of random boxes."""
    torch.manual_seed(0)
    truths = torch.zeros(subject.batch, TRUTHS, 5)
    truths[..., :2] = torch.rand(subject.batch, TRUTHS, 2) * 0.6 + 0.2
    truths[..., 2:4] = torch.rand(subject.batch, TRUTHS, 2) * 0.3 + 0.05
    truths[..., 4] = torch.randint(classes, (subject.batch, TRUTHS))
    images = torch.rand(subject.batch, 3, subject.side, subject.side)
    return TrainBatch(images, truths).to(device)


def steps(subject: Subject, device: torch.device, precision: Precision) -> dict[str, Program]:
    """Training steps of this project and of its peers, by name, each with its own network."""
    built = network(subject, device)
    batch = inputs(subject, built.heads[-1].classes, device)
    return {
        PLAIN: peer(built, batch.images, precision, torch.contiguous_format),
        CHANNELS_LAST: peer(built, batch.images, precision, torch.channels_last),
        OURS: ours(built, batch, precision),
    }


def ours(built: Network, batch: TrainBatch, precision: Precision) -> Program:
    """Return a training step of this project: forward, Darknet's losses, backward, update."""
    loop, losses = TrainingLoop(built, precision=precision), [0.0]

    def step() -> float:
        update = loop.train_iteration([batch])
        if update is not None:  # a GPU keeps the numbers for a while
            losses[0] = update.loss
        return losses[0]

    return step


def peer(
    built: Network, images: Tensor, precision: Precision, memory_format: torch.memory_format
) -> Program:
    """Return a training step with torch.nn layers in a plain loop, autograd, torch.optim.SGD.

    Its loss is the mean square of the outputs, without any matching of boxes, so the peer has less
    work to do.
    """
    device = images.device
    images = images.contiguous(memory_format=memory_format)
    plain = Plain(built).to(device, memory_format=memory_format).train()
    optimizer = torch.optim.SGD(
        plain.parameters(), lr=1e-4, momentum=0.9, weight_decay=5e-4, fused=True
    )
    scaler = torch.amp.GradScaler(device.type, enabled=precision.half is torch.float16)

    def step() -> Tensor:
        with precision.computing(device):
            optimizer.zero_grad()
            with precision.autocast(device):
                outputs = plain(images)
            loss = torch.stack([output.float().square().mean() for output in outputs]).sum()
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        return loss.detach()

    return step


def report_steps(
    subject: Subject, precision: str, spent: Mapping[str, Spent], device: torch.device
) -> str:
    """Describe the times of `steps`: ratios above 1 mean that ours is faster."""
    parts = [f"{subject}, {precision}"]
    for name, one in spent.items():
        if device.type == "cpu":
            rate = f"{subject.batch / one.cpu:.2f} images per CPU-second"
            ratio = one.cpu / spent[OURS].cpu
        else:
            rate = f"{1000 * one.clock:.1f} ms, {subject.batch / one.clock:.0f} images per second"
            ratio = one.clock / spent[OURS].clock
        parts.append(f"  {name}: {rate}" + (f", ratio {ratio:.2f}" if name != OURS else ""))
    return "\n".join(parts)


def picture_rate(subject: Subject) -> tuple[str, float]:
    """Load pictures for a subject; return the recipe, and pictures per CPU-second."""
    recipe = next(iter(RECIPES))
    with tempfile.TemporaryDirectory() as folder:
        examples = random_examples(Path(folder), PICTURES // 2)
        load = load_pictures(examples, recipe, subject.side, 0, PICTURES)
        load()  # so that the files are cached
        return recipe, PICTURES / times(load)[1]


def profiled(program: Program, device: torch.device) -> str:
    """Return PyTorch's table of the operations that take longest in five calls."""
    kinds = [ProfilerActivity.CPU]
    if device.type == "cuda":
        kinds.append(ProfilerActivity.CUDA)
    for _ in range(3):
        program()
    with profile(activities=kinds) as found:
        for _ in range(5):
            program()
        synchronize(device)
    order = f"self_{device.type}_time_total"
    table: str = found.key_averages().table(sort_by=order, row_limit=15)
    return table


class Plain(nn.Module):
    """The network with torch.nn.Conv2d, BatchNorm2d and activations for every [convolutional].

    It has copies of the network's values, and returns what the heads take.
    Layers without parameters, which are one function each, are those of the network itself.
    """

    def __init__(self, built: Network) -> None:
        super().__init__()
        self.parts = nn.ModuleList(_part(layer) for layer in built.layers)
        self.sources = [layer.sources for layer in built.layers]
        self.heads = [isinstance(layer, Head) for layer in built.layers]

    def forward(self, images: Tensor) -> list[Tensor]:
        outputs: dict[int, Tensor] = {-1: images}
        for index, part in enumerate(self.parts):
            outputs[index] = part(*(outputs[source] for source in self.sources[index]))
        return [outputs[index] for index, is_head in enumerate(self.heads) if is_head]


_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "leaky": lambda: nn.LeakyReLU(0.1, inplace=True),
    "relu": lambda: nn.ReLU(inplace=True),
    "mish": nn.Mish,
    "linear": nn.Identity,
    "logistic": nn.Sigmoid,
}


def _part(layer: Any) -> nn.Module:
    if isinstance(layer, Head):
        return nn.Identity()
    if not isinstance(layer, Convolutional):
        part: nn.Module = copy.deepcopy(layer)
        return part
    geometry, arrays = layer.geometry, layer.arrays
    weights = arrays.weights
    convolution = nn.Conv2d(
        weights.shape[1] * geometry.groups,
        weights.shape[0],
        geometry.size,
        (geometry.stride_y, geometry.stride_x),
        geometry.padding,
        groups=geometry.groups,
        bias=not layer.normalizes,
    )
    convolution.weight = _copy(weights)
    activation = _ACTIVATIONS[layer.options.activation]()
    if arrays.normalization is None:
        convolution.bias = _copy(arrays.biases)
        return nn.Sequential(convolution, nn.Identity(), activation)
    return nn.Sequential(convolution, _normalization(arrays), activation)


def _normalization(arrays: Convolution) -> nn.BatchNorm2d:
    """PyTorch's batch normalisation, whose epsilon is AlexeyAB's."""
    copied = nn.BatchNorm2d(len(arrays.biases))
    copied.weight, copied.bias = _copy(arrays.normalization.scales), _copy(arrays.biases)
    copied.running_mean = arrays.normalization.rolling_mean.clone()
    copied.running_var = arrays.normalization.rolling_variance.clone()
    return copied


def _copy(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.detach().clone())

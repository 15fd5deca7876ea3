"""What happens when a phase of a training begins, and what is checked of phases before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from darknet_torch.errors import CfgError, CfgNote, UsageError, warn
from darknet_torch.model.network import Network
from darknet_torch.training.callbacks import Callback, State
from darknet_torch.training.freezing import (
    freeze,
    frozen_layers,
    normalized_layers,
    without_statistics,
)
from darknet_torch.training.multiscale import MultiScale, PhasedScale
from darknet_torch.training.optimizer import Optimizer
from darknet_torch.training.phases import Phase, Phases
from darknet_torch.training.saved_values import saved_numbers, saved_value

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop

Size = tuple[int, int]


class PhaseChanges(Callback):
    """Freezes the layers of each phase when it begins, and sets the size of the network.

    Args:
        phases: of the training.
        network: in training.

    Raises:
        UsageError: a phase does not fit the network, or lets nothing learn.
    """

    on_every_rank = True

    def __init__(self, phases: Phases, network: Network) -> None:
        self.phases = phases
        self.layers = [frozen_layers(network, phase) for phase in phases]
        self.size = network.net.width, network.net.height
        self._current: Phase | None = None
        # Of the last phase with freeze_bn: its first iteration, and what it holds. Normalisation
        # that has no statistics when a phase begins learns them in it.
        self._held: tuple[int, Collection[int]] | None = None
        for phase, layers in zip(phases, self.layers, strict=True):
            _check_learns(network, phase, layers)

    @property
    def sizes(self) -> list[Size]:
        """Width and height of the network's input in each phase, pixels."""
        width, height = self.size
        return [(phase.width or width, phase.height or height) for phase in self.phases]

    def lines(self) -> list[str]:
        """A line about each phase; none for a training in which all layers learn alike."""
        if self.phases == Phases():
            return []
        return [self._line(phase) for phase in self.phases]

    def _line(self, phase: Phase) -> str:
        layers, text = self.layers[phase.number - 1], phase.description
        if layers:
            text += f": layers 0 to {layers - 1} do not learn"
        if phase.iterations is None:
            return text
        last = phase.first + phase.iterations
        return (
            f"phase {phase.number} of {len(self.phases)}, iterations {phase.first + 1} to {last}: "
            f"{text}"
        )

    def on_start(self, loop: TrainingLoop) -> None:
        """Let a resumed run make up for an evaluation at the size of its last iteration."""
        self._set_size(loop.network, self.phases.at(max(0, loop.iteration - 1)))

    def on_iteration_start(self, loop: TrainingLoop) -> None:
        phase = self.phases.at(loop.iteration)
        if phase == self._current:
            return
        self._current = phase
        held: Collection[int] = ()
        if phase.freeze_bn:
            if self._held is None or self._held[0] != phase.first:
                self._held = phase.first, normalized_layers(loop.network)
            held = self._held[1]
        self.apply(loop.network, phase, held)
        if loop.iteration and len(self.phases) > 1:  # the report of the start has named the first
            loop.events.on_message(loop, self._line(phase))

    def apply(
        self, network: Network, phase: Phase, normalization: Collection[int] | None = None
    ) -> None:
        """Let a network be as it is in a phase.

        Args:
            normalization: indices of the layers whose normalisation is held; None for those
                with statistics, if the phase holds them.
        """
        if normalization is None:
            normalization = normalized_layers(network) if phase.freeze_bn else ()
        freeze(network, self.layers[phase.number - 1], frozenset(normalization))
        self._set_size(network, phase)

    def _set_size(self, network: Network, phase: Phase) -> None:
        width, height = self.sizes[phase.number - 1]
        network.net = replace(network.net, width=width, height=height)

    def is_due(self, loop: TrainingLoop) -> bool:
        """Whether a phase begins: the numbers of the one before are reported first."""
        return self.phases.at(loop.iteration) != self._current

    def on_end(self, loop: TrainingLoop) -> None:
        freeze(loop.network, 0)

    def state_dict(self) -> State:
        if self._held is None:
            return {}
        return {"first": self._held[0], "normalization": sorted(self._held[1])}

    def load_state_dict(self, state: State) -> None:
        if state:
            normalization = saved_numbers(state["normalization"], "normalization")
            self._held = saved_value(state, "first", int), normalization


def _check_learns(network: Network, phase: Phase, layers: int) -> None:
    """Check that freezing leaves an array to learn, and leave the network as it was."""
    if not layers:
        return
    freeze(network, layers)
    learns = any(True for _ in Optimizer(network).parameters())
    freeze(network, 0)
    if not learns:
        raise UsageError(
            "no array is left that learns",
            where=network.net.where.file,
            expected="fewer frozen layers: those before the last one with weights",
            got=f"{phase.description}: {layers} of {len(network.layers)} layers frozen",
            fix="freeze fewer layers, or unfreeze more",
        )


def check_frozen_are_filled(
    changes: PhaseChanges, network: Network, missing: Sequence[int], iteration: int
) -> None:
    """Check that the layers that are frozen at the start have values worth keeping.

    Args:
        changes: says which layers are frozen.
        network: with the values that the training starts from.
        missing: indices of the layers that start from random numbers.
        iteration: with which the training starts, from 0.

    Raises:
        UsageError: they start from random numbers, or have no rolling statistics, by which they
            could not normalise.
    """
    layers = changes.layers[changes.phases.at(iteration).number - 1]
    has_arrays = [index for index in missing if network.layers[index].weight_slots()]
    random = [index for index in has_arrays if index < layers]
    empty = random or without_statistics(network, layers)
    if not empty:
        return
    raise UsageError(
        f"layer {empty[0]} [{network.layers[empty[0]].section}] is frozen, but "
        + ("starts from random numbers" if random else "has no rolling statistics yet"),
        where=network.net.where.file,
        expected=f"trained weights for layers 0 to {layers - 1}",
        got=f"none for {len(empty)} of them",
        fix="give weights that have these layers, --weights FILE, or freeze fewer layers: "
        f"--freeze {empty[0]}",
    )


def note_nothing_is_held(changes: PhaseChanges, network: Network, iteration: int) -> None:
    """Say that freeze_bn has no effect where no layer has statistics that it could hold.

    Args:
        changes: says which phases hold normalisation.
        network: with the values that the training starts from.
        iteration: with which the training starts, from 0.

    Warns:
        CfgNote: the phase that begins the training holds nothing. Those after it hold what the
            layers have learnt until then.
    """
    phase = changes.phases.at(iteration)
    if iteration > phase.first or not phase.freeze_bn or normalized_layers(network):
        return
    warn(
        "freeze_bn has no effect: normalisation learns as without it",
        where=network.net.where.file,
        expected="weights to start from that have rolling statistics, --weights FILE",
        got="no layer that has them",
        category=CfgNote,
    )


def check_sizes(
    changes: PhaseChanges, network: Network, build: Callable[[int, int], Network]
) -> None:
    """Check that the network takes the sizes of all phases.

    Args:
        changes: says the sizes.
        network: in training.
        build: makes the network of another width and height.

    Raises:
        UsageError: it does not.
    """
    arrays = _shapes(network)
    for phase, size in zip(changes.phases, changes.sizes, strict=True):
        if size == changes.size:
            continue
        problem = "" if network.net.is_picture else "it takes no pictures"
        try:
            other = _shapes(build(*size)) if not problem else []
        except CfgError as error:
            problem, other = str(error), []
        if not problem and other != arrays:
            at = next(one for one, two in zip(arrays, other, strict=True) if one != two)
            problem = f"{at[0]} has another shape then"
        if problem:
            raise UsageError(
                "the network cannot change the size of its input",
                where=network.net.where.file,
                expected=f"{changes.size[0]} x {changes.size[1]}, as in the whole training",
                got=f"{size[0]} x {size[1]} in phase {phase.number}: {problem}",
                fix="leave width= and height= out of --phase",
            )


def _shapes(network: Network) -> list[tuple[str, object]]:
    return [
        (f"{slot.name} of layer {layer.index} [{layer.section}]", slot.tensor.shape)
        for layer, slot in network.slots()
    ]


def sizes_of_phases(sizes: MultiScale, changes: PhaseChanges) -> MultiScale | PhasedScale:
    """The sizes of the input in each iteration, where phases may have sizes of their own."""
    if all(size == changes.size for size in changes.sizes):
        return sizes
    if sizes.ignores_size:
        warn(
            "width= and height= of a phase set no size here",
            expected="random=0, or the multi-scale training of the alexeyab dialect",
            got="multi-scale training at fixed sizes, whatever the network's size is",
            category=CfgNote,
        )
    parts = tuple(
        (phase.first, replace(sizes, width=width, height=height))
        for phase, (width, height) in zip(changes.phases, changes.sizes, strict=True)
    )
    return PhasedScale(parts)

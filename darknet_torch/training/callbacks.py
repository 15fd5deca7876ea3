"""What may follow a training: a base class whose methods are called at its events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import Problem
    from darknet_torch.training.batches import TrainBatch
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.forward import MiniBatchResult
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

State = Mapping[str, Any]


class Callback:
    """Does nothing at any event; a subclass overrides the methods that it needs.

    The callbacks of a loop are called in the order of its list. What a method raises ends the
    training.

    Attributes:
        on_every_rank: whether it is called in each of several processes that train together,
            else in the first one alone.
    """

    on_every_rank: ClassVar[bool] = False

    def __init_subclass__(cls, **more: Any) -> None:
        """Refuse methods that look like an event but are none, such as a misspelt one."""
        super().__init_subclass__(**more)
        unknown = [
            name for name in vars(cls) if name.startswith("on_") and not hasattr(Callback, name)
        ]
        if unknown:
            raise TypeError(f"{cls.__name__}.{unknown[0]} is not an event of Callback")

    def on_start(self, loop: TrainingLoop) -> None:
        """Called before the first iteration."""

    def on_iteration_start(self, loop: TrainingLoop) -> None:
        """Called before the first mini-batch of each iteration; `loop.iteration` counts from 0."""

    def on_batch(self, loop: TrainingLoop, batch: TrainBatch) -> None:
        """Called with a mini-batch on the network's device, before the network sees it."""

    def on_mini_batch(self, loop: TrainingLoop, result: MiniBatchResult) -> None:
        """Called after the backward pass of a mini-batch, whose gradients have been added."""

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        """Called after each update of the weights.

        Where nobody was due, some more updates have been made by then: `loop.iteration` and the
        network are those of the last one, whose own call follows.
        """

    def is_due(self, loop: TrainingLoop) -> bool:
        """Whether `on_iteration` must be called before the next iteration starts.

        Where nobody is due, the numbers of an update may stay on a GPU for a few iterations.
        """
        return type(self).on_iteration is not Callback.on_iteration

    def on_evaluation_progress(self, loop: TrainingLoop, done: int, total: int) -> None:
        """Called during an evaluation, when `done` of its `total` pictures have been seen."""

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        """Called after an evaluation of the network."""

    def on_problem(self, loop: TrainingLoop, problem: Problem) -> None:
        """Called when a fault in the data is met, once for each fault."""

    def on_message(self, loop: TrainingLoop, text: str) -> None:
        """Called with a line for the user."""

    def on_warning(self, loop: TrainingLoop, text: str) -> None:
        """Called with a line that the user must see, even under --quiet."""

    def on_waiting(self, loop: TrainingLoop, text: str) -> None:
        """Called with a line for the user at intervals while nothing comes from a worker."""

    def on_interrupt(self, loop: TrainingLoop) -> None:
        """Called when the user interrupts the training; KeyboardInterrupt follows.

        The network and the loop are as they were after the last complete iteration.
        """

    def on_error(self, loop: TrainingLoop, error: Exception) -> None:
        """Called when `error` ends the training, which is raised afterwards.

        The network and the loop are as they were after the last complete iteration.
        """

    def on_end(self, loop: TrainingLoop) -> None:
        """Called after the last iteration, also where `loop.stop_after_iteration` made it that."""

    def state_dict(self) -> State:
        """What a resumed training needs of this callback: tensors and plain values."""
        return {}

    def load_state_dict(self, state: State) -> None:
        """Continue from what `state_dict` gave, before `on_start`."""


class CallbackList(Callback):
    """Calls several callbacks at each event, in their order."""

    def __init__(self, callbacks: Iterable[Callback]) -> None:
        self.callbacks = list(callbacks)

    def on_start(self, loop: TrainingLoop) -> None:
        for callback in self.callbacks:
            callback.on_start(loop)

    def on_iteration_start(self, loop: TrainingLoop) -> None:
        for callback in self.callbacks:
            callback.on_iteration_start(loop)

    def on_batch(self, loop: TrainingLoop, batch: TrainBatch) -> None:
        for callback in self.callbacks:
            callback.on_batch(loop, batch)

    def on_mini_batch(self, loop: TrainingLoop, result: MiniBatchResult) -> None:
        for callback in self.callbacks:
            callback.on_mini_batch(loop, result)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        for callback in self.callbacks:
            callback.on_iteration(loop, update)

    def is_due(self, loop: TrainingLoop) -> bool:
        return any(callback.is_due(loop) for callback in self.callbacks)

    def on_evaluation_progress(self, loop: TrainingLoop, done: int, total: int) -> None:
        for callback in self.callbacks:
            callback.on_evaluation_progress(loop, done, total)

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        for callback in self.callbacks:
            callback.on_evaluation(loop, score)

    def on_problem(self, loop: TrainingLoop, problem: Problem) -> None:
        for callback in self.callbacks:
            callback.on_problem(loop, problem)

    def on_message(self, loop: TrainingLoop, text: str) -> None:
        for callback in self.callbacks:
            callback.on_message(loop, text)

    def on_warning(self, loop: TrainingLoop, text: str) -> None:
        for callback in self.callbacks:
            callback.on_warning(loop, text)

    def on_waiting(self, loop: TrainingLoop, text: str) -> None:
        for callback in self.callbacks:
            callback.on_waiting(loop, text)

    def on_interrupt(self, loop: TrainingLoop) -> None:
        for callback in self.callbacks:
            callback.on_interrupt(loop)

    def on_error(self, loop: TrainingLoop, error: Exception) -> None:
        for callback in self.callbacks:
            callback.on_error(loop, error)

    def on_end(self, loop: TrainingLoop) -> None:
        for callback in self.callbacks:
            callback.on_end(loop)

    def state_dict(self) -> State:
        """The states of all callbacks that have one, by the name of their class."""
        states = {type(callback).__name__: callback.state_dict() for callback in self.callbacks}
        return {name: state for name, state in states.items() if state}

    def load_state_dict(self, state: State) -> None:
        for callback in self.callbacks:
            callback.load_state_dict(state.get(type(callback).__name__, {}))

"""Three steps of work on a sequence of items, which overlap in time. No torch."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from darknet_torch.media.prefetch import BackgroundWriter, Prefetcher

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")
Computed = TypeVar("Computed")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Pipeline(Generic[Item, Prepared, Computed, Result]):
    """Computes one item while the next one is prepared, and the one before it is finished.

    Each step sees the items in their order. One item is prepared, one waits for its
    computation, one is computed and one finished at any time, and no more.

    Attributes:
        prepare: the first step, in a thread of its own, which also takes the items from their
            generator.
        compute: the second step, in the thread that iterates over `run`.
        finish: the last step, in a thread of its own. Each item is finished as soon as it is
            computed, whether or not another one follows.
        drop_if_newer: whether a prepared item may be replaced, while it waits, by the next one
            of which this is also true, see `Prefetcher`.
    """

    prepare: Callable[[Item], Prepared]
    compute: Callable[[Prepared], Computed]
    finish: Callable[[Computed], Result]
    drop_if_newer: Callable[[Prepared], bool] = lambda prepared: False

    def run(self, items: Generator[Item, None, None]) -> Generator[Future[Result], None, None]:
        """Yield the result to come of each item, once the item is computed.

        An exception of a step is raised here: one of `prepare` after the items before it, one of
        `finish` at once, even while the next item is waited for. However the iteration ends, what
        is computed is also finished, and `items` is closed.

        Args:
            items: the generator of the items.
        """
        with (
            Prefetcher(self._prepared(items), 1, self.drop_if_newer) as prepared,
            BackgroundWriter(1, on_error=prepared.fail) as finisher,
        ):
            for item in prepared:
                yield finisher.submit(partial(self.finish, self.compute(item)))

    def _prepared(self, items: Generator[Item, None, None]) -> Generator[Prepared, None, None]:
        with closing(items):
            for item in items:
                yield self.prepare(item)

"""Text in streams, for recurrent networks. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darknet_torch.augment.random_streams import RandomStream, SampleSeed
from darknet_torch.augment.source import Loaded, Request
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.model import Problem
from darknet_torch.errors import CfgError, UsageError


@dataclass(frozen=True)
class TextSource:
    """Characters and those that follow them, one of `inputs` each.

    A mini-batch reads on where the one before it stopped, in each of its streams; now and
    then a stream starts elsewhere.

    Attributes:
        ids: [length] of the characters.
        inputs: how many there are.
        streams: texts side by side.
        steps: characters of each in a mini-batch.
        subdivisions: mini-batches of an iteration.
        restart: one in so many streams starts elsewhere with the next mini-batch.
        problems: none.

    Source: rnn.c train_char_rnn, get_rnn_data, get_rnn_token_data (both code bases).
    """

    ids: np.ndarray
    inputs: int
    streams: int
    steps: int
    subdivisions: int
    restart: int
    problems: tuple[Problem, ...] = ()

    @staticmethod
    def of(text: bytes | Sequence[int], net: NetOptions, dialect: Dialect) -> TextSource:
        """From a text, or from numbers of tokens.

        Raises:
            CfgError: the network takes pictures.
            UsageError: there is nothing to learn from, or a character that Darknet refuses.
        """
        if net.is_picture:
            raise CfgError(
                "the network takes pictures, no text", where=net.where, expected="inputs= in [net]"
            )
        if isinstance(text, bytes):
            ids, first = np.frombuffer(text, np.uint8), 1  # a C string ends at a 0
        else:
            ids, first = np.asarray(text, np.int64), 0
        if len(ids) < 2:
            raise UsageError("the text is too short", expected="2 characters", got=len(ids))
        wrong = np.flatnonzero((ids < first) | (ids >= net.inputs))
        if len(wrong):
            raise UsageError(
                "Bad char",
                where=f"character {wrong[0]} of the text",
                expected=f"{first}..{net.inputs - 1}, as inputs={net.inputs} in [net] says",
                got=int(ids[wrong[0]]),
            )
        streams = max(1, net.batch // net.subdivisions)
        restart = dialect.training_data.stream_restart
        return TextSource(ids, net.inputs, streams, net.time_steps, net.subdivisions, restart)

    def load(self, request: Request) -> Loaded:
        """The characters asked for, [N, inputs, 1, 1], and those behind them, [N, inputs].

        Slots lie mini-batch by mini-batch, step by step, stream by stream.
        """
        slots = np.array(request.slots)
        parts, places = np.divmod(slots, self.streams * self.steps)
        steps, streams = np.divmod(places, self.streams)
        positions = np.empty(len(slots), np.int64)
        asked, restarts = np.unique(streams).tolist(), set()
        for part, stream in {*zip(parts.tolist(), streams.tolist(), strict=True)}:
            number = request.iteration * self.subdivisions + part
            start, is_new = self._start(request.seed, number, stream)
            chosen = (parts == part) & (streams == stream)
            positions[chosen] = start + steps[chosen]
            if is_new:
                restarts.add(asked.index(stream))
        now = self.ids[positions % len(self.ids)]
        then = self.ids[(positions + 1) % len(self.ids)]
        images = self._one_of_many(now)[:, :, None, None]
        return Loaded(images, self._one_of_many(then), (), (), tuple(sorted(restarts)))

    def _start(self, seed: int, number: int, stream: int) -> tuple[int, bool]:
        """Where a stream's mini-batch starts, and whether that is a new place."""
        for start in range(number, -1, -1):
            random = SampleSeed(seed, start, stream).random(RandomStream.RESTART)
            place = int(random.integers(len(self.ids)))
            if start == 0 or random.integers(self.restart) == 0:
                return place + (number - start) * self.steps, start == number
        raise ValueError(f"a mini-batch before the first: {number}")

    def _one_of_many(self, ids: np.ndarray) -> np.ndarray:
        out = np.zeros((len(ids), self.inputs), np.float32)
        out[np.arange(len(ids)), ids] = 1
        return out

"""Samples of text for recurrent networks. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darknet_torch.augment.random_streams import RandomStream, SampleSeed
from darknet_torch.augment.source import SampleBatch, SampleRequest
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.examples import Problem
from darknet_torch.errors import CfgError, UsageError


@dataclass(frozen=True)
class TextSource:
    """One-hot characters as inputs, the characters that follow them as truths.

    A mini-batch has several streams of text. Each stream continues where the previous
    mini-batch stopped, or at random starts at a new position.

    Attributes:
        ids: [length] character or token ids of the whole text.
        inputs: number of different ids.
        streams: number of streams in a mini-batch.
        steps: number of characters of each stream in a mini-batch.
        subdivisions: number of mini-batches in an iteration.
        restart: after a mini-batch, one stream in this many starts at a new position.
        problems: always empty.

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
    def from_text(text: bytes | Sequence[int], net: NetOptions, dialect: Dialect) -> TextSource:
        """Create a source from the bytes of a text or from token ids.

        Raises:
            CfgError: the network's input is a picture.
            UsageError: the text is too short, or has a character that Darknet refuses.
        """
        if net.is_picture:
            raise CfgError(
                "the network's input is a picture, not text",
                where=net.where,
                expected="inputs= in [net]",
            )
        if isinstance(text, bytes):
            ids, first = np.frombuffer(text, np.uint8), 1  # C strings cannot contain 0
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

    def load(self, request: SampleRequest) -> SampleBatch:
        """The requested characters, [N, inputs, 1, 1], and the next ones, [N, inputs].

        Slots are ordered by mini-batch, then by time step, then by stream.
        """
        slots = np.array(request.slots)
        parts, offsets = np.divmod(slots, self.streams * self.steps)
        steps, streams = np.divmod(offsets, self.streams)
        positions = np.empty(len(slots), np.int64)
        requested, restarts = np.unique(streams).tolist(), set()
        for part, stream in {*zip(parts.tolist(), streams.tolist(), strict=True)}:
            number = request.iteration * self.subdivisions + part
            start, is_new = self._start(request.seed, number, stream)
            chosen = (parts == part) & (streams == stream)
            positions[chosen] = start + steps[chosen]
            if is_new:
                restarts.add(requested.index(stream))
        current = self.ids[positions % len(self.ids)]
        following = self.ids[(positions + 1) % len(self.ids)]
        images = self._one_hot(current)[:, :, None, None]
        return SampleBatch(images, self._one_hot(following), (), (), tuple(sorted(restarts)))

    def _start(self, seed: int, number: int, stream: int) -> tuple[int, bool]:
        """The position where a stream's mini-batch starts, and whether it is a new position."""
        for start in range(number, -1, -1):
            random = SampleSeed(seed, start, stream).generator(RandomStream.RESTART)
            position = int(random.integers(len(self.ids)))
            if start == 0 or random.integers(self.restart) == 0:
                return position + (number - start) * self.steps, start == number
        raise ValueError(f"negative mini-batch number: {number}")

    def _one_hot(self, ids: np.ndarray) -> np.ndarray:
        out = np.zeros((len(ids), self.inputs), np.float32)
        out[np.arange(len(ids)), ids] = 1
        return out

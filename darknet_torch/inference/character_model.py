"""Character models: text from a recurrent network, and how well it knows a text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import torch
from torch import Tensor

from darknet_torch.errors import CfgError, UsageError
from darknet_torch.model.network import Network

_NEVER = 1e-4  # less likely characters are never drawn


class CharacterModel:
    """A network that reads a character and predicts the next; it remembers what it read.

    Characters are bytes, or ids below the network's number of inputs.

    Args:
        network: a network with inputs= in [net] and as many outputs.

    Raises:
        CfgError: it is no such network.

    Source: rnn.c test_char_rnn, valid_char_rnn (AlexeyAB).
    """

    def __init__(self, network: Network) -> None:
        self.network = network.eval()
        self.inputs = network.net.input_shape.count
        outputs = network.output_layer.output_shape.count
        if network.net.is_picture or outputs != self.inputs:
            raise CfgError(
                "this network is no character model",
                where=network.net.where,
                expected="inputs= in [net], and as many outputs",
                got=f"{self.inputs} inputs, {outputs} outputs",
            )
        self.network.reset_state()

    @torch.inference_mode()
    def read(self, character: int) -> Tensor:
        """Read one character; the probabilities of the next, [inputs].

        Raises:
            UsageError: the network has no such character.
        """
        self._check(character)
        like = next(self.network.parameters(), torch.empty(0))
        row = torch.zeros(1, self.inputs, dtype=like.dtype, device=like.device)
        row[0, character] = 1
        return self.network(row)[0].flatten().float().cpu()

    def generate(
        self, seed: bytes, length: int, *, temperature: float = 0.7, random_seed: int | None = None
    ) -> Iterator[int]:
        """Characters that follow `seed`, one by one.

        Args:
            seed: what the network reads first; at least one character.
            length: how many characters to give.
            temperature: below 1 the likely ones become more likely.
            random_seed: for the same text again.

        Raises:
            UsageError: an empty seed, an unknown character, or a temperature of 0 or less;
                while generating: no character is likely.
        """
        if not seed or not temperature > 0:
            raise UsageError(
                "cannot generate",
                expected="a seed of one character or more, a temperature above 0",
                got=f"seed {seed!r}, temperature {temperature}",
            )
        for character in seed:
            self._check(character)
        random = torch.Generator()
        if random_seed is None:
            random.seed()
        else:
            random.manual_seed(random_seed)
        return self._generated(seed, length, temperature, random)

    def _generated(
        self, seed: bytes, length: int, temperature: float, random: torch.Generator
    ) -> Iterator[int]:
        for character in seed[:-1]:
            self.read(character)
        last = seed[-1]
        for _ in range(length):
            with self._temperature(temperature):
                likely = self.read(last)
            likely = torch.where(likely < _NEVER, 0.0, likely)
            if not likely.sum() > 0:
                raise UsageError(
                    "the network finds no character likely",
                    where=self.network.net.where,
                    expected="probabilities, from a [softmax] at its end",
                    fix="check that the weights are those of this cfg",
                )
            last = int(torch.multinomial(likely, 1, generator=random))
            yield last

    def perplexities(self, text: bytes, *, seed: bytes = b"") -> Iterator[tuple[float, float]]:
        """Per character of `text` behind its first: perplexity so far, by character and word.

        Raises:
            UsageError: `text` has fewer than two characters, or one that is unknown.
        """
        if len(text) < 2:
            raise UsageError(
                "there is nothing to validate", expected="two characters or more", got=len(text)
            )
        for character in seed:
            self.read(character)
        bits, words = 0.0, 1
        for count, (now, then) in enumerate(pairwise(text), 1):
            self._check(now)
            self._check(then)
            probability = float(self.read(now)[then])
            bits -= math.log2(probability) if probability > 0 else -math.inf
            words += then in b" \n\t"
            yield _power(bits / count), _power(bits / words)

    def _check(self, character: int) -> None:
        if not 0 <= character < self.inputs:
            shown = f" ({chr(character)!r})" if character >= 0 else ""
            raise UsageError(
                "the network does not know this character",
                expected=f"an id below {self.inputs}",
                got=f"{character}{shown}",
            )

    @contextmanager
    def _temperature(self, temperature: float) -> Iterator[None]:
        """The temperature of every softmax, and the cfg's own again afterwards."""
        for layer in self.network.layers:
            layer.set_temperature(temperature)
        try:
            yield
        finally:
            for layer in self.network.layers:
                layer.set_temperature(getattr(layer.options, "temperature", 1.0))


def _power(exponent: float) -> float:
    try:
        return float(2.0**exponent)
    except OverflowError:
        return math.inf

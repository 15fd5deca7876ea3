"""Character models: text from a recurrent network, and how well it knows a text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

from darknet_torch.errors import CfgError, UsageError
from darknet_torch.layers.softmax import Softmax
from darknet_torch.network import Network

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
        if not 0 <= character < self.inputs:
            raise UsageError(
                "the network does not know this character",
                expected=f"an id below {self.inputs}",
                got=f"{character} ({chr(character)!r})",
            )
        like = next(self.network.parameters())
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
            UsageError: an empty seed, or a temperature of 0 or less.
        """
        if not seed or temperature <= 0:
            raise UsageError(
                "cannot generate",
                expected="a seed of one character or more, a temperature above 0",
                got=f"seed {seed!r}, temperature {temperature}",
            )
        random = torch.Generator()
        if random_seed is not None:
            random.manual_seed(random_seed)
        self._set_temperature(temperature)
        for character in seed[:-1]:
            self.read(character)
        last = seed[-1]
        for _ in range(length):
            likely = self.read(last)
            likely = torch.where(likely < _NEVER, 0.0, likely)
            last = int(torch.multinomial(likely, 1, generator=random))
            yield last

    def perplexities(self, text: bytes, *, seed: bytes = b"") -> Iterator[tuple[float, float]]:
        """Per character of `text` behind its first: perplexity so far, by character and word.

        Raises:
            UsageError: `text` has fewer than two characters.
        """
        if len(text) < 2:
            raise UsageError(
                "there is nothing to validate", expected="two characters or more", got=len(text)
            )
        for character in seed:
            self.read(character)
        bits, words = 0.0, 1
        for count, (now, then) in enumerate(pairwise(text), 1):
            probability = float(self.read(now)[then])
            bits -= math.log2(probability) if probability > 0 else -math.inf
            words += then in b" \n\t"
            yield 2.0 ** (bits / count), _power(bits / words)

    def _set_temperature(self, temperature: float) -> None:
        for layer in self.network.layers:
            if isinstance(layer, Softmax):
                layer.temperature = temperature


def _power(exponent: float) -> float:
    try:
        return float(2.0**exponent)
    except OverflowError:
        return math.inf

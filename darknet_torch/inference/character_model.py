"""Character models: generating text with a recurrent network, and its perplexity on a text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import torch
from torch import Tensor

from darknet_torch.cpu.forks import check_threads
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.inference.prepare import prepare_network
from darknet_torch.model.network import Network
from darknet_torch.ops.precision import Precision
from darknet_torch.ops.precision_names import FLOAT32

_MIN_PROBABILITY = 1e-4  # characters less likely than this are never drawn


class CharacterModel:
    """Reads characters one by one and predicts the next; the network keeps its state.

    Characters are ids below the network's number of inputs, usually bytes.

    Args:
        network: a network with inputs= in [net] and the same number of outputs. It is put into
            evaluation mode and its state is reset.
        precision: "float32", "tf32", "bfloat16" or "float16", see `Detector`.

    Raises:
        CfgError: the network takes pictures, or has another number of outputs.
        UsageError: `network` is not a `Network`, or an unknown precision.

    Source: rnn.c test_char_rnn, valid_char_rnn (AlexeyAB).
    """

    def __init__(self, network: Network, *, precision: str = FLOAT32) -> None:
        self._precision = Precision.named(precision)
        self.network: Network = prepare_network(network)
        self.inputs: int = network.net.input_shape.count
        outputs = network.output_layer.output_shape.count
        if network.net.is_picture or outputs != self.inputs:
            raise CfgError(
                "this network is not a character model",
                where=network.net.where,
                expected="inputs= in [net], and as many outputs",
                got=f"{self.inputs} inputs, {outputs} outputs",
            )
        self.network.reset_state()

    @torch.inference_mode()
    def read(self, character: int) -> Tensor:
        """Read one character, which changes the state, and predict the next.

        Args:
            character: its id, 0 to `inputs` - 1.

        Returns:
            [inputs] float32 on the CPU, the probability of each character to be the next, 0-1.

        Raises:
            UsageError: the network has no such character; or as `Detector`, after a fork.
        """
        self._check_character(character)
        like = next(self.network.parameters(), torch.empty(0))
        check_threads(torch.get_num_threads())
        row = torch.zeros(1, self.inputs, dtype=like.dtype, device=like.device)
        row[0, character] = 1
        with self._precision.computing(row.device), self._precision.autocast(row.device):
            (output,) = self.network(row)
        return output.flatten().float().cpu()

    def generate(
        self, seed: bytes, length: int, *, temperature: float = 0.7, random_seed: int | None = None
    ) -> Iterator[int]:
        """Generate characters that follow `seed`, one by one.

        Args:
            seed: characters that the network reads first, at least one.
            length: how many characters to generate.
            temperature: above 0; below 1, likely characters become more likely.
            random_seed: the same number generates the same text; None for a random one.

        Raises:
            UsageError: the seed is empty or has an unknown character, or the temperature is 0
                or less; or, while generating, all characters have tiny probabilities.
        """
        if not seed or not temperature > 0:
            raise UsageError(
                "cannot generate",
                expected="a seed of one character or more, a temperature above 0",
                got=f"seed {seed!r}, temperature {temperature}",
            )
        for character in seed:
            self._check_character(character)
        random = torch.Generator()
        if random_seed is None:
            random.seed()
        else:
            random.manual_seed(random_seed)
        return self._generate(seed, length, temperature, random)

    def _generate(
        self, seed: bytes, length: int, temperature: float, random: torch.Generator
    ) -> Iterator[int]:
        for character in seed[:-1]:
            self.read(character)
        last = seed[-1]
        for _ in range(length):
            with self._temperature(temperature):
                probabilities = self.read(last)
            probabilities = torch.where(probabilities < _MIN_PROBABILITY, 0.0, probabilities)
            if not probabilities.sum() > 0:
                raise UsageError(
                    "the network finds no character likely",
                    where=self.network.net.where,
                    expected="probabilities, from a [softmax] at its end",
                    fix="check that the weights are those of this cfg",
                )
            last = int(torch.multinomial(probabilities, 1, generator=random))
            yield last

    def perplexities(self, text: bytes, *, seed: bytes = b"") -> Iterator[tuple[float, float]]:
        """Yield the perplexity so far after each character of `text` but the first.

        Args:
            text: the text, two characters or more.
            seed: characters that the network reads first; they do not count.

        Returns:
            Pairs of the perplexity per character and the perplexity per word.

        Raises:
            UsageError: `text` has fewer than two characters, or an unknown character.
        """
        if len(text) < 2:
            raise UsageError(
                "there is nothing to validate", expected="two characters or more", got=len(text)
            )
        for character in seed:
            self.read(character)
        bits, words = 0.0, 1
        for count, (current, following) in enumerate(pairwise(text), 1):
            self._check_character(current)
            self._check_character(following)
            probability = float(self.read(current)[following])
            bits -= math.log2(probability) if probability > 0 else -math.inf
            words += following in b" \n\t"
            yield _power_of_two(bits / count), _power_of_two(bits / words)

    def _check_character(self, character: int) -> None:
        if not 0 <= character < self.inputs:
            shown = f" ({chr(character)!r})" if character >= 0 else ""
            raise UsageError(
                "the network does not know this character",
                expected=f"an id below {self.inputs}",
                got=f"{character}{shown}",
            )

    @contextmanager
    def _temperature(self, temperature: float) -> Iterator[None]:
        """Set the temperature of every softmax, and restore the cfg's temperature afterwards."""
        for layer in self.network.layers:
            layer.set_temperature(temperature)
        try:
            yield
        finally:
            for layer in self.network.layers:
                layer.set_temperature(getattr(layer.options, "temperature", 1.0))


def _power_of_two(exponent: float) -> float:
    try:
        return float(2.0**exponent)
    except OverflowError:
        return math.inf

"""`dtorch rnn`: text from character models."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import click

from darknet_torch.cli.lazy import LazyCommand, LazyGroup
from darknet_torch.cli.model_loading import load_model, print_taken
from darknet_torch.cli.options import (
    DeviceOptions,
    ModelOptions,
    device_option,
    network_options,
    parsed_into,
    quiet_option,
    verbose_option,
)
from darknet_torch.cli.parameter_types import NOT_NEGATIVE
from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    from darknet_torch.inference.character_model import CharacterModel


@dataclass(frozen=True, kw_only=True)
class CharacterModelOptions(ModelOptions, DeviceOptions):
    """A character model, and where to run it.

    Attributes:
        seed_text: what the network reads first.
    """

    seed_text: str


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(CharacterModelOptions):
    """The options of `dtorch rnn generate`."""

    length: int
    temperature: float
    random_seed: int | None


@dataclass(frozen=True, kw_only=True)
class ValidateOptions(CharacterModelOptions):
    """The options of `dtorch rnn validate`."""

    text: BinaryIO


@click.group(
    cls=LazyGroup,
    table={"train": LazyCommand("darknet.train", "train_text", "Train a character model.")},
)
def rnn() -> None:
    """Character models: networks that read text and predict what follows."""


def _load_model(options: CharacterModelOptions) -> CharacterModel:
    if not (options.cfg or options.weights):
        raise UsageError("no network", expected="--cfg CFG --weights FILE", got="neither")
    from darknet_torch.inference.character_model import CharacterModel
    from darknet_torch.model.loading import find_device

    device = find_device(options.device)
    model = load_model(options)
    print_taken(options, model.taken)
    return CharacterModel(model.network.to(device))


@rnn.command()
@network_options
@click.option("--seed-text", default="\n\n", help="What the network reads first.")
@click.option("--length", type=NOT_NEGATIVE, default=1000, show_default=True)
@click.option("--temperature", type=float, default=0.7, show_default=True)
@click.option("--seed", "random_seed", type=int, help="The same seed gives the same text.")
@device_option
@quiet_option("Print no warnings.")
@verbose_option
@parsed_into(GenerateOptions)
def generate(options: GenerateOptions) -> None:
    """Write text that continues the seed text."""
    model = _load_model(options)
    out = sys.stdout.buffer
    seed = options.seed_text.encode()
    characters = model.generate(
        seed,
        options.length,
        temperature=options.temperature,
        random_seed=options.random_seed,
    )
    out.write(seed)
    for character in characters:
        out.write(bytes([character]) if character < 256 else chr(character).encode())
    out.write(b"\n")
    out.flush()


@rnn.command()
@click.argument("text", type=click.File("rb"), default="-")
@network_options
@click.option("--seed-text", default="", help="What the network reads first.")
@device_option
@quiet_option("Print no warnings.")
@verbose_option
@parsed_into(ValidateOptions)
def validate(options: ValidateOptions) -> None:
    """Print how well the network predicts TEXT, a file or standard input."""
    model = _load_model(options)
    by_character = by_word = 0.0
    count = 0
    for pair in model.perplexities(options.text.read(), seed=options.seed_text.encode()):
        by_character, by_word = pair
        count += 1
        if options.verbose:
            _print_line(count, by_character, by_word)
    if not options.verbose:
        _print_line(count, by_character, by_word)
    sys.stdout.flush()


def _print_line(count: int, by_character: float, by_word: float) -> None:
    """Print the perplexities so far. Source: rnn.c valid_char_rnn."""
    click.echo(f"{count} Perplexity: {by_character:4.4f}    Word Perplexity: {by_word:4.4f}")

"""`dtorch rnn`: text from character models."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.lazy import LazyGroup
from darknet_torch.cli.model_loading import from_command, load_to_device
from darknet_torch.cli.options import device_option, network_options
from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    from darknet_torch.inference.character_model import CharacterModel


# Options of other commands, which loading a network asks for.
_ABSENT: dict[str, Any] = {"names": None, "data": None, "threads": None, "seed": None}


@click.group(
    cls=LazyGroup,
    table={"train": ("darknet_torch.cli.darknet.train", "train_text")},
    short_help="Run and train character models.",
)
def rnn() -> None:
    """Character models: networks that read text and predict what follows."""


def _model(arguments: dict[str, Any]) -> CharacterModel:
    if arguments["cfg"] is None:
        raise UsageError("no network", expected="--cfg CFG --weights FILE", got="neither")
    from darknet_torch.inference.character_model import CharacterModel

    options = from_command({**_ABSENT, **arguments})
    return CharacterModel(load_to_device(options, {**_ABSENT, **arguments}))


_QUIET = click.option("--quiet", is_flag=True, help="No warnings.")
_VERBOSE = click.option("--verbose", is_flag=True, help="Say more about what is loaded.")


@rnn.command()
@network_options
@click.option("--seed-text", default="\n\n", help="What the network reads first.")
@click.option("--length", type=click.IntRange(min=0), default=1000, show_default=True)
@click.option("--temperature", type=float, default=0.7, show_default=True)
@click.option("--seed", "random_seed", type=int, help="For the same text again.")
@device_option
@_QUIET
@_VERBOSE
def generate(
    seed_text: str, length: int, temperature: float, random_seed: int | None, **arguments: Any
) -> None:
    """Write text that goes on behind the seed text."""
    model = _model(arguments)
    out = sys.stdout.buffer
    seed = seed_text.encode()
    characters = model.generate(seed, length, temperature=temperature, random_seed=random_seed)
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
@_QUIET
@_VERBOSE
def validate(text: Any, seed_text: str, **arguments: Any) -> None:
    """Print how well the network predicts TEXT, a file or standard input."""
    model = _model(arguments)
    by_character = by_word = 0.0
    count = 0
    for pair in model.perplexities(text.read(), seed=seed_text.encode()):
        by_character, by_word = pair
        count += 1
        if arguments["verbose"]:
            _print_line(count, by_character, by_word)
    if not arguments["verbose"]:
        _print_line(count, by_character, by_word)
    sys.stdout.flush()


def _print_line(count: int, by_character: float, by_word: float) -> None:
    """Source: rnn.c valid_char_rnn."""
    click.echo(f"{count} Perplexity: {by_character:4.4f}    Word Perplexity: {by_word:4.4f}")

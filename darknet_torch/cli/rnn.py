"""`dtorch rnn`: text from character models."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from darknet_torch.cli.darknet.flags import (
    GpuFlags,
    apply_gpu_flags,
    general_flags,
    gpu_flags,
)
from darknet_torch.cli.lazy import LazyCommand, LazyGroup
from darknet_torch.cli.model_loading import load_model, print_taken
from darknet_torch.cli.model_words import ModelWordsOptions, take_model_words
from darknet_torch.cli.options import (
    device_option,
    network_options,
    parsed_into,
    precision_option,
    quiet_option,
    threads_option,
    verbose_option,
)
from darknet_torch.cli.parameter_types import NOT_NEGATIVE, PATH, SIGNED_SEED, STANDARD_STREAM
from darknet_torch.cli.terminal import echo, is_terminal
from darknet_torch.errors import UsageError
from darknet_torch.reading import guarded, read_to_memory
from darknet_torch.text import MOST_AT_ONCE

if TYPE_CHECKING:
    from darknet_torch.inference.character_model import CharacterModel


_A_TEXT = "a text"
_GROWTH = 16  # bytes of memory for each byte of a text
_Options = TypeVar("_Options", bound="CharacterModelOptions")


@dataclass(frozen=True, kw_only=True)
class CharacterModelOptions(ModelWordsOptions, GpuFlags):
    """A character model, and where to run it.

    Attributes:
        source: the words of the command: the cfg and the weights, without their options, too.
        seed_text: what the network reads first.
        precision: the numbers in which its layers are computed.
        threads: how many compute; None to choose.
    """

    seed_text: str
    precision: str
    threads: int | None


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(CharacterModelOptions):
    """The options of `dtorch rnn generate`."""

    length: int
    temperature: float
    random_seed: int | None


@click.group(
    cls=LazyGroup,
    table={
        "train": LazyCommand("darknet.train", "train_text", "Train a character model."),
        "valid": LazyCommand("rnn", "validate", "Print how well the network predicts a text."),
    },
    absent={
        "generatetactic": "write text with dtorch rnn generate",
        "validtactic": "use dtorch rnn valid",
        "vec": "read the outputs of darknet_torch.load(cfg, weights)",
    },
)
def rnn() -> None:
    """Character models: networks that read text and predict what follows."""


def _take_model(options: _Options, most: int = 0) -> _Options:
    """Apply Darknet's flags, and take the cfg and the weights from the words.

    Raises:
        UsageError: there are more than `most` other words.
    """
    options, _ = take_model_words(apply_gpu_flags(options))
    if len(options.source) > most:
        raise UsageError(
            "too many words",
            where=options.source[most],
            expected="CFG, WEIGHTS" + " and TEXT" * most,
            got=" ".join(options.source),
            fix="the suffixes .cfg and .weights tell the files from each other; --cfg and "
            "--weights take any name",
        )
    return options


def _load_model(options: CharacterModelOptions) -> CharacterModel:
    if not (options.cfg or options.weights):
        raise UsageError("no network", expected="--cfg CFG --weights FILE", got="neither")
    from darknet_torch.inference.character_model import CharacterModel
    from darknet_torch.inference.threads import use_threads
    from darknet_torch.model.loading import find_device

    device = find_device(options.device)
    use_threads(options.threads, device, options.print_remark)
    model = load_model(options)
    print_taken(options, model.taken)
    return CharacterModel(model.own_network.to(device), precision=options.precision)


def _seed_text_option(default: str, shown: str) -> Callable[[Any], Any]:
    return click.option(
        "--seed-text",
        "-seed",
        "seed_text",
        default=default,
        show_default=shown,
        help="What the network reads first.",
    )


@rnn.command()
@click.argument("source", nargs=-1, type=PATH, metavar="[CFG] [WEIGHTS]")
@network_options
@_seed_text_option("\n\n", "two line ends")
@click.option(
    "--length",
    "-len",
    "length",
    type=NOT_NEGATIVE,
    default=1000,
    show_default=True,
    help="Characters to write.",
)
@click.option(
    "--temperature",
    "-temp",
    "temperature",
    type=float,
    default=0.7,
    show_default=True,
    help="Above 0; the lower, the more likely are likely characters.",
)
@click.option(
    "--seed", "-srand", "random_seed", type=SIGNED_SEED, help="The same seed gives the same text."
)
@device_option
@precision_option
@threads_option
@quiet_option("Print no warnings.")
@verbose_option
@gpu_flags
@general_flags
@parsed_into(GenerateOptions)
def generate(options: GenerateOptions) -> None:
    """Write text that continues the seed text."""
    options = _take_model(options)
    model = _load_model(options)
    write = _print_piece() if is_terminal(sys.stdout) else sys.stdout.buffer.write
    seed = options.seed_text.encode()
    characters = model.generate(
        seed,
        options.length,
        temperature=options.temperature,
        random_seed=options.random_seed,
    )
    write(seed)
    for character in characters:
        write(bytes([character]) if character < 256 else chr(character).encode())
    write(b"\n")
    sys.stdout.flush()


def _print_piece() -> Callable[[bytes], object]:
    """Return what prints UTF-8, in pieces, to a terminal; other bytes and controls are escaped."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    return lambda piece: echo(decoder.decode(piece), nl=False)


@rnn.command()
@click.argument("source", nargs=-1, type=PATH, metavar="[CFG] [WEIGHTS] [TEXT]")
@network_options
@_seed_text_option("", "nothing")
@device_option
@precision_option
@threads_option
@quiet_option("Print no warnings.")
@verbose_option
@gpu_flags
@general_flags
@parsed_into(CharacterModelOptions)
def validate(options: CharacterModelOptions) -> None:
    """Print how well the network predicts TEXT, a file or standard input."""
    options = _take_model(options, most=1)
    text = _read_text(next(iter(options.source), STANDARD_STREAM))
    model = _load_model(options)
    by_character = by_word = 0.0
    count = 0
    for pair in model.perplexities(text, seed=options.seed_text.encode()):
        by_character, by_word = pair
        count += 1
        if options.verbose:
            _print_line(count, by_character, by_word)
    if not options.verbose:
        _print_line(count, by_character, by_word)
    sys.stdout.flush()


def _read_text(source: str) -> bytes:
    """Return the bytes of a file, or of standard input.

    Raises:
        UsageError: it cannot be read, or has no end.
    """
    if source != STANDARD_STREAM:
        with guarded(source, expected=_A_TEXT):
            return read_to_memory(source, _GROWTH, expected=_A_TEXT)
    text = sys.stdin.buffer.read(MOST_AT_ONCE + 1)
    if len(text) > MOST_AT_ONCE:
        raise UsageError(
            "too long",
            where="standard input",
            expected=f"{MOST_AT_ONCE:,} bytes at most",
            fix="give a part of the text",
        )
    return text


def _print_line(count: int, by_character: float, by_word: float) -> None:
    """Print the perplexities so far. Source: rnn.c valid_char_rnn."""
    echo(f"{count} Perplexity: {by_character:4.4f}    Word Perplexity: {by_word:4.4f}")

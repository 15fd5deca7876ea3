"""The files of a model among the positional words of a command. No torch."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from darknet_torch.cfg.model_names import ModelFileKind, kind_of
from darknet_torch.cfg.zoo import shipped
from darknet_torch.cli.data_options import NamesOptions
from darknet_torch.cli.options import (
    ModelOptions,
)
from darknet_torch.downloads.model_search import similar_model_file, weights_in_folder
from darknet_torch.downloads.published import published_by_name
from darknet_torch.errors import UsageError
from darknet_torch.text import is_file, is_folder, path_exists


@dataclass(frozen=True, kw_only=True)
class WordsOptions:
    """The options of a command that takes files of a model, and others, as words.

    Attributes:
        cfg: the network, given as an option or as a word.
        source: the words of the command, which are not options.
    """

    cfg: str | None
    source: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DataWordsOptions(WordsOptions):
    """The options of a command that takes a data set as a word, too.

    Attributes:
        data: the data set, given as an option or as a word.
    """

    data: str | None


@dataclass(frozen=True, kw_only=True)
class ModelWordsOptions(ModelOptions, WordsOptions):
    """The options of a command that takes a model and other words."""


@dataclass(frozen=True, kw_only=True)
class PictureModelOptions(ModelWordsOptions, NamesOptions):
    """The options of a command that takes a model, the names of its classes, and sources."""


_Words = TypeVar("_Words", bound=WordsOptions)
_DataWords = TypeVar("_DataWords", bound=DataWordsOptions)


def take_data_words(options: _DataWords) -> _DataWords:
    """Read the words as the files of a model and one data set.

    Raises:
        UsageError: there are two of a kind.
    """
    options, _ = take_model_words(options)
    data = [*([options.data] if options.data else []), *options.source]
    if len(data) > 1:
        raise UsageError(
            "two data sets",
            where=data[1],
            expected="one data set, and files of a model",
            got=" and ".join(data),
            fix="leave out one of them",
        )
    return replace(options, data=data[0] if data else None, source=())


def take_model_words(options: _Words) -> tuple[_Words, bool]:
    """Read the files of a model among the sources as --cfg, --weights, --names and --data.

    Suffixes tell them from pictures, so that their order does not matter. A word that is no file
    may also be the name of a shipped definition, or of a downloaded weight file.

    Returns:
        The options, and whether they begin as Darknet's `detect X.cfg X.weights picture`, in
        either order.

    Raises:
        UsageError: two files of one kind are given.
    """
    taken = {field.name for field in fields(options)}
    kinds = [_kind_of_word(word) for word in options.source]
    kinds = [kind if kind is not None and kind.value in taken else None for kind in kinds]
    sources = [word for word, kind in zip(options.source, kinds, strict=True) if kind is None]
    for word, kind in zip(options.source, kinds, strict=True):
        if kind is not None:
            options = _with_file(options, kind, word)
    begins_with_cfg = kinds[:1] == [ModelFileKind.CFG] and path_exists(options.cfg or "")
    begins_with_weights = kinds[:2] == [ModelFileKind.WEIGHTS, ModelFileKind.CFG]
    return replace(options, source=tuple(sources)), begins_with_cfg or begins_with_weights


def model_seed(options: PictureModelOptions) -> str | None:
    """Return the file by whose name a model may be found that is given no other way."""
    given = (options.names, options.data)
    return next((name for name in given if name and is_file(name)), None)


def refuse_pictures_only(options: PictureModelOptions) -> None:
    """Refuse a command without any file of a model.

    Raises:
        UsageError: there is none.
    """
    if options.cfg or options.weights or model_seed(options):
        return
    misspelt = (Path(word) for word in options.source if not path_exists(word))
    meant = next((str(file) for word in misspelt if (file := similar_model_file(word))), None)
    folders = (Path(word) for word in options.source if is_folder(word))
    inside = next((found for folder in folders if (found := weights_in_folder(folder))), None)
    shown, more = options.source[:3], len(options.source) - 3
    listed = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    raise UsageError(
        "no network",
        expected="--cfg CFG --weights FILE; or one of a cfg, weights, names, or the name of a "
        "shipped network among the words, as in yolov4-tiny.weights photo.jpg",
        got=f"{listed}, none of which is one" if listed else "neither",
        fix=f"did you mean {meant!r}?"
        if meant
        else inside
        or "dtorch info --list names the shipped ones, dtorch download fetches weights",
    )


def _kind_of_word(word: str) -> ModelFileKind | None:
    path = Path(word)
    if "://" in word or is_folder(path):
        return None
    kind = kind_of(path)
    if kind is not None or path_exists(path) or path.name != word:
        return kind
    if word in shipped(".cfg"):
        return ModelFileKind.CFG
    return ModelFileKind.WEIGHTS if published_by_name(word) else None


def _with_file(options: _Words, kind: ModelFileKind, word: str) -> _Words:
    field = kind.value
    given: dict[str, Any] = {field: word}
    before = getattr(options, field)
    if before:
        raise UsageError(
            f"two {field} files",
            where=word,
            expected=f"one {field} file",
            got=f"{before} and {word}",
            fix="leave out one of them",
        )
    return replace(options, **given)

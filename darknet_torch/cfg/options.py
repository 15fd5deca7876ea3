"""Typed options, declared once as dataclass fields and read from a section's entries.

    @dataclass(frozen=True)
    class UpsampleOptions(LayerOptions):
        stride: int = integer(2, minimum=1, doc="how many times larger")
        scale: float = number(1.0, doc="factor on every value")

`read_options` turns a section into such a dataclass and reports what does not fit. The name
of a field is the key in the cfg, unless ``key=`` gives another.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE, Dialect
from darknet_torch.cfg.grammar import Entry, Location, Section
from darknet_torch.cfg.numbers import INT32_MAX, INT32_MIN, float32, read_integer, read_number
from darknet_torch.errors import CfgError, CfgNote, nearest, warn

FLT_MAX = 3.4028234663852886e38
_MOST_NUMBERS = 10_000  # of an option; published cfgs have some dozens
REQUIRED = object()

_Reader = Callable[[Entry, "Option", Dialect], Any]


@dataclass(frozen=True)
class Option:
    """The declaration of one option.

    Attributes:
        default: the value where the key is absent; a function of the dialect where the code
            bases differ; `REQUIRED` where Darknet has no default either.
        reader: turns an entry into the value.
        kind: what the value is, for messages and for the reference page.
        doc: one line of explanation, for messages and for the reference page.
        key: the key in the cfg, where it is not the name of the field.
        only: the one code base that reads the option ("alexeyab", "pjreddie"), or None if both
            do.
        minimum, maximum: the legal bounds, None for none.
        choices: the legal words; empty if any value is allowed.
        inert: Darknet reads the option, but it has no effect here.
        extension: neither code base reads the option: it is one of darknet_torch.
    """

    default: Any
    reader: _Reader
    kind: str
    doc: str
    key: str | None = None
    only: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    inert: bool = False
    extension: bool = False

    def default_for(self, dialect: Dialect) -> Any:
        """Return the value in `dialect` where the key is absent."""
        return self.default(dialect) if callable(self.default) else self.default


def _field(option: Option) -> Any:
    plain = ALEXEYAB if option.default is not REQUIRED else None
    default = option.default_for(plain) if plain else dataclasses.MISSING
    return dataclasses.field(default=default, metadata={"option": option}, kw_only=True)


def integer(default: Any, *, doc: str, **more: Any) -> Any:
    """Declare an option that Darknet reads with atoi.

    Args:
        default, doc: see `Option`.
        more: further attributes of `Option`.
    """
    return _field(Option(default, _read_integer, "an integer", doc, **more))


def flag(default: bool = False, *, doc: str, **more: Any) -> Any:
    """Declare an option that Darknet reads with atoi and that is on unless it is 0."""
    return _field(Option(default, _read_flag, "0 or 1", doc, **more))


def number(default: Any, *, doc: str, **more: Any) -> Any:
    """Declare an option that is read with atof and held as float32."""
    rounded = (
        (lambda dialect: float32(default(dialect))) if callable(default) else float32(default)
    )
    return _field(Option(rounded, _read_number, "a number", doc, **more))


def text(default: Any, *, doc: str, **more: Any) -> Any:
    """Declare an option whose value is taken literally."""
    return _field(Option(default, _read_text, "text", doc, **more))


def choice(
    default: str,
    *choices: str,
    fallback: str,
    doc: str,
    words_of: Mapping[str, str] = MappingProxyType({}),
    **more: Any,
) -> Any:
    """Declare an option that is one of the words in `choices`.

    Args:
        default: the word where the key is absent.
        choices: the legal words.
        fallback: what any other word means, as in C; a warning says so.
        doc: see `Option`.
        words_of: the code base that knows a word, for words that only one of them knows.
        more: further attributes of `Option`.
    """

    def read(entry: Entry, option: Option, dialect: Dialect) -> str:
        code_base = dialect.code_base
        known = [word for word in option.choices if words_of.get(word, code_base) == code_base]
        word = _value(entry)
        return word if word in known else _fall_back(entry, known, fallback, dialect)

    return _field(Option(default, read, "one of the words", doc, choices=choices, **more))


def extension(default: str, *choices: str, doc: str) -> Any:
    """Declare an option of darknet_torch that is one of the words in `choices`.

    Another word is an error, since there is no C code whose reading would have to be followed.

    Args:
        default, choices, doc: as in `choice`.
    """
    return _field(
        Option(default, _read_word, "one of the words", doc, choices=choices, extension=True)
    )


def activation(default: str, *, doc: str = "the activation function") -> Any:
    """Declare an option that names an activation function.

    An unknown name means relu, with a warning.

    Source: activations.c get_activation (both code bases).
    """
    return _field(Option(default, _read_activation, "an activation function", doc))


def integers(default: Any = (), *, stops_at_hash: bool = False, doc: str, **more: Any) -> Any:
    """Declare a list of integers, separated by commas.

    Args:
        default, doc: see `Option`.
        stops_at_hash: the list ends at a ``#``; else commas after it count too, as in C.
        more: further attributes of `Option`.
    """
    reader = _read_list(read_integer, stops_at_hash, _check_integer)
    return _field(Option(default, reader, "integers between commas", doc, **more))


def numbers(default: Any = (), *, stops_at_hash: bool = False, doc: str, **more: Any) -> Any:
    """Declare a list of numbers, separated by commas and held as float32; see `integers`."""
    reader = _read_list(read_number, stops_at_hash, _check_finite)
    return _field(Option(default, reader, "numbers between commas", doc, **more))


def inert(doc: str, **more: Any) -> Any:
    """Declare an option that Darknet reads and that has no effect here; `doc` says why."""
    return _field(Option("", _read_text, "anything", doc, inert=True, **more))


@dataclass(frozen=True)
class Options:
    """Base of all option dataclasses.

    Attributes:
        where: the section's line.
        misplaced_keys: keys of other sections that are often written in this one, each with
            the place where it belongs, for messages.
    """

    misplaced_keys: ClassVar[Mapping[str, str]] = MappingProxyType({})
    where: Location = dataclasses.field(default=Location("<code>", 0), kw_only=True)


def declared_options(options: type[Options]) -> dict[str, tuple[str, Option]]:
    """Return (field name, declaration) by the key in the cfg, in the order of declaration."""
    found: dict[str, tuple[str, Option]] = {}
    for field in dataclasses.fields(options):
        option = field.metadata.get("option")
        if option is not None:
            found[option.key or field.name] = (field.name, option)
    return found


def extensions_in(options: Options) -> list[str]:
    """Return the options of darknet_torch that `options` use, each as ``key=value``."""
    return [
        f"{key}={getattr(options, name)}"
        for key, (name, option) in declared_options(type(options)).items()
        if option.extension and getattr(options, name) != option.default
    ]


def activations_in(options: Options) -> list[str]:
    """Return the activation functions that `options` name, defaults included."""
    return [
        getattr(options, name)
        for name, option in declared_options(type(options)).values()
        if option.reader is _read_activation
    ]


OptionsType = TypeVar("OptionsType", bound=Options)


def read_options(cls: type[OptionsType], section: Section, dialect: Dialect) -> OptionsType:
    """Read `section` as options of type `cls`.

    Unknown keys, and what Darknet tolerates in a value, cause warnings.

    Raises:
        CfgError: a required key is missing, or a value is of the wrong kind or out of its
            bounds.

    Source: option_list.c option_find_int, option_find_float, option_unused.
    """
    known = declared_options(cls)
    values: dict[str, Any] = {"where": section.where}
    for name, option in known.values():
        default = option.default_for(dialect)
        if default is not REQUIRED:
            values[name] = default
    for key, entry in section.first().items():
        if entry.value is None:
            continue  # the grammar has warned of it
        if key not in known:
            _warn_of_unknown(entry, section, cls)
            continue
        name, option = known[key]
        if option.inert:
            note = f"'{key}' has no effect here ({option.doc})"
            warn(note, where=entry.where, category=CfgNote)
        elif option.only is not None and option.only != dialect.code_base:
            _warn_of_other_code_base(entry, option, dialect)
        else:
            values[name] = _bounded(option.reader(entry, option, dialect), entry, option)
    for key, (name, option) in known.items():
        if name not in values:
            raise CfgError(
                f"[{section.name}] has no '{key}='",
                where=section.where,
                expected=f"{option.kind}: {option.doc}",
            )
    return cls(**values)


def _bounded(value: Any, entry: Entry, option: Option) -> Any:
    values = value if isinstance(value, tuple) else (value,)
    for one in values:
        low = option.minimum is not None and one < option.minimum
        high = option.maximum is not None and one > option.maximum
        if low or high:
            bound = f">= {option.minimum:g}" if low else f"<= {option.maximum:g}"
            raise CfgError(
                f"'{entry.key}' is out of its bounds",
                where=entry.where,
                expected=f"{option.kind} {bound}",
                got=entry.value,
            )
    return value


def _value(entry: Entry) -> str:
    assert entry.value is not None, "entries without a value are not read"
    return entry.value


def _wrong_kind(entry: Entry, kind: str) -> CfgError:
    return CfgError(
        f"'{entry.key}' is not {kind}",
        where=entry.where,
        expected=f"{kind}, such as {entry.key}=1",
        got=repr(entry.value),
    )


def _warn_of_rest(entry: Entry, read: object, rest: str) -> None:
    if rest and not rest.startswith("#"):
        warn(
            f"'{entry.key}' is read as {read}",
            where=entry.where,
            got=f"{entry.value!r} with {rest!r} after the number",
            fix="delete what follows the number",
        )


def _read_integer(entry: Entry, option: Option, dialect: Dialect) -> int:
    found = read_integer(_value(entry))
    if found is None:
        raise _wrong_kind(entry, option.kind)
    _check_integer(found[0], entry)
    _warn_of_rest(entry, *found)
    return found[0]


def _check_integer(value: int, entry: Entry) -> None:
    if not INT32_MIN <= value <= INT32_MAX:
        raise CfgError(
            f"'{entry.key}' is out of its bounds",
            where=entry.where,
            expected=f"an integer in {INT32_MIN}..{INT32_MAX}",
            got=entry.value,
        )


def _check_finite(value: float, entry: Entry) -> None:
    if not math.isfinite(value):
        raise CfgError(
            f"'{entry.key}' is out of its bounds",
            where=entry.where,
            expected=f"a number from -{FLT_MAX:g} to {FLT_MAX:g}",
            got=entry.value,
        )


def _read_flag(entry: Entry, option: Option, dialect: Dialect) -> bool:
    return _read_integer(entry, option, dialect) != 0


def _read_number(entry: Entry, option: Option, dialect: Dialect) -> float:
    found = read_number(_value(entry))
    if found is None:
        raise _wrong_kind(entry, option.kind)
    _check_finite(found[0], entry)
    _warn_of_rest(entry, f"{found[0]:g}", found[1])
    return found[0]


def _read_text(entry: Entry, option: Option, dialect: Dialect) -> str:
    return _value(entry)


def _read_word(entry: Entry, option: Option, dialect: Dialect) -> str:
    word = _value(entry).partition("#")[0]
    if word not in option.choices:
        close = nearest(word, option.choices)
        raise CfgError(
            f"'{entry.key}' is not one of the words of this option of darknet_torch",
            where=entry.where,
            expected=", ".join(option.choices),
            got=repr(entry.value),
            fix=f"did you mean {close!r}?" if close else None,
        )
    return word


def _read_activation(entry: Entry, option: Option, dialect: Dialect) -> str:
    word = _value(entry)
    if word in dialect.numerics.activations:
        return word
    return _fall_back(entry, sorted(dialect.numerics.activations), "relu", dialect)


def _fall_back(entry: Entry, words: Sequence[str], fallback: str, dialect: Dialect) -> str:
    word = _value(entry)
    close = nearest(word.partition("#")[0], words)
    warn(
        f"{dialect.code_base}/darknet does not know {entry.key} {word!r} and takes {fallback!r}",
        where=entry.where,
        expected=", ".join(words),
        fix=f"did you mean {close!r}?" if close else None,
    )
    return fallback


def _read_list(
    read_one: Callable[[str], tuple[Any, str] | None],
    stops_at_hash: bool,
    check: Callable[[Any, Entry], None],
) -> _Reader:
    def read(entry: Entry, option: Option, dialect: Dialect) -> tuple[Any, ...]:
        line = _value(entry)
        _check_length(line.count(",") + 1, entry)
        values = []
        in_comment = False
        for part in (line.partition("#")[0] if stops_at_hash else line).split(","):
            found = read_one(part)
            if found is None and (in_comment or not part):
                # After a comma too many, or a comma inside a comment, C reads a 0.
                found = read_one("0")
                if not in_comment:
                    warn(
                        f"'{entry.key}' has a comma too many, which is read as a 0",
                        where=entry.where,
                        got=repr(entry.value),
                    )
            if found is None:
                raise _wrong_kind(entry, option.kind)
            if in_comment:
                warn(
                    f"'{entry.key}' is read with {found[0]} from after the #",
                    where=entry.where,
                    got=repr(entry.value),
                    fix="delete the comment",
                )
            check(found[0], entry)
            _warn_of_rest(entry, *found)
            values.append(found[0])
            in_comment = in_comment or "#" in part
        return tuple(values)

    return read


def _check_length(count: int, entry: Entry) -> None:
    if count > _MOST_NUMBERS:
        raise CfgError(
            f"'{entry.key}' has too many numbers",
            where=entry.where,
            expected=f"{_MOST_NUMBERS:,} at most",
            got=f"{count:,}",
        )


def _warn_of_unknown(entry: Entry, section: Section, cls: type[Options]) -> None:
    fix = None
    if entry.key in cls.misplaced_keys:
        fix = f"{entry.key}= belongs to {cls.misplaced_keys[entry.key]}"
    elif close := nearest(entry.key, declared_options(cls)):
        fix = f"did you mean '{close}'?"
    warn(
        f"unknown key '{entry.key}' in [{section.name}], Darknet ignores it",
        where=entry.where,
        fix=fix,
    )


def _warn_of_other_code_base(entry: Entry, option: Option, dialect: Dialect) -> None:
    warn(
        f"'{entry.key}' is an option of {option.only}/darknet; "
        f"{dialect.code_base}/darknet ignores it, and so does dialect {dialect.name}",
        where=entry.where,
        fix=f"use --dialect {PJREDDIE.name if option.only == 'pjreddie' else ALEXEYAB.name}",
    )

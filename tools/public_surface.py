"""The declarations of darknet_torch's public names, as a stub file would write them."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap

import darknet_torch

PACKAGE = darknet_torch.__name__
LINE = 90  # characters; longer signatures are written one parameter a line
SPECIAL_METHODS = {"__call__", "__len__", "__getitem__", "__iter__", "__enter__", "__exit__"}


def describe(name):
    """The declaration of a public name, as a stub file would write it."""
    value = getattr(darknet_torch, name)
    if inspect.isclass(value):
        return describe_class(value)
    if callable(value):
        return function(name, value)
    return f"{name}: {type(value).__name__}"


def describe_class(cls):
    """A class with its bases, constructor, public attributes and public methods.

    What it inherits from another public class is only written there.
    """
    bases = ", ".join(base.__name__ for base in cls.__bases__ if base is not object)
    lines = [f"class {cls.__name__}({bases})" if bases else f"class {cls.__name__}"]
    fields = set()
    if dataclasses.is_dataclass(cls):
        fields = {field.name for field in dataclasses.fields(cls) if field.init}
        lines.insert(0, f"@dataclass(frozen={cls.__dataclass_params__.frozen})")
    constructed = any("__init__" in vars(base) for base in described_classes(cls))
    members = [function("__init__", cls)] if constructed else []
    attributes = {key: kind for key, kind in attributes_of(cls).items() if key not in fields}
    members += [f"{key}: {kind}" if kind else key for key, kind in sorted(attributes.items())]
    members += [member(key, value) for key, value in sorted(methods_of(cls).items())]
    return "\n".join([*lines, *(textwrap.indent(text, "    ") for text in members)])


def described_classes(cls):
    """`cls` and its bases in this package, but for what a public base already has."""
    public = [base for base in cls.__mro__[1:] if base.__name__ in darknet_torch.__all__]
    return [
        base
        for base in reversed(cls.__mro__)
        if base.__module__.startswith(f"{PACKAGE}.")
        and not any(issubclass(parent, base) for parent in public)
    ]


def attributes_of(cls):
    """Public attribute -> its annotation, or "": declared in a class or set on self."""
    found = {}
    for base in described_classes(cls):
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        for node in ast.walk(tree):
            if not isinstance(node, ast.Assign | ast.AnnAssign):
                continue
            declared = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
            for name in assigned(node, of_class=node in tree.body):
                found[name] = declared or found.get(name, "")
    return {name: kind for name, kind in found.items() if not name.startswith("_")}


def assigned(node, *, of_class):
    """The names that an assignment gives to a class, or to self."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = [part for target in targets for part in getattr(target, "elts", [target])]
    if of_class:
        return [part.id for part in parts if isinstance(part, ast.Name)]
    attributes = [part for part in parts if isinstance(part, ast.Attribute)]
    return [part.attr for part in attributes if ast.unparse(part.value) == "self"]


def methods_of(cls):
    """Public name -> method or property."""
    return {
        key: value
        for base in described_classes(cls)
        for key, value in vars(base).items()
        if (key in SPECIAL_METHODS or not key.startswith("_"))
        and (callable(value) or isinstance(value, property | classmethod | staticmethod))
    }


def member(name, value):
    """The declaration of a method or property."""
    if isinstance(value, property):
        return f"@property\n{function(name, value.fget)}"
    if isinstance(value, classmethod | staticmethod):
        return f"@{type(value).__name__}\n{function(name, value.__func__)}"
    return function(name, value)


class Wording(str):
    """An annotation or a default that a signature shows verbatim, without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def function(name, value):
    """``def name(parameters) -> result``; a default that is not a plain value is ``...``."""
    signature = inspect.signature(value)
    parameters = [
        parameter.replace(annotation=annotation(parameter), default=default(parameter))
        for parameter in signature.parameters.values()
    ]
    written = [str(parameter) for parameter in parameters]
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        written.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    result = signature.return_annotation
    ending = "" if result in (None, inspect.Signature.empty) else f" -> {result}"
    line = f"def {name}({', '.join(written)}){ending}"
    if len(line) <= LINE:
        return line
    return "\n".join([f"def {name}(", *(f"    {part}," for part in written), f"){ending}"])


def annotation(parameter):
    kind = parameter.annotation
    return kind if kind is inspect.Parameter.empty else Wording(kind)


def default(parameter):
    value = parameter.default
    if value is inspect.Parameter.empty:
        return value
    plain = value is None or isinstance(value, bool | int | float | str | tuple)
    return Wording(repr(value) if plain else "...")

"""Reads the YAML file of --augment: a list of steps. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from darknet_torch.augment.transforms.base import Transform
from darknet_torch.augment.transforms.choice import CFG
from darknet_torch.augment.transforms.parameters import Parameter, parameters_of
from darknet_torch.augment.transforms.table import TRANSFORMS
from darknet_torch.datasets.yaml_file import read_yaml_nodes
from darknet_torch.errors import UsageError, nearest

_EXAMPLE = "- flip: {probability: 0.5}"
_EXPECTED = f"a YAML file with a list of steps, such as {_EXAMPLE}"
_AT_THE_END = (
    "cfg stands for Darknet's own augmentation, which ends with a sample in the size of the "
    "network's input, so it comes last"
)


def read_steps(file: Path) -> tuple[tuple[Transform, ...], bool]:
    """The steps of a file, in order, and whether Darknet's own augmentation follows them.

    Raises:
        UsageError: the file cannot be read, or is no list of steps with their parameters.
    """
    root = read_yaml_nodes(file, expected=_EXPECTED)
    if not isinstance(root, yaml.SequenceNode):
        raise _error("not a list of steps", file, root, _EXPECTED, _kind_of(root))
    if not root.value:
        raise _error("has no steps", file, root, _EXPECTED, "an empty list")
    steps = list[Transform]()
    for number, node in enumerate(root.value, 1):
        if _is_text(node) and node.value == CFG:
            if number < len(root.value):
                raise _error("cfg is not the last step", file, node, _AT_THE_END, f"step {number}")
            return tuple(steps), True
        steps.append(_read_step(node, file))
    return tuple(steps), False


def _read_step(node: yaml.Node, file: Path) -> Transform:
    """One step: a name, or a name with a map of parameters."""
    if _is_text(node):
        return _transform(node, file)()
    if not isinstance(node, yaml.MappingNode):
        raise _error("not a step", file, node, f"a step such as {_EXAMPLE}", _kind_of(node))
    if len(node.value) != 1:
        names = ", ".join(str(key.value) for key, _ in node.value)
        raise _error("a step with several names", file, node, f"one, such as {_EXAMPLE}", names)
    key, values = node.value[0]
    transform = _transform(key, file)
    if _is_text(values) and not values.value:
        return transform()
    if not isinstance(values, yaml.MappingNode):
        expected = f"a map such as {{{_example_of(transform)}}}"
        raise _error(
            f"{transform.name} has no map of parameters", file, values, expected, _value(values)
        )
    return transform(**_read_parameters(transform, values, file))


def _transform(node: yaml.Node, file: Path) -> type[Transform]:
    found = TRANSFORMS.get(str(node.value))
    if found is None:
        known = (*TRANSFORMS, CFG)
        raise _error(
            "no such transform", file, node, f"one of {', '.join(known)}", node.value, known
        )
    return found


def _read_parameters(
    transform: type[Transform], values: yaml.MappingNode, file: Path
) -> dict[str, Any]:
    known, found = parameters_of(transform), dict[str, Any]()
    for key, node in values.value:
        name = str(key.value)
        if name not in known:
            what, expected = f"{transform.name} has no such parameter", ", ".join(known)
            raise _error(what, file, key, f"one of {expected}", name, tuple(known))
        if name in found:
            raise _error(f"{name} is given twice", file, key, "each parameter once", name)
        found[name] = _read_value(transform, name, known[name], node, file)
    return found


def _read_value(
    transform: type[Transform], name: str, known: Parameter, node: yaml.Node, file: Path
) -> Any:
    value = _value(node)
    try:
        return known.kind.parse(value)
    except ValueError:
        got = f"[{', '.join(map(str, value))}]" if isinstance(value, list) else value
        what = f"{name} of {transform.name} is not one of its values"
        raise _error(what, file, node, known.kind, got) from None


def _example_of(transform: type[Transform]) -> str:
    return f"probability: {parameters_of(transform)['probability'].default}"


def _value(node: yaml.Node) -> Any:
    """A text, a list of texts, or what else it is."""
    if isinstance(node, yaml.SequenceNode) and all(map(_is_text, node.value)):
        return [one.value for one in node.value]
    return node.value if _is_text(node) else _kind_of(node)


def _is_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode)


def _kind_of(node: yaml.Node | None) -> str:
    if node is None:
        return "an empty file"
    if isinstance(node, yaml.CollectionNode):
        return "a list" if isinstance(node, yaml.SequenceNode) else "a map"
    return f"the text {node.value!r}"


def _error(
    what: str,
    file: Path,
    node: yaml.Node | None,
    expected: object,
    got: object,
    known: tuple[str, ...] = (),
) -> UsageError:
    line = f":{node.start_mark.line + 1}" if node is not None else ""
    near = nearest(str(got), known) if known else None
    return UsageError(
        what,
        where=f"{file}{line}",
        expected=expected,
        got=got,
        fix=f"did you mean {near}?" if near else None,
    )

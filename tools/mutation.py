"""Single small mistakes in a Python text, of the kinds that people make."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Pow: ast.Mult,
}
_BOOLEAN: dict[type[ast.boolop], type[ast.boolop]] = {ast.And: ast.Or, ast.Or: ast.And}
_Node = ast.expr | ast.stmt
_MESSAGES = ("error", "warn", "CfgError", "WeightsError")  # calls whose texts may change


@dataclass(frozen=True)
class Mutant:
    """A module with one mistake.

    Attributes:
        path: the module's path in the package.
        line: where the mistake is, from 1.
        change: the code before and after.
        original: the whole module without the mistake.
        place: the first byte of the code that the mistake replaces, and the one after the last.
        code: what takes its place.
    """

    path: str
    line: int
    change: str
    original: str
    place: tuple[int, int]
    code: str

    @property
    def text(self) -> str:
        """The whole module with the mistake."""
        data, (start, end) = self.original.encode(), self.place
        return (data[:start] + self.code.encode() + data[end:]).decode()

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.change}"


def find_mutants(path: str, text: str) -> list[Mutant]:
    """Return the mutants of a module, in the order of their places.

    Args:
        path: its path in the package, for messages.
        text: its text.

    The mistakes are: another comparison, operator, ``and`` for ``or``, a number plus one, the
    other truth value, a ``not`` left out, a condition turned round, and None returned. Texts,
    annotations and the arguments of errors and warnings stay as they are.
    """
    lines = text.encode().splitlines(keepends=True)  # places are counted in bytes
    starts = [0, *itertools.accumulate(map(len, lines))]
    found = []
    for node in _mutable_nodes(ast.parse(text)):
        for place, mutated in _mistakes(node):
            start = starts[place.lineno - 1] + place.col_offset
            end = starts[(place.end_lineno or 0) - 1] + (place.end_col_offset or 0)
            code = ast.unparse(mutated)
            change = f"{ast.unparse(place)}  ->  {code}".replace("\n", " ")
            code = code if isinstance(mutated, ast.stmt) else f"({code})"
            found.append(Mutant(path, place.lineno, change, text, (start, end), code))
    return sorted(found, key=lambda mutant: mutant.place)


def _mutable_nodes(node: ast.AST) -> Iterator[_Node]:
    """Yield the statements and expressions in which a mistake would change what is computed."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_message(child):
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield child
            yield from _mutable_nodes(child)


def _is_message(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        return True
    if not isinstance(node, ast.Call):
        return False
    return ast.unparse(node.func).endswith(_MESSAGES)


def _mistakes(node: _Node) -> Iterator[tuple[_Node, _Node]]:
    """Yield what a mistake in a node takes the place of, and what then stands there."""
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                operators = list(node.ops)
                operators[index] = _COMPARISONS[type(operator)]()
                yield node, ast.Compare(node.left, operators, node.comparators)
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            yield node, ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
        case ast.AugAssign() if type(node.op) in _ARITHMETIC:
            yield node, ast.AugAssign(node.target, _ARITHMETIC[type(node.op)](), node.value)
        case ast.BoolOp():
            yield node, ast.BoolOp(_BOOLEAN[type(node.op)](), node.values)
        case ast.UnaryOp(op=ast.Not()):
            yield node, node.operand
        case ast.IfExp():
            yield node, ast.IfExp(node.test, node.orelse, node.body)
        case ast.Constant(value=bool()):
            yield node, ast.Constant(not node.value)
        case ast.Constant(value=int() | float()) if node.value + 1 != node.value:
            yield node, ast.Constant(node.value + 1)
        case ast.Return() if node.value is not None and not _is_none(node.value):
            yield node, ast.Return(ast.Constant(None))
        case ast.If():
            yield node.test, ast.UnaryOp(ast.Not(), node.test)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None

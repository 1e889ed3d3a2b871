"""What the Brian2 code of a rule declares, writes and multiplies by, as Brian2 itself parses it."""

import ast
import re
from collections.abc import Iterator

from brian2.equations.equations import INTEGER, Equations
from brian2.parsing.statements import parse_statement


def variables(equations: str) -> list[str]:
    """Names of the variables that `equations` define."""
    return list(Equations(equations))


def integers(equations: str) -> list[str]:
    """Those of them that are whole numbers."""
    return [name for name, equation in Equations(equations).items() if equation.var_type == INTEGER]


def assigned(code: str) -> dict[str, str]:
    """Names that `code` writes to, in order, and how it does so at last: '=', '+=' ..."""
    return {name: operation for name, operation, _ in _statements(code)}


def factors(code: str) -> set[str]:
    """Names that `code` multiplies by, as they are: of (b - w)*a only a."""
    products = [node for _, _, expression in _statements(code) for node in ast.walk(ast.parse(expression, mode="eval"))
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)]
    return {side.id for node in products for side in (node.left, node.right) if isinstance(side, ast.Name)}


def _statements(code: str) -> Iterator[tuple[str, str, str]]:
    """(name, operation, expression) of each statement."""
    for statement in re.split(r"[;\n]", code):
        if statement.partition("#")[0].strip():
            yield parse_statement(statement.strip())[:3]

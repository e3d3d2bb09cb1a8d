"""MLTable's filter expressions, for example `col("label") != "unsure" and col("width") > 99`."""

import ast
import operator
from collections.abc import Callable
from typing import Any

from automl.errors import DataError, short

Condition = Callable[[dict[str, Any]], Any]

_MAX_LENGTH = 1000
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class _UnsupportedError(Exception):
    """The expression has a part that is not supported."""


def parse(expression: Any) -> Condition:
    """A function of a row, which maps the names of columns to values.

    Raises:
        DataError: the expression is not made of comparisons joined with and, or, not.
    """
    if isinstance(expression, str) and len(expression) <= _MAX_LENGTH:
        try:
            return _condition(ast.parse(expression.strip(), mode="eval").body)
        except _UnsupportedError:
            pass
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # of ast.parse
            pass
    raise DataError(
        f"The filter {short(str(expression))} is not understood. Write comparisons joined with "
        'and, or, not: col("label") != "unsure".'
    )


def _condition(node: ast.expr) -> Condition:
    match node:
        case ast.BoolOp(op=op, values=values):
            parts = [_condition(value) for value in values]
            join = all if isinstance(op, ast.And) else any
            return lambda row: join(part(row) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _condition(operand)
            return lambda row: not inner(row)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _comparison(_COMPARISONS[type(op)], _value(left), _value(right))
    raise _UnsupportedError(ast.dump(node))


def _value(node: ast.expr) -> Condition:
    match node:
        case ast.Call(func=ast.Name(id="col"), args=[ast.Constant(value=str(name))], keywords=[]):
            return lambda row: row[name]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return lambda _: -number
        case ast.Constant(value=str() | int() | float() as constant):
            return lambda _: constant
    raise _UnsupportedError(ast.dump(node))


def _comparison(
    compare: Callable[[Any, Any], bool], left: Condition, right: Condition
) -> Condition:
    def holds(row: dict[str, Any]) -> bool:
        a, b = left(row), right(row)
        if a is None or b is None:
            return compare is operator.ne and a is not b
        if isinstance(a, str) != isinstance(b, str):  # cells of a CSV are text
            a, b = _number(a), _number(b)
        return compare(a, b)

    return holds


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")  # neither equal nor more nor less than anything

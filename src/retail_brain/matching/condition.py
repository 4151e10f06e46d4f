"""The conditions of comparisons, written in SQL, compiled into Python: the same text serves a night and a single pair.

Apart from comparing because it is a small compiler: it knows the words that the conditions use and refuses any other,
so a condition that it does not understand is noticed when a desk opens and not when it is answered wrongly. NULL is None,
and as in SQL whatever is made of NULL is NULL.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Level = Callable[[Mapping[str, Any], Mapping[str, Any]], int]


class UnknownConditionError(ValueError):
    """A condition of a comparison has a word that single pairs cannot be held against."""


def compile_condition(null_condition: str, conditions: Sequence[str]) -> Level:
    """Compile the conditions of one comparison.

    Args:
        null_condition: when there is nothing to say.
        conditions: of each level, the best first; the last may be ELSE.

    Returns:
        A function of two mappings of keys that gives the number of the level, -1 where there is nothing to say.

    Raises:
        UnknownConditionError: a condition has a word that is not known here.
    """
    lines = ["def level(l, r):", f" if {_source(null_condition)}: return -1"]
    for number, condition in zip(range(len(conditions) - 1, -1, -1), conditions, strict=True):
        lines.append(f" return {number}" if condition == "ELSE" else f" if {_source(condition)}: return {number}")
    if conditions[-1] != "ELSE":
        lines.append(" return -1")
    scope: dict[str, Any] = dict(_FUNCTIONS)
    exec(compile("\n".join(lines), "<conditions>", "exec"), scope)
    return scope["level"]


def _source(condition: str) -> str:
    from sqlglot import parse_one

    return _python(parse_one(condition, dialect="duckdb"))


def _python(node: Any) -> str:
    name = type(node).__name__
    if name in _OPERATORS:
        return _OPERATORS[name].format(_python(node.this), _python(node.expression))
    if name in _CALLS:
        parts = [_python(node.args[key]) for key in _CALLS[name][1] if node.args.get(key) is not None]
        return f"{_CALLS[name][0]}({', '.join(parts)})"
    special = _SPECIAL.get(name)
    if special is None:
        raise UnknownConditionError(f"a condition uses {name}")
    return special(node)


def _column(node: Any) -> str:
    column, side = node.name.rsplit("_", 1)
    if side not in ("l", "r"):
        raise UnknownConditionError(f"a condition names {node.name}")
    return f"{side}[{column!r}]"


def _literal(node: Any) -> str:
    return repr(node.this) if node.is_string else node.this


def _several(function: str) -> Callable[[Any], str]:
    def call(node: Any) -> str:
        return f"{function}({', '.join(_python(one) for one in (node.this, *node.expressions))})"

    return call


def _case(node: Any) -> str:
    text = _python(node.args["default"]) if node.args.get("default") is not None else "None"
    for branch in reversed(node.args["ifs"]):
        text = f"({_python(branch.args['true'])} if {_python(branch.this)} else {text})"
    return text


def _cast(node: Any) -> str:
    if node.to.sql(dialect="duckdb").upper() not in ("INT", "INTEGER"):
        raise UnknownConditionError("a condition casts to another type than int")
    return f"_int({_python(node.this)})"


def _part(node: Any) -> str:
    (bounds,) = node.expressions
    if type(bounds).__name__ != "Slice":
        raise UnknownConditionError("a condition takes one letter")
    return f"_part({_python(node.this)}, {_python(bounds.this)}, {_python(bounds.expression)})"


def _replace(node: Any) -> str:
    return f"_replace({_python(node.this)}, {_python(node.expression)}, {_python(node.args['replacement'])})"


def _split_part(node: Any) -> str:
    return f"_split({_python(node.this)}, {_python(node.args['delimiter'])}, {_python(node.args['part_index'])})"


def _anonymous(node: Any) -> str:
    known = {
        "jaro_winkler_similarity": "_alike", "damerau_levenshtein": "_edits", "starts_with": "_starts",
        "ends_with": "_ends", "list_has_any": "_any", "split_part": "_split",
    }  # fmt: skip
    name = str(node.this).lower()
    if name not in known:
        raise UnknownConditionError(f"a condition calls {name}")
    return f"{known[name]}({', '.join(_python(one) for one in node.expressions)})"


_OPERATORS = {
    "And": "({} and {})", "Or": "({} or {})", "EQ": "_eq({}, {})", "NEQ": "_ne({}, {})", "GTE": "_ge({}, {})",
    "GT": "_gt({}, {})", "LTE": "_ge({1}, {0})", "LT": "_gt({1}, {0})", "Add": "_add({}, {})", "Sub": "_sub({}, {})",
    "DPipe": "_add({}, {})",
}  # fmt: skip
_CALLS = {
    "Length": ("_length", ("this",)), "Abs": ("_abs", ("this",)), "StartsWith": ("_starts", ("this", "expression")),
    "EndsWith": ("_ends", ("this", "expression")), "ArrayOverlaps": ("_any", ("this", "expression")),
    "JarowinklerSimilarity": ("_alike", ("this", "expression")), "Not": ("_not", ("this",)),
}  # fmt: skip
_SPECIAL: dict[str, Callable[[Any], str]] = {
    "Column": _column, "Literal": _literal, "Paren": lambda node: f"({_python(node.this)})", "Least": _several("_least"),
    "Case": _case, "Cast": _cast, "Bracket": _part, "RegexpReplace": _replace, "SplitPart": _split_part,
    "Anonymous": _anonymous, "Is": lambda node: f"({_python(node.this)} is None)", "Null": lambda _node: "None",
}  # fmt: skip


def _bytes(text: str) -> str | bytes:
    return text if text.isascii() else text.encode()


def _lift(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function whose result is None where an argument is."""

    def lifted(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return lifted


def _alike(left: str | None, right: str | None) -> float | None:
    """DuckDB compares bytes."""
    if left is None or right is None:
        return None
    if left.isascii() and right.isascii():
        return JaroWinkler.similarity(left, right)
    return JaroWinkler.similarity(left.encode(), right.encode())


def _edits(left: str | None, right: str | None) -> int | None:
    if left is None or right is None:
        return None
    if left.isascii() and right.isascii():
        return DamerauLevenshtein.distance(left, right)
    return DamerauLevenshtein.distance(left.encode(), right.encode())


def _eq(left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else left == right


def _sub(left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    gap = left - right
    return gap.days if hasattr(gap, "days") else gap


def _least(*values: Any) -> Any:
    known = [value for value in values if value is not None]
    return min(known) if known else None


_FUNCTIONS: dict[str, Any] = {
    "_eq": _eq, "_ne": _lift(lambda a, b: a != b), "_ge": _lift(lambda a, b: a >= b), "_gt": _lift(lambda a, b: a > b),
    "_add": _lift(lambda a, b: a + b), "_sub": _sub, "_length": _lift(len), "_abs": _lift(abs), "_not": _lift(lambda a: not a),
    "_starts": _lift(lambda a, b: a.startswith(b)), "_ends": _lift(lambda a, b: a.endswith(b)), "_least": _least,
    "_any": _lift(lambda a, b: not set(a).isdisjoint(b)), "_alike": _alike, "_edits": _edits, "_int": _lift(int),
    "_part": _lift(lambda a, first, last: a[first - 1 : last]),
    "_replace": _lift(lambda a, pattern, new: re.sub(pattern, new, a)),
    "_split": _lift(lambda a, mark, number: a.split(mark)[number - 1]),
}  # fmt: skip

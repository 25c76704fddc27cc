"""NumPy's operators, which remote arrays do not have: each says what to write instead.

They are set on the class rather than written into it, so that whoever checks types is told before
anything runs that there is no such operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hub.errors import Unsupported

_INFIX = {
    "add": "+", "sub": "-", "mul": "*", "matmul": "@", "truediv": "/", "floordiv": "//", "mod": "%",
    "pow": "**", "lshift": "<<", "rshift": ">>", "and": "&", "xor": "^", "or": "|",
}
_COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_PREFIX = {"neg": "-", "pos": "+", "invert": "~"}

Method = Callable[..., Any]


class Operators:
    """Refuses operators that would have to read all of an array, whose size nobody sees.

    Arrays of other libraries, as NumPy's and dask's, bring operators of their own, which read it as
    `numpy.asarray` does: `values + a`, and `a + values` too, are theirs. All others raise
    `Unsupported`, which is a `TypeError`. In place nothing is done at all, as `a += values` would
    make `a` an array in memory and change nothing on the server.
    """


def _methods() -> Iterator[tuple[str, Method]]:
    """The names of all operators, and what each does."""
    for name, symbol in _INFIX.items():
        yield f"__{name}__", _of_two(f"operator {symbol}", f"a[...] {symbol} value")
        yield f"__r{name}__", _of_two(f"operator {symbol}", f"value {symbol} a[...]")
        yield f"__i{name}__", _in_place(symbol)
    for name, symbol in _COMPARISONS.items():
        yield f"__{name}__", _of_two(f"operator {symbol}", f"a[...] {symbol} value")
    yield "__divmod__", _of_two("divmod", "divmod(a[...], value)")
    yield "__rdivmod__", _of_two("divmod", "divmod(value, a[...])")
    for name, symbol in _PREFIX.items():
        yield f"__{name}__", _of_one(f"operator {symbol}", f"{symbol}a[...]")
    yield "__abs__", _of_one("abs", "abs(a[...])")


def _of_two(what: str, instead: str) -> Method:
    def refuse(self: Operators, other: object, *_: object) -> Any:
        # By which NumPy itself tells whether something calculates with arrays.
        if hasattr(type(other), "__array_ufunc__") or hasattr(type(other), "__array_priority__"):
            return NotImplemented
        raise _refusal(self, what, instead)

    return refuse


def _of_one(what: str, instead: str) -> Method:
    def refuse(self: Operators) -> Any:
        raise _refusal(self, what, instead)

    return refuse


def _in_place(symbol: str) -> Method:
    def refuse(self: Operators, other: object) -> Any:
        raise Unsupported(
            f"A remote array is not changed by {symbol}=.",
            hint=f"Assign to its elements: a[...] {symbol}= value, or to a part, as a[0:10].")

    return refuse


def _refusal(operand: Operators, what: str, instead: str) -> Unsupported:
    hint = f"Read it, or a slice of it, and write {instead}"
    if hasattr(operand, "to_dask"):
        hint += "; or take a.to_dask(), which reads block by block"
    return Unsupported(f"A remote array has no {what}.", hint=f"{hint}.")


for _name, _method in _methods():
    _method.__name__ = _name
    _method.__qualname__ = f"{Operators.__name__}.{_name}"
    setattr(Operators, _name, _method)

"""Whole numbers as callers give them: of any type that is one, and never a part cut off."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from hub.errors import Invalid, OutOfRange
from hub.npy import AnyArray


def whole_number(value: Any, what: str) -> int:
    """A number as Python's own.

    Args:
        what: what it is, for the message.

    Raises:
        Invalid: it is no whole number, as 3.0 is not either.
    """
    try:
        return operator.index(value)
    except TypeError:
        raise Invalid(f"{what} is a whole number, not {value!r}.") from None


def axis_number(axis: Any, count: int) -> int:
    """The number of an axis from 0 on, of an array of `count` axes.

    Raises:
        Invalid: it is no whole number, as truth values are not either, or there is no such axis.
    """
    if isinstance(axis, (bool, np.bool_)):
        raise Invalid(f"axis is a whole number, not {axis!r}.")
    number = whole_number(axis, "axis")
    if not -count <= number < count:
        raise Invalid(f"axis {axis} is out of bounds for an array of {count} axes.")
    return number % count


def extents(value: Sequence[int] | int) -> list[int]:
    """A shape as a list; one number is that of an only axis.

    Raises:
        Invalid: they are no whole numbers.
    """
    try:
        several = value if hasattr(value, "__iter__") else (value,)
        return [operator.index(one) for one in several]
    except TypeError:
        raise Invalid(f"{value!r} are no extents: they are whole numbers.") from None


def indices(values: Any, beginning: str = "Indices are") -> AnyArray:
    """A list of indices as an array of one axis of `int64`.

    Args:
        beginning: the message's, before "a list of whole numbers".

    Raises:
        Invalid: they are no list of whole numbers.
        OutOfRange: one is beyond what any axis has.
    """
    try:
        numbers = np.asarray(values)
    except ValueError:
        # Lists of different lengths.
        raise Invalid(f"{beginning} a list of whole numbers.") from None
    if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iu"):
        raise Invalid(f"{beginning} a list of whole numbers.")
    if numbers.dtype.kind == "u" and numbers.size and int(numbers.max()) > np.iinfo("i8").max:
        raise OutOfRange(f"index {numbers.max()} is out of bounds for any axis.")
    return numbers.astype(np.int64)

"""Statistics that the server computes, with NumPy's names; only the results are sent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hub import bfloat16
from hub.errors import Invalid
from hub.npy import AnyArray
from hub.requester import Document
from hub.understanding import understood
from hub.whole_number import axis_number, whole_number

_DDOF_MAX = 1_000_000
"""The largest that the server takes. Source: docs/array-api.md, "Statistics"."""

Axis = int | tuple[int, ...] | None


class Reductions:
    """What arrays and views reduce on the server.

    Means, deviations, percentiles and the sums of floats are `float64` and computed in double
    precision, whatever the type of the elements, where NumPy's are `float32` of such an array; a
    `dtype` is what the result is cast to. `axis=None` reduces to a scalar, axes to an
    array. `numpy.mean(a)` and its kin come here as well. A NaN makes the result NaN unless
    `skip_nan`.

    All raise `Invalid` for axes that are not there, and for the least and greatest of nothing.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    @property
    def dtype(self) -> np.dtype[Any]:
        raise NotImplementedError

    def _statistics(self, **parameters: str) -> Document:
        """The server's statistics of these elements."""
        raise NotImplementedError

    def mean(
        self, axis: Axis = None, dtype: Any = None, out: None = None, *,
        keepdims: bool = False, skip_nan: bool = False,
    ) -> Any:
        """The arithmetic mean: `float64`, of `float32` too; `complex128` of complex numbers."""
        return self._reduced("mean", axis, dtype, out, keepdims, skip_nan)

    def std(
        self, axis: Axis = None, dtype: Any = None, out: None = None, ddof: float = 0, *,
        keepdims: bool = False, skip_nan: bool = False,
    ) -> Any:
        """The standard deviation, as `float64`; its divisor is lessened by `ddof`."""
        return self._spread("std", axis, dtype, out, keepdims, skip_nan, ddof)

    def var(
        self, axis: Axis = None, dtype: Any = None, out: None = None, ddof: float = 0, *,
        keepdims: bool = False, skip_nan: bool = False,
    ) -> Any:
        """The variance, as `float64`; its divisor is lessened by `ddof`."""
        return self._spread("var", axis, dtype, out, keepdims, skip_nan, ddof)

    def sum(
        self, axis: Axis = None, dtype: Any = None, out: None = None, *,
        keepdims: bool = False, skip_nan: bool = False,
    ) -> Any:
        """The sum: whole numbers as NumPy adds them, wrapped at 64 bits; floats as `float64`."""
        return self._reduced("sum", axis, dtype, out, keepdims, skip_nan)

    def min(
        self, axis: Axis = None, out: None = None, *, keepdims: bool = False, skip_nan: bool = False
    ) -> Any:
        """The least element, of the array's own type."""
        return self._reduced("min", axis, None, out, keepdims, skip_nan)

    def max(
        self, axis: Axis = None, out: None = None, *, keepdims: bool = False, skip_nan: bool = False
    ) -> Any:
        """The greatest element, of the array's own type."""
        return self._reduced("max", axis, None, out, keepdims, skip_nan)

    def count_nonzero(self, axis: Axis = None, *, keepdims: bool = False) -> Any:
        """How many elements are not 0."""
        return self._reduced("count_nonzero", axis, None, None, keepdims, False)

    def percentile(
        self, q: float | Sequence[float], axis: Axis = None, *, keepdims: bool = False,
        skip_nan: bool = False,
    ) -> Any:
        """The q-th percentiles, from 0 to 100: exact, as `numpy.percentile`, in `float64`.

        Args:
            q: a number, or several, whose axes come in front of the result's.
            axis: what is reduced; all of it if not given.
        """
        axes = _axes(axis, len(self.shape))
        asked = np.atleast_1d(np.asarray(q, dtype=float))
        text = ",".join(map(_float_text, asked.reshape(-1).tolist()))
        found = self._statistics(
            op="percentile", q=text, **_along("percentile", axes), **_skipping(skip_nan))
        with understood("percentiles"):
            values = np.array(_floats(found["percentile"]["values"]), dtype=float)
            return values.reshape(np.shape(q) + self._result_shape(axes, keepdims))[()]

    def histogram(
        self, bins: int = 10, range: tuple[float, float] | None = None, axis: Axis = None
    ) -> tuple[AnyArray, AnyArray]:
        """As `numpy.histogram` of the elements as `float64`: `counts` of `int64`, and `edges`.

        Args:
            bins: how many, of equal widths, at most 65,536.
            range: lower and upper bound; the least and the greatest element if not given.
            axis: what is counted together; all of it if not given. The bins are the same
                everywhere, and the last axis of `counts`.
        """
        axes = _axes(axis, len(self.shape))
        limits = {} if range is None else {"range": ",".join(map(_float_text, range))}
        found = self._statistics(
            op="histogram", bins=str(whole_number(bins, "bins")), **limits,
            **_along("histogram", axes))
        with understood("the histogram"):
            edges = np.array(found["histogram"]["edges"], float)
            counts = np.array(found["histogram"]["counts"], np.int64)
            return counts.reshape(*self._result_shape(axes, False), len(edges) - 1), edges

    def _reduced(
        self, name: str, axis: Axis, dtype: Any, out: None, keepdims: bool, skip_nan: bool,
        ddof: float = 0,
    ) -> Any:
        if out is not None:
            raise Invalid(f"{name} takes no out: the server's answer is a new array.")
        axes = _axes(axis, len(self.shape))
        parameters = {"op": name, **_along(name, axes), **_skipping(skip_nan)}
        if ddof:
            parameters["ddof"] = _float_text(ddof)
        found = self._statistics(**parameters)
        with understood(f"the {name}"):
            value = found["statistics"][name]
            if value is None:
                raise Invalid(f"There is no {name} of no elements.")
            result = _array(value, self._natural(name), self._result_shape(axes, keepdims))
        return (result if dtype is None else result.astype(dtype))[()]

    def _spread(
        self, name: str, axis: Axis, dtype: Any, out: None, keepdims: bool, skip_nan: bool,
        ddof: float,
    ) -> Any:
        """A deviation or variance; the server takes whole `ddof` alone, which this need not be."""
        try:
            less = float(ddof)
        except (TypeError, ValueError):
            less = float("nan")
        if isinstance(ddof, str) or not math.isfinite(less):
            raise Invalid(f"ddof is a number, not {ddof!r}.")
        if out is not None or less.is_integer() and 0 <= less <= _DDOF_MAX:
            return self._reduced(name, axis, dtype, out, keepdims, skip_nan, less)
        axes = _axes(axis, len(self.shape))
        found = self._statistics(op="var,count", **_along(name, axes), **_skipping(skip_nan))
        shape = self._result_shape(axes, keepdims)
        variance, count = (_array(found["statistics"][one], np.dtype(np.float64), shape)
                           for one in ("var", "count"))
        with np.errstate(divide="ignore", invalid="ignore"):
            result = variance * count / np.maximum(count - less, 0)
        if name == "std":
            result = np.sqrt(result)
        return (result if dtype is None else result.astype(dtype))[()]

    def _result_shape(self, axes: tuple[int, ...] | None, keepdims: bool) -> tuple[int, ...]:
        """The shape of what is left when axes are reduced; all of them if None."""
        reduced = _all_axes(len(self.shape)) if axes is None else axes
        if keepdims:
            return tuple(1 if one in reduced else extent for one, extent in enumerate(self.shape))
        return tuple(extent for one, extent in enumerate(self.shape) if one not in reduced)

    def _natural(self, name: str) -> np.dtype[Any]:
        """The type of a result: NumPy's, but in double precision."""
        if name in ("min", "max"):
            return self.dtype
        if name == "count_nonzero":
            return np.dtype(np.int64)
        if self.dtype.kind == "c" and name in ("mean", "sum"):
            return np.dtype(np.complex128)
        if name == "sum" and self.dtype.kind in "biu":
            return np.dtype(np.uint64 if self.dtype.kind == "u" else np.int64)
        return np.dtype(np.float64)


def _all_axes(count: int) -> tuple[int, ...]:
    """The axes of an array of so many."""
    return tuple(range(count))


def _axes(axis: Axis, count: int) -> tuple[int, ...] | None:
    if axis is None:
        return None
    given = axis if isinstance(axis, tuple) else (axis,)
    wrapped = tuple(axis_number(one, count) for one in given)
    if len(set(wrapped)) < len(wrapped):
        raise Invalid(f"axis {axis} names an axis twice.")
    return wrapped


def _along(name: str, axes: tuple[int, ...] | None) -> dict[str, str]:
    if axes == ():
        raise Invalid(f"{name} needs an axis to reduce: axis is an empty tuple.")
    return {} if axes is None else {"axis": ",".join(map(str, axes))}


def _skipping(skip_nan: bool) -> dict[str, str]:
    return {"nan": "skip"} if skip_nan else {}


def _float_text(value: float) -> str:
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)


def _array(value: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> AnyArray:
    """Nested lists of the API's numbers as an array of a shape, which lists of none do not tell."""
    if dtype.kind in "biu":
        # Through Python's whole numbers, which lose nothing of 64 bits.
        return np.array(value, dtype=object).reshape(shape).astype(dtype)
    numbers = np.array(_floats(value), dtype=float)
    if dtype.kind == "c":
        pairs = numbers.reshape(*shape, 2)
        return (pairs[..., 0] + 1j * pairs[..., 1]).astype(dtype)
    if dtype == bfloat16.DTYPE:
        return bfloat16.rounded(numbers.reshape(shape))
    return numbers.reshape(shape).astype(dtype)


def _floats(value: Any) -> Any:
    if isinstance(value, list):
        return [_floats(one) for one in value]
    return float("nan") if value is None else float(value)

"""Parts of arrays that are named but not read: `a.lazy[...]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.client import ShapeChanged
from hub.errors import Invalid
from hub.indexing import parsed, parsed_orthogonally
from hub.numpy_like import NumPyLike, scalar_or_array
from hub.npy import AnyArray
from hub.point_selection import PointSelection
from hub.printable import printable
from hub.reductions import Reductions
from hub.requester import Document
from hub.selection import Selection
from hub.understanding import extents, understood

if TYPE_CHECKING:
    from hub.arrays import Array


class View(NumPyLike, Reductions):
    """A part of an array: nothing is read until it is indexed, and statistics are the server's.

    Assignment writes to the array. A view keeps its selection if the array is resized; what is
    beyond a smaller shape then raises `OutOfRange`, or `Conflict` where a slice is cut off.

    Attributes:
        array: what it is a part of.
        selection: which part; its result is its box.
    """

    def __init__(self, array: Array, selection: Selection) -> None:
        self.array = array
        self.selection = selection

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents per axis, in elements."""
        return self.selection.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self.array.dtype

    @property
    def lazy(self) -> LazyIndexer:
        """`view.lazy[...]`: a part of this part."""
        return LazyIndexer(self.array, self._part)

    def _part(self, index: Any) -> Selection:
        return self.selection.compose(parsed_orthogonally(index, self.shape))

    def __getitem__(self, index: Any) -> Any:
        """Reads as NumPy would index the part in memory."""
        return scalar_or_array(self.array.read_selection(self._composed(index)), index)

    def __setitem__(self, index: Any, value: Any) -> None:
        """Writes as NumPy would assign to the part, in one change."""
        self.array.write_selection(self._composed(index), value)

    def _composed(self, index: Any) -> Selection | PointSelection:
        inner = parsed(index, self.shape)
        if isinstance(inner, PointSelection):
            return inner.within(self.selection)
        return self.selection.compose(inner)

    def _statistics(self, **parameters: str) -> Document:
        text = self.selection.text
        if text is None:
            raise Invalid(
                "The server computes statistics of one list of indices at most, of 16 KiB of text.",
                hint="Read the part and reduce it here: view[...].mean().")
        found = self.array.client.statistics(self.array.reference, text, **parameters)
        with understood(f"the statistics of {self.array.reference}"):
            shape = extents(found["shape"])
        if shape != self.shape:
            raise ShapeChanged(
                f"{self!r} has the shape {tuple(found['shape'])} now.",
                hint="The array was resized meanwhile: take the part anew.")
        return found

    def read(self, out: AnyArray | None = None) -> AnyArray:
        """The whole part in memory, in `out` if it is given."""
        values: AnyArray = np.asarray(self[...])
        if out is None:
            return values
        out[...] = values
        return out

    def __repr__(self) -> str:
        text = self.selection.text or "…"
        name = printable(str(self.array.reference))
        return f"<hub.View {name}[{text}] shape={self.shape} {self.dtype}>"


class LazyIndexer:
    """Makes views: every axis is indexed by itself, as in `oindex`; nothing is read."""

    def __init__(self, array: Array, parse: Callable[[Any], Selection]) -> None:
        self._array = array
        self._parse = parse

    def __getitem__(self, index: Any) -> View:
        return View(self._array, self._parse(index))

"""Reads what stands in the brackets: NumPy's indexing, `oindex` and `blocks`; pure.

Source: NumPy user guide, "Indexing on ndarrays"; zarr-python, "Advanced indexing".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

import numpy as np

from hub.errors import Invalid, OutOfRange
from hub.npy import AnyArray
from hub.point_selection import PointSelection
from hub.selection import Pick, Selection

_Entry = int | slice | EllipsisType | None | AnyArray
"""An index of one axis, a new axis, an array of indices of any shape, or `...` for no axes."""


def parsed(
    index: Any, shape: Sequence[int], *, clips: bool = True
) -> Selection | PointSelection:
    """What `array[index]` takes of an array of a shape, by NumPy's rules.

    Args:
        index: whole numbers, slices, `...`, `None`, arrays and lists of whole numbers or truth
            values, or a tuple of them.
        clips: whether slices are cut off at the end of their axis, as NumPy does. If not, one whose
            bounds name elements behind it is outside.

    Raises:
        OutOfRange: an index is outside, or there are more than axes.
        Invalid: something is no index.
    """
    entries = _entries(index, shape)
    arrays = [entry for entry in entries if isinstance(entry, np.ndarray)]
    layout = _Layout(entries)
    picks = _picks(entries, shape, clips)
    if not arrays:
        return Selection(tuple(shape), tuple(picks), layout.shape(picks, ()),
                         tuple(range(len(layout.kept))))
    if len(arrays) == 1:
        return _one_list(layout, picks, shape, arrays[0].shape)
    try:
        common = np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        shapes = " ".join(str(array.shape) for array in arrays)
        raise OutOfRange(f"Index arrays of the shapes {shapes} cannot be broadcast together.",
                         hint="For every combination of them use oindex.") from None
    for (axis, pick), array in zip(_listed(picks), arrays, strict=True):
        picks[axis] = np.broadcast_to(pick.reshape(array.shape), common).reshape(-1)
    return PointSelection.of(shape, picks, layout.shape(picks, common),
                             0 if layout.is_split else layout.axes_before)


def parsed_orthogonally(index: Any, shape: Sequence[int], *, clips: bool = True) -> Selection:
    """What `array.oindex[index]` takes: every axis by itself, lists and masks of one axis.

    Args:
        clips: as `parsed`.

    Raises:
        OutOfRange, Invalid: as `parsed`.
    """
    entries = _entries(index, shape, _orthogonal)
    return Selection.of(shape, _picks(entries, shape, clips))


def parsed_blocks(
    index: Any, shape: Sequence[int], chunk_shape: Sequence[int], *, clips: bool = True
) -> Selection:
    """What `array.blocks[index]` takes: whole chunks, by their numbers; no axis is dropped.

    Args:
        clips: as `parsed`.

    Raises:
        OutOfRange, Invalid: as `parsed`; slices have no steps.
    """
    grid = [-(-extent // chunk) for extent, chunk in zip(shape, chunk_shape, strict=True)]
    entries = _entries(index, grid)
    ranges: list[Pick] = []
    has_new_axis = any(entry is None for entry in entries)
    for axis, pick in enumerate(() if has_new_axis else _picks(entries, grid, clips)):
        chunks = range(pick, pick + 1) if isinstance(pick, int) else pick
        if isinstance(chunks, np.ndarray) or chunks.step != 1:
            break
        size = chunk_shape[axis]
        ranges.append(range(chunks.start * size, min(chunks.stop * size, shape[axis])))
    if len(ranges) != len(shape):
        raise Invalid("blocks takes numbers and slices without steps.")
    return Selection.of(shape, ranges)


def _entries(
    index: Any, shape: Sequence[int], convert: Callable[[Any], list[Any]] | None = None
) -> list[_Entry]:
    """The entries for all axes: the ellipsis and what is not named are written out."""
    convert = convert or _converted
    given = index if isinstance(index, tuple) else (index,)
    before: list[_Entry] = []
    behind: list[_Entry] = []
    entries = before
    for one in given:
        if one is Ellipsis:
            if entries is behind:
                raise Invalid("An index can only have a single ellipsis ('...').")
            entries = behind
        else:
            entries += convert(one)
    named = sum(entry is not None for entry in before + behind)
    if named > len(shape):
        raise OutOfRange(f"Too many indices: the array has {len(shape)} axes, {named} are indexed.")
    _check_masks(before, shape, 0)
    _check_masks(behind, shape, len(shape) - sum(entry is not None for entry in behind))
    # An ellipsis that stands for no axis still parts the arrays beside it.
    missing: list[_Entry] = [slice(None)] * (len(shape) - named)
    if entries is behind and not missing:
        missing = [...]
    return [_index_of_mask(entry) for entry in [*before, *missing, *behind]]


@dataclass(frozen=True)
class _MaskAxis:
    """One axis of a mask: the indices along it, and what the mask had for extent."""

    indices: AnyArray
    extent: int


def _converted(one: Any) -> list[Any]:
    """An entry as it was written, in one of the forms that are understood; masks as their axes."""
    if one is None or isinstance(one, slice):
        return [one]
    if isinstance(one, (bool, np.bool_)):
        raise Invalid("A single truth value is no index here.")
    # Arrays of NumPy and tensors have it, too, for those without axes.
    if hasattr(one, "__index__") and not isinstance(one, np.ndarray) and not getattr(one, "ndim", 0):
        return [operator.index(one)]
    is_array = isinstance(one, Sequence) or hasattr(one, "__array__")
    if isinstance(one, (str, bytes)) or not is_array:
        raise Invalid(
            f"{one!r} is no index: only whole numbers, slices (:), ..., None, and arrays of whole"
            " numbers or truth values are.")
    try:
        array = np.asarray(one)
    except ValueError as error:
        raise Invalid(f"A list in the index is none of numbers: {error}") from None
    if array.size == 0 and array.dtype.kind == "f":
        array = array.astype(np.int64)
    if array.dtype.kind == "b" and array.ndim:
        return [_MaskAxis(indices, extent)
                for indices, extent in zip(array.nonzero(), array.shape, strict=True)]
    if array.dtype.kind not in "iu":
        raise Invalid(f"Arrays used as indices must be of whole numbers or truth values, not of"
                      f" {array.dtype}.")
    return [int(array)] if array.ndim == 0 else [array]


def _orthogonal(one: Any) -> list[Any]:
    """An entry like `_converted`, which must be about a single axis."""
    converted = _converted(one)
    # A mask of several axes is as many lists here, whose product would be other elements.
    if len(converted) != 1 or converted[0] is None or getattr(converted[0], "ndim", 1) > 1:
        raise Invalid("oindex and lazy take numbers, slices, and lists or masks of one axis.",
                      hint="Of masks and arrays of several axes, write a[mask].")
    return converted


def _check_masks(entries: Sequence[Any], shape: Sequence[int], first: int) -> None:
    axis = first
    for entry in entries:
        if isinstance(entry, _MaskAxis) and entry.extent != shape[axis]:
            raise OutOfRange(
                f"A mask of extent {entry.extent} does not fit axis {axis} of size {shape[axis]}.")
        axis += entry is not None


def _index_of_mask(entry: Any) -> _Entry:
    result: _Entry = entry.indices if isinstance(entry, _MaskAxis) else entry
    return result


def _picks(entries: Sequence[_Entry], shape: Sequence[int], clips: bool) -> list[Pick]:
    """What is taken of each axis; arrays are flattened."""
    picks: list[Pick] = []
    for entry in entries:
        if entry is None or entry is ...:
            continue
        axis = len(picks)
        extent = shape[axis]
        if isinstance(entry, slice):
            picks.append(_range(entry, extent))
            if not clips and _is_cut_off(entry, extent):
                raise OutOfRange(f"{entry} ends behind axis {axis} with size {extent}.")
        elif isinstance(entry, np.ndarray):
            picks.append(wrapped(entry, extent, axis))
        else:
            if not -extent <= entry < extent:
                raise _outside(entry, axis, extent)
            picks.append(entry % extent)
    return picks


def _range(entry: slice, extent: int) -> range:
    try:
        result = range(*entry.indices(extent))
    except (TypeError, ValueError) as error:
        raise Invalid(f"{entry} cannot be used: {error}.") from None
    return result or range(0)


def _is_cut_off(entry: slice, extent: int) -> bool:
    """Whether the bounds of a slice name elements behind the end of its axis."""
    start, stop, step = (None if bound is None else operator.index(bound)
                         for bound in (entry.start, entry.stop, entry.step))
    if step is not None and step < 0:
        return start is not None and start >= extent and (stop is None or stop < start)
    if stop is None:
        return start is not None and start >= extent
    return stop > extent and (start is None or start < stop)


def wrapped(entry: AnyArray | Pick, extent: int, axis: int) -> AnyArray:
    """Indices as a flat array of `int64` from 0 on.

    Raises:
        OutOfRange: one is outside.
    """
    indices = np.asarray(entry).reshape(-1)
    if indices.size:
        for extreme in (int(indices.min()), int(indices.max())):
            if not -extent <= extreme < extent:
                raise _outside(extreme, axis, extent)
    indices = indices.astype(np.int64)
    return np.where(indices < 0, indices + extent, indices)


def _outside(index: int, axis: int, extent: int) -> OutOfRange:
    return OutOfRange(f"index {index} is out of bounds for axis {axis} with size {extent}.")


def _listed(picks: Sequence[Pick]) -> list[tuple[int, AnyArray]]:
    return [(axis, pick) for axis, pick in enumerate(picks) if isinstance(pick, np.ndarray)]


class _Layout:
    """Where the axes of the result come from.

    Beside arrays, NumPy takes numbers for arrays of no axes. If all of them stand side by side, the
    axes of their common shape are put where the first stands, otherwise in front.

    Attributes:
        kept: the axes of the array that are slices, in order.
        is_split: whether the axes of arrays go to the front.
        axes_before: how many slices stand before the first array or number.
    """

    def __init__(self, entries: Sequence[_Entry]) -> None:
        self.entries = entries
        advanced = [place for place, entry in enumerate(entries)
                    if isinstance(entry, (int, np.ndarray))]
        has_array = any(isinstance(entry, np.ndarray) for entry in entries)
        self.first = advanced[0] if has_array else len(entries)
        self.is_split = has_array and advanced[-1] - advanced[0] + 1 > len(advanced)
        before = entries[: self.first]
        self.axes_before = sum(isinstance(entry, slice) for entry in before)
        axes = [entry for entry in entries if entry is not None and entry is not ...]
        self.kept = [axis for axis, entry in enumerate(axes) if isinstance(entry, slice)]

    def shape(self, picks: Sequence[Pick], common: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the result, where arrays have a common shape."""
        lengths = iter(len(picks[axis]) for axis in self.kept)  # type: ignore[arg-type]
        before: list[int] = []
        behind: list[int] = []
        for place, entry in enumerate(self.entries):
            side = behind if self.is_split or place > self.first else before
            if entry is None:
                side.append(1)
            elif isinstance(entry, slice):
                side.append(next(lengths))
        return (*before, *common, *behind)


def _one_list(
    layout: _Layout, picks: Sequence[Pick], shape: Sequence[int], common: tuple[int, ...]
) -> Selection:
    """A selection with one array, which is orthogonal but for the place of its axes."""
    ((listed, _),) = _listed(picks)
    box_axes = [axis for axis, pick in enumerate(picks) if not isinstance(pick, int)]
    place = box_axes.index(listed)
    order = [axis for axis in range(len(box_axes)) if axis != place]
    order.insert(0 if layout.is_split else layout.axes_before, place)
    return Selection(tuple(shape), tuple(picks), layout.shape(picks, common), tuple(order))

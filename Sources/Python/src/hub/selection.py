"""What is taken along each axis of an array, and how the result is laid out; pure.

A selection is *orthogonal*: each axis is taken by itself, so the elements are those of a box, whose
axes are the axes that are not taken at a single index, in their order. What NumPy does beyond that
to the result (an index array of several axes, its place, new axes) is a transposition and a reshape
of the box.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from hub.npy import AnyArray

Pick = int | range | AnyArray
"""One axis: an index, a range with any step but 0, or an array of `int64`; never negative."""

Inside = int | slice | AnyArray
_TEXT_BYTES_MAX = 12 << 10
"""Percent-encoded; the server takes 16 KiB of path and query."""
_OTHER_AXES_BYTES = 1 << 10


class ChunkPart(NamedTuple):
    """What a selection takes of one chunk.

    Attributes:
        coordinates: the chunk's place in the grid.
        inside: what is taken, per axis of the chunk.
        outside: where it goes, per axis of the selection's box.
    """

    coordinates: tuple[int, ...]
    inside: tuple[Inside, ...]
    outside: tuple[slice | AnyArray, ...]

    def copy(self, chunk: AnyArray, box: AnyArray) -> None:
        """Copies the part from the chunk to its place in the box."""
        _assign(box, self.outside, _taken(chunk, self.inside))


@dataclass(frozen=True, eq=False)
class Selection:
    """A box of elements and the layout of the result.

    Attributes:
        extents: the shape of what is selected from.
        picks: what is taken of each axis.
        shape: the shape of the result.
        order: the box's axes in the order in which the result has them.
    """

    extents: tuple[int, ...]
    picks: tuple[Pick, ...]
    shape: tuple[int, ...]
    order: tuple[int, ...]

    @classmethod
    def of(cls, extents: Sequence[int], picks: Sequence[Pick]) -> Selection:
        """A selection whose result is the box as it is."""
        box = _box_shape(picks)
        return cls(tuple(extents), tuple(picks), box, tuple(range(len(box))))

    @classmethod
    def whole(cls, extents: Sequence[int]) -> Selection:
        """All elements."""
        return cls.of(extents, [range(extent) for extent in extents])

    @property
    def box_shape(self) -> tuple[int, ...]:
        """The extents of the box: one for each axis that is not taken at a single index."""
        return _box_shape(self.picks)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def is_plain(self) -> bool:
        """Whether the result is the box as it is."""
        return self.shape == self.box_shape and self.order == tuple(range(len(self.order)))

    @property
    def lists(self) -> tuple[int, ...]:
        """The axes that are taken by lists of indices."""
        return tuple(axis for axis, pick in enumerate(self.picks) if isinstance(pick, np.ndarray))

    @property
    def is_whole(self) -> bool:
        """Whether it takes every element once, in order."""
        return all(isinstance(pick, range) and pick == range(extent)
                   for pick, extent in zip(self.picks, self.extents, strict=True))

    @property
    def text(self) -> str | None:
        """The box in the server's grammar, with bounds written out; `None` if it cannot say it.

        It can say one list, of so many indices as a request's query takes.
        """
        if len(self.lists) > 1:
            return None
        text = ",".join(_pick_text(pick) for pick in self.picks)
        if len(text) <= _TEXT_BYTES_MAX // 3:
            return text
        return text if len(quote(text, safe="~")) <= _TEXT_BYTES_MAX else None

    @property
    def bounds(self) -> Selection:
        """The smallest box of neighbours and ranges around it; it must not be empty."""
        picks = [range(int(pick.min()), int(pick.max()) + 1) if isinstance(pick, np.ndarray)
                 else pick for pick in self.picks]
        return Selection.of(self.extents, picks)

    def arranged(self, box: AnyArray) -> AnyArray:
        """The box laid out as the result."""
        return box if self.is_plain else box.transpose(self.order).reshape(self.shape)

    def unarranged(self, result: AnyArray) -> AnyArray:
        """A result laid out as the box: the opposite of `arranged`."""
        if self.is_plain:
            return result
        box = self.box_shape
        transposed = result.reshape([box[axis] for axis in self.order])
        return transposed.transpose(np.argsort(self.order)) if self.order else transposed

    def with_pick(self, axis: int, pick: Pick) -> Selection:
        """Another pick along one axis; the result is the box as it is."""
        picks = [*self.picks[:axis], pick, *self.picks[axis + 1 :]]
        return Selection.of(self.extents, picks)

    def compose(self, inner: Selection) -> Selection:
        """What `inner` takes of the result of this selection, which must be plain."""
        assert self.is_plain and inner.extents == self.shape, "selections do not follow each other"
        rest = iter(inner.picks)
        picks = [pick if isinstance(pick, int) else take(pick, next(rest)) for pick in self.picks]
        return replace(inner, extents=self.extents, picks=tuple(picks))

    def chunk_count(self, chunk_shape: Sequence[int]) -> int:
        """How many chunks it touches; takes time for the lists alone."""
        counts = (_touched_count(pick, extent)
                  for pick, extent in zip(self.picks, chunk_shape, strict=True))
        return math.prod(counts)

    def chunks(self, chunk_shape: Sequence[int]) -> Iterator[ChunkPart]:
        """The part that it takes of each chunk it touches, each once, in the order of the axes."""
        axes = [list(_axis_parts(pick, extent))
                for pick, extent in zip(self.picks, chunk_shape, strict=True)]
        for parts in itertools.product(*axes):
            yield ChunkPart(
                tuple(part.coordinate for part in parts),
                tuple(part.inside for part in parts),
                tuple(part.outside for part in parts if part.outside is not None),
            )


def list_entries(largest: int) -> int:
    """How many indices of a list a text has room for, if none is larger."""
    return (_TEXT_BYTES_MAX - _OTHER_AXES_BYTES) // (len(str(largest)) + len("%2C"))


def take(pick: range | AnyArray, inner: Pick) -> Pick:
    """What `inner` takes of what `pick` takes."""
    if isinstance(inner, int):
        return int(pick[inner])
    if isinstance(pick, range):
        if isinstance(inner, range):
            return shifted(inner, pick.start, pick.step)
        return pick.start + inner * pick.step
    return pick[np.arange(inner.start, inner.stop, inner.step)
                if isinstance(inner, range) else inner]


def shifted(indices: range, start: int, step: int = 1) -> range:
    """`start + step * i` for each of the indices."""
    if not indices:
        return range(0)
    first = start + step * indices.start
    stride = step * indices.step
    return range(first, first + stride * len(indices), stride)


def steady_ranges(values: AnyArray) -> Iterator[tuple[range, slice]]:
    """The fewest ranges that rising whole numbers are made of, and where in them each one is.

    There are as few as there can be, since a part of a range is one too: each goes on as far as it
    may.
    """
    steps = np.diff(values)
    turns = np.flatnonzero(np.diff(steps)) + 1
    start = turn = 0
    while start < len(values):
        while turn < len(turns) and turns[turn] <= start:
            turn += 1
        stop = int(turns[turn]) + 1 if turn < len(turns) else len(values)
        first, last = int(values[start]), int(values[stop - 1])
        step = int(steps[start]) if stop - start > 1 else 1
        yield range(first, last + 1, step), slice(start, stop)
        start = stop


def _box_shape(picks: Sequence[Pick]) -> tuple[int, ...]:
    return tuple(len(pick) for pick in picks if not isinstance(pick, int))


def _pick_text(pick: Pick) -> str:
    if isinstance(pick, int):
        return str(pick)
    if isinstance(pick, np.ndarray):
        return f"[{','.join(map(str, pick.tolist()))}]"
    if not pick:
        return "0:0"
    # A stop before the first element cannot be written as a number: -1 is the last element.
    last = pick[-1] + (1 if pick.step > 0 else -1)
    step = "" if pick.step == 1 else f":{pick.step}"
    return f"{pick.start}:{last if last >= 0 else ''}{step}"


class _AxisPart(NamedTuple):
    coordinate: int
    inside: Inside
    outside: slice | AnyArray | None


def _axis_parts(pick: Pick, extent: int) -> Iterator[_AxisPart]:
    """The parts of one axis, whose chunks have an extent."""
    if isinstance(pick, int):
        yield _AxisPart(pick // extent, pick % extent, None)
    elif isinstance(pick, range):
        yield from _range_parts(pick, extent)
    else:
        yield from _list_parts(pick, extent)


def _range_parts(pick: range, extent: int) -> Iterator[_AxisPart]:
    position = 0
    while position < len(pick):
        index = pick[position]
        coordinate, first = divmod(index, extent)
        room = extent - 1 - first if pick.step > 0 else first
        count = min(room // abs(pick.step) + 1, len(pick) - position)
        stop = first + count * pick.step
        inside = slice(first, stop if stop >= 0 else None, pick.step)
        yield _AxisPart(coordinate, inside, slice(position, position + count))
        position += count


def _list_parts(pick: AnyArray, extent: int) -> Iterator[_AxisPart]:
    coordinates = pick // extent
    order = np.argsort(coordinates, kind="stable")
    bounds = np.flatnonzero(np.diff(coordinates[order])) + 1
    for positions in np.split(order, bounds) if order.size else []:
        coordinate = int(coordinates[positions[0]])
        yield _AxisPart(coordinate, pick[positions] - coordinate * extent, positions)


def _touched_count(pick: Pick, extent: int) -> int:
    if isinstance(pick, int):
        return 1
    if isinstance(pick, np.ndarray):
        return len(np.unique(pick // extent))
    if not pick:
        return 0
    span = abs(pick[-1] // extent - pick[0] // extent) + 1
    return min(span, len(pick)) if abs(pick.step) > extent else span


def _taken(chunk: AnyArray, inside: Sequence[Inside]) -> AnyArray:
    basic = chunk[tuple(slice(None) if isinstance(one, np.ndarray) else one for one in inside)]
    kept = [one for one in inside if not isinstance(one, int)]
    for axis, one in enumerate(kept):
        if isinstance(one, np.ndarray):
            basic = basic.take(one, axis=axis)
    return basic


def _assign(box: AnyArray, outside: Sequence[slice | AnyArray], values: AnyArray) -> None:
    if sum(isinstance(one, np.ndarray) for one in outside) <= 1:
        box[tuple(outside)] = values
        return
    lists: list[Any] = [
        np.arange(one.start, one.stop) if isinstance(one, slice) else one for one in outside
    ]
    box[np.ix_(*lists)] = values

"""What several index arrays take together: a point, or a box of slices, for each place; pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hub.npy import AnyArray
from hub.selection import Pick, Selection, steady_ranges, take


@dataclass(frozen=True, eq=False)
class PointSelection:
    """Elements at the places that several index arrays name together, as in `a[[0, 1], [5, 6]]`.

    Attributes:
        extents: the shape of what is selected from.
        picks: what is taken of each axis; arrays of `int64` of one length belong together.
        shape: the shape of the result.
        points_shape: how the points are laid out, the last axis fastest.
        order: the axes of `points_shape`, followed by those that are ranges, in the order in which
            the result has them.
    """

    extents: tuple[int, ...]
    picks: tuple[Pick, ...]
    shape: tuple[int, ...]
    points_shape: tuple[int, ...]
    order: tuple[int, ...]

    @classmethod
    def of(
        cls, extents: Sequence[int], picks: Sequence[Pick], shape: tuple[int, ...], axes_before: int
    ) -> PointSelection:
        """A selection whose points stand in one axis, behind so many of those that are ranges."""
        count = len(next(pick for pick in picks if isinstance(pick, np.ndarray)))
        axes = 1 + sum(isinstance(pick, range) for pick in picks)
        order = (*range(1, axes_before + 1), 0, *range(axes_before + 1, axes))
        return cls(tuple(extents), tuple(picks), shape, (count,), order)

    @property
    def count(self) -> int:
        """The number of points."""
        return math.prod(self.points_shape)

    @property
    def size(self) -> int:
        """The number of elements of the result."""
        return math.prod(self.shape)

    @property
    def stack_shape(self) -> tuple[int, ...]:
        """The shape of the boxes of all points, one behind the other: points, then the ranges."""
        return (self.count, *self._range_lengths)

    @property
    def bounds(self) -> Selection:
        """The smallest box that holds all points; its axes of points are ranges of step 1."""
        picks = [range(int(pick.min()), int(pick.max()) + 1) if isinstance(pick, np.ndarray)
                 else pick for pick in self.picks]
        return Selection.of(self.extents, picks)

    def text(self, point: int) -> str | None:
        """The box of one point in the server's grammar."""
        return self.at(point).text

    def at(self, point: int) -> Selection:
        """The box of one point."""
        picks = [int(pick[point]) if isinstance(pick, np.ndarray) else pick for pick in self.picks]
        return Selection.of(self.extents, picks)

    def index_within(self, bounds: Selection) -> tuple[AnyArray | slice, ...]:
        """The index that takes the points of the region that `bounds` is, points in front.

        It is for a region whose axes of points were moved to the front; see `stacked`.
        """
        return tuple(
            pick - edge.start for pick, edge in zip(self.picks, bounds.picks, strict=True)
            if isinstance(pick, np.ndarray) and isinstance(edge, range)
        )

    def points_in_front(self, region: AnyArray) -> AnyArray:
        """A region of `bounds` with the axes of points moved to the front; a view."""
        kept = [pick for pick in self.picks if not isinstance(pick, int)]
        axes = [axis for axis, pick in enumerate(kept) if isinstance(pick, np.ndarray)]
        return np.moveaxis(region, axes, range(len(axes)))

    def arranged(self, stack: AnyArray) -> AnyArray:
        """The boxes of all points laid out as the result."""
        return stack.reshape(self._laid_out).transpose(self.order).reshape(self.shape)

    def unarranged(self, result: AnyArray) -> AnyArray:
        """A result laid out as the boxes of all points: the opposite of `arranged`."""
        extents = self._laid_out
        transposed = result.reshape([extents[axis] for axis in self.order])
        return transposed.transpose(np.argsort(self.order)).reshape(self.stack_shape)

    def within(self, outer: Selection) -> PointSelection:
        """The same elements, where this selects from the result of `outer`, which is plain.

        An axis that this takes by a range and `outer` by a list becomes one of points: each point
        is repeated for every index of the list.
        """
        assert outer.is_plain and outer.shape == self.extents
        rest = iter(self.picks)
        inner = [pick if isinstance(pick, int) else next(rest) for pick in outer.picks]
        picks = [pick if isinstance(pick, int) else take(pick, one)
                 for pick, one in zip(outer.picks, inner, strict=True)]
        ranges = [axis for axis, (pick, one) in enumerate(zip(outer.picks, inner, strict=True))
                  if isinstance(one, range) and not isinstance(pick, int)]
        lists = [axis for axis in ranges if isinstance(picks[axis], np.ndarray)]
        moved = replace(self, extents=outer.extents, picks=tuple(picks))
        return moved._spread(lists, ranges) if lists else moved

    def _spread(self, lists: Sequence[int], ranges: Sequence[int]) -> PointSelection:
        """With a point for each combination of a point and of indices of lists.

        Args:
            lists: the axes whose arrays do not belong to the points yet.
            ranges: those and the axes that are ranges, to which `order` refers.
        """
        lengths = [self.count, *(len(self.picks[axis]) for axis in lists)]  # type: ignore[arg-type]
        picks = list(self.picks)
        for axis, pick in enumerate(self.picks):
            if isinstance(pick, np.ndarray):
                place = 1 + lists.index(axis) if axis in lists else 0
                column = pick.reshape([-1 if one == place else 1 for one in range(len(lengths))])
                picks[axis] = np.broadcast_to(column, lengths).reshape(-1)
        first = len(self.points_shape)
        moved = [*lists, *(axis for axis in ranges if axis not in lists)]
        order = tuple(one if one < first else first + moved.index(ranges[one - first])
                      for one in self.order)
        return replace(
            self, picks=tuple(picks), points_shape=(*self.points_shape, *lengths[1:]), order=order)

    @property
    def _range_lengths(self) -> tuple[int, ...]:
        return tuple(len(pick) for pick in self.picks if isinstance(pick, range))

    @property
    def _laid_out(self) -> tuple[int, ...]:
        """The shape of the stack with the points laid out."""
        return (*self.points_shape, *self._range_lengths)

    @property
    def run_count(self) -> int:
        """How many boxes `runs` gives."""
        return sum(1 for _ in self._runs())

    def runs(self) -> Iterator[tuple[Selection, AnyArray]]:
        """Boxes that together are all points, and which points each one is, for assignment.

        A box has an axis for its points at the place of the last axis of points, along which it
        takes a range. Of points that are named twice the last counts.
        """
        last = max(axis for axis, pick in enumerate(self.picks) if isinstance(pick, np.ndarray))
        for indices, points in self._runs():
            yield self.at(int(points[0])).with_pick(last, indices), points

    def _runs(self) -> Iterator[tuple[range, AnyArray]]:
        """Ranges along the last axis of points, each with its points, which agree in the others."""
        places = np.stack([pick for pick in self.picks if isinstance(pick, np.ndarray)])
        if not places.size:
            return
        unique, reverse = np.unique(places[:, ::-1], axis=1, return_index=True)
        points = self.count - 1 - reverse
        ends = np.flatnonzero(np.diff(unique[:-1], axis=1).any(axis=0)) + 1
        for along, of_line in zip(np.split(unique[-1], ends), np.split(points, ends), strict=True):
            for indices, where in steady_ranges(along):
                yield indices, of_line[where]

    def run_values(self, stack: AnyArray, run: AnyArray) -> AnyArray:
        """The boxes of a run's points, laid out as the box that `runs` gives for it."""
        last = max(axis for axis, pick in enumerate(self.picks) if isinstance(pick, np.ndarray))
        before = sum(isinstance(pick, range) for pick in self.picks[:last])
        return np.moveaxis(stack[run], 0, before)

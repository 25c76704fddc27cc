"""What several index arrays take together: a point, or a box of slices, for each place; pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hub.npy import AnyArray
from hub.selection import Pick, Selection, take


@dataclass(frozen=True, eq=False)
class PointSelection:
    """Elements at the places that several index arrays name together, as in `a[[0, 1], [5, 6]]`.

    Attributes:
        extents: the shape of what is selected from.
        picks: what is taken of each axis; arrays of `int64` of one length belong together.
        shape: the shape of the result.
        axes_before: how many of the axes that are ranges come before those of the arrays.
    """

    extents: tuple[int, ...]
    picks: tuple[Pick, ...]
    shape: tuple[int, ...]
    axes_before: int

    @property
    def count(self) -> int:
        """The number of points."""
        return len(next(pick for pick in self.picks if isinstance(pick, np.ndarray)))

    @property
    def size(self) -> int:
        """The number of elements of the result."""
        return math.prod(self.shape)

    @property
    def stack_shape(self) -> tuple[int, ...]:
        """The shape of the boxes of all points, one behind the other: points, then the ranges."""
        return (self.count, *(len(pick) for pick in self.picks if isinstance(pick, range)))

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

    def part(self, points: slice) -> PointSelection:
        """Some of the points, laid out one behind the other."""
        picks = tuple(pick[points] if isinstance(pick, np.ndarray) else pick for pick in self.picks)
        part = replace(self, picks=picks, axes_before=0)
        return replace(part, shape=part.stack_shape)

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
        order = [*range(1, self.axes_before + 1), 0, *range(self.axes_before + 1, stack.ndim)]
        return stack.transpose(order).reshape(self.shape)

    def unarranged(self, result: AnyArray) -> AnyArray:
        """A result laid out as the boxes of all points: the opposite of `arranged`."""
        stack = self.stack_shape
        order = [*range(1, self.axes_before + 1), 0, *range(self.axes_before + 1, len(stack))]
        return result.reshape([stack[axis] for axis in order]).transpose(np.argsort(order))

    def within(self, outer: Selection) -> PointSelection:
        """The same elements, where this selects from the result of `outer`, which is plain."""
        assert outer.is_plain and outer.shape == self.extents
        rest = iter(self.picks)
        picks = [pick if isinstance(pick, int) else take(pick, next(rest)) for pick in outer.picks]
        return replace(self, extents=outer.extents, picks=tuple(picks))

    def runs(self) -> Iterator[tuple[Selection, AnyArray]]:
        """Boxes that together are all points, and which points each one is, for assignment.

        A box has an axis for its points at the place of the last axis of points, where it takes
        neighbours. Of points that are named twice the last counts.
        """
        axes = [axis for axis, pick in enumerate(self.picks) if isinstance(pick, np.ndarray)]
        indices = np.stack([np.asarray(self.picks[axis]) for axis in axes])
        unique, reverse = np.unique(indices[:, ::-1], axis=1, return_index=True)
        points = self.count - 1 - reverse
        steps = np.diff(unique, axis=1)
        ends = np.flatnonzero((steps[-1] != 1) | steps[:-1].any(axis=0)) + 1
        for run in np.split(points, ends) if points.size else []:
            start = int(indices[-1][run[0]])
            row = range(start, start + len(run))
            yield self.at(int(run[0])).with_pick(axes[-1], row), run

    def run_values(self, stack: AnyArray, run: AnyArray) -> AnyArray:
        """The boxes of a run's points, laid out as the box that `runs` gives for it."""
        last = max(axis for axis, pick in enumerate(self.picks) if isinstance(pick, np.ndarray))
        before = sum(isinstance(pick, range) for pick in self.picks[:last])
        return np.moveaxis(stack[run], 0, before)

"""Selections with lists of indices as pieces without, or with one list that names nothing twice; pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from hub.npy import AnyArray
from hub.point_selection import PointSelection
from hub.selection import Pick, Selection, steady_ranges

Piece = tuple[Selection, AnyArray]
"""A box, and its elements."""

Run = tuple[Pick, AnyArray | None]
"""A range of what a list names, and the places in the box; none of a single index."""


def listed_pieces(selection: Selection | PointSelection, values: AnyArray) -> Iterator[Piece]:
    """A selection with lists as boxes of ranges; of what is named twice the last counts."""
    whole = np.broadcast_to(values, selection.shape)
    if isinstance(selection, PointSelection):
        stack = selection.unarranged(whole)
        for piece, run in selection.runs():
            yield piece, selection.run_values(stack, run)
        return
    box = selection.unarranged(whole)
    for picks, places in product_of_runs(axes_of_runs(selection)):
        yield Selection.of(selection.extents, picks), _taken(box, places)


def one_list(selection: Selection, values: AnyArray) -> Piece:
    """A selection with one list as one piece, with each index once; of what is named twice the last counts."""
    axis, = selection.lists
    pick = np.asarray(selection.picks[axis])
    unique, reverse = np.unique(pick[::-1], return_index=True)
    once = selection.with_pick(axis, unique)
    places = [len(pick) - 1 - reverse if one == axis else np.arange(len(other))
              for one, other in enumerate(once.picks) if not isinstance(other, int)]
    box = selection.unarranged(np.broadcast_to(values, selection.shape))
    return once, _taken(box, places)


def run_count(selection: Selection, chunk_shape: Sequence[int]) -> int:
    """How many runs of neighbours there are in all chunks of a selection with one list, at most."""
    axis, = selection.lists
    unique = np.unique(np.asarray(selection.picks[axis]))
    along = selection.with_pick(axis, int(unique[0])).chunk_count(chunk_shape)
    breaks = int(np.count_nonzero(np.diff(unique) != 1))
    return along * (breaks + len(np.unique(unique // chunk_shape[axis])))


def unrepeated(values: AnyArray) -> AnyArray:
    """Values without what is only repeated along an axis: the server repeats it again."""
    return values[tuple(
        slice(1) if stride == 0 and extent > 1 else slice(None)
        for extent, stride in zip(values.shape, values.strides, strict=True)
    )]


def axes_of_runs(selection: Selection) -> list[list[Run]]:
    """For each axis, the ranges that its pick is made of, and their places in the box."""
    return [
        list(_runs(pick)) if isinstance(pick, np.ndarray)
        else [(pick, None if isinstance(pick, int) else np.arange(len(pick)))]
        for pick in selection.picks]


def product_of_runs(
    axes: Sequence[Sequence[Run]],
) -> Iterator[tuple[list[Pick], list[AnyArray]]]:
    """Boxes of ranges for a selection with lists, and their places in its box per box axis."""
    for combination in itertools.product(*axes):
        yield ([pick for pick, _ in combination],
               [places for _, places in combination if places is not None])


def _taken(box: AnyArray, places: Sequence[AnyArray]) -> AnyArray:
    """What stands at some places along each axis; what is only repeated stays so."""
    if not places:
        return box
    once = unrepeated(box)
    lists = [np.zeros(1, np.int64) if extent == 1 else place
             for extent, place in zip(once.shape, places, strict=True)]
    return np.broadcast_to(once[np.ix_(*lists)], [len(place) for place in places])


def _runs(pick: AnyArray) -> Iterator[Run]:
    """The ranges that a list is made of; of what is named twice the last place counts."""
    unique, reverse = np.unique(pick[::-1], return_index=True)
    places = len(pick) - 1 - reverse
    for indices, where in steady_ranges(unique):
        yield indices, places[where]

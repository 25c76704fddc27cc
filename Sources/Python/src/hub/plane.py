"""Which two axes of an array a picture shows, and where along the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hub.errors import Invalid, OutOfRange


@dataclass(frozen=True)
class Plane:
    """Rows and columns of a picture, and a place along each axis that is neither.

    `colour` is the axis of 3 or 4 channels of a picture in colours, the last, or `None`.
    """

    rows: int
    columns: int
    places: dict[int, int]
    colour: int | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """What asks the server for the picture."""
        asked = {"axes": f"{self.rows},{self.columns}"}
        if self.places:
            asked["index"] = ",".join(str(self.places[axis]) for axis in sorted(self.places))
        return asked

    def text(self, rank: int) -> str:
        """The plane as an index: `98, :, :`."""
        return ", ".join(str(self.places.get(axis, ":")) for axis in range(rank))


def plane_of(
    shape: Sequence[int], dtype: np.dtype[Any], index: Any = (),
    axes: tuple[int, int] | None = None,
) -> Plane | None:
    """The plane that an index leaves; `None` if it cuts out a part, which is no whole plane.

    Axes that neither the index nor `axes` names are shown at their middle. Without `axes` the last
    two that the index leaves are rows and columns; of uint8 with 3 or 4 elements along a last axis
    that is left, that one is colours.

    Raises:
        Invalid: there are not two axes to show.
        OutOfRange: a place is outside.
    """
    places = _places(shape, index)
    if places is None:
        return None
    last = len(shape) - 1
    is_coloured = (
        dtype == np.uint8 and len(shape) > 2 and shape[last] in (3, 4) and last not in (axes or ()))
    if is_coloured and last in places:
        return None
    left = [axis for axis in range(len(shape)) if axis not in places]
    if is_coloured:
        left.remove(last)
    if axes is not None:
        rows, columns = (axis % len(shape) if -len(shape) <= axis <= last else -1 for axis in axes)
        if rows == columns or rows not in left or columns not in left:
            raise Invalid(f"Rows and columns cannot be the axes {axes[0]} and {axes[1]}.")
    elif len(left) < 2:
        raise Invalid(
            f"A picture needs two axes; of the shape {tuple(shape)} "
            f"{'only one is' if len(left) == 1 else 'none is'} left.")
    else:
        rows, columns = left[-2:]
    for axis in left:
        if axis not in (rows, columns):
            places[axis] = shape[axis] // 2
    return Plane(rows, columns, places, last if is_coloured else None)


def _places(shape: Sequence[int], index: Any) -> dict[int, int] | None:
    """The places that an index names; `None` if it holds more than numbers and whole axes."""
    entries = list(index) if isinstance(index, tuple) else [index]
    if any(entry is None or isinstance(entry, list | np.ndarray | bool) for entry in entries):
        return None
    if Ellipsis in entries:
        place = entries.index(Ellipsis)
        entries[place : place + 1] = [slice(None)] * (len(shape) - len(entries) + 1)
    if len(entries) > len(shape):
        raise OutOfRange(f"There are {len(shape)} axes, not {len(entries)}.")
    places = {}
    for axis, entry in enumerate(entries):
        if isinstance(entry, slice):
            if entry.indices(shape[axis]) != (0, shape[axis], 1):
                return None
            continue
        if not -shape[axis] <= entry < shape[axis]:
            raise OutOfRange(
                f"Index {entry} is out of range for axis {axis} with the extent {shape[axis]}.")
        places[axis] = int(entry) % shape[axis]
    return places

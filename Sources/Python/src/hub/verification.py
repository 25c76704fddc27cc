"""Reads every stored chunk of an array, to know that all of it can be read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.errors import HubError, IntegrityError, Unavailable
from hub.pool import worked
from hub.selection import Selection

if TYPE_CHECKING:
    from hub.arrays import Array

_PARALLEL_REQUESTS = 4


@dataclass(frozen=True, slots=True)
class Damage:
    """A chunk that cannot be read.

    Attributes:
        chunk: its place in the grid.
        box: the slice of each axis that it covers.
        reason: what the server says.
    """

    chunk: tuple[int, ...]
    box: tuple[slice, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What `Array.verify` found.

    Attributes:
        chunks: how many chunks were read.
        bytes: how many bytes of elements they hold.
        damaged: those that cannot be read.
    """

    chunks: int
    bytes: int
    damaged: tuple[Damage, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every stored chunk can be read."""
        return not self.damaged


def verify(array: Array, is_shown: bool | None = None) -> Verification:
    """Reads every stored chunk; the server proves each block and decodes each chunk.

    Args:
        is_shown: whether a bar shows how far it is; on a terminal if not given.
    """
    from hub.progress import progress

    chunks = bytes_read = 0
    damaged: list[Damage] = []
    places = map(tuple, array.client.occupancy(array.reference))
    total = array.client.describe(array.reference).chunks_stored
    item = array.dtype.itemsize
    size = math.prod(array.description.chunk_shape)
    with progress("verify", total * item * size, is_shown) as bar:
        for place, reason in worked(lambda place: _reason(array, place), places, _PARALLEL_REQUESTS):
            selection = _covered(array, place)
            chunks += 1
            bytes_read += selection.size * item
            bar.update(selection.size * item)
            if reason:
                box = tuple(slice(pick.start, pick.stop) for pick in selection.picks
                            if isinstance(pick, range))
                damaged.append(Damage(place, box, reason))
    return Verification(chunks, bytes_read, tuple(damaged))


def _covered(array: Array, place: tuple[int, ...]) -> Selection:
    """What a chunk covers of the array."""
    shape, chunks = array.shape, array.description.chunk_shape
    return Selection.of(shape, [
        range(at * chunk, min((at + 1) * chunk, extent))
        for at, chunk, extent in zip(place, chunks, shape, strict=True)
    ])


def _reason(array: Array, place: tuple[int, ...]) -> str:
    """Why a chunk cannot be read, or nothing if it can."""
    selection = _covered(array, place)
    try:
        array.client.read_region(array.reference, selection.text or "", shape=selection.box_shape)
    except IntegrityError as error:
        return error.what
    except Unavailable as error:
        # The server cuts the answer where it finds damage in the middle. If it can still be
        # asked, that is what it was.
        try:
            array.client.describe(array.reference)
        except HubError:
            raise error from None
        return error.what
    return ""

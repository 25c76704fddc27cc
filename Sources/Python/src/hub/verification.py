"""Reads every stored chunk of an array, to know that all of it can be read."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from hub.errors import HubError, IntegrityError, Unavailable
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
    places = iter(array.client.occupancy(array.reference))
    total = array.client.describe(array.reference).chunks_stored
    item = array.dtype.itemsize
    with progress("verify", total * item * _size(array.description.chunk_shape), is_shown) as bar, \
            ThreadPoolExecutor(_PARALLEL_REQUESTS, thread_name_prefix="hub-verify") as pool:
        while batch := [tuple(place) for place in islice(places, 8 * _PARALLEL_REQUESTS)]:
            selections = [_covered(array, place) for place in batch]
            reads = [pool.submit(copy_context().run, _reason, array, one) for one in selections]
            for place, selection, read in zip(batch, selections, reads, strict=True):
                reason = read.result()
                chunks += 1
                bytes_read += selection.size * item
                bar.update(selection.size * item)
                if reason:
                    box = tuple(slice(pick.start, pick.stop) for pick in selection.picks
                                if isinstance(pick, range))
                    damaged.append(Damage(place, box, reason))
    return Verification(chunks, bytes_read, tuple(damaged))


def _size(shape: Iterable[int]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size


def _covered(array: Array, place: tuple[int, ...]) -> Selection:
    """What a chunk covers of the array."""
    shape, chunks = array.shape, array.description.chunk_shape
    return Selection.of(shape, [
        range(at * chunk, min((at + 1) * chunk, extent))
        for at, chunk, extent in zip(place, chunks, shape, strict=True)
    ])


def _reason(array: Array, selection: Selection) -> str:
    """Why a part cannot be read, or nothing if it can."""
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

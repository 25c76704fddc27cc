"""Reads every stored chunk of an array, to know that all of it can be read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.client import Client, ShapeChanged
from hub.contention import attempts
from hub.description import Description
from hub.errors import IntegrityError, Unavailable
from hub.pool import worked
from hub.selection import Selection

if TYPE_CHECKING:
    from hub.arrays import Array

_PARALLEL_REQUESTS = 4
_SLAB_BYTES = 8 << 20
_SLAB_CHUNKS = 4096
"""So much the server reads before it answers. Source: docs/array-api.md, "Regions", "One state"."""


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

    Raises:
        Unavailable: no whole answer came, for which damage is no reason.
    """
    from hub.progress import progress

    chunks = bytes_read = 0
    damaged: list[Damage] = []
    description = array.refresh().description
    inspector = _Inspector(array.client, description)
    places = map(tuple, array.client.occupancy(array.reference))
    item = array.dtype.itemsize
    size = math.prod(description.chunk_shape) * item
    with progress("verify", description.chunks_stored * size, is_shown) as bar:
        for place, found in worked(inspector.inspect, places, _PARALLEL_REQUESTS):
            if found is None:
                continue
            chunks += 1
            bytes_read += found.selection.size * item
            bar.update(found.selection.size * item)
            if found.reason:
                box = tuple(slice(pick.start, pick.stop) for pick in found.selection.picks
                            if isinstance(pick, range))
                damaged.append(Damage(place, box, found.reason))
    return Verification(chunks, bytes_read, tuple(damaged))


@dataclass(frozen=True, slots=True)
class _Inspection:
    """What was read of a chunk, and why it cannot be read; no reason if it can."""

    selection: Selection
    reason: str


class _Inspector:
    """Reads chunks by what the array is, which others may change meanwhile; for any threads."""

    def __init__(self, client: Client, description: Description) -> None:
        self._client = client
        self._description = description

    def inspect(self, place: tuple[int, ...]) -> _Inspection | None:
        """Reads a chunk, or finds that the array was made smaller and has it no more."""
        is_known = False
        for is_last in attempts():
            selection = _covered(self._description, place)
            if selection.size:
                try:
                    return _Inspection(selection, self._reason(selection))
                except ShapeChanged:
                    if is_last:
                        raise
            elif is_known:
                break
            self._description = self._client.describe(self._description.reference)
            is_known = True
        return None

    def _reason(self, selection: Selection) -> str:
        """Why a chunk cannot be read, or nothing if it can.

        Where the server finds damage in an answer that it has begun, it cuts it, as anything else
        on the way may. Of a part that it reads before it answers, it says what it finds.
        """
        try:
            self._read(selection)
            return ""
        except IntegrityError as error:
            return error.what
        except Unavailable as error:
            if error.status is not None or self._is_slab(selection):
                raise
        try:
            for part in self._slabs(selection):
                self._read(part)
        except IntegrityError as error:
            return error.what
        return ""

    def _read(self, selection: Selection) -> None:
        text = selection.text
        assert text is not None, "a chunk is a box"
        self._client.read_region(self._description.reference, text, shape=selection.box_shape)

    def _slabs(self, selection: Selection) -> Iterator[Selection]:
        """Halves a selection until the server reads each part before it answers."""
        if self._is_slab(selection):
            yield selection
            return
        axis = max(range(len(selection.picks)), key=lambda one: selection.box_shape[one])
        pick = selection.picks[axis]
        assert isinstance(pick, range)
        half = len(pick) // 2
        for part in (pick[:half], pick[half:]):
            yield from self._slabs(selection.with_pick(axis, part))

    def _is_slab(self, selection: Selection) -> bool:
        description = self._description
        chunk_shape = description.inner_chunk_shape or description.chunk_shape
        return selection.size <= 1 or (
            selection.size * description.dtype.itemsize <= _SLAB_BYTES
            and selection.chunk_count(chunk_shape) <= _SLAB_CHUNKS)


def _covered(description: Description, place: tuple[int, ...]) -> Selection:
    """What a chunk covers of an array; nothing if it is outside."""
    shape = description.shape
    return Selection.of(shape, [
        range(min(at * chunk, extent), min((at + 1) * chunk, extent))
        for at, chunk, extent in zip(place, description.chunk_shape, shape, strict=True)
    ])

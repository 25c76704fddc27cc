"""The work of a push, from a reader to a commit."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hub.client import Client
from hub.description import Description
from hub.errors import Conflict, HubError, Invalid, NotFound
from hub.files.boxes import Boxes, box_shape
from hub.files.layout import Box, Layout, stored_type
from hub.files.reader import Reader
from hub.pool import worked
from hub.progress import progress
from hub.reference import Reference
from hub.transfer.push_mark import PushMark

THREADS = 4
# Chunks of a file are kept if they are of a size that suits a server.
CHUNK_BYTES_MIN, CHUNK_BYTES_MAX = 64 << 10, 32 << 20

State = Literal["begun", "whole", "other"]
"""What is there: a push of this source that did not end, all of it, or something else."""


@dataclass(frozen=True)
class PushOutcome:
    """What a push did: the array, how many bytes of its elements were sent, and the commit."""

    array: Description
    bytes_total: int
    bytes_sent: int
    digest: str


class PushJob:
    """One push: the reader, where it goes, and as what.

    Elements go into a draft of the version, never into the array itself: so what the array holds
    before it is whole is what others wrote, and what the draft holds is what was sent.

    Invariant: a push ends well only if its commit holds the chunks of the source, and no others.
    """

    def __init__(
        self, client: Client, reference: Reference, reader: Reader, dtype: Any,
        chunks: Sequence[int] | None, show_progress: bool | None,
    ) -> None:
        layout = reader.layout
        self._client = client
        self._reference = reference
        self._reader = reader
        self._source = reader.name
        self._show_progress = show_progress
        self._layout = layout if dtype is None else dataclasses.replace(
            layout, dtype=stored_type(dtype, reader.name))
        self._chunks = tuple(chunks) if chunks is not None else _suitable_chunks(self._layout)
        self._mark = PushMark(reader.name, reader.fingerprint)
        self._attributes = dict(layout.attributes)

    def run(self, may_replace: bool, message: str | None) -> PushOutcome:
        """Makes the array what the source is, and commits it.

        Args:
            may_replace: whether something else that is there is written over.
            message: the commit's; tells the source without.

        Raises:
            Conflict: there is something else, or others changed it meanwhile.
        """
        description, state = self._opened(may_replace)
        sent = 0
        if state == "other":
            digest, sent = self._replaced(description, message)
        elif state == "begun":
            digest, sent = self._filled(description, message)
        else:
            digest = self._committed(self._reference, description, message)
        return PushOutcome(description, self._layout.bytes, sent, digest)

    def _opened(self, may_replace: bool) -> tuple[Description, State]:
        """The array, made if it is missing, and how far it is what is pushed."""
        try:
            there = self._client.describe(self._reference)
        except NotFound:
            return self._created(), "begun"
        layout = self._layout
        if there.kind != "array":
            raise Conflict(f"{self._reference} is a {there.kind}.", hint="Choose another name.")
        if there.shape != layout.shape or there.dtype != layout.dtype.newbyteorder("="):
            raise Conflict(
                f"{self._reference} is there as {there.data_type} of {there.shape}; {self._source} "
                f"is {layout.dtype.name} of {layout.shape}.",
                hint="Choose another tag, or delete it first (hub rm).")
        state = self._state(there)
        if state == "other" and not may_replace:
            raise self._refusal(there)
        return there, state

    def _state(self, there: Description) -> State:
        """How far an array is what is pushed. Until it is whole, its chunks are in a draft."""
        mark = PushMark.of(there)
        if mark is None or mark.fingerprint != self._mark.fingerprint:
            return "other"
        if mark.content_hash == there.content_hash:
            return "whole"
        may_go_on = not mark.content_hash or self._draft_of(mark) is not None
        return "begun" if may_go_on and not there.chunks_stored else "other"

    def _refusal(self, there: Description) -> Conflict:
        """Why an array is not gone on with."""
        mark = PushMark.of(there)
        if mark is None or mark.fingerprint != self._mark.fingerprint:
            what = "is there, and not from this state of"
        elif not mark.content_hash:
            return self._changed_meanwhile()
        else:
            what = "is there, but was changed since it was pushed from"
        return Conflict(f"{self._reference} {what} {self._source}.",
                        hint="Choose another tag, or replace it (--replace).")

    def _changed_meanwhile(self) -> Conflict:
        return Conflict(
            f"{self._reference} was changed while it was pushed from {self._source}.",
            hint="Choose another tag, or replace it (--replace).")

    def _created(self) -> Description:
        layout = self._layout
        specification: dict[str, Any] = {
            "shape": list(layout.shape), "dtype": layout.dtype.name,
            "attributes": self._attributes | self._mark.attributes()}
        if self._chunks is not None:
            specification["chunks"] = list(self._chunks)
        if layout.dimension_names is not None:
            specification["dimension_names"] = list(layout.dimension_names)
        self._client.create_namespace(self._reference.namespace)
        return self._client.create_array(self._reference, specification)

    def _filled(self, description: Description, message: str | None) -> tuple[str, int]:
        """Sends what is missing into the draft of an empty array, and makes it the version.

        The array itself gets no chunk before, so what others write to it is never taken for what
        was sent.
        """
        sent = 0
        try:
            draft = self._draft(description)
            stored = self._stored(self._client.describe(draft))
            sent = self._copied(description, stored, draft)
            whole = self._client.describe(draft)
            self._client.attributes(self._reference, self._attributes | dataclasses.replace(
                self._mark, draft=str(draft.tag), content_hash=whole.content_hash).attributes())
            self._check_empty(description, draft)
            return self._committed(draft, whole, message), sent
        except NotFound:
            # If the draft is gone since another push of the same source ended, that is as good.
            there = self._client.describe(self._reference)
            if self._state(there) != "whole":
                raise
            return self._committed(self._reference, there, message), sent

    def _draft(self, description: Description) -> Reference:
        """The array in the draft that was begun, or in a new one, in which it is empty."""
        mark = PushMark.of(description)
        begun = None if mark is None else self._draft_of(mark)
        if begun is not None:
            return begun
        version = Reference.parse(self._client.create_draft(self._reference)["reference"])
        draft = dataclasses.replace(version, member=self._reference.member)
        found = self._client.describe(draft)
        if found.chunks_stored or not _is_alike(found, description):
            self._discard(draft)
            raise self._changed_meanwhile()
        self._client.attributes(self._reference, dataclasses.replace(
            self._mark, draft=str(draft.tag)).attributes())
        return draft

    def _draft_of(self, mark: PushMark) -> Reference | None:
        """The array in the draft that a mark names, if that is still there."""
        draft = mark.draft_of(self._reference)
        if draft is None:
            return None
        try:
            return self._client.describe(draft).reference
        except NotFound:
            return None

    def _check_empty(self, description: Description, draft: Reference) -> None:
        """Raises `Conflict` if others wrote to the array that the draft is to become."""
        there = self._client.describe(self._reference)
        is_whole = self._state(there) == "whole"
        if (there.chunks_stored and not is_whole) or not _is_alike(there, description):
            self._discard(draft)
            raise self._changed_meanwhile()

    def _discard(self, draft: Reference) -> None:
        # If it cannot be discarded now, a week does it; what went wrong before is told.
        with suppress(HubError):
            self._client.discard_draft(draft)

    def _stored(self, description: Description) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which chunks are stored, over the grid of chunks."""
        stored = np.zeros(_grid_shape(description), bool)
        if description.chunks_stored:
            for coordinates in self._client.occupancy(description.reference):
                stored[tuple(coordinates)] = True
        return stored

    def _copied(
        self, description: Description, stored: np.ndarray[Any, np.dtype[np.bool_]],
        target: Reference,
    ) -> int:
        """Sends the boxes of which a chunk is missing; returns how many bytes that were."""
        item_bytes = self._layout.dtype.itemsize
        boxes = Boxes(description.shape, description.chunk_shape, item_bytes,
                      order=self._layout.order)
        sent = 0

        def missing() -> Iterator[tuple[Box, np.ndarray[Any, Any]]]:
            for box in boxes:
                grid = tuple(slice(part.start // size, -(-part.stop // size))
                             for part, size in zip(box, description.chunk_shape))
                if stored[grid].all():
                    bar.update(item_bytes * math.prod(box_shape(box)))
                else:
                    yield box, self._converted(self._reader.read(box))

        def write(item: tuple[Box, np.ndarray[Any, Any]]) -> None:
            self._client.write_region(target, slice_text(item[0]), item[1])

        with progress(f"push {self._reference}", self._layout.bytes, self._show_progress) as bar:
            for (_, elements), _ in worked(write, missing(), THREADS):
                sent += elements.nbytes
                bar.update(elements.nbytes)
        return sent

    def _converted(self, elements: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The elements in the array's type; whole numbers and booleans keep their values."""
        dtype = self._layout.dtype
        if elements.dtype == dtype:
            return elements
        with np.errstate(invalid="ignore", over="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            converted = elements.astype(dtype)
        is_exact = dtype.kind in "biu" or (elements.dtype.kind == "c" and dtype.kind != "c")
        if is_exact and not np.array_equal(converted, elements):
            raise Invalid(
                f"{self._source} has elements that {dtype.name} cannot hold.",
                hint="Choose a wider type, or floats.")
        return converted

    def _replaced(self, description: Description, message: str | None) -> tuple[str, int]:
        """Writes everything into a draft, which becomes the version at one moment."""
        version = Reference.parse(self._client.create_draft(self._reference)["reference"])
        draft = dataclasses.replace(version, member=self._reference.member)
        nothing = np.zeros(_grid_shape(description), bool)
        try:
            sent = self._copied(description, nothing, draft)
            whole = self._client.describe(draft)
            self._client.attributes(draft, self._attributes | dataclasses.replace(
                self._mark, content_hash=whole.content_hash).attributes())
            digest = self._committed(draft, whole, message)
        except BaseException:
            self._discard(draft)
            raise
        mark = PushMark.of(description)
        if mark is not None and (begun := mark.draft_of(self._reference)) is not None:
            self._discard(begun)
        return digest, sent

    def _committed(
        self, reference: Reference, expected: Description, message: str | None,
    ) -> str:
        """Commits a version or draft; the commit's digest.

        Raises:
            Conflict: others changed the same chunks, or what was committed is not what was
                expected since they changed other ones.
        """
        text = f"pushed from {self._source}" if message is None else message
        try:
            digest = str(self._client.commit(reference, text)["digest"])
        except Conflict as conflict:
            if not conflict.conflicts:
                raise
            refusal = self._changed_meanwhile()
            refusal.conflicts = conflict.conflicts
            raise refusal from conflict
        held = self._client.describe(self._reference.at(digest))
        if held.content_hash != expected.content_hash or not _is_alike(held, expected):
            raise self._changed_meanwhile()
        return digest


def _suitable_chunks(layout: Layout) -> tuple[int, ...] | None:
    if layout.chunks is None:
        return None
    chunk_bytes = int(np.prod(layout.chunks)) * layout.dtype.itemsize
    whole = all(chunk >= extent for chunk, extent in zip(layout.chunks, layout.shape))
    is_suitable = chunk_bytes <= CHUNK_BYTES_MAX and (whole or chunk_bytes >= CHUNK_BYTES_MIN)
    return layout.chunks if is_suitable and all(layout.chunks) else None


def _is_alike(one: Description, other: Description) -> bool:
    """Whether chunks of one array are chunks of the other, at the same places."""
    return all(getattr(one, name) == getattr(other, name) for name in (
        "shape", "data_type", "chunk_shape", "inner_chunk_shape", "codecs", "fill_value"))


def _grid_shape(description: Description) -> tuple[int, ...]:
    return tuple(
        -(-extent // size) for extent, size in zip(description.shape, description.chunk_shape))


def slice_text(box: Box) -> str:
    """A box in the server's grammar; `...` for the only element of an array without axes."""
    return ",".join(f"{part.start}:{part.stop}" for part in box) or "..."

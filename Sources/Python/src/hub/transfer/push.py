"""Pushing an array from a file, a folder or another array to the server."""

from __future__ import annotations

import dataclasses
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hub.client import Client, current_client
from hub.description import Description
from hub.errors import Conflict, HubError, Invalid, NotFound
from hub.files.boxes import Boxes, box_shape
from hub.files.layout import Box, Layout, stored_type
from hub.files.memory import MemoryReader
from hub.files.reader import Reader, ReadingOptions, open_reader
from hub.pool import worked
from hub.progress import progress
from hub.reference import Reference

THREADS = 4
# Chunks of a file are kept if they are of a size that suits a server.
CHUNK_BYTES_MIN, CHUNK_BYTES_MAX = 64 << 10, 32 << 20
#: The attribute that says what an array was pushed from, so that a push can go on; once all of it is
#: there also the `content_hash` of its chunks, so that what others change afterwards is noticed.
ATTRIBUTE = "pushed"
_CONTENT = "content_hash"

State = Literal["begun", "whole", "other"]
"""What is there: a push of this source that did not end, all of it, or something else."""


@dataclass(frozen=True)
class Pushed:
    """What a push did: `bytes_sent` of `bytes_total` (the rest was there), and the commit."""

    reference: str
    shape: tuple[int, ...]
    dtype: str
    bytes_total: int
    bytes_sent: int
    digest: str
    labels: Pushed | None = None


def push(
    source: str | os.PathLike[str] | Reader,
    name: str,
    *,
    member: str | None = None,
    dtype: Any = None,
    chunks: Sequence[int] | None = None,
    size: tuple[int, int] | None = None,
    mode: str | None = None,
    labels: str | None = None,
    replace: bool = False,
    message: str | None = None,
    show_progress: bool | None = None,
    client: Client | None = None,
) -> Pushed:
    """Makes an array of a file or folder, and commits it.

    Memory stays bounded, however large the file: boxes of whole chunks are read and sent, some at a
    time. If it is interrupted, the same call goes on where it stopped: what is stored already is
    not sent again. To push an unchanged file again sends nothing, and is refused if somebody else
    changed elements meanwhile.

    Args:
        source: a `.npy`, `.npz`, `.h5`, `.zarr`, `.nii`, `.nii.gz` or `.tif`, a folder of
            pictures, or a reader.
        name: the array's reference; its namespace is made if it is missing.
        member: which array, if the file holds several.
        dtype: the type to convert to; whole numbers must keep their values.
        chunks: extents of the stored chunks; the file's own, or the server's choice, without.
        size, mode: what pictures are brought to: (height, width), and "L", "RGB" or "RGBA".
        labels: the reference of a second array, for the classes of a folder of pictures: int64, one
            number for each; their names are its attribute `classes`.
        replace: whether an array that is there is written over, at one moment at the end.
        message: the commit's; tells the source without.
        show_progress: on standard error; `None` is only if that is a terminal.

    Raises:
        NotFound, Invalid: the file is missing, of no known kind, damaged, takes elements from outside
            of the file or folder, or fits no array.
        Conflict: the name has an array of other shape or type, or of another source, or one that was
            changed since it was pushed.
    """
    client = client or current_client()
    reference = Reference.parse(name)
    if reference.digest:
        raise Invalid(f"{reference} is a commit, which never changes.", hint="Push to a tag.")
    if not isinstance(source, Reader):
        with open_reader(source, ReadingOptions(member, size, mode)) as reader:
            return push(
                reader, name, dtype=dtype, chunks=chunks, labels=labels, replace=replace,
                message=message, show_progress=show_progress, client=client)
    label_reader = _label_reader(source) if labels is not None else None
    pushed = _Push(
        client, reference, source, dtype, chunks, show_progress).run(replace, message)
    if label_reader is None or labels is None:
        return pushed
    return dataclasses.replace(pushed, labels=push(
        label_reader, labels, replace=replace, message=message, show_progress=show_progress,
        client=client))


def _label_reader(reader: Reader) -> Reader:
    numbers = getattr(reader, "labels", None)
    if numbers is None:
        raise Invalid(
            f"{reader.name} has no labels.",
            hint="Labels are the folders that all pictures of a folder are in.")
    return MemoryReader(numbers, f"{reader.name} (labels)",
                        {"classes": getattr(reader, "classes")}, ("sample",))


class _Push:
    """One push: the reader, where it goes, and as what."""

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
        self._mark = {"source": reader.name, "fingerprint": reader.fingerprint}
        self._attributes = dict(layout.attributes) | {ATTRIBUTE: self._mark}

    def run(self, may_replace: bool, message: str | None) -> Pushed:
        description, state = self._opened(may_replace)
        sent = 0
        if state == "other":
            digest, sent = self._replaced(description, message)
        else:
            if state == "begun":
                sent = self._copied(description, self._stored(description))
                self._client.attributes(self._reference, self._finished(self._reference))
            digest = self._committed(self._reference, message)
        return Pushed(
            str(self._reference), description.shape, str(description.dtype), self._layout.bytes,
            sent, digest)

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
        known = (there.attributes or {}).get(ATTRIBUTE)
        mark = known if isinstance(known, dict) else {}
        is_same = mark.get("fingerprint") == self._reader.fingerprint
        if is_same and _CONTENT not in mark:
            return there, "begun"
        if is_same and mark[_CONTENT] == there.content_hash:
            return there, "whole"
        if not may_replace:
            what = ("there, but was changed since it was pushed from" if is_same
                    else "there, and not from this state of")
            raise Conflict(
                f"{self._reference} is {what} {self._source}.",
                hint="Choose another tag, or replace it (--replace).")
        return there, "other"

    def _finished(self, reference: Reference) -> dict[str, Any]:
        """The attributes of what is there as a whole."""
        content = self._client.describe(reference).content_hash
        return self._attributes | {ATTRIBUTE: self._mark | {_CONTENT: content}}

    def _created(self) -> Description:
        layout = self._layout
        specification: dict[str, Any] = {
            "shape": list(layout.shape), "dtype": layout.dtype.name,
            "attributes": self._attributes}
        if self._chunks is not None:
            specification["chunks"] = list(self._chunks)
        if layout.dimension_names is not None:
            specification["dimension_names"] = list(layout.dimension_names)
        self._client.create_namespace(self._reference.namespace)
        return self._client.create_array(self._reference, specification)

    def _stored(self, description: Description) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which chunks are stored, over the grid of chunks."""
        stored = np.zeros(_grid_shape(description), bool)
        if description.chunks_stored:
            for coordinates in self._client.occupancy(self._reference):
                stored[tuple(coordinates)] = True
        return stored

    def _copied(
        self, description: Description, stored: np.ndarray[Any, np.dtype[np.bool_]],
        reference: Reference | None = None,
    ) -> int:
        """Sends the boxes of which a chunk is missing; returns how many bytes that were."""
        target = reference or self._reference
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

        with progress(f"push {target}", self._layout.bytes, self._show_progress) as bar:
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
        draft = Reference.parse(self._client.create_draft(self._reference)["reference"])
        target = dataclasses.replace(draft, member=self._reference.member)
        nothing = np.zeros(_grid_shape(description), bool)
        try:
            sent = self._copied(description, nothing, target)
            self._client.attributes(target, self._finished(target))
            return self._committed(draft, message), sent
        except BaseException:
            # If it cannot be discarded now, a week does it; what went wrong before is told.
            with suppress(HubError):
                self._client.discard_draft(draft)
            raise

    def _committed(self, reference: Reference, message: str | None) -> str:
        text = f"pushed from {self._source}" if message is None else message
        return str(self._client.commit(reference, text)["digest"])


def _suitable_chunks(layout: Layout) -> tuple[int, ...] | None:
    if layout.chunks is None:
        return None
    chunk_bytes = int(np.prod(layout.chunks)) * layout.dtype.itemsize
    whole = all(chunk >= extent for chunk, extent in zip(layout.chunks, layout.shape))
    is_suitable = chunk_bytes <= CHUNK_BYTES_MAX and (whole or chunk_bytes >= CHUNK_BYTES_MIN)
    return layout.chunks if is_suitable and all(layout.chunks) else None


def _grid_shape(description: Description) -> tuple[int, ...]:
    return tuple(
        -(-extent // size) for extent, size in zip(description.shape, description.chunk_shape))


def slice_text(box: Box) -> str:
    """A box in the server's grammar; `...` for the only element of an array without axes."""
    return ",".join(f"{part.start}:{part.stop}" for part in box) or "..."

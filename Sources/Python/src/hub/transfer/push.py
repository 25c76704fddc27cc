"""Pushing an array from a file, a folder or another array to the server."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.client import Client, current_client
from hub.errors import Invalid
from hub.files.memory import MemoryReader
from hub.files.reader import Reader, ReadingOptions, open_reader
from hub.reference import Reference
from hub.transfer.push_job import PushJob


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
    time. They go into a draft, which becomes the version at one moment when all is there. If it is
    interrupted, the same call goes on where it stopped: what is in the draft already is not sent
    again, for the week that a draft is kept. To push an unchanged file again sends nothing, and is
    refused if somebody else changed elements meanwhile.

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
        replace: whether an array that is there is written over.
        message: the commit's; tells the source without.
        show_progress: on standard error; `None` is only if that is a terminal.

    Raises:
        NotFound, Invalid: the file is missing, of no known kind, damaged, takes elements from outside
            of the file or folder, or fits no array.
        Conflict: the name has an array of other shape or type, or of another source, or one that
            was changed since it was pushed, or meanwhile.
    """
    client = client or current_client()
    reference = Reference.parse(name)
    if reference.digest:
        raise Invalid(f"{reference} is a commit, which never changes.", hint="Push to a tag.")
    if not isinstance(source, str | os.PathLike | Reader):
        raise Invalid(
            f"{type(source).__name__} is nothing to push: it is a file or a folder.",
            hint="What is in memory is written: hub.array(values.shape, name=…, dtype=values.dtype)"
            "[...] = values.")
    if not isinstance(source, Reader):
        with open_reader(source, ReadingOptions(member, size, mode)) as reader:
            return push(
                reader, name, dtype=dtype, chunks=chunks, labels=labels, replace=replace,
                message=message, show_progress=show_progress, client=client)
    label_reader = _label_reader(source) if labels is not None else None
    done = PushJob(client, reference, source, dtype, chunks, show_progress).run(replace, message)
    pushed = Pushed(
        str(reference), done.array.shape, str(done.array.dtype), done.bytes_total, done.bytes_sent,
        done.digest)
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

"""Compressed files unpacked beside the work, so that any part can be read in any order."""

from __future__ import annotations

import errno
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from hub.errors import Invalid

COPY_BYTES = 1 << 20


class Readable(Protocol):
    """What bytes can be read from, piece by piece."""

    def read(self, size: int = ..., /) -> bytes:
        """At most `size` bytes; none at the end."""


def temporary_file(suffix: str) -> pathlib.Path:
    """A new and empty temporary file; the caller deletes it."""
    descriptor, name = tempfile.mkstemp(prefix="hub-", suffix=suffix)
    os.close(descriptor)
    return pathlib.Path(name)


def check_room(path: pathlib.Path, size: int) -> None:
    """Refuses what does not fit on the disk of a file or folder, as far as that tells its room.

    Raises:
        OSError: there is not enough.
    """
    disk = shutil.disk_usage(path)
    if disk.total and size > disk.free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def reserve(path: pathlib.Path, data_offset: int = 0) -> None:
    """Takes the room on the disk that a file needs, whose bytes from `data_offset` on are zero.

    For files that are mapped into memory and written there: on a full disk a map has no way to
    tell but to end the process.

    Raises:
        OSError: there is not enough.
    """
    with open(path, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        # What does not fit is not begun: others would find the disk full meanwhile.
        check_room(path, size)
        if hasattr(os, "posix_fallocate"):
            try:
                return os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                    raise
        file.seek(data_offset)
        for start in range(data_offset, size, COPY_BYTES):
            file.write(bytes(min(COPY_BYTES, size - start)))


@contextmanager
def unpacking(path: pathlib.Path, where: str) -> Iterator[None]:
    """Turns a full disk in the block, which unpacks into a temporary file, into `Invalid`."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise Invalid(
            f"{where} cannot be unpacked: {path.parent} is full.",
            hint="Set TMPDIR to a folder with more room.") from None


def spooled(stream: Readable, suffix: str, where: str) -> pathlib.Path:
    """Copies a stream into a temporary file, whose path is returned; the caller deletes it.

    Memory stays at a megabyte. Raises `Invalid` if the folder for temporary files is too small or
    the stream is damaged.
    """
    path = temporary_file(suffix)
    try:
        with unpacking(path, where), open(path, "wb") as file:
            while piece := stream.read(COPY_BYTES):
                file.write(piece)
    except BaseException:
        path.unlink()
        raise
    return path

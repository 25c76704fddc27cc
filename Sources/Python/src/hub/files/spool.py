"""Compressed files unpacked beside the work, so that any part can be read in any order."""

from __future__ import annotations

import errno
import os
import pathlib
import tempfile
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


def spooled(stream: Readable, suffix: str, where: str) -> pathlib.Path:
    """Copies a stream into a temporary file, whose path is returned; the caller deletes it.

    Memory stays at a megabyte. Raises `Invalid` if the folder for temporary files is too small or
    the stream is damaged.
    """
    path = temporary_file(suffix)
    try:
        with open(path, "wb") as file:
            while piece := stream.read(COPY_BYTES):
                file.write(piece)
    except BaseException as error:
        path.unlink()
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise Invalid(
                f"{where} cannot be unpacked: {path.parent} is full.",
                hint="Set TMPDIR to a folder with more room.") from None
        raise
    return path

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


def spooled(stream: Readable, suffix: str, where: str) -> pathlib.Path:
    """Copies a stream into a temporary file, whose path is returned; the caller deletes it.

    Memory stays at a megabyte. Raises `Invalid` if the folder for temporary files is too small or
    the stream is damaged.
    """
    descriptor, name = tempfile.mkstemp(prefix="hub-", suffix=suffix)
    try:
        with os.fdopen(descriptor, "wb") as file:
            while piece := stream.read(COPY_BYTES):
                file.write(piece)
    except BaseException as error:
        os.unlink(name)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise Invalid(
                f"{where} cannot be unpacked: {os.path.dirname(name)} is full.",
                hint="Set TMPDIR to a folder with more room.") from None
        raise
    return pathlib.Path(name)

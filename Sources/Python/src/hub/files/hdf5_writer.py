"""The writer of HDF5 files."""

from __future__ import annotations

import io
import os
import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.files.layout import Box, Layout
from hub.files.reader import required
from hub.files.writer import Writer
from hub.pool import uninterrupted

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

ARRAY_NAME = "array"


class HDF5Writer(Writer):
    """An HDF5 file of one data set, `array`, with the array's chunks, attributes and names."""

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        super().__init__(target, layout)
        self._h5py = required("h5py", "h5py", target)
        self._disk: UnfailingFile | None = None
        self._file: Any = None

    def _begin(self) -> None:
        disk = self._disk = UnfailingFile(self.partial)
        uninterrupted(self._create)
        disk.check()

    def _create(self) -> None:
        layout = self.layout
        self._file = self._h5py.File(self._disk, "w")
        is_chunked = bool(layout.shape) and 0 not in layout.shape
        chunks = tuple(min(sizes) for sizes in zip(self.chunks, layout.shape))
        self._dataset = self._file.create_dataset(
            ARRAY_NAME, layout.shape, layout.dtype,
            **({"chunks": chunks, "compression": 1, "shuffle": True} if is_chunked else {}))
        for dimension, name in zip(self._dataset.dims, layout.dimension_names or ()):
            dimension.label = name
        for name, value in layout.attributes.items():
            if isinstance(value, str | int | float | list):
                try:
                    self._dataset.attrs[name] = value
                except (TypeError, ValueError, OSError):
                    continue  # Nested and mixed lists have no form in HDF5.

    def _write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        """Writes and compresses the chunks of a box."""
        assert self._disk is not None, "the writer is not in its block"
        uninterrupted(lambda: self._dataset.__setitem__(box, elements))
        self._disk.check()

    def _finish(self) -> None:
        assert self._disk is not None, "the writer is not in its block"
        uninterrupted(self._close)
        self._disk.check()

    def _abandon(self) -> None:
        if self._disk is not None:
            self._disk.drop()
            uninterrupted(self._close)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._disk is not None:
            self._disk.close()


class UnfailingFile(io.RawIOBase):
    """A file that never fails towards the library that writes it: it keeps the first failure.

    A failed write leaves the HDF5 library with a file that it can neither close nor let go of: it
    ends the process, at the latest at its end. So what follows a failure is dropped, and the
    library's caller asks with `check`.
    """

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__()
        self._file = open(path, "w+b", buffering=0)
        self._failure: OSError | None = None
        self._drops = False

    def check(self) -> None:
        """Raises the first failure, if there was one."""
        if self._failure is not None:
            raise self._failure

    def drop(self) -> None:
        """Writes nothing from now on."""
        self._drops = True

    def write(self, data: ReadableBuffer, /) -> int:
        """Writes all of it, or nothing more for ever."""
        view = memoryview(data).cast("B")
        written = 0
        try:
            while written < len(view) and not self._drops:
                written += self._file.write(view[written:])
        except OSError as failure:
            self._fail(failure)
        if written < len(view):
            self._file.seek(len(view) - written, os.SEEK_CUR)
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        """Gives the file a length, unless it is dropped."""
        length = self.tell() if size is None else size
        try:
            if not self._drops:
                self._file.truncate(length)
        except OSError as failure:
            self._fail(failure)
        return length

    def _fail(self, failure: OSError) -> None:
        self._failure = self._failure or failure
        self._drops = True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Reads what there is; zeros behind the end."""
        view = memoryview(buffer).cast("B")
        count = self._file.readinto(view)
        view[count:] = bytes(len(view) - count)
        return len(view)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Moves to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place in the file."""
        return self._file.tell()

    def readable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Closes the file."""
        try:
            self._file.close()
        except OSError as failure:
            self._fail(failure)
        super().close()

"""NumPy's own files: `.npy`, and `.npz` archives of them."""

from __future__ import annotations

import pathlib
import struct
import zipfile
from typing import Any

import numpy as np

from hub.errors import Invalid
from hub.files.layout import Box, Layout, Order, stored_type
from hub.files.reader import Reader, ReadingOptions, choose_member, fingerprint
from hub.files.spool import spooled

# The fixed part of a file's header inside a zip archive, whose last two fields are the lengths of
# the name and of the extra fields that follow it. Source: APPNOTE.TXT 4.3.7.
LOCAL_HEADER_BYTES = 30


def open_file(path: pathlib.Path, options: ReadingOptions) -> NumpyReader:
    """The array of a `.npy` file, or of one member of a `.npz` archive."""
    if path.suffix.lower() == ".npz":
        return _open_archive(path, options.member)
    return NumpyReader(path, _mapped(path, path), fingerprint([path]))


def _open_archive(path: pathlib.Path, wanted: str | None) -> NumpyReader:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise Invalid(f"{path} is no archive of NumPy's ({error}).") from None
    with archive:
        names = [name[:-4] for name in archive.namelist() if name.endswith(".npy")]
        entry = archive.getinfo(choose_member(names, wanted, path) + ".npy")
        mark = fingerprint([path], entry.filename)
        if entry.compress_type == zipfile.ZIP_STORED:
            array = _mapped(path, path, _data_offset(path, entry))
            return NumpyReader(path, array, mark)
        with archive.open(entry) as stream:
            unpacked = spooled(stream, ".npy", str(path))
    try:
        return NumpyReader(path, _mapped(unpacked, path), mark, unpacked)
    except BaseException:
        unpacked.unlink()
        raise


def _data_offset(path: pathlib.Path, entry: zipfile.ZipInfo) -> int:
    """Where the bytes of a stored member begin."""
    with open(path, "rb") as file:
        file.seek(entry.header_offset)
        header = file.read(LOCAL_HEADER_BYTES)
    name_bytes, extra_bytes = struct.unpack("<HH", header[-4:])
    return int(entry.header_offset + LOCAL_HEADER_BYTES + name_bytes + extra_bytes)


def _mapped(file_path: pathlib.Path, where: pathlib.Path, offset: int = 0) -> np.ndarray[Any, Any]:
    """The array of a `.npy` file that begins at an offset, mapped into memory."""
    try:
        with open(file_path, "rb") as file:
            file.seek(offset)
            version = np.lib.format.read_magic(file)
            read_header = (
                np.lib.format.read_array_header_1_0 if version == (1, 0)
                else np.lib.format.read_array_header_2_0)
            shape, is_fortran, dtype = read_header(file)
            data_offset = file.tell()
        stored_type(dtype, str(where))
        order: Order = "F" if is_fortran else "C"
        if 0 in shape:
            return np.empty(shape, dtype, order=order)
        return np.memmap(file_path, dtype, "r", data_offset, shape, order)
    except (ValueError, OSError) as error:
        if isinstance(error, Invalid):
            raise
        raise Invalid(f"{where} is no whole .npy file ({error}).") from None


class NumpyReader(Reader):
    """An array that is mapped into memory; `unpacked` is a temporary file to delete at the end."""

    def __init__(
        self, path: pathlib.Path, array: np.ndarray[Any, Any], mark: str,
        unpacked: pathlib.Path | None = None,
    ) -> None:
        is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        self._array: np.ndarray[Any, Any] | None = array
        self._unpacked = unpacked
        self.fingerprint = mark
        self.layout = Layout(
            array.shape, stored_type(array.dtype, str(path)), order="F" if is_fortran else "C")

    def read(self, box: Box) -> np.ndarray[Any, Any]:
        """A copy, so that what the page cache drops is not read again while it is sent."""
        assert self._array is not None, "the reader is closed"
        return np.array(self._array[box], dtype=self.layout.dtype)

    def close(self) -> None:
        """Unmaps the file, and deletes what was unpacked."""
        self._array = None
        if self._unpacked is not None:
            self._unpacked.unlink(missing_ok=True)
            self._unpacked = None

"""TIFF files of one or many pages: stacks, tiled pictures, ImageJ's and OME's."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import numpy as np

from hub.errors import Invalid, NotFound
from hub.files.layout import Box, Layout, stored_type
from hub.files.reader import Reader, ReadingOptions, fingerprint, required
from hub.files.spool import reserve, temporary_file, unpacking

# What the letters of a TIFF's axes mean; others keep their letter. Source: tifffile's manual.
AXES = {"I": "image", "Q": "image", "T": "t", "Z": "z", "C": "channel", "S": "channel"}


def open_file(path: pathlib.Path, options: ReadingOptions) -> TiffReader:
    """One series of a file: the first, or the one whose number is given as member."""
    tifffile = required("tifffile", "tifffile", path)
    try:
        file = tifffile.TiffFile(path)
    except (tifffile.TiffFileError, OSError, ValueError) as error:
        raise Invalid(f"{path} is no TIFF file ({error}).") from None
    try:
        member = options.member or "0"
        if not member.isdigit() or int(member) >= len(file.series):
            raise NotFound(
                f"{path} holds no series {member}; it holds {len(file.series)}, counted from 0.")
        _check_pages(path, file, file.series[int(member)])
        return TiffReader(path, file, int(member))
    except BaseException:
        file.close()
        raise


def _check_pages(path: pathlib.Path, file: Any, series: Any) -> None:
    """Refuses a series with pages of other files, which the file's description may name.

    Raises:
        Invalid: it has some.
    """
    if series.is_multifile or series.keyframe.parent is not file:
        raise Invalid(
            f"{path}: pages of it lie in another file.",
            hint="Write them into one file, and push that: nothing else is read of this machine.")


class TiffReader(Reader):
    """A series of pages: mapped into memory where they lie plainly one behind the other.

    Compressed, tiled and scattered pages are decoded into a temporary file first, page by page.
    """

    def __init__(self, path: pathlib.Path, file: Any, number: int) -> None:
        series = file.series[number]
        self._file = file
        self._unpacked: pathlib.Path | None = None
        self._array: np.ndarray[Any, Any] | None = None
        try:
            self._array = self._mapped(path, number)
            if self._array is None:
                self._unpacked = temporary_file(".tif.raw")
                self._array = self._decoded(self._unpacked, str(path), number)
        except BaseException as error:
            self._remove()
            # Each codec has failures of its own, of no common kind.
            if isinstance(error, Exception) and not isinstance(error, Invalid):
                raise Invalid(f"{path} cannot be decoded ({error}).") from None
            raise
        assert self._array is not None
        names = tuple(AXES.get(letter, letter.lower()) for letter in series.axes)
        shape = tuple(self._array.shape)
        self.fingerprint = fingerprint([path], number)
        self.layout = Layout(
            shape, stored_type(self._array.dtype, str(path)),
            dimension_names=names if len(set(names)) == len(shape) else None)

    @staticmethod
    def _mapped(path: pathlib.Path, number: int) -> np.ndarray[Any, Any] | None:
        tifffile = required("tifffile", "tifffile", path)
        try:
            array: np.ndarray[Any, Any] = tifffile.memmap(path, series=number, level=0, mode="r")
        except ValueError:  # It is not stored as it is in memory.
            return None
        return array

    def _decoded(self, unpacked: pathlib.Path, where: str, number: int) -> np.ndarray[Any, Any]:
        """The series, decoded into a file that is mapped into memory."""
        series = self._file.series[number]
        with unpacking(unpacked, where):
            os.truncate(unpacked, max(1, series.size * series.dtype.itemsize))
            reserve(unpacked)
            array = np.memmap(unpacked, series.dtype, "r+", 0, series.shape)
            decoded: np.ndarray[Any, Any] = self._file.asarray(series=number, level=0, out=array)
        return decoded

    def read(self, box: Box) -> np.ndarray[Any, Any]:
        """A copy, so that what the page cache drops is not read again while it is sent."""
        assert self._array is not None, "the reader is closed"
        return np.array(self._array[box], dtype=self.layout.dtype)

    def close(self) -> None:
        """Closes the file, and deletes what was decoded."""
        self._file.close()
        self._remove()

    def _remove(self) -> None:
        self._array = None
        if self._unpacked is not None:
            self._unpacked.unlink(missing_ok=True)
            self._unpacked = None

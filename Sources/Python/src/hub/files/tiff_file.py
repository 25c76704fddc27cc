"""TIFF files of one or many pages: stacks, tiled pictures, ImageJ's and OME's."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from hub.errors import Invalid, NotFound
from hub.files.layout import Box, Layout, stored_type
from hub.files.reader import Reader, ReadingOptions, fingerprint, required

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
        return TiffReader(path, file, int(member))
    except BaseException:
        file.close()
        raise


class TiffReader(Reader):
    """A series of pages, of which tiles or strips are decoded as they are needed."""

    def __init__(self, path: pathlib.Path, file: Any, number: int) -> None:
        import zarr

        series = file.series[number]
        self._file = file
        self._array: Any = zarr.open(series.aszarr(level=0), mode="r")
        if isinstance(self._array, zarr.Group):
            self._array = self._array["0"]
        names = tuple(AXES.get(letter, letter.lower()) for letter in series.axes)
        shape = tuple(self._array.shape)
        self.fingerprint = fingerprint([path], number)
        self.layout = Layout(
            shape, stored_type(self._array.dtype, str(path)),
            dimension_names=names if len(set(names)) == len(shape) else None)

    def read(self, box: Box) -> np.ndarray[Any, Any]:
        """The elements of all pages that the box touches."""
        return np.asarray(self._array[box], dtype=self.layout.dtype)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

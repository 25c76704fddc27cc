"""Medical volumes in NIfTI files, compressed or not."""

from __future__ import annotations

import gzip
import pathlib
import zlib
from typing import Any

import numpy as np

from hub.errors import Invalid
from hub.files.layout import Box, Layout, json_attributes, stored_type
from hub.files.reader import (
    Reader, ReadingOptions, fingerprint, refused_if_damaged, required)
from hub.files.spool import spooled

AXES = ("x", "y", "z", "t", "u", "v", "w")


def open_file(path: pathlib.Path, options: ReadingOptions) -> NiftiReader:
    """The volume of a file; a compressed one is unpacked into a temporary file first."""
    nibabel = required("nibabel", "nibabel", path)
    unpacked = None
    try:
        if path.name.lower().endswith(".gz"):
            with gzip.open(path) as stream:
                unpacked = spooled(stream, ".nii", str(path))
        return NiftiReader(path, nibabel.load(unpacked or path), unpacked)
    except (_file_error(nibabel), gzip.BadGzipFile, EOFError, zlib.error) as error:
        _remove(unpacked)
        raise Invalid(f"{path} is no whole NIfTI file ({error}).") from None
    except BaseException:
        _remove(unpacked)
        raise


def _file_error(nibabel: Any) -> type[Exception]:
    """What nibabel raises for files that are none of its kinds."""
    kind: type[Exception] = nibabel.filebasedimages.ImageFileError
    return kind


def _remove(path: pathlib.Path | None) -> None:
    if path is not None:
        path.unlink(missing_ok=True)


class NiftiReader(Reader):
    """A volume of which the last axis is the slowest.

    Elements are of the file's own type where it does not scale them, and floats where it does.
    Attributes: `affine` (4 × 4, from voxels to millimetres), `voxel_sizes`, `units`,
    `description`.
    """

    def __init__(self, path: pathlib.Path, image: Any, unpacked: pathlib.Path | None) -> None:
        header = image.header
        corner = image.dataobj[tuple(slice(0, 1) for _ in image.shape)]
        self._path = path
        self._elements = image.dataobj
        self._unpacked = unpacked
        self.fingerprint = fingerprint([path])
        self.layout = Layout(
            tuple(image.shape), stored_type(corner.dtype, str(path)), order="F",
            dimension_names=AXES[: len(image.shape)],
            attributes=json_attributes({
                "affine": np.asarray(image.affine, dtype="f8"),
                "voxel_sizes": [float(size) for size in header.get_zooms()],
                "units": list(header.get_xyzt_units()),
                "description": bytes(header["descrip"].tobytes()).rstrip(b"\0 "),
            }))

    def read(self, box: Box) -> np.ndarray[Any, Any]:
        """The elements, scaled as the file's header says."""
        with refused_if_damaged(self._path):
            return np.asarray(self._elements[box], dtype=self.layout.dtype)

    def close(self) -> None:
        """Deletes what was unpacked."""
        _remove(self._unpacked)
        self._unpacked = None

"""The writers of files that elements lie in as they are, and of what is compressed from them."""

from __future__ import annotations

import gzip
import pathlib
import shutil
import zipfile
from typing import Any

import numpy as np

from hub.errors import Invalid
from hub.files.layout import Box, Layout
from hub.files.reader import required
from hub.files.spool import COPY_BYTES, check_room, reserve
from hub.files.writer import Writer

ARRAY_NAME = "array"
NIFTI_TYPES = ("u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c8", "c16")


class MappedWriter(Writer):
    """A file that is mapped into memory while it is written, and has its room on the disk before.

    A full disk is so told at the beginning: writing into a map has no way to tell but to end the
    process.
    """

    _array: np.ndarray[Any, Any] | None = None

    def _check_room(self) -> None:
        """Refuses what does not fit before a file is made, which may be larger than any can be."""
        check_room(self.partial.parent, self.layout.bytes)

    def _write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        assert self._array is not None, "the writer is not in its block"
        self._array[box] = elements

    def _finish(self) -> None:
        if isinstance(self._array, np.memmap):
            self._array.flush()
        self._array = None

    def _abandon(self) -> None:
        self._array = None


class NpyWriter(MappedWriter):
    """NumPy's own file."""

    def _begin(self) -> None:
        layout = self.layout
        if layout.bytes == 0:
            self._array = np.empty(layout.shape, layout.dtype)
            np.save(self.partial, self._array)
            return
        self._check_room()
        self._array = np.lib.format.open_memmap(
            self.partial, "w+", layout.dtype, layout.shape)
        reserve(self.partial, self._array.offset)


class NpzWriter(Writer):
    """An archive of one array, named `array`; its elements are compressed at the end."""

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        super().__init__(target, layout)
        self._plain = NpyWriter(target.with_name(f"{target.name}.npy"), layout)
        self.partials += self._plain.partials

    def _begin(self) -> None:
        self._plain._begin()

    def _write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        self._plain._write(box, elements)

    def _finish(self) -> None:
        self._plain._finish()
        with zipfile.ZipFile(self.partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
            file.write(self._plain.partial, f"{ARRAY_NAME}.npy")

    def _abandon(self) -> None:
        self._plain._abandon()


class NiftiWriter(MappedWriter):
    """A medical volume; the attribute `affine` places it, if there is one."""

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        super().__init__(target, layout)
        self._nibabel = required("nibabel", "nibabel", target)
        if not any(layout.dtype == np.dtype(name) for name in NIFTI_TYPES):
            raise Invalid(f"{target}: NIfTI has no elements of type {layout.dtype}.")
        if not 1 <= len(layout.shape) <= 7:
            raise Invalid(f"{target}: NIfTI has 1 to 7 axes, not {len(layout.shape)}.")
        is_packed = target.name.lower().endswith(".gz")
        self._volume = self.partial.with_suffix("") if is_packed else self.partial
        self.partials.append(self._volume)

    def _begin(self) -> None:
        self._check_room()
        header = self._header()
        offset = int(header.get_data_offset())
        with open(self._volume, "wb") as file:
            header.write_to(file)
            file.truncate(offset + self.layout.bytes)
        reserve(self._volume, offset)
        self._array = np.memmap(
            self._volume, self.layout.dtype, "r+", offset, self.layout.shape, "F")

    def _header(self) -> Any:
        affine = self.layout.attributes.get("affine")
        header = self._nibabel.Nifti1Header(endianness="<")
        # Volumes with a side of more than 32767 voxels need the second form of the format.
        if max(self.layout.shape) > 0x7FFF:
            header = self._nibabel.Nifti2Header(endianness="<")
        header.set_data_dtype(self.layout.dtype)
        header.set_data_shape(self.layout.shape)
        header["magic"] = header.single_magic
        header.set_data_offset(header.single_vox_offset)
        header.set_slope_inter(1, 0)
        if affine is not None:
            header.set_sform(np.array(affine, "f8"), code="scanner")
        sizes = self.layout.attributes.get("voxel_sizes")
        if sizes is not None and len(sizes) == len(self.layout.shape):
            header.set_zooms(sizes)
        return header

    def _finish(self) -> None:
        super()._finish()
        if self._volume != self.partial:
            with open(self._volume, "rb") as plain, gzip.open(self.partial, "wb", 1) as packed:
                shutil.copyfileobj(plain, packed, COPY_BYTES)


class TiffWriter(MappedWriter):
    """A stack of pages, with the array's names as axes where TIFF has letters for them."""

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        super().__init__(target, layout)
        self._tifffile = required("tifffile", "tifffile", target)
        if len(layout.shape) < 2 or 0 in layout.shape:
            raise Invalid(
                f"{target}: a TIFF has two axes or more, none of them empty; "
                f"the shape is {layout.shape}.")

    def _begin(self) -> None:
        self._check_room()
        try:
            array = self._tifffile.memmap(
                self.partial, shape=self.layout.shape, dtype=self.layout.dtype, bigtiff=True,
                metadata={"axes": axes} if (axes := self._axes()) else None)
        except (ValueError, KeyError) as error:
            raise Invalid(f"{self.target}: TIFF cannot hold it ({error}).") from None
        reserve(self.partial, array.offset)
        self._array = array

    def _axes(self) -> str:
        letters = {"channel": "S", "image": "Q", "sample": "Q"}
        names = [letters.get(name, name.upper()) for name in self.layout.dimension_names or ()]
        is_known = all(name in "XYZTCSQ" and len(name) == 1 for name in names)
        return "".join(names) if is_known and len(set(names)) == len(names) else ""

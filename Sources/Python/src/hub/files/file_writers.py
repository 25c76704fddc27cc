"""The writers of single files, and of Zarr folders."""

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
from hub.files.spool import COPY_BYTES
from hub.files.writer import Writer

ARRAY_NAME = "array"
NIFTI_TYPES = ("u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c8", "c16")


class NpyWriter(Writer):
    """NumPy's own file, mapped into memory while it is written."""

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        super().__init__(target, layout)
        self._array: np.ndarray[Any, Any] | None = _mapped(self.partial, layout)

    def write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        """Writes a box into the map."""
        assert self._array is not None, "the writer is finished"
        self._array[box] = elements

    def finish(self) -> None:
        """Writes the map to the disk."""
        if isinstance(self._array, np.memmap):
            self._array.flush()
        self._array = None


def _mapped(path: pathlib.Path, layout: Layout) -> np.ndarray[Any, Any]:
    if layout.bytes == 0:
        np.save(path, np.empty(layout.shape, layout.dtype))
        return np.empty(layout.shape, layout.dtype)
    return np.lib.format.open_memmap(
        path, "w+", layout.dtype, layout.shape)


class NpzWriter(Writer):
    """An archive of one array, named `array`; its elements are compressed at the end."""

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        super().__init__(target, layout)
        self._plain = NpyWriter(target.with_name(f"{target.name}.npy"), layout)

    def write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        """Writes a box into the file that will be compressed."""
        self._plain.write(box, elements)

    def finish(self) -> None:
        """Compresses the array into the archive."""
        self._plain.finish()
        try:
            with zipfile.ZipFile(self.partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
                file.write(self._plain.partial, f"{ARRAY_NAME}.npy")
        finally:
            self._plain.partial.unlink(missing_ok=True)


class HDF5Writer(Writer):
    """An HDF5 file of one data set, `array`, with the array's chunks, attributes and names."""

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        super().__init__(target, layout)
        h5py = required("h5py", "h5py", target)
        self._file = h5py.File(self.partial, "w")
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

    def write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        """Writes and compresses the chunks of a box."""
        self._dataset[box] = elements

    def finish(self) -> None:
        """Closes the file."""
        self._file.close()


class ZarrWriter(Writer):
    """A folder that holds a Zarr array, version 3."""

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        super().__init__(target, layout)
        import zarr

        self._array: Any = zarr.create_array(
            self.partial, shape=layout.shape, dtype=layout.dtype, chunks=self.chunks,
            dimension_names=layout.dimension_names, attributes=dict(layout.attributes))

    def write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        """Writes the chunks of a box."""
        self._array[box] = elements


class NiftiWriter(Writer):
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
        header = self._header()
        with open(self._volume, "wb") as file:
            header.write_to(file)
            offset = int(header.get_data_offset())
            file.truncate(offset + layout.bytes)
        self._array: np.ndarray[Any, Any] | None = np.memmap(
            self._volume, layout.dtype, "r+", offset, layout.shape, "F")

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

    def write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        """Writes a box into the map."""
        assert self._array is not None, "the writer is finished"
        self._array[box] = elements

    def finish(self) -> None:
        """Writes the map to the disk, and compresses it if the name asks for it."""
        self._array = None
        if self._volume == self.partial:
            return
        try:
            with open(self._volume, "rb") as plain, gzip.open(self.partial, "wb", 1) as packed:
                shutil.copyfileobj(plain, packed, COPY_BYTES)
        finally:
            self._volume.unlink(missing_ok=True)


class TiffWriter(Writer):
    """A stack of pages, with the array's names as axes where TIFF has letters for them."""

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        super().__init__(target, layout)
        tifffile = required("tifffile", "tifffile", target)
        if len(layout.shape) < 2 or 0 in layout.shape:
            raise Invalid(
                f"{target}: a TIFF has two axes or more, none of them empty; "
                f"the shape is {layout.shape}.")
        try:
            self._array = tifffile.memmap(
                self.partial, shape=layout.shape, dtype=layout.dtype, bigtiff=True,
                metadata={"axes": axes} if (axes := self._axes()) else None)
        except (ValueError, KeyError) as error:
            raise Invalid(f"{target}: TIFF cannot hold it ({error}).") from None

    def _axes(self) -> str:
        letters = {"channel": "S", "image": "Q", "sample": "Q"}
        names = [letters.get(name, name.upper()) for name in self.layout.dimension_names or ()]
        is_known = all(name in "XYZTCSQ" and len(name) == 1 for name in names)
        return "".join(names) if is_known and len(set(names)) == len(names) else ""

    def write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        """Writes a box into the map."""
        self._array[box] = elements

    def finish(self) -> None:
        """Writes the map to the disk."""
        if self._array is not None:
            self._array.flush()
        self._array = None

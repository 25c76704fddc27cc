"""HDF5 files."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from hub.errors import Invalid
from hub.files.layout import Box, Layout, json_attributes, stored_type
from hub.files.reader import Reader, ReadingOptions, choose_member, fingerprint, required


def open_file(path: pathlib.Path, options: ReadingOptions) -> HDF5Reader:
    """One data set of a file; it must be named if there are several."""
    h5py = required("h5py", "h5py", path)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise Invalid(f"{path} is no HDF5 file ({error}).") from None
    try:
        names: list[str] = []
        file.visititems(
            lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        return HDF5Reader(path, file, file[choose_member(names, options.member, path)])
    except BaseException:
        file.close()
        raise


class HDF5Reader(Reader):
    """A data set; its chunks, attributes and the labels of its dimensions are kept."""

    def __init__(self, path: pathlib.Path, file: Any, dataset: Any) -> None:
        labels = tuple(dimension.label for dimension in dataset.dims)
        self._file = file
        self._dataset = dataset
        self.fingerprint = fingerprint([path], dataset.name)
        self.layout = Layout(
            tuple(dataset.shape), stored_type(dataset.dtype, str(path)),
            chunks=dataset.chunks, dimension_names=labels if all(labels) and labels else None,
            attributes=json_attributes(
                {name: value for name, value in dataset.attrs.items()
                 if name not in ("DIMENSION_LABELS", "DIMENSION_LIST", "REFERENCE_LIST")}))

    def read(self, box: Box) -> np.ndarray[Any, Any]:
        """The elements, read and unpacked by the HDF5 library."""
        return np.asarray(self._dataset[box], dtype=self.layout.dtype)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

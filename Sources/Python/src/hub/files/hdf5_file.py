"""HDF5 files."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from hub.errors import Invalid
from hub.files.layout import Box, Layout, json_attributes, stored_type
from hub.files.reader import (
    Reader, ReadingOptions, choose_member, fingerprint, refused_if_damaged, required)


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
        dataset = file[choose_member(names, options.member, path)]
        _check_storage(path, dataset, names)
        return HDF5Reader(path, file, dataset)
    except BaseException:
        file.close()
        raise


def _check_storage(path: pathlib.Path, dataset: Any, names: list[str]) -> None:
    """Refuses a data set whose elements, or some of them, are no part of the file.

    Args:
        names: the data sets that are in the file itself, and not linked to.

    Raises:
        Invalid: it has external storage, or is virtual and made of another file.
    """
    seen: set[str] = set()
    waiting = [dataset]
    while waiting:
        one = waiting.pop()
        seen.add(one.name)
        others = [str(name) for name, _, _ in one.external or ()]
        for source in one.virtual_sources() if one.is_virtual else ():
            name = source.dset_name.strip("/")
            if source.file_name != "." or name not in names:
                others.append(f"{source.file_name} ({source.dset_name})")
            elif f"/{name}" not in seen:
                waiting.append(dataset.file[name])
        if others:
            raise Invalid(
                f"{path}: the elements of {dataset.name.strip('/')} lie in another file, "
                f"{others[0]}.",
                hint="Copy them into one file, and push that: nothing else is read of this machine.")


class HDF5Reader(Reader):
    """A data set; its chunks, attributes and the labels of its dimensions are kept."""

    def __init__(self, path: pathlib.Path, file: Any, dataset: Any) -> None:
        labels = tuple(dimension.label for dimension in dataset.dims)
        self._path = path
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
        with refused_if_damaged(self._path):
            return np.asarray(self._dataset[box], dtype=self.layout.dtype)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

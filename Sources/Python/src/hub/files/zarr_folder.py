"""Zarr arrays and groups in a folder or a zip archive, of version 2 or 3."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.errors import HubError, Invalid
from hub.files.layout import Box, Layout, json_attributes, stored_type
from hub.files.links import check_links, links_below
from hub.files.reader import (
    Reader, ReadingOptions, choose_member, fingerprint, refused_if_damaged)

if TYPE_CHECKING:
    from zarr.abc.store import Store


def open_file(path: pathlib.Path, options: ReadingOptions) -> ZarrReader:
    """An array; in a group it must be named if there are several.

    Raises `Invalid` also if a link leads out of the folder: nothing else is read of this machine.
    """
    import zarr
    from zarr.storage import LocalStore, ZipStore

    from hub.files.bounded_zarr import BoundedZarr

    if path.is_dir():
        check_links(links_below(path), path)
    stored = ZipStore(path, mode="r") if path.is_file() else LocalStore(path, read_only=True)
    store = BoundedZarr(stored)
    try:
        node = zarr.open(store, mode="r")
    except (FileNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"{path} holds no Zarr array or group ({error}).") from None
    if isinstance(node, zarr.Group):
        arrays = {
            name: item for name, item in node.members(max_depth=None)
            if isinstance(item, zarr.Array)}
        node = arrays[choose_member(sorted(arrays), options.member, path)]
    return ZarrReader(path, node, store)


class ZarrReader(Reader):
    """An array that zarr reads; its chunks (of a sharded one, the shards) are kept."""

    def __init__(self, path: pathlib.Path, array: Any, store: Store) -> None:
        attributes = dict(array.attrs)
        names = getattr(array.metadata, "dimension_names", None)
        names = names or attributes.get("_ARRAY_DIMENSIONS")
        documents = [path] if path.is_file() else _documents(path / array.path)
        self._path = path
        self._array, self._store = array, store
        self.fingerprint = fingerprint(documents, array.path)
        self.layout = Layout(
            tuple(array.shape), stored_type(array.dtype, str(path)),
            chunks=tuple(array.shards or array.chunks),
            dimension_names=tuple(names) if names and all(names) else None,
            attributes=json_attributes(attributes))

    def read(self, box: Box) -> np.ndarray[Any, Any]:
        """The elements, read and decoded by zarr."""
        with refused_if_damaged(self._path):
            try:
                return np.asarray(self._array[box], dtype=self.layout.dtype)
            except HubError as error:
                raise ValueError(error.what.rstrip(".")) from error

    def close(self) -> None:
        """Closes the archive, if it is one."""
        self._store.close()


def _documents(folder: pathlib.Path) -> list[pathlib.Path]:
    """The files that describe the array, and its folder, whose time tells of new chunks."""
    names = ("zarr.json", ".zarray", ".zattrs")
    return [folder] + [folder / name for name in names if (folder / name).exists()]

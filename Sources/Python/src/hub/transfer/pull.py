"""Pulling an array from the server into a file or folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hub.errors import Invalid
from hub.files.boxes import Boxes
from hub.files.layout import Box, Layout, stored_type
from hub.files.writer import open_writer
from hub.pool import worked
from hub.progress import progress

THREADS = 4


class Sliceable(Protocol):
    """What is pulled: an array, or a lazy view of one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents per axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of elements."""

    def __getitem__(self, box: Any, /) -> Any:
        """Elements, or a view of them that NumPy can turn into an array."""


@dataclass(frozen=True)
class Pulled:
    """What a pull wrote."""

    target: str
    shape: tuple[int, ...]
    dtype: str
    bytes_total: int


def pull(
    source: str | Sliceable,
    target: str | os.PathLike[str],
    *,
    index: Any = None,
    overwrite: bool = False,
    show_progress: bool | None = None,
) -> Pulled:
    """Writes an array, or a part of it, into a file or folder, chosen by its name.

    Memory stays bounded: boxes are read, some at a time, and written. The target appears when all
    is there. The state that is pulled is the one at the beginning if the array has a commit and is
    not changed since; otherwise boxes may be of different moments, as with any copy.

    Args:
        source: a reference, an array or a view.
        target: `.npy`, `.npz`, `.h5`, `.zarr`, `.nii`, `.nii.gz`, `.tif`, or a folder (with a
            slash at the end) for pictures.
        index: a NumPy index that says which part.
        overwrite: whether a file that is there is replaced, or a folder that holds nothing but an
            array of Zarr or numbered pictures.

    Raises:
        NotFound: there is no such array.
        Conflict: the target is there, or is a folder that holds something else.
        Invalid: the target is of no known kind, or cannot hold such an array, or cannot be written,
            as on a full disk.
    """
    whole: Any = _loaded(source) if isinstance(source, str) else source
    if not hasattr(whole, "shape") or not hasattr(getattr(whole, "array", whole), "description"):
        raise Invalid(f"{type(source).__name__} is nothing to pull: it is a reference, an array or a "
                      "view.")
    view = whole if index is None else whole.lazy[index]
    layout = _layout(getattr(whole, "array", whole), view)
    item_bytes = layout.dtype.itemsize
    with open_writer(target, layout, overwrite) as writer:
        boxes = Boxes(layout.shape, writer.chunks, item_bytes, order=layout.order)
        with progress(f"pull {target}", layout.bytes, show_progress) as bar:

            def read(box: Box) -> np.ndarray[Any, Any]:
                return np.asarray(view[box])

            for box, elements in worked(read, boxes, THREADS):
                writer.write(box, elements)
                bar.update(elements.nbytes)
    return Pulled(os.fspath(target), layout.shape, layout.dtype.name, layout.bytes)


def _loaded(name: str) -> Any:
    """The array at what is committed of it, if that is all there is; else as it stands."""
    import hub

    array = hub.load(name)
    digest = array.digest
    return array if digest is None or array.reference.digest else hub.load(
        str(array.reference.at(digest)))


def _layout(array: Any, view: Any) -> Layout:
    """The layout of what is pulled; names and chunks are kept where the axes are."""
    is_whole = view is array
    names: Sequence[str | None] | None = array.description.dimension_names
    is_same_rank = len(view.shape) == len(array.shape)
    return Layout(
        tuple(view.shape), stored_type(view.dtype, str(array.reference)),
        chunks=tuple(array.chunks) if is_whole and array.chunks else None,
        dimension_names=tuple(map(str, names)) if names and all(names) and is_same_rank else None,
        attributes=dict(array.description.attributes or {}) if is_whole else {},
        order="F" if array.description.order == "F" else "C")

"""Writing an array into a file or folder, box by box."""

from __future__ import annotations

import importlib
import os
import pathlib
import shlex
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import numpy as np

from hub.errors import Conflict, Invalid
from hub.files.layout import Box, Layout
from hub.files.replacement import is_special, partial_path, place, remove, replace, sweep, told


class Writer(ABC):
    """An array in a file that comes into being, box by box, within a `with` block.

    The file is made under another name beside the target, and takes its name when all is there:
    nobody sees half of it. Leaving the block by an exception removes it, without the work that
    would have finished it; what a killed process leaves, a later writer removes in the same folder,
    after a day. `chunks` is what a box is made of.

    A kind of file defines `_begin`, `_write`, `_finish` and `_abandon`, which may raise `OSError`;
    what it refuses for other reasons, it refuses when it is made, before there is any file.
    """

    chunks: tuple[int, ...]

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        self.target = target
        self.layout = layout
        self.chunks = layout.chunks or tuple(max(1, extent) for extent in layout.shape)
        self.partial = partial_path(target)
        #: All files and folders that are made on the way.
        self.partials = [self.partial]

    @classmethod
    def what_stays(cls, path: pathlib.Path) -> str:
        """Why something that is there must not be replaced by such a file; empty if it may."""
        return "is a folder" if path.is_dir() else ""

    def write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        """Writes the elements of a box.

        Raises:
            Invalid: they cannot be written, as on a full disk.
        """
        with told(self.target):
            self._write(box, elements)

    @abstractmethod
    def _begin(self) -> None:
        """Makes the file."""

    @abstractmethod
    def _write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        """Writes the elements of a box."""

    def _finish(self) -> None:
        """Brings everything to the disk under `partial`, and lets go of it."""

    def _abandon(self) -> None:
        """Lets go of the file, which will be removed, at once."""

    def __enter__(self) -> Self:
        try:
            with told(self.target):
                self._begin()
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._discard()
            return
        try:
            with told(self.target):
                self._finish()
                # It may have changed since the beginning.
                check_replaced(type(self), self.target)
                replace(self.partial, self.target)
        finally:
            self._discard()

    def _discard(self) -> None:
        """Removes whatever is left on the way; what went wrong before is to be told."""
        try:
            with suppress(Exception):
                self._abandon()
        finally:
            for path in self.partials:
                remove(path)


def open_writer(
    target: str | os.PathLike[str], layout: Layout, overwrite: bool = False,
) -> Writer:
    """The writer for a file or folder, chosen by its name.

    Args:
        overwrite: whether a file is replaced that is there, or a folder that holds nothing but
            what such a writer writes: an array of Zarr, or numbered pictures.

    Raises:
        Conflict: the target exists and may not be replaced.
        Invalid: it is of no known kind, or of one that cannot hold such an array, or cannot be
            written there.
    """
    if is_special(target):
        raise Conflict(f"{target} is no file, and is not replaced.", hint="Choose another name.")
    path = place(target)
    is_folder = os.fspath(target).endswith(("/", os.sep)) or path.is_dir()
    kind = _kind(pathlib.Path(target), is_folder)
    if path.exists() and not overwrite:
        raise Conflict(
            f"{target} exists.", hint="Choose another name, or replace it (--overwrite).")
    check_replaced(kind, path)
    sweep(path.parent)
    return kind(path, layout)


def check_replaced(kind: type[Writer], path: pathlib.Path) -> None:
    """Raises `Conflict` if there is something that such a writer must not replace."""
    reason = kind.what_stays(path) if path.exists() else ""
    if reason:
        raise Conflict(f"{path} {reason}, and is not replaced.",
                       hint="Choose another name, or move it away first.")


def _kind(target: pathlib.Path, is_folder: bool) -> type[Writer]:
    for suffixes, module, kind in _KINDS:
        if target.name.lower().endswith(suffixes):
            found: type[Writer] = getattr(importlib.import_module(module), kind)
            return found
    if is_folder:
        from hub.files.image_writer import ImageFolderWriter

        return ImageFolderWriter
    raise Invalid(
        f"{target} is of no kind that can be written.",
        hint=f"{_elsewhere(target)}Kinds: .npy, .npz, .h5, .zarr, .nii, .nii.gz, .tif, and pictures/"
             " for a folder.")


def _elsewhere(target: pathlib.Path) -> str:
    """The command that writes what a pull does not, with a space behind it; empty if none does."""
    suffix, file = target.suffix.lower(), shlex.quote(os.fspath(target))
    if target.name == "-":
        return "`hub get NAME --format npy` writes to standard output. "
    if suffix in _FORMS_OF_GET:
        return f"`hub get NAME -o {file}` writes a {suffix}, of a slice as 'NAME[0]' too. "
    if suffix in (".jpg", ".jpeg"):
        return f"`hub show 'NAME[0]' -o {file}` writes a {suffix}. "
    return ""


_FORMS_OF_GET = (".csv", ".json", ".raw", ".bin", ".png")
_WRITERS = "hub.files.file_writers"
_KINDS: list[tuple[tuple[str, ...], str, str]] = [
    ((".npy",), _WRITERS, "NpyWriter"),
    ((".npz",), _WRITERS, "NpzWriter"),
    ((".h5", ".hdf5", ".hdf"), "hub.files.hdf5_writer", "HDF5Writer"),
    ((".zarr",), "hub.files.zarr_writer", "ZarrWriter"),
    ((".nii", ".nii.gz"), _WRITERS, "NiftiWriter"),
    ((".tif", ".tiff"), _WRITERS, "TiffWriter"),
]

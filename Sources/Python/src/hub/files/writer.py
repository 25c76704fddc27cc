"""Writing an array into a file or folder, box by box."""

from __future__ import annotations

import importlib
import os
import pathlib
import re
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import numpy as np

from hub.errors import Conflict, HubError, Invalid
from hub.files.layout import Box, Layout


LEFT_SECONDS_MIN = 24 * 3600
"""For so long the file of a process that is gone is not touched."""


class Writer(ABC):
    """An array in a file that comes into being, box by box.

    The file is made under another name beside the target, and takes its name when all is there:
    nobody sees half of it. Leaving the `with` block by an exception removes it; what a killed
    process leaves, a later writer does in the same folder, after a day. `chunks` is what a box is
    made of; `order` is the order in which writing costs least.
    """

    chunks: tuple[int, ...]

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        self.target = target
        self.layout = layout
        self.chunks = layout.chunks or tuple(max(1, extent) for extent in layout.shape)
        # The suffix stays last: libraries choose the kind of file by it.
        self.partial = target.with_name(f".{os.getpid()}.partial.{target.name}")

    @abstractmethod
    def write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        """Writes the elements of a box."""

    def finish(self) -> None:
        """Brings everything to the disk under `partial`, and lets go of it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.finish()
            if kind is None:
                _replace(self.partial, self.target)
        finally:
            _remove(self.partial)


def open_writer(
    target: str | os.PathLike[str], layout: Layout, overwrite: bool = False,
) -> Writer:
    """The writer for a file or folder, chosen by its name.

    Raises `Conflict` if the target exists and may not be replaced, `Invalid` if it is of no known
    kind, or of one that cannot hold such an array, or cannot be written there.
    """
    path = pathlib.Path(target)
    if path.name in ("", ".."):
        raise Invalid(f"{path} is no name of a file or folder that can be written.")
    text = os.fspath(target)
    is_folder = text.endswith(("/", os.sep)) or path.is_dir()
    if path.exists() and not overwrite:
        raise Conflict(f"{path} exists.", hint="Choose another name, or replace it (--overwrite).")
    if not path.absolute().parent.is_dir():
        raise Invalid(f"There is no folder {path.parent} to write {path.name} into.")
    name = path.name.lower()
    for suffixes, module, kind in _KINDS:
        if name.endswith(suffixes):
            return _opened(getattr(importlib.import_module(module), kind), path, layout)
    if is_folder:
        from hub.files.image_writer import ImageFolderWriter

        return _opened(ImageFolderWriter, path, layout)
    raise Invalid(
        f"{path} is of no kind that can be written.",
        hint="Kinds: .npy, .npz, .h5, .zarr, .nii, .nii.gz, .tif, and pictures/ for a folder.")


def _opened(kind: Callable[[pathlib.Path, Layout], Writer], path: pathlib.Path,
            layout: Layout) -> Writer:
    _sweep(path.absolute().parent)
    try:
        return kind(path, layout)
    except OSError as error:
        if isinstance(error, HubError):
            raise
        # The file that cannot be made has another name, which nobody asked for.
        reason = f": {os.strerror(error.errno)}" if error.errno else ""
        raise Invalid(f"{path} cannot be written{reason}.") from error


def _sweep(folder: pathlib.Path) -> None:
    """Removes what writers left that were killed: their process is gone, and it is old.

    It must be old since the process may be one of another machine that has the same folder.
    """
    with suppress(OSError):
        for path in folder.glob(".*.partial.*"):
            owner = re.match(r"\.(\d+)\.partial\.", path.name)
            age = time.time() - path.stat().st_mtime
            if owner and age > LEFT_SECONDS_MIN and not _is_running(int(owner[1])):
                _remove(path)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


_WRITERS = "hub.files.file_writers"
_KINDS: list[tuple[tuple[str, ...], str, str]] = [
    ((".npy",), _WRITERS, "NpyWriter"),
    ((".npz",), _WRITERS, "NpzWriter"),
    ((".h5", ".hdf5", ".hdf"), _WRITERS, "HDF5Writer"),
    ((".zarr",), _WRITERS, "ZarrWriter"),
    ((".nii", ".nii.gz"), _WRITERS, "NiftiWriter"),
    ((".tif", ".tiff"), _WRITERS, "TiffWriter"),
]


def _replace(partial: pathlib.Path, target: pathlib.Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    os.replace(partial, target)


def _remove(path: pathlib.Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

"""Reading an array out of a file or folder, part by part."""

from __future__ import annotations

import hashlib
import importlib
import os
import pathlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType, TracebackType
from typing import Any, Self

import numpy as np

from hub.errors import HubError, Invalid, NotFound
from hub.files.layout import Box, Layout

_REASON_CHARACTERS_MAX = 300


@dataclass(frozen=True)
class ReadingOptions:
    """What a person may say about a file.

    `member` names the array in a file that holds several. `size` (height, width) and `mode` ("L",
    "RGB", "RGBA") are those that pictures are brought to.
    """

    member: str | None = None
    size: tuple[int, int] | None = None
    mode: str | None = None


class Reader(ABC):
    """An array in a file, of which any box can be read.

    Memory: a box that is read, and nothing that grows with the array. A reader is used by one
    thread at a time and closed at the end.
    """

    layout: Layout
    #: What people call the source: the file's name without its folder.
    name: str
    #: Changes whenever the file does; made of names, sizes and times, not of the elements.
    fingerprint: str

    @abstractmethod
    def read(self, box: Box) -> np.ndarray[Any, Any]:
        """The elements of a box: its shape, the layout's type; `Invalid` if they are damaged."""

    def close(self) -> None:
        """Lets go of the file, and removes what was unpacked for it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_reader(source: str | os.PathLike[str], options: ReadingOptions | None = None) -> Reader:
    """The reader for a file or folder, chosen by its name.

    Raises `NotFound` if there is none, `Invalid` if it is of no known kind, damaged, holds no
    array, or holds several and none is named.
    """
    options = options or ReadingOptions()
    path = pathlib.Path(source)
    if not path.exists():
        raise NotFound(f"There is no file or folder {path}.")
    module = importlib.import_module(_module(path))
    with refused_if_damaged(path):
        reader: Reader = module.open_file(path, options)
    reader.name = path.absolute().name
    return reader


def _module(path: pathlib.Path) -> str:
    """The module that reads what has such a name."""
    for suffixes, module in _KINDS:
        if path.name.lower().endswith(suffixes):
            return module
    if path.is_dir():
        is_zarr = any((path / name).exists() for name in ("zarr.json", ".zarray", ".zgroup"))
        return "hub.files.zarr_folder" if is_zarr else "hub.files.image_folder"
    raise Invalid(
        f"{path} is of no kind that can be read.",
        hint="Kinds: a folder of pictures, .npy, .npz, .h5, .zarr, .nii, .nii.gz, .tif.")


_KINDS: list[tuple[tuple[str, ...], str]] = [
    ((".npy", ".npz"), "hub.files.numpy_file"),
    ((".h5", ".hdf5", ".hdf", ".nxs", ".nc4"), "hub.files.hdf5_file"),
    ((".zarr", ".zarr.zip"), "hub.files.zarr_folder"),
    ((".nii", ".nii.gz"), "hub.files.nifti_file"),
    ((".tif", ".tiff"), "hub.files.tiff_file"),
]


def fingerprint(paths: Iterable[pathlib.Path], *words: object) -> str:
    """A short digest of the names, sizes and times of files, and of what else decides."""
    digest = hashlib.sha256(repr(words).encode())
    for path in paths:
        status = path.stat()
        digest.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


@contextmanager
def refused_if_damaged(path: pathlib.Path, what: str = "cannot be read") -> Iterator[None]:
    """Turns what a library makes of a damaged file, of no common kind, into `Invalid`."""
    try:
        yield
    except (HubError, MemoryError):
        raise
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise Invalid(f"{path} {what} ({reason[:_REASON_CHARACTERS_MAX]}).") from error


def required(module: str, package: str, where: pathlib.Path) -> ModuleType:
    """Imports what reads a kind of file; raises `Invalid` with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Invalid(
            f"{where} cannot be read without the package {package} ({error}).",
            hint="Install it: pip install 'nave-hub[files]'.") from None


def choose_member(names: list[str], wanted: str | None, path: pathlib.Path) -> str:
    """The array of that name in a file; the only one, if none is named."""
    some = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    if not names:
        raise Invalid(f"{path} holds no array.")
    if wanted is None:
        if len(names) > 1:
            raise Invalid(
                f"{path} holds {len(names)} arrays: {some}.", hint="Say which (--member).")
        return names[0]
    for name in (wanted, wanted.strip("/")):
        if name in names:
            return name
    raise NotFound(f"{path} holds no array {wanted}; it holds {some}.")

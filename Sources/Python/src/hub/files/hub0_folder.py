"""Arrays of the original Hub client (0.2): `info.txt`, and chunks named for the box they hold.

A chunk is stored in Fortran order at full size, also where it sticks out of the array, under the
box that it has inside: `0-5_20-30`. A chunk that is not stored is zeros.
"""

from __future__ import annotations

import itertools
import json
import math
import pathlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from hub.endpoint import endpoint as checked_endpoint
from hub.endpoint import without_secrets
from hub.errors import Invalid, NotFound
from hub.files.boxes import box_shape
from hub.files.layout import Box, Layout, stored_type
from hub.files.links import check_links, links_below
from hub.files.reader import Reader, fingerprint

INFO = "info.txt"
THREADS = 8
Fetch = Callable[[str], bytes | None]


def open_hub0(source: str, endpoint: str | None = None) -> Hub0Reader:
    """The array in a folder, or at `s3://bucket/path` of an endpoint (Amazon's if none is given).

    Keys for a bucket are those of the environment. Raises `NotFound` if there is no `info.txt`,
    and `Invalid` if a link leads out of the folder.
    """
    if source.startswith("s3://"):
        return Hub0Reader(source, _bucket_fetch(source, endpoint))
    folder = pathlib.Path(source)
    if not folder.is_dir():
        raise NotFound(f"There is no folder {source}.")
    check_links(links_below(folder), folder)
    return Hub0Reader(source, lambda name: _read_file(folder / name))


def _read_file(path: pathlib.Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _bucket_fetch(source: str, endpoint: str | None) -> Fetch:
    import obstore
    from obstore.store import S3Store

    parts = urlsplit(source)
    if "@" in parts.netloc:
        raise Invalid("Keys do not belong into the address of a bucket.",
                      hint="Give them in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    settings: dict[str, Any] = {"client_options": {"allow_http": True}}
    if endpoint:
        settings |= {"endpoint": _checked(endpoint), "virtual_hosted_style_request": False}
    store = S3Store(parts.netloc, prefix=parts.path.strip("/"), **settings)

    def fetch(name: str) -> bytes | None:
        try:
            return bytes(obstore.get(store, name).bytes())
        except FileNotFoundError:
            return None

    return fetch


def _checked(text: str) -> str:
    try:
        return checked_endpoint(text)
    except ValueError as error:
        raise Invalid(f"{without_secrets(text)} is no endpoint: {error}.") from None


class Hub0Reader(Reader):
    """An array whose chunks `fetch` gets by their names, several at a time; `None` is no chunk."""

    def __init__(self, where: str, fetch: Fetch) -> None:
        info = fetch(INFO)
        if info is None:
            raise NotFound(
                f"{where} holds no array of the original Hub: it has no {INFO}.",
                hint="The path goes down to the version: user/name/tag.")
        self.name = where
        self._where = where
        self._fetch = fetch
        self.layout = _layout(info, where)
        self.fingerprint = fingerprint([], where, info)

    def read(self, box: Box) -> np.ndarray[Any, Any]:
        """The elements of a box, put together from its chunks."""
        result = np.zeros(box_shape(box), self.layout.dtype)
        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(lambda grid: self._copy(grid, box, result), self._grid(box)):
                pass
        return result

    def _grid(self, box: Box) -> itertools.product[tuple[int, ...]]:
        assert self.layout.chunks is not None
        return itertools.product(*(
            range(part.start // size, -(-part.stop // size))
            for part, size in zip(box, self.layout.chunks)))

    def _copy(self, grid: tuple[int, ...], box: Box, result: np.ndarray[Any, Any]) -> None:
        """Copies what one chunk has of the box."""
        chunks, shape = self.layout.chunks or (), self.layout.shape
        low = [place * size for place, size in zip(grid, chunks)]
        high = [min(start + size, extent) for start, size, extent in zip(low, chunks, shape)]
        name = "_".join(f"{start}-{stop}" for start, stop in zip(low, high))
        stored = self._fetch(name)
        if stored is None:
            return
        expected = self.layout.dtype.itemsize * math.prod(chunks)
        if len(stored) != expected:
            raise Invalid(
                f"{self._where}: the chunk {name} has {len(stored)} bytes, not {expected}.")
        chunk = np.frombuffer(stored, self.layout.dtype).reshape(chunks, order="F")
        begin = [max(start, part.start) for start, part in zip(low, box)]
        end = [min(stop, part.stop) for stop, part in zip(high, box)]
        inside = tuple(slice(b - l, e - l) for b, e, l in zip(begin, end, low))
        target = tuple(slice(b - p.start, e - p.start) for b, e, p in zip(begin, end, box))
        result[target] = chunk[inside]


def _layout(info: bytes, where: str) -> Layout:
    try:
        members = json.loads(info)
        if members.get("dclass", "array") != "array":
            raise Invalid(
                f"{where} is a {members['dclass']} of the original Hub, not an array.",
                hint="Push each of its arrays: their paths are in its info.txt under keys.")
        shape, chunks = tuple(members["shape"]), tuple(members["chunk_shape"])
        dtype = np.dtype(members["dtype"])
        if not all(isinstance(number, int) and number > 0 for number in shape + chunks):
            raise ValueError("extents must be whole numbers above 0")
        if len(shape) != len(chunks):
            raise ValueError("chunk_shape has other axes than shape")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, Invalid):
            raise
        raise Invalid(f"{where}: its {INFO} cannot be understood ({error}).") from None
    return Layout(shape, stored_type(dtype, where), chunks=chunks, order="F")

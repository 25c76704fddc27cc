"""The protocol `hub://` of fsspec: `hub://namespace/name:tag/key`.

    pandas.read_csv("hub://test/tables/2026.csv")
    zarr.open("hub://test/climate:v2", mode="r")

Objects of a commit (`hub://test/x@sha256:…/zarr.json`) are read as Zarr v3, and are not listed.
Works in forked processes.
"""

from __future__ import annotations

import io
import mmap
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from hub import entity_tag
from hub.bulk import view_path
from hub.client import Client, current_client
from hub.configuration import SETTINGS
from hub.errors import Invalid, NotFound
from hub.object_keys import ObjectEntry, ObjectKeys, is_key
from hub.transport import MEDDLED

_MEMORY_BYTES_MAX = 16 << 20
Details = dict[str, Any]


class HubFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """The namespaces of a server as folders, and their objects as files.

    Args:
        storage_options: any settings of `hub.configure`, such as `endpoint`; others hold as they
            are configured when they are used.
    """

    protocol = "hub"
    root_marker = ""

    @property
    def client(self) -> Client:
        """Who asks; what is configured now, but for the options given here."""
        # Others are fsspec's own, or meant for `open`.
        options = {
            name: value for name, value in self.storage_options.items() if name in SETTINGS
        }
        return current_client(**options)

    # Reading.

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **options: Any
    ) -> bytes:
        """A file's bytes, or those from `start` up to `end`; negative ones count from its end."""
        if (start or 0) < 0 or (end or 0) < 0:
            size = int(self.info(path)["size"])
            start, end = slice(start, end).indices(size)[:2]
        start = start or 0
        if end is not None and end <= start:
            return b""
        data = self._read(path, start, end)
        if data is None:
            raise FileNotFoundError(path)
        return data

    def info(self, path: str, **options: Any) -> Details:
        """What is known of a file or folder."""
        path = self._strip_protocol(path)
        namespace, key = _split(path)
        if not namespace:
            return _folder("")
        if _is_commit(key):
            return self._commit_info(path)
        keys = self._keys(namespace)
        try:
            entry = keys.entry(key) if key else None
            if entry is not None:
                return _details(namespace, entry)
            has_entries = any(True for _ in keys.entries(f"{key}/" if key else "", "/"))
            if has_entries or not key:
                return _folder(path)
        except NotFound as error:
            raise FileNotFoundError(path) from error
        raise FileNotFoundError(path)

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        """What is in a folder; of a file itself."""
        path = self._strip_protocol(path)
        namespace, key = _split(path)
        if not namespace:
            found = [_folder(_name(one)) for one in self.client.list_namespaces()]
        elif _is_commit(key):
            raise Invalid("A commit cannot be listed.", hint="List the version it was made of.")
        else:
            found = self._listed(namespace, key, path)
        return found if detail else [one["name"] for one in found]

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,
        detail: bool = False,
        **options: Any,
    ) -> Any:
        """All files below a folder, in as few requests as a listing takes."""
        namespace, key = _split(self._strip_protocol(path))
        if not namespace or maxdepth is not None or withdirs or _is_commit(key):
            return super().find(path, maxdepth, withdirs, detail, **options)
        keys = self._keys(namespace)
        entries = list(keys.entries(f"{key}/" if key else ""))
        if not entries and key:
            entries = [one for one in [keys.entry(key)] if one is not None]
        found = {(one := _details(namespace, entry))["name"]: one for entry in entries}
        return found if detail else list(found)

    def modified(self, path: str) -> datetime:
        """When a file was written."""
        return datetime.fromtimestamp(self.info(path)["mtime"], UTC)

    def checksum(self, path: str) -> str:
        """A file's entity tag: it changes whenever the file does."""
        return str(self.info(path)["ETag"])

    ukey = checksum

    # Writing.

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: Any) -> None:
        """Writes a file at one moment; with the mode `create` only if there is none."""
        keys, key = self._place(path)
        if mode == "create":
            if not keys.create(key, value):
                raise FileExistsError(path)
        else:
            keys.put(key, value)

    def rm_file(self, path: str) -> None:
        """Removes a file."""
        keys, key = self._place(path)
        keys.delete(key)

    _rm = rm_file

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Copies a file; folders are where files are, and need no copy."""
        if not self.isdir(path1):
            self.pipe_file(path2, self.cat_file(path1))

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        """Creates a private namespace; folders in one are where files are."""
        namespace, key = _split(self._strip_protocol(path))
        if namespace and (create_parents or not key):
            self.client.create_namespace(namespace)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Creates a private namespace unless it is there."""
        self.mkdir(path)

    def _open(
        self, path: str, mode: str = "rb", block_size: int | str | None = None, **options: Any
    ) -> Any:
        path = self._strip_protocol(path)
        if mode in ("wb", "xb"):
            return _Writer(self, path, "create" if mode == "xb" else "overwrite")
        if mode != "rb":
            raise NotImplementedError(f"files cannot be opened in the mode {mode}")
        size = "default" if block_size is None else block_size
        return _Reader(self, path, mode, size, **options)

    # Below: paths, and what is behind them.

    def _read(self, path: str, start: int, end: int | None) -> bytes | None:
        namespace, key = _split(self._strip_protocol(path))
        text = "" if (start, end) == (0, None) else f"{start}-{'' if end is None else end - 1}"
        if not _is_commit(key):
            try:
                return self._keys(namespace).get(key, text)
            except NotFound as error:
                raise FileNotFoundError(path) from error
        headers = {"Range": f"bytes={text}"} if text else None
        address = view_path(f"{namespace}/{key}")
        try:
            answer = self.client.transport.request("GET", address, headers=headers)
        except NotFound:
            return None
        # Documents are sent as a whole, whatever is asked for.
        return answer.data if answer.status == 206 else answer.data[start:end]

    def _commit_info(self, path: str) -> Details:
        try:
            answer = self.client.transport.request("HEAD", view_path(path))
        except NotFound as error:
            raise FileNotFoundError(path) from error
        etag = answer.headers.get("etag", "")
        if not entity_tag.is_known(etag.removeprefix("W/")):
            raise self.client.no_nave("no word about an object", f"HEAD {view_path(path)}")
        size = int(answer.headers["content-length"])
        return {
            "name": path, "size": size, "type": "file", "ETag": etag,
            "mtime": 0.0,
        }

    def _listed(self, namespace: str, key: str, path: str) -> list[Details]:
        keys = self._keys(namespace)
        try:
            entries = list(keys.entries(f"{key}/" if key else "", "/"))
            if not entries and key:
                file = keys.entry(key)
                if file is None:
                    raise FileNotFoundError(path)
                entries = [file]
        except NotFound as error:
            raise FileNotFoundError(path) from error
        return [_details(namespace, entry) for entry in entries]

    def _place(self, path: str) -> tuple[ObjectKeys, str]:
        namespace, key = _split(self._strip_protocol(path))
        if not namespace or not key or _is_commit(key):
            raise Invalid(
                f'"{path}" cannot be written: it is no file of a namespace.',
                hint="Files are hub://namespace/key.",
            )
        return self._keys(namespace), key

    def _keys(self, namespace: str) -> ObjectKeys:
        return ObjectKeys(self.client.transport, namespace)


class _Reader(AbstractBufferedFile):  # type: ignore[misc]
    """A file that is read in blocks, as they are needed."""

    def _fetch_range(self, start: int, end: int) -> bytes:
        return cast(bytes, self.fs.cat_file(self.path, start, end))


class _Writer(io.RawIOBase):
    """A file that is written at one moment, when it is closed; in memory while it is small."""

    def __init__(self, filesystem: HubFileSystem, path: str, mode: str) -> None:
        self._filesystem, self._path, self._mode = filesystem, path, mode
        self._spool = tempfile.SpooledTemporaryFile(_MEMORY_BYTES_MAX)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._spool.write(data)

    def tell(self) -> int:
        return self._spool.tell()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None:
            self.discard()
        self.close()

    def discard(self) -> None:
        """Leaves what is on the server as it is."""
        self._spool.close()

    def close(self) -> None:
        if self.closed:
            return
        try:
            if not self._spool.closed:
                self._publish()
        finally:
            self._spool.close()
            super().close()

    def _publish(self) -> None:
        size = self._spool.tell()
        if size <= _MEMORY_BYTES_MAX:
            self._spool.seek(0)
            self._filesystem.pipe_file(self._path, self._spool.read(), self._mode)
            return
        self._spool.flush()
        with mmap.mmap(self._spool.fileno(), size, access=mmap.ACCESS_READ) as mapped:
            with memoryview(mapped) as view:
                self._filesystem.pipe_file(self._path, cast(bytes, view), self._mode)


def _split(path: str) -> tuple[str, str]:
    namespace, _, key = path.partition("/")
    return namespace, key


def _name(namespace: Mapping[str, Any]) -> str:
    """The name of a namespace as it is listed; it must not lead elsewhere as a part of a path."""
    name = str(namespace.get("name"))
    if "/" in name or not is_key(name):
        raise Invalid(f'The namespaces that are listed have one named "{name}".', hint=MEDDLED)
    return name


def _is_commit(key: str) -> bool:
    return "@sha256:" in key


def _folder(name: str) -> Details:
    return {"name": name, "size": 0, "type": "directory"}


def _details(namespace: str, entry: ObjectEntry) -> Details:
    name = f"{namespace}/{entry.key}"
    if entry.is_folder:
        return _folder(name.rstrip("/"))
    return {
        "name": name, "size": entry.bytes, "type": "file", "ETag": entry.etag,
        "mtime": entry.changed,
    }

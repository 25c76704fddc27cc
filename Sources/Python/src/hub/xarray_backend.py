"""Arrays and groups in xarray: `xarray.open_dataset("hub://test/climate:v2")`.

The state is taken when something is opened: a tag that is a commit just now is read as that commit.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from hub.client import Client, current_client
from hub.dask_array import fixed
from hub.npy import AnyArray
from hub.reference import Reference
from hub.state import describe, resolve
from hub.view_store import ViewStore

if TYPE_CHECKING:
    from hub.arrays import Array

_SCHEME = "hub://"


class HubBackendEntrypoint(BackendEntrypoint):
    """Opens `hub://namespace/name:tag`, a group or an array; xarray finds it by its entry point."""

    description = "Open groups and arrays on a Nave server (hub://namespace/name:tag)"

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether it is an address of ours."""
        return isinstance(filename_or_obj, str) and filename_or_obj.startswith(_SCHEME)

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        mask_and_scale: bool = True,
        decode_times: bool = True,
        concat_characters: bool = True,
        decode_coords: bool = True,
        drop_variables: str | Iterable[str] | None = None,
        use_cftime: bool | None = None,
        decode_timedelta: bool | None = None,
        group: str | None = None,
    ) -> xarray.Dataset:
        """The group as a data set, or an array as one with a single variable.

        Raises:
            NotFound: it is not there.
        """
        decoding: Any = {
            "mask_and_scale": mask_and_scale, "decode_times": decode_times,
            "concat_characters": concat_characters, "decode_coords": decode_coords,
            "drop_variables": drop_variables, "use_cftime": use_cftime,
            "decode_timedelta": decode_timedelta,
        }
        client = current_client()
        reference = _below(_parsed(filename_or_obj), group)
        target = resolve(client, reference)
        known = describe(client, target)
        if known.kind == "array":
            from hub.arrays import Array

            array = _data_array(Array(client, known)).to_dataset()
            return xarray.decode_cf(array, **decoding)
        return _opened(client, target, decoding)

    def open_groups_as_dict(
        self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None
    ) -> dict[str, xarray.Dataset]:
        """All groups below one, by their paths."""
        from xarray.backends.zarr import ZarrBackendEntrypoint

        store: Any = ViewStore(_parsed(filename_or_obj))
        found: dict[str, xarray.Dataset] = ZarrBackendEntrypoint().open_groups_as_dict(
            store, drop_variables=drop_variables
        )
        return found

    def open_datatree(
        self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None
    ) -> xarray.DataTree:
        """A group with all groups below it."""
        found = self.open_groups_as_dict(filename_or_obj, drop_variables=drop_variables)
        return xarray.DataTree.from_dict(found)


def to_xarray(array: Array, chunks: Any = None) -> xarray.DataArray:
    """An `xarray.DataArray` that reads what is asked of it; with the coordinates of its group.

    Args:
        array: what is read, in the state that it has now.
        chunks: makes it one of dask: extents of blocks as xarray takes them, `{}` for the stored
            chunks.
    """
    state = fixed(array)
    member = state.reference.member
    if member:
        parent, _, name = member.rpartition("/")
        store: Any = ViewStore(_below(state.reference.version, parent), client=state.client)
        result = xarray.open_dataset(store, engine="zarr")[name]
    else:
        dataset = _data_array(state).to_dataset()
        result = xarray.decode_cf(dataset)[_name(state.reference)]
    if chunks is None:
        return result
    if isinstance(chunks, Mapping) and not chunks:
        chunks = dict(zip(result.dims, state.chunks, strict=True))
    return result.chunk(chunks)


class _ServerArray(BackendArray):
    """What xarray's lazy indexing reads from."""

    def __init__(self, array: Array) -> None:
        self._array = array
        self.shape = array.shape
        self.dtype = array.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )

    def _read(self, key: tuple[Any, ...]) -> AnyArray:
        return np.asarray(self._array.oindex[key])


def _data_array(array: Array) -> xarray.DataArray:
    """An array alone, with the names of its dimensions and its attributes, not decoded."""
    attributes = dict(array.description.attributes or {})
    attributes.pop("_ARRAY_DIMENSIONS", None)
    lazy = indexing.LazilyIndexedArray(_ServerArray(array))
    variable = xarray.Variable(_dimensions(array), lazy, attributes)
    return xarray.DataArray(variable, name=_name(array.reference))


def _dimensions(array: Array) -> list[str]:
    """A name for each axis, no two alike."""
    names: list[str] = []
    given = array.description.dimension_names or (None,) * array.ndim
    for axis, name in enumerate(given):
        names.append(name if name and name not in names else f"dim_{axis}")
    return names


def _opened(client: Client, target: Reference, decoding: Mapping[str, Any]) -> xarray.Dataset:
    from xarray.backends.zarr import ZarrBackendEntrypoint

    store: Any = ViewStore(target, client=client)
    found: xarray.Dataset = ZarrBackendEntrypoint().open_dataset(store, **decoding)
    return found


def _parsed(address: Any) -> Reference:
    return Reference.parse(os.fspath(address))


def _below(reference: Reference, group: str | None) -> Reference:
    path = "/".join(part for part in (reference.member, (group or "").strip("/")) if part)
    return Reference(
        reference.namespace, reference.name, reference.tag, reference.digest, path
    )


def _name(reference: Reference) -> str:
    return (reference.member or reference.name).rpartition("/")[2]

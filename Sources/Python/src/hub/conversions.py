"""How other libraries and the local cache get at an array; each is imported where it is used."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from hub.indexing import parsed
from hub.point_selection import PointSelection
from hub.reference import Reference

if TYPE_CHECKING:
    from hub.arrays import Array


class Conversions:
    """The ways from an array to training, dask, xarray, pictures and the local cache."""

    def to_pytorch(
        self, labels: Any = None, transform: Callable[..., Any] | None = None
    ) -> Any:
        """A data set of the samples along the first axis, for any `DataLoader` or its own.

        Args:
            labels: an array on the server or in memory with as many samples, or `None`.
            transform: called with a sample, an array of its own; and with `rng=`, a NumPy
                generator that depends on (seed, epoch, sample) alone, if it takes that.

        Returns:
            A `hub.training.dataset.Dataset`; picklable, made without torch.
        """
        from hub.training.dataset import to_pytorch

        return to_pytorch(self._array, labels, transform)

    def to_tensorflow(self, **options: Any) -> Any:
        """A `tf.data.Dataset` of batches; see `hub.training.tensorflow.to_tensorflow`.

        Args:
            options: `labels`, `transform`, `batch`, and what `Dataset.loader` takes.
        """
        from hub.training.tensorflow import to_tensorflow

        return to_tensorflow(self._array, **options)

    def to_dask(self, chunks: Any = None) -> Any:
        """A `dask.array.Array` whose blocks are read by whichever worker needs them.

        Args:
            chunks: extents of a block, as dask takes them; whole chunks if not given.
        """
        from hub.dask_array import to_dask

        return to_dask(self._array, chunks)

    def to_xarray(self, chunks: Any = None) -> Any:
        """An `xarray.DataArray` with the names of the dimensions and the attributes; lazy.

        Args:
            chunks: makes it one of dask, as `xarray.open_dataset` takes it.
        """
        from hub.xarray_backend import to_xarray

        return to_xarray(self._array, chunks)

    def prefetch(self, selection: Any = ..., is_shown: bool | None = None) -> None:
        """Brings the chunks that a selection touches into the local cache.

        Args:
            selection: an index, as in brackets.
            is_shown: whether a bar shows how far it is; on a terminal if not given.
        """
        from hub.prefetch import prefetch

        array = self._array
        if selection is ...:
            # Only what is stored, of a grid of any size.
            prefetch(array.client, array.reference, None, is_shown)
            return
        picked = array.asking_again(
            lambda clips: parsed(selection, array.shape, clips=clips))
        box = picked.bounds if isinstance(picked, PointSelection) else picked
        parts = box.chunks(array.description.chunk_shape)
        prefetch(array.client, array.reference, (part.coordinates for part in parts), is_shown)

    def pin(self, is_shown: bool | None = None) -> Reference:
        """Brings what the array holds now into the local cache, where it stays until `unpin`.

        It is pinned by its digest: as what was loaded by one, or a version that was committed or
        sealed and not changed since. `hub.cache.evict` leaves it alone, `hub.cache.clear` does not.

        Returns:
            The reference with the digest, which `hub.load(…, offline=True)` reads without a server.

        Raises:
            Invalid: it can change, or is larger than the cache may be.
            Unavailable: the cache could not keep all of it.
        """
        from hub.prefetch import pin

        return pin(self._array.client, self._array.reference, is_shown)

    def unpin(self) -> bool:
        """Lets the cache evict what was pinned; whether it was."""
        from hub.prefetch import unpin

        return unpin(self._array.client, self._array.reference)

    def show(
        self, index: Any = (), file: str | os.PathLike[str] | None = None, **look: Any
    ) -> None:
        """Shows a plane as a picture: in a notebook, the terminal, or a file.

        Args:
            index: which part, as in brackets; the middle of the other axes if not given.
            file: a `.png` or `.jpg` to write instead.
            look: `window`, `percentile`, `map`, `size`, `axes`, as `hub.display.show` takes them.
        """
        from hub.display import show

        show(self._array, index, file, **look)

    def _repr_html_(self) -> str:
        from hub.display import represent_html

        return represent_html(self._array)

    @property
    def _array(self) -> Array:
        return cast("Array", self)

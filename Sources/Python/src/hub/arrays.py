"""Arrays on the server that read and write like NumPy's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from hub import reading, understanding, writing
from hub.attributes import Attributes
from hub.client import Client, ShapeChanged
from hub.conversions import Conversions
from hub.description import Description
from hub.errors import Invalid, OutOfRange
from hub.indexing import parsed, parsed_blocks, parsed_orthogonally, wrapped
from hub.npy import AnyArray
from hub.numpy_like import NumPyLike, scalar_or_array
from hub.point_selection import PointSelection
from hub.printable import printable
from hub.reductions import Reductions
from hub.reference import Reference
from hub.requester import Document
from hub.selection import Selection
from hub.understanding import understood
from hub.versioned import Versioned
from hub.view import LazyIndexer, View
from hub.whole_number import axis_number, extents
from hub.whole_number import indices as whole_indices

if TYPE_CHECKING:
    from hub.feeding import Samples
    from hub.verification import Verification

Picked = Selection | PointSelection
Result = TypeVar("Result")


class Array(NumPyLike, Reductions, Versioned, Conversions):
    """An array on the server.

    It knows its shape from when it was loaded or last changed here; `refresh` asks again. An index
    beyond that shape, or a slice with such a bound, makes it ask by itself, as it does if the array
    turns out to be smaller; negative ones count from the end that is known. Statistics are of what
    the array is when they are asked for, and tell its shape. Reading gives NumPy arrays in memory.
    Arrays may be used by any threads, and be pickled and sent to other processes.

    Attributes:
        client: the requests to the server.
        reference: `namespace/name:tag` or `namespace/name@sha256:…`.
        description: all that the server says of it.
    """

    def __init__(self, client: Client, description: Description) -> None:
        if description.kind != "array":
            raise Invalid(
                f"{description.reference} is no array that can be read: it is"
                f" {'a group' if description.kind == 'group' else description.note.rstrip('.')}.",
                hint=_members_hint(description))
        self.client = client
        self.description = description

    # What it is.

    @property
    def reference(self) -> Reference:
        """What it was loaded as."""
        return self.description.reference

    @property
    def name(self) -> str:
        """`namespace/name:tag`, as text."""
        return str(self.reference)

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents per axis, in elements."""
        return self.description.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements, in this machine's byte order; `V2` for `bfloat16`."""
        return self.description.dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """Extents of what is compressed together; of sharded arrays, of the chunks in a shard."""
        return self.description.inner_chunk_shape or self.description.chunk_shape

    @property
    def shards(self) -> tuple[int, ...] | None:
        """Extents of the stored objects of a sharded array, or `None`."""
        description = self.description
        return description.chunk_shape if description.inner_chunk_shape else None

    @property
    def fill_value(self) -> Any:
        """The value of what was never written, as a scalar of `dtype`."""
        return self.description.fill

    @property
    def attrs(self) -> Attributes:
        """The user's attributes; assignment writes them."""
        return Attributes(self.client, lambda: self.description, self._adopt)

    @property
    def url(self) -> str:
        """Where Zarr clients and viewers find it over HTTP."""
        endpoint = self.client.transport.configuration.endpoint
        return f"{endpoint}/v1/zarr/{self.reference}"

    def refresh(self) -> Self:
        """Asks the server for the shape and the rest of the description again; returns itself."""
        self._adopt(self.client.describe(self.reference))
        return self

    def __repr__(self) -> str:
        name = printable(str(self.reference))
        try:
            kind = str(self.dtype)
        except Invalid:
            kind = printable(self.description.data_type)
        return f"<hub.Array {name} shape={self.shape} {kind} chunks={self.chunks}>"

    # Elements.

    def __getitem__(self, index: Any) -> Any:
        """Reads by NumPy's rules: numbers, slices, `...`, `None`, lists, arrays and masks.

        Returns:
            A new array of `dtype`, or a scalar if numbers name a single element.

        Raises:
            OutOfRange: an index is outside (also an `IndexError`).
            Invalid: something is no index.
        """
        return scalar_or_array(self._read(
            lambda clips: parsed(index, self.shape, clips=clips)), index)

    def __setitem__(self, index: Any, value: Any) -> None:
        """Writes by NumPy's rules, in one change: others see all of it or nothing.

        What takes more than one request (over 256 MiB or 16,000 chunks, or indices that are no
        slices) goes through a draft of the version. Only of arrays that are in no version, plain
        keys in the bucket, such an assignment is seen piece by piece.

        Raises:
            Invalid: the value cannot be cast or broadcast, or it takes more than 100,000 requests.
            Denied: the version is sealed, or the keys may not write.
            OutOfRange: an index is outside.
            Conflict: others kept changing the same chunks for a minute, where it goes through a
                draft; nothing was written, and `conflicts` names them.
        """
        self._write(lambda clips: parsed(index, self.shape, clips=clips), value)

    @property
    def oindex(self) -> Indexer:
        """`a.oindex[[1, 5], :, mask]`: every axis by itself, as in zarr."""
        return Indexer(self, lambda index, clips: parsed_orthogonally(
            index, self.shape, clips=clips))

    @property
    def blocks(self) -> Indexer:
        """`a.blocks[0, 2:4]`: whole chunks by their numbers, as in zarr; no axis is dropped."""
        return Indexer(self, lambda index, clips: parsed_blocks(
            index, self.shape, self.chunks, clips=clips))

    @property
    def lazy(self) -> LazyIndexer:
        """`a.lazy[...]`: a part that is not read yet, whose statistics the server computes."""
        return LazyIndexer(self, lambda index: self.asking_again(
            lambda clips: parsed_orthogonally(index, self.shape, clips=clips)))

    def view(self, *index: Any) -> View:
        """The same as `lazy[index]`, with slices as arguments; all of it without any."""
        return self.lazy[index or ...]

    def read_selection(self, selection: Picked) -> AnyArray:
        """The elements of a selection, in its result's shape."""
        return reading.read(self.client, self.description, selection)

    def write_selection(self, selection: Picked, value: Any) -> None:
        """Assigns to a selection; see `__setitem__`."""
        self._tagged()
        writing.write(self.client, self.description, selection, value)

    def gather(
        self, indices: Sequence[int] | AnyArray, out: AnyArray | None = None
    ) -> AnyArray:
        """Samples along the first axis, `a[indices]`, in one request for up to a million.

        Args:
            indices: whole numbers in any order, with repetitions; negative ones from the end.
            out: where to read them to: of the shape `(len(indices), *a.shape[1:])` and `dtype`.

        Returns:
            `out`, or a new array.

        Raises:
            OutOfRange: an index is outside.
        """
        numbers = whole_indices(indices, "gather takes")
        if not self.shape:
            raise Invalid("An array without axes has no samples.")

        def gathered() -> AnyArray:
            samples = wrapped(numbers, len(self), 0)
            shape = (len(samples), *self.shape[1:])
            if out is not None and (out.shape != shape or out.dtype != self.dtype):
                raise Invalid(f"out must be of the shape {shape} and {self.dtype}, not of the shape"
                              f" {out.shape} and {out.dtype}.")
            return reading.gather(self.client, self.description, samples, out)

        return self.asking_again(lambda _: gathered())

    def sample_indices(self, count: int, seed: int = 0) -> AnyArray:
        """Distinct random indices along the first axis; the same for the same seed and length.

        Raises:
            Invalid: there are fewer samples.
        """
        if not 0 <= count <= len(self):
            raise Invalid(f"There are {len(self)} samples, not {count}.")
        return np.random.default_rng(seed).choice(len(self), count, replace=False)

    def sample(self, count: int, seed: int = 0) -> AnyArray:
        """Random samples without repetition, those at `sample_indices`, in one request."""
        return self.gather(self.sample_indices(count, seed))

    # Growing and going.

    def append(self, values: Any, axis: int = 0) -> range:
        """Grows the array along an axis and writes the values there, in one change.

        Those who append at the same time each get a range of their own. It is not repeated after
        it may have reached the server, as that might append twice: `Unavailable` then says so.

        Returns:
            The indices along the axis where the values are.

        Args:
            values: as many axes as the array has, of its extents but along `axis`; for the first
                axis also a single sample, without it.

        Raises:
            Invalid: the extents of the other axes differ, or it is over 256 MiB.
        """
        self._tagged()
        array = writing.elements(values, self.dtype)
        along = axis_number(axis, self.ndim)
        if array.ndim == self.ndim - 1 and along == 0:
            array = array[np.newaxis]
        if not _is_appendable(array, self.shape, along):
            # Others may have given it other extents.
            self.refresh()
        if not _is_appendable(array, self.shape, along):
            wanted = ", ".join("any" if one == along else str(extent)
                               for one, extent in enumerate(self.shape))
            raise Invalid(f"What is appended along axis {along} must be of the shape ({wanted}),"
                          f" not of {np.shape(array)}.")
        answer = self.client.append(self.reference, array, along)
        self._reshaped(answer["shape"])
        return range(answer["start"], answer["stop"])

    def resize(self, shape: Sequence[int] | int) -> None:
        """Gives it another shape; what a smaller one cuts off is gone, more is the fill value.

        It is not repeated after it may have reached the server, as that might cut off what others
        appended meanwhile: if the array has another shape then, `Unavailable` says so.
        """
        self._tagged()
        self._adopt(self.client.resize(self.reference, extents(shape)))

    def write(self, samples: Samples, *, resume: bool = False) -> int:
        """Writes what a generator makes, one sample behind the other along the first axis.

        It is written in blocks of whole chunks, of which two are in memory: one on its way, one
        being made. The array grows where it is too short, and never becomes shorter: what others
        append behind what is written stays. Others see block after block; to show all at once,
        write to a draft. How far it came is noted in the attribute
        `hub_samples_written`, which goes at the end.

        Args:
            samples: an iterable of samples or of blocks of them; or a function that makes one
                which begins at a given sample.
            resume: go on where a write that was broken off stood. Of an iterable, the samples
                before that are made again, but not written.

        Returns:
            How many samples are written, those of broken off writes included.

        Raises:
            Invalid: a sample has another shape.
            Conflict: others kept changing the metadata while the array was to grow.
        """
        self._tagged()
        from hub.feeding import feed

        return feed(self, samples, resume)

    def verify(self, is_shown: bool | None = None) -> Verification:
        """Reads every stored chunk of what it is now, to know that all of it can be read.

        Args:
            is_shown: whether a bar shows how far it is; on a terminal if not given.

        Returns:
            How many chunks were read, and which of them are damaged: those of which the server
            says so.

        Raises:
            Unavailable: no whole answer came, for which damage is no reason.
        """
        from hub.verification import verify

        return verify(self, is_shown)

    def delete(self) -> None:
        """Deletes it, with the commits of its version that nothing else goes on from.

        A commit stays if another version was forked from it. Of a member of a group, all commits of
        the version stay and still hold it.
        """
        self._tagged()
        self.client.delete(self.reference)

    # Below: what the parts above and their kin share.

    def _statistics(self, **parameters: str) -> Document:
        found = self.client.statistics(self.reference, **parameters)
        with understood(f"the statistics of {self.reference}"):
            shape = understanding.extents(found["shape"])
        if len(shape) != self.ndim:
            raise ShapeChanged(f"{self.reference} has the shape {shape} now, not {self.shape}.",
                               hint="Load it again.")
        if shape != self.shape:
            self._reshaped(shape)
        return found

    def _read(self, parse: Callable[[bool], Picked]) -> AnyArray:
        return self.asking_again(lambda clips: self.read_selection(parse(clips)))

    def _write(self, parse: Callable[[bool], Picked], value: Any) -> None:
        self.asking_again(lambda clips: self.write_selection(parse(clips), value))

    def asking_again(self, work: Callable[[bool], Result]) -> Result:
        """What comes of something by the known shape; if that is wrong, by the one there is.

        Args:
            work: gets whether slices are cut off at the known end, or are to raise `OutOfRange`
                because the array may be longer.
        """
        if not self.reference.is_immutable:
            try:
                return work(False)
            except (ShapeChanged, OutOfRange):
                self.refresh()
        return work(True)

    def _adopt(self, description: Description) -> None:
        self.description = description

    def _reshaped(self, shape: Sequence[int]) -> None:
        document = {**self.description.document, "shape": list(shape)}
        self._adopt(Description.from_document(self.reference, document))


class Indexer:
    """`a.oindex[...]` and `a.blocks[...]`, to be read and assigned to."""

    def __init__(self, array: Array, parse: Callable[[Any, bool], Selection]) -> None:
        self._array = array
        self._parse = parse

    def __getitem__(self, index: Any) -> Any:
        return scalar_or_array(self._array._read(lambda clips: self._parse(index, clips)), index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._array._write(lambda clips: self._parse(index, clips), value)


def _is_appendable(values: AnyArray, shape: tuple[int, ...], axis: int) -> bool:
    """Whether values have the extents of an array but along an axis."""
    return values.ndim == len(shape) and all(
        one == axis or extent == theirs
        for one, (extent, theirs) in enumerate(zip(shape, values.shape, strict=True)))


def _members_hint(description: Description) -> str:
    if not description.members:
        return ""
    return f"Its members are {', '.join(description.members[:20])}."

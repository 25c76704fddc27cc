"""How the elements of a selection are fetched.

A selection is read in one request if the server's slice grammar can say it. Where it cannot, it is
read in several, or as the smallest box around it if that is not much more. What the local cache
holds is not asked for (`cached_reading`).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator

import numpy as np

from hub.cached_reading import read_cached
from hub.client import Client
from hub.description import Description
from hub.display import bytes_text
from hub.errors import Invalid
from hub.npy import AnyArray
from hub.point_selection import PointSelection
from hub.pool import worked
from hub.selection import Selection, list_entries

_PARALLEL_REQUESTS = 8
_BOX_BYTES_FREE = 16 << 20
_BOX_EXCESS_MAX = 4
_SAMPLES_A_REQUEST = 400_000
_BOXES_A_REQUEST = 50_000
_ELEMENT_BYTES_MANY = 1024
"""Few types have longer elements; so many of those are no reason to ask how long they are."""
_BOXES_BODY_BYTES = 6 << 20


def read(
    client: Client, description: Description, selection: Selection | PointSelection
) -> AnyArray:
    """The elements of a selection, in its result's shape; a new array.

    Raises:
        Invalid: they are more than this machine has memory.
        ShapeChanged: the array is smaller than `description` says.
    """
    _refuse_too_much(math.prod(selection.shape), description)
    if isinstance(selection, PointSelection):
        return _read_points(client, description, selection)
    if selection.size == 0:
        return np.empty(selection.shape, description.dtype)
    return selection.arranged(read_box(client, description, selection))


def _refuse_too_much(elements: int, description: Description) -> None:
    """Raises `Invalid` for so many elements as no memory of this machine takes."""
    if not hasattr(os, "sysconf"):
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    # Of types that NumPy does not have the server says what becomes of them.
    if elements <= memory // _ELEMENT_BYTES_MANY:
        return
    count = elements * description.dtype.itemsize
    if count > memory:
        raise Invalid(
            f"{bytes_text(count)} are more than the memory of this machine ({bytes_text(memory)}).",
            hint="Read a part, or ask for statistics, which the server computes: a.lazy[...].mean().")


def read_box(client: Client, description: Description, selection: Selection) -> AnyArray:
    """The elements of a selection as its box, which is not empty."""
    cached = read_cached(client, description, selection)
    if cached is not None:
        return cached
    text = selection.text
    if text is not None:
        return client.read_region(description.reference, text, shape=selection.box_shape)
    if len(selection.lists) == 1 and _is_gather(selection):
        return _gathered(client, description, np.asarray(selection.picks[0]), None)
    bounds = selection.bounds
    excess = math.prod(bounds.box_shape) / math.prod(selection.box_shape)
    if excess <= _BOX_EXCESS_MAX or _bytes(bounds, description) <= _BOX_BYTES_FREE:
        return _cut(client, description, selection, bounds)
    return _read_pieces(client, description, selection)


def gather(
    client: Client, description: Description, samples: AnyArray, out: AnyArray | None = None
) -> AnyArray:
    """Samples along the first axis, in as few requests as take them.

    Args:
        samples: indices of `int64` within the array, none of them negative.
        out: of the result's shape and type, in any layout.

    Raises:
        ShapeChanged: the samples have another shape than `description` says.
        OutOfRange: the array is smaller than `description` says.
    """
    if len(samples):
        rest = [range(extent) for extent in description.shape[1:]]
        wanted = Selection.of(description.shape, [samples, *rest])
        cached = read_cached(client, description, wanted)
        if cached is not None:
            return cached if out is None else _filled(out, cached)
    return _gathered(client, description, samples, out)


def _filled(out: AnyArray, values: AnyArray) -> AnyArray:
    out[...] = values
    return out


def _gathered(
    client: Client, description: Description, samples: AnyArray, out: AnyArray | None
) -> AnyArray:
    reference = description.reference
    if len(samples) <= _SAMPLES_A_REQUEST and (out is None or out.flags.c_contiguous):
        return client.gather(reference, samples, out, (len(samples), *description.shape[1:]))
    result = out
    if result is None:
        result = np.empty((len(samples), *description.shape[1:]), description.dtype)
    for start in range(0, len(samples), _SAMPLES_A_REQUEST):
        part = slice(start, start + _SAMPLES_A_REQUEST)
        target = result[part]
        if target.flags.c_contiguous:
            client.gather(reference, samples[part], target)
        else:
            target[...] = client.gather(reference, samples[part], shape=target.shape)
    return result


def _is_gather(selection: Selection) -> bool:
    """Whether it takes whole samples along the first axis."""
    rest = zip(selection.picks[1:], selection.extents[1:], strict=True)
    return selection.lists == (0,) and all(pick == range(extent) for pick, extent in rest)


def _bytes(selection: Selection, description: Description) -> int:
    return math.prod(selection.box_shape) * description.dtype.itemsize


def _cut(
    client: Client, description: Description, selection: Selection, bounds: Selection
) -> AnyArray:
    """Reads the box around a selection and takes the lists from it."""
    box = client.read_region(description.reference, bounds.text or "", shape=bounds.box_shape)
    kept = [(pick, edge) for pick, edge in zip(selection.picks, bounds.picks, strict=True)
            if not isinstance(pick, int)]
    for axis, (pick, edge) in enumerate(kept):
        if isinstance(pick, np.ndarray) and isinstance(edge, range):
            box = box.take(pick - edge.start, axis=axis)
    return box


def _read_pieces(client: Client, description: Description, selection: Selection) -> AnyArray:
    """Reads a selection in parts, a piece of its longest list at a time, several at once."""
    axis = max(selection.lists, key=lambda one: len(selection.picks[one]))  # type: ignore[arg-type]
    pick = selection.picks[axis]
    assert isinstance(pick, np.ndarray)
    step = 1
    if len(selection.lists) == 1:
        # Fewer than there are, whatever the text of the other axes: this comes to its end.
        step = min(list_entries(int(pick.max())), -(-len(pick) // 2))
    box_axis = sum(not isinstance(one, int) for one in selection.picks[:axis])
    result = np.empty(selection.box_shape, description.dtype)
    result_front = np.moveaxis(result, box_axis, 0)

    def fetch(start: int) -> None:
        # Of a long list as many entries as a text takes; of several lists one, so that one is less.
        if step == 1:
            part = selection.with_pick(axis, int(pick[start]))
            result_front[start] = read_box(client, description, part)
            return
        some = slice(start, start + step)
        box = read_box(client, description, selection.with_pick(axis, pick[some]))
        result_front[some] = np.moveaxis(box, box_axis, 0)

    for _ in worked(fetch, range(0, len(pick), step), _PARALLEL_REQUESTS):
        pass
    return result


def _read_points(
    client: Client, description: Description, selection: PointSelection
) -> AnyArray:
    if selection.size == 0:
        return np.empty(selection.shape, description.dtype)
    bounds = selection.bounds
    bounds_bytes = math.prod(bounds.box_shape) * description.dtype.itemsize
    wanted_bytes = selection.size * description.dtype.itemsize
    if bounds_bytes <= max(_BOX_BYTES_FREE, _BOX_EXCESS_MAX * wanted_bytes):
        region = read_box(client, description, bounds)
        stack = selection.points_in_front(region)[selection.index_within(bounds)]
        return selection.arranged(stack)
    box = selection.stack_shape[1:]
    stacks = [client.gather_boxes(description.reference, boxes, (len(boxes), *box))
              for boxes in _box_texts(selection)]
    return selection.arranged(np.concatenate(stacks) if len(stacks) > 1 else stacks[0])


def _box_texts(selection: PointSelection) -> Iterator[list[str]]:
    """The boxes of all points, as many at a time as one request takes."""
    texts: list[str] = []
    length = 0
    for point in range(selection.count):
        text = selection.text(point) or ""
        if len(texts) == _BOXES_A_REQUEST or length + len(text) > _BOXES_BODY_BYTES:
            yield texts
            texts, length = [], 0
        texts.append(text)
        length += len(json.dumps(text)) + 2
    yield texts

"""Samples to a batch, and a batch through shared memory and back."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hub import bfloat16
from hub.errors import Invalid
from hub.training.memory import Memory, aligned

AnyArray = npt.NDArray[Any]
# Types of torch that NumPy has not, and the ones of the same size that carry their bits.
BIT_CARRIERS = {"torch.bfloat16": "int16"}


@dataclasses.dataclass(frozen=True)
class Placed:
    """An array of a batch that lies in shared memory; `tensor` names its type if torch's own."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    tensor: str = ""


def collate(samples: Sequence[Any]) -> Any:
    """One batch of samples: arrays, tensors and numbers are stacked, containers taken apart.

    Mappings, lists and tuples become the same of batches; anything else stays a list.

    Raises:
        Invalid: arrays have different shapes, or containers different members.
    """
    first = samples[0]
    if is_tensor(first):
        return _stacked_tensors(samples)
    if isinstance(first, (np.ndarray, np.generic, bool, int, float, complex)):
        return _stacked(samples)
    if isinstance(first, Mapping):
        if any(not isinstance(one, Mapping) or one.keys() != first.keys() for one in samples):
            raise Invalid("Samples of one batch have different members.", hint=_HINT)
        return {key: collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (tuple, list)):
        if any(not isinstance(one, type(first)) or len(one) != len(first) for one in samples):
            raise Invalid("Samples of one batch have different numbers of members.", hint=_HINT)
        return _rebuilt(first, [collate(members) for members in zip(*samples)])
    return list(samples)


def pack(tree: Any, memory: Memory) -> Any:
    """Puts the arrays and tensors of a batch into memory, and marks where each is."""
    offset = 0

    def place(array: Any) -> Placed:
        nonlocal offset
        values, kind = _carried(array)
        begin = aligned(offset)
        offset = begin + values.nbytes
        memory.array(values.shape, values.dtype, begin)[...] = values
        return Placed(begin, values.shape, values.dtype, kind)

    memory.require(sum(aligned(_carried(leaf)[0].nbytes) for leaf in leaves(tree)) or 1)
    return mapped(tree, place)


def placed(tree: Any) -> list[Placed]:
    """The marks of a packed batch, in its order."""
    found: list[Placed] = []
    mapped(tree, lambda leaf: leaf, found.append)
    return found


def unpack(tree: Any, arrays: Sequence[AnyArray], tensors: bool) -> Any:
    """A batch whose marks are replaced by `arrays`, as tensors where they were or shall be."""
    remaining = iter(arrays)

    def taken(mark: Any) -> Any:
        array = next(remaining)
        return tensor_of(array, mark.tensor) if tensors or mark.tensor else array

    return mapped(tree, lambda leaf: leaf, taken)


def leaves(tree: Any) -> list[Any]:
    """The arrays and tensors of a batch, in its order."""
    found: list[Any] = []
    mapped(tree, lambda leaf: found.append(leaf))
    return found


def mapped(
    tree: Any, array: Callable[[Any], Any], mark: Callable[[Placed], Any] = lambda mark: mark
) -> Any:
    """The same containers with other arrays, tensors and marks in them."""
    if isinstance(tree, Placed):
        return mark(tree)
    if is_tensor(tree) or isinstance(tree, np.ndarray) and not tree.dtype.hasobject:
        return array(tree)
    if isinstance(tree, Mapping):
        return {key: mapped(value, array, mark) for key, value in tree.items()}
    if isinstance(tree, (tuple, list)):
        return _rebuilt(tree, [mapped(value, array, mark) for value in tree])
    return tree


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor of torch, which need not be imported for the answer."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def tensor_of(array: AnyArray, kind: str = "") -> Any:
    """A tensor that shares an array's elements, or the array if torch has no such type.

    Args:
        kind: torch's name of the type, if NumPy has not that type.
    """
    import torch

    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype == bfloat16.DTYPE:
        kind = "torch.bfloat16"
        array = array.view(BIT_CARRIERS[kind])
    if kind in BIT_CARRIERS:
        return torch.from_numpy(array).view(getattr(torch, kind.removeprefix("torch.")))
    try:
        return torch.from_numpy(array)
    except TypeError:
        return array


_HINT = "Give samples one form in the transform, or pass collate= to the loader."


def _stacked(samples: Sequence[Any]) -> AnyArray:
    shapes = {np.shape(sample) for sample in samples}
    if len(shapes) > 1:
        raise Invalid(f"Samples of one batch have different shapes, {_some(shapes)}.", hint=_HINT)
    return np.stack([np.asarray(sample) for sample in samples])


def _stacked_tensors(samples: Sequence[Any]) -> Any:
    import torch

    shapes = {tuple(sample.shape) for sample in samples}
    if len(shapes) > 1:
        raise Invalid(f"Samples of one batch have different shapes, {_some(shapes)}.", hint=_HINT)
    return torch.stack([sample.detach().cpu() for sample in samples])


def _some(shapes: set[tuple[int, ...]]) -> str:
    return " and ".join(map(str, sorted(shapes)[:3]))


def _carried(value: Any) -> tuple[AnyArray, str]:
    """An array with the elements of an array or tensor, and torch's name of the type."""
    if isinstance(value, np.ndarray):
        return value, ""
    kind = str(value.dtype)
    plain = value.detach().cpu().contiguous()
    if kind in BIT_CARRIERS:
        import torch

        plain = plain.view(getattr(torch, BIT_CARRIERS[kind]))
    return plain.numpy(), kind


def _rebuilt(like: Any, values: list[Any]) -> Any:
    if hasattr(like, "_fields"):
        return type(like)(*values)
    return type(like)(values) if type(like) in (tuple, list) else tuple(values)

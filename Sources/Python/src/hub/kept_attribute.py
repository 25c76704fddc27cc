"""Attributes that are computed when they are first asked for, without a lock.

`functools.cached_property` has one lock for all objects of a class until Python 3.11. A process that
is forked while another thread computes one has that lock locked for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class kept_attribute(Generic[Value]):
    """Makes an attribute of a method: computed once, and kept in the object's `__dict__`.

    Threads that ask at the same time may each compute it; all of them get the value that was kept
    first. It is pickled with the object.
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> Self | Value:
        # As this has no `__set__`, what is in the `__dict__` is found before this is called.
        if instance is None:
            return self
        kept: Value = instance.__dict__.setdefault(self._name, self._compute(instance))
        return kept

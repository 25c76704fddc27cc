"""Documents of the server, read by what the API says of them: other ones are refused in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hub.errors import HubError, Invalid


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Turns what reading an answer raises, where it is not as the API says, into `Invalid`.

    Args:
        what: what is read, for the message.
    """
    try:
        yield
    except HubError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError,
            RecursionError) as error:
        raise Invalid(f"What the endpoint says of {what} cannot be understood"
                      f" ({type(error).__name__}: {error}).",
                      hint="Is it a Nave server? `hub doctor` looks.") from error


def member(
    document: Mapping[str, Any], name: str, kind: type | tuple[type, ...], default: Any
) -> Any:
    """A member of a document, or the default if it has none.

    Raises:
        TypeError: it is of another kind.
    """
    value = document.get(name, default)
    if not isinstance(value, kind):
        raise TypeError(f"{name} is of a wrong kind")
    return value


def extents(values: Any) -> tuple[int, ...]:
    """A shape.

    Raises:
        TypeError, ValueError: it is no list of whole numbers from 0.
    """
    if not isinstance(values, list) or not all(type(one) is int for one in values):
        raise TypeError("extents are a list of whole numbers")
    if any(one < 0 for one in values):
        raise ValueError("an extent is below 0")
    return tuple(values)

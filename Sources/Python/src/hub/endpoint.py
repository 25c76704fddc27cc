"""The URL of a server, which is shown and kept in many places and so holds no secret."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_USER = re.compile(r"^([a-z0-9+.-]*://)?.*@", re.DOTALL | re.IGNORECASE)
_QUERY = re.compile(r"[?#].*", re.DOTALL)


def endpoint(text: str) -> str:
    """An endpoint without slashes at its end.

    Raises:
        ValueError: it is none, or holds a user, a password or a query.
    """
    text = text.rstrip("/")
    if "@" in text:
        raise ValueError("keys do not belong into an endpoint, but into access_key and secret_key")
    if not text.startswith(("http://", "https://")):
        raise ValueError("an endpoint begins with http:// or https://")
    if not text.isprintable() or " " in text:
        raise ValueError("it has characters that no endpoint has")
    if "?" in text or "#" in text:
        raise ValueError("an endpoint has no query")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("its host or port is none") from None
    if not parts.hostname or port == 0:
        raise ValueError("its host or port is none")
    return text


def without_secrets(text: str) -> str:
    """What may be shown of a text that is perhaps an endpoint: no user, password or query."""
    return _QUERY.sub("?…", _USER.sub(r"\1…@", text))

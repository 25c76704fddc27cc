"""What may have been meant by a name that is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.errors import Denied, HubError, Invalid, NotFound
from hub.reference import DEFAULT_NAMESPACE, Reference

if TYPE_CHECKING:
    from hub.client import Client
    from hub.transport import Transport

_NAMES_LOOKED_AT_MAX = 1000
_SHOWN_MAX = 5
_SHOWN_LETTERS_MAX = 1024


def explained(transport: Transport, reference: Reference, error: NotFound) -> NotFound:
    """The same failure with what is there instead: other versions, close names, namespaces.

    Takes at most three small requests. If those fail as well, it is left as it was.
    """
    # Of a name without a tag the server looks for the version `latest`, and then for plain keys.
    if error.code not in ("array_missing", "folder_empty", "version_missing", "namespace_missing"):
        return error
    if error.code == "version_missing" and f"{reference.name}:{reference.tag}" not in error.what:
        # It is the other side of a comparison or the source of a fork, which the server names.
        return error
    from hub.client import Client

    try:
        what, error.suggestions = _found(Client(transport), reference, error)
    except HubError:
        return error
    error.args = (what,)
    error.what = what
    return error


def meant(unknown: Iterable[str], known: Iterable[str]) -> str:
    """A question for the names that are closest to unknown ones, and a space; empty without any."""
    names = list(known)
    close = [found[0] for one in unknown if (found := _close(one, names))]
    return f"Is {' and '.join(dict.fromkeys(close))} meant? " if close else ""


def _found(client: Client, reference: Reference, error: NotFound) -> tuple[str, tuple[str, ...]]:
    kind = "array" if error.code in ("array_missing", "namespace_missing") else "version"
    missing = f"There is no {kind} {reference}"
    if error.code == "namespace_missing":
        if inside := _meant_namespace(client, reference):
            return f"{missing}; {inside.told}.", inside.references
        names = _texts(client.list_namespaces(limit=_NAMES_LOOKED_AT_MAX), "name")
        close = _close(reference.namespace, names)
        missing = f'There is no namespace "{reference.namespace}"'
        return _sentence(missing, "namespaces with such names", close), close
    tags = tuple(error.suggestions) or _tags(client, reference)
    if tags:
        versions = tuple(f"{reference.line}:{tag}" for tag in tags)
        return f"{missing}; versions there: {', '.join(tags[:_SHOWN_MAX * 4])}.", versions
    if inside := _meant_namespace(client, reference):
        return f"{missing}; {inside.told}.", inside.references
    arrays = client.list_arrays(reference.namespace, limit=_NAMES_LOOKED_AT_MAX)
    names = list(dict.fromkeys(_texts(arrays, "name")))
    if reference.name in names and error.code == "version_missing":
        error.hint = 'It is plain keys. Make a version of it: a.fork("v1").'
        return f"{reference} is in no version.", ()
    close = tuple(f"{reference.namespace}/{name}" for name in _close(reference.name, names))
    return _sentence(missing, "arrays with such names", close), close


@dataclass(frozen=True, slots=True)
class _Namespace:
    """A namespace whose name was given in place of an array's, and some of what is in it."""

    name: str
    references: tuple[str, ...]
    is_cut: bool

    @property
    def told(self) -> str:
        """What of it is said in a sentence."""
        if not self.references:
            return f"{self.name} is a namespace without arrays"
        shown = ", ".join(self.references) + (", …" if self.is_cut else "")
        return f"{self.name} is a namespace, with the arrays {shown}"


def _meant_namespace(client: Client, reference: Reference) -> _Namespace | None:
    """The namespace that a name alone is of, which is read as one of `library`."""
    if reference.namespace != DEFAULT_NAMESPACE or "/" in reference.name or reference.member:
        return None
    try:
        # Asked without a reference: what is missing here needs no suggestions of its own.
        found = list(client.list_arrays(reference.name, limit=_SHOWN_MAX + 1))
    except (NotFound, Denied, Invalid):
        return None
    references = tuple(_texts(found, "reference"))
    return _Namespace(reference.name, references[:_SHOWN_MAX], len(references) > _SHOWN_MAX)


def _tags(client: Client, reference: Reference) -> tuple[str, ...]:
    try:
        # Asked without the reference: what is missing here needs no suggestions of its own.
        path = f"/v1/versions/{reference.line_path}"
        found = client.document("GET", path, members=("versions[]",))["versions"]
        return tuple(_texts(found, "tag"))
    except NotFound:
        return ()


def _texts(found: Iterable[Any], member: str) -> list[str]:
    """A member of what was listed, where it is a text that can be shown: something else may answer."""
    texts = (one.get(member) for one in found if isinstance(one, dict))
    return [one for one in texts if isinstance(one, str) and 0 < len(one) <= _SHOWN_LETTERS_MAX]


def _close(name: str, names: list[str]) -> tuple[str, ...]:
    folded = {one.casefold(): one for one in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=_SHOWN_MAX, cutoff=0.6)
    return tuple(folded[one] for one in close)


def _sentence(missing: str, kind: str, close: tuple[str, ...]) -> str:
    return f"{missing}; {kind}: {', '.join(close)}." if close else f"{missing}."

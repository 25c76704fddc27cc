"""References to arrays: `namespace/name:tag/member` or `namespace/name@sha256:…/member`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote

from hub.errors import Invalid

DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff%?#|]")
_SCHEME = "hub://"


@dataclass(frozen=True, slots=True)
class Reference:
    """What names an array, a group, a version or a commit.

    `imagenet` alone is `library/imagenet:latest`. The name may hold `/`; without a tag or digest
    everything behind the namespace is the name. Exactly one of `tag` and `digest` is not `None`.
    """

    namespace: str
    name: str
    tag: str | None = DEFAULT_TAG
    digest: str | None = None
    member: str = ""

    @classmethod
    def parse(cls, text: str | Reference) -> Reference:
        """Reads a reference; `hub://` before it is passed over.

        Raises:
            Invalid: the text is no reference; the message says which part is wrong.
        """
        if isinstance(text, Reference):
            return text
        if not isinstance(text, str):
            raise _invalid(repr(text), f"it is a {type(text).__name__}, not a text")
        path = text.removeprefix(_SCHEME).strip("/") if text.startswith(_SCHEME) else text
        segments = path.split("/")
        for segment in segments:
            if segment in ("", ".", "..") or _FORBIDDEN.search(segment):
                raise _invalid(text, f'"{segment}" cannot be a part of it')
        if len(segments) == 1 or ":" in segments[0]:
            return cls._parse_path(text, DEFAULT_NAMESPACE, segments)
        return cls._parse_path(text, segments[0], segments[1:])

    @classmethod
    def _parse_path(cls, text: str, namespace: str, path: list[str]) -> Reference:
        position = next((i for i, segment in enumerate(path) if ":" in segment), None)
        if position is None:
            return cls(namespace, "/".join(path))
        member = "/".join(path[position + 1 :])
        last, _, version = path[position].partition(":")
        is_digest = last.endswith("@sha256")
        name = "/".join([*path[:position], last.removesuffix("@sha256")])
        if not name or name.endswith("/"):
            raise _invalid(text, "it has no name before the version")
        if is_digest:
            if not _DIGEST.fullmatch(f"sha256:{version}"):
                raise _invalid(text, "a digest is sha256: and 64 digits from 0 to 9 and a to f")
            return cls(namespace, name, None, f"sha256:{version}", member)
        if not _TAG.fullmatch(version):
            raise _invalid(text, f'"{version}" is no tag: letters, digits, _, . and -, at most 128')
        return cls(namespace, name, version, None, member)

    @property
    def is_immutable(self) -> bool:
        """Whether it names a commit, which never changes."""
        return self.digest is not None

    @property
    def is_draft(self) -> bool:
        """Whether it names a draft of a version."""
        return self.tag is not None and re.search(r"\.draft-[0-9a-f]{8}$", self.tag) is not None

    @property
    def version(self) -> Reference:
        """The version or commit that it lies in: itself without its member."""
        return replace(self, member="")

    @property
    def line(self) -> str:
        """`namespace/name`: what its versions have in common."""
        return f"{self.namespace}/{self.name}"

    @property
    def line_path(self) -> str:
        """`line` as a part of a URL's path, percent-encoded."""
        return quote(self.line, safe="/~")

    @property
    def path(self) -> str:
        """The reference as a part of a URL's path, percent-encoded."""
        return quote(str(self), safe="/~")

    def tagged(self, tag: str) -> Reference:
        """The same name and member at another tag.

        Raises:
            Invalid: it cannot be a tag.
        """
        if not _TAG.fullmatch(tag):
            raise _invalid(tag, "a tag has letters, digits, _, . and -, at most 128")
        return replace(self, tag=tag, digest=None)

    def at(self, digest: str) -> Reference:
        """The same name and member at a commit.

        Raises:
            Invalid: it cannot be a digest.
        """
        if not _DIGEST.fullmatch(digest):
            raise _invalid(digest, "a digest is sha256: and 64 digits from 0 to 9 and a to f")
        return replace(self, tag=None, digest=digest)

    def __str__(self) -> str:
        version = f"@{self.digest}" if self.digest else f":{self.tag}"
        return self.line + version + (f"/{self.member}" if self.member else "")


def _invalid(text: str, reason: str) -> Invalid:
    hint = "Names look like namespace/name:tag, imagenet or namespace/name@sha256:…."
    name, bracket, rest = text.partition("[")
    if bracket and rest.endswith("]"):
        hint = (f'A part is taken of what was loaded, hub.load("{name}")[{rest}, or by index= of'
                " hub.pull; the commands get, pull, show and stats take one in brackets.")
    return Invalid(f'"{text}" names no array: {reason}.', hint=hint)

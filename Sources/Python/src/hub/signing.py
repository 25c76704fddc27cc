"""Signature Version 4 in the `Authorization` header, as S3 takes it; pure but for its cache.

Source: AWS Identity and Access Management user guide, "Create a signed AWS API request", and Amazon
S3 API reference, "Authenticating requests: using the Authorization header".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_PAYLOAD = hashlib.sha256(b"").hexdigest()
_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "s3"

Query = Iterable[tuple[str, str]]


def payload_digest(pieces: Sequence[bytes | memoryview]) -> str:
    """The SHA-256 of a body that is given in pieces, in hexadecimal digits."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def query_text(query: Query) -> str:
    """A query string in the one form that is signed: sorted, percent-encoded."""
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in encoded)


def signed_headers(
    method: str,
    host: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    payload: str,
    *,
    access_key: str,
    secret_key: str,
    region: str,
    time: datetime,
) -> dict[str, str]:
    """The headers that sign a request: `x-amz-date`, `x-amz-content-sha256`, `Authorization`.

    Args:
        method: the HTTP method in capitals.
        host: the value of the `Host` header.
        path: the path as it is sent, percent-encoded once.
        query: the query as `query_text` makes it.
        headers: others that are sent; those that begin with `x-amz-` are signed.
        payload: the body's SHA-256 in hexadecimal digits, or `UNSIGNED_PAYLOAD`.
        time: now, in UTC.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/{_SERVICE}/aws4_request"
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()
              if name.lower().startswith("x-amz-")}
    signed |= {"host": host, "x-amz-content-sha256": payload, "x-amz-date": stamp}
    names = sorted(signed)
    lines = [f"{name}:{signed[name]}" for name in names]
    canonical = "\n".join([method, path, query, *lines, "", ";".join(names), payload])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join([_ALGORITHM, stamp, scope, digest])
    signature = hmac.digest(_key(secret_key, stamp[:8], region), text.encode(), "sha256").hex()
    authorization = (
        f"{_ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={';'.join(names)},"
        f" Signature={signature}"
    )
    return {
        "x-amz-date": stamp,
        "x-amz-content-sha256": payload,
        "Authorization": authorization,
    }


@lru_cache(maxsize=64)
def _key(secret_key: str, date: str, region: str) -> bytes:
    """The key of a day, region and service, which is the same for all requests of a day."""
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, _SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key

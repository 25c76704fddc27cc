"""What stands between this machine and the server: `hub.doctor()`."""

from __future__ import annotations

import dataclasses
import email.utils
import importlib.metadata
import os
import platform
import shutil
import socket
import ssl
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from hub.client import Client, client_for
from hub.configuration import Configuration, current_configuration
from hub.display import bytes_text
from hub.errors import Denied, HubError
from hub.printable import one_line
from hub.reference import Reference

State = Literal["good", "bad", "note"]
SECONDS_MAX = 5.0
# Signatures are refused beyond 15 minutes. Source: Amazon S3, "Authenticating Requests".
SKEW_SECONDS_MAX = 15 * 60
SKEW_SECONDS_NOTED = 60
CERTIFICATE_DAYS_NOTED = 14
SPEED_BYTES_MAX = 32 << 20
_PACKAGES = ("numpy", "urllib3", "zarr", "numcodecs", "obstore")
_LOOKS = " `hub doctor` looks."
_MARKS = {"good": "✓", "bad": "✗", "note": "·"}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: what was found, and what to do about it if it is bad."""

    name: str
    state: State
    found: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f"\n{'':16}{one_line(self.hint)}" if self.hint else ""
        return f"{_MARKS[self.state]} {self.name:13} {one_line(self.found)}{hint}"


@dataclass(frozen=True)
class Diagnosis:
    """All checks, in the order in which they were made; its text is a line for each."""

    checks: tuple[Check, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing was bad."""
        return all(check.state != "bad" for check in self.checks)

    def __str__(self) -> str:
        return "\n".join(map(str, self.checks))

    __repr__ = __str__


def doctor(**settings: Any) -> Diagnosis:
    """Looks at the configuration, the way to the server, the keys, the clock and the speed.

    Nothing is written but a file in the cache's folder, which is removed. It takes some seconds at
    most, and never raises but for a configuration that cannot be understood.

    Args:
        settings: as for `hub.configure`.
    """
    configuration = current_configuration(**settings)
    return Diagnosis(tuple(_checks(configuration)))


def _checks(configuration: Configuration) -> Iterator[Check]:
    client = client_for(dataclasses.replace(
        configuration, retries=0, timeout_seconds=SECONDS_MAX, offline=False))
    yield _versions()
    yield Check("endpoint", "note", f"{configuration.endpoint} "
                                    f"(from {configuration.sources.get('endpoint', 'argument')})")
    yield _keys(configuration)
    yield _cache(configuration)
    reached = _reached(configuration)
    yield reached
    if reached.state == "bad":
        return
    if configuration.endpoint.startswith("https:"):
        yield _guarded("TLS", lambda: _tls(configuration))
    answered = _guarded("server", lambda: _answer(client))
    yield answered
    if answered.state == "bad":
        return
    yield _guarded("clock", lambda: _clock(client))
    allowed = _guarded("access", lambda: _access(client))
    yield allowed
    if allowed.state != "bad":
        yield _guarded("speed", lambda: _speed(client))


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except (HubError, OSError) as error:
        if not isinstance(error, HubError):
            return Check(name, "bad", str(error))
        # Who looks already need not be told to.
        return Check(name, "bad", error.what, error.hint.replace(_LOOKS, ""))


def _versions() -> Check:
    names = ["nave-hub", *_PACKAGES]
    found = []
    for name in names:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} (none)")
    return Check("versions", "note", f"Python {platform.python_version()}, {', '.join(found)}")


def _keys(configuration: Configuration) -> Check:
    remarks = " ".join(configuration.remarks)
    if configuration.is_anonymous:
        return Check("keys", "note", "none: only public arrays can be read",
                     "Keys come from hub login, HUB_ACCESS_KEY and HUB_SECRET_KEY, or AWS's own "
                     f"variables and files. {remarks}".rstrip())
    source = configuration.sources.get("access_key", "argument")
    if not configuration.secret_key:
        return Check("keys", "bad", f"{configuration.access_key} has no secret (from {source})",
                     f"Give both keys in the same place. {remarks}".rstrip())
    return Check("keys", "note", f"{configuration.access_key} (from {source})", remarks)


def _cache(configuration: Configuration) -> Check:
    folder = configuration.cache_folder
    probe = os.path.join(folder, f".doctor-{os.getpid()}")
    try:
        os.makedirs(folder, exist_ok=True)
        with open(probe, "wb"):
            os.unlink(probe)
    except OSError as error:
        return Check("cache", "bad", f"{folder} cannot be written: {error.strerror}",
                     "Choose another folder with HUB_CACHE.")
    free = shutil.disk_usage(folder).free
    return Check("cache", "good", f"{folder}, at most {bytes_text(configuration.cache_bytes_max)}, "
                                  f"{bytes_text(free)} free on the disk")


def _reached(configuration: Configuration) -> Check:
    parts = urlsplit(configuration.endpoint)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        started = time.perf_counter()
        with socket.create_connection((host, port), SECONDS_MAX) as connection:
            seconds = time.perf_counter() - started
            address = connection.getpeername()[0]
    except OSError as error:
        return Check("connection", "bad", f"{host}:{port} cannot be reached: "
                                          f"{error.strerror or error}",
                     "Is the server running, and is this its endpoint? (hub login, HUB_ENDPOINT)")
    return Check("connection", "good", f"to {address} port {port} in {1000 * seconds:.1f} ms")


def _tls(configuration: Configuration) -> Check:
    parts = urlsplit(configuration.endpoint)
    host = parts.hostname or ""
    verify = configuration.verify
    if verify is False:
        return Check("TLS", "bad", "certificates are not checked",
                     "Give the authority's file with AWS_CA_BUNDLE instead.")
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    with socket.create_connection((host, parts.port or 443), SECONDS_MAX) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as connection:
                certificate = connection.getpeercert() or {}
                version = connection.version()
        except ssl.SSLError as error:
            return Check("TLS", "bad", f"the certificate is not accepted: {error.reason or error}",
                         "Give the authority's file with AWS_CA_BUNDLE.")
    expires = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    days = int((expires - time.time()) // 86400)
    state: State = "good" if days >= CERTIFICATE_DAYS_NOTED else "note"
    return Check("TLS", state, f"{version}, the certificate is good for {days} days")


def _answer(client: Client) -> Check:
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        client.transport.request("HEAD", "/v1/openapi.json")
        seconds.append(time.perf_counter() - started)
    return Check("server", "good", f"answers in {1000 * statistics.median(seconds):.1f} ms")


def _clock(client: Client) -> Check:
    answer = client.transport.request("HEAD", "/v1/openapi.json")
    date = answer.headers.get("Date")
    if not date:
        return Check("clock", "note", "the server does not tell its time")
    skew = time.time() - email.utils.parsedate_to_datetime(date).timestamp()
    # The server tells whole seconds, cut off.
    skew = 0.0 if 0 <= skew < 1 else skew
    text = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the server's"
    if abs(skew) > SKEW_SECONDS_MAX:
        return Check("clock", "bad", text, "Set this machine's clock: signatures are refused.")
    if abs(skew) > SKEW_SECONDS_NOTED:
        return Check("clock", "note", text, "Set this machine's clock.")
    return Check("clock", "good", "as the server's")


def _access(client: Client) -> Check:
    try:
        names = [one["name"] for one in client.list_namespaces(limit=1000)]
    except Denied as error:
        return Check("access", "bad", error.what, error.hint or "Are these the right keys?")
    return Check("access", "good", f"{len(names)} namespaces may be listed")


def _speed(client: Client) -> Check:
    arrays = [one for one in client.list_arrays(limit=200)
              if one["kind"] == "array" and one.get("chunks_stored")]
    for one in sorted(arrays, key=lambda one: -int(one["bytes_stored"])):
        reference = Reference.parse(one["reference"])
        coordinates = next(client.occupancy(reference), None)
        if coordinates is None:
            continue
        text = _box_text(coordinates, one["chunk_shape"], one["shape"])
        count, seconds = 0, 0.0
        while count < SPEED_BYTES_MAX and seconds < 1:
            started = time.perf_counter()
            read = client.read_region(reference, text).nbytes
            seconds += time.perf_counter() - started
            count += read
            if read == 0:
                break
        return Check("speed", "good", f"{bytes_text(int(count / seconds))}/s, "
                                      f"reading {one['reference']}[{text}]")
    return Check("speed", "note", "there is no array to measure it with")


def _box_text(coordinates: list[int], chunk: list[int], shape: list[int]) -> str:
    return ",".join(
        f"{place * size}:{min((place + 1) * size, extent)}"
        for place, size, extent in zip(coordinates, chunk, shape)) or "..."

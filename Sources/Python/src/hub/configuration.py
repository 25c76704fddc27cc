"""Where the server is, who asks, and how patiently: every value with its source."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hub import credentials, key_pair, settings_file
from hub.credentials import Sourced
from hub.endpoint import endpoint, without_secrets
from hub.errors import Invalid
from hub.key_pair import Place

DEFAULT_ENDPOINT = "http://127.0.0.1:9000"
#: How long can be waited for a socket: poll(2) counts milliseconds in 31 bits.
TIMEOUT_SECONDS_MAX = (2**31 - 1) // 1000
_DEFAULT = "default"
_CALL = "argument"
_CONFIGURE = "hub.configure"
_SWITCH = "HUB_VERIFY"
_KEYS = (key_pair.ACCESS, key_pair.SECRET, key_pair.TOKEN)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that a client needs to know of the outside; immutable and picklable.

    Attributes:
        endpoint: the server's URL, without a slash at the end, a user or a password.
        access_key, secret_key: the principal's keys; both empty to ask as nobody.
        region: the region that is signed; the server's is `us-east-1`.
        verify: whether TLS certificates are checked (`True`), or the path of a file of authorities.
        cache_folder: where chunks are kept.
        cache_bytes_max: how much of them, in bytes.
        offline: whether no request may be made.
        timeout_seconds: how long is waited for a connection, and for bytes on one.
        retries: how often a request that may be repeated is repeated.
        remarks: what of keys was found and is not used, a sentence each.
        sources: for each name above, where its value came from.
    """

    endpoint: str = DEFAULT_ENDPOINT
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    region: str = "us-east-1"
    verify: bool | str = True
    cache_folder: str = ""
    cache_bytes_max: int = 32 * 2**30
    offline: bool = False
    timeout_seconds: float = 60.0
    retries: int = 5
    remarks: tuple[str, ...] = field(default=(), repr=False)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_anonymous(self) -> bool:
        """Whether requests are not signed."""
        return not self.access_key


SETTINGS = tuple(
    item.name for item in fields(Configuration) if item.name not in ("remarks", "sources"))
"""The names of all that can be set."""
_VARIABLES = {
    "endpoint": ("HUB_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "access_key": ("HUB_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
    "secret_key": ("HUB_SECRET_KEY", "AWS_SECRET_ACCESS_KEY"),
    "session_token": ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"),
    "region": ("HUB_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"),
    # Both switch and file: a file that is given is one to check with.
    "verify": ("HUB_CA_BUNDLE", "HUB_VERIFY", "AWS_CA_BUNDLE"),
    "cache_folder": ("HUB_CACHE",),
    "cache_bytes_max": ("HUB_CACHE_BYTES_MAX",),
    "offline": ("HUB_OFFLINE",),
    "timeout_seconds": ("HUB_TIMEOUT_SECONDS",),
    "retries": ("HUB_RETRIES",),
}
# Replaced as a whole and never changed, so that no lock is needed that a fork could leave locked.
_configured: Mapping[str, Any] = {}


def configure(**values: Any) -> Configuration:
    """Sets values for this process, over environment and files; `None` takes one back.

    Args:
        values: any attribute of `Configuration` but `sources`.

    Returns:
        What holds now.

    Raises:
        Invalid: there is no such value, or it has the wrong form.
    """
    global _configured
    changed = {**_configured, **values}
    kept = {name: value for name, value in changed.items() if value is not None}
    # Looked at before anything is kept, so that a wrong value changes nothing.
    current = _resolved(os.environ, {}, kept)
    _configured = kept
    return current


@contextmanager
def configured(**values: Any) -> Iterator[Configuration]:
    """Sets values inside a `with` block, as `configure` does, and takes them back behind it."""
    global _configured
    before = _configured
    try:
        yield configure(**values)
    finally:
        _configured = before


def current_configuration(
    environment: Mapping[str, str] | None = None, **overrides: Any
) -> Configuration:
    """What holds now: each value from the first place that has it.

    The places are the arguments, `hub.configure`, variables of the environment (`HUB_…` before
    `AWS_…`), hub's own file, the AWS files with their profiles, and the defaults. Both keys are
    those of the first place that has an access key, so that halves of different pairs are never
    mixed; `remarks` tell of a secret that has no access key beside it, and of session tokens,
    which a Nave server does not take.

    Raises:
        Invalid: a value is unknown or has the wrong form, or an argument is a secret key alone; the
            message names its source.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    return _resolved(os.environ if environment is None else environment, given, _configured)


def _resolved(
    environment: Mapping[str, str], overrides: Mapping[str, Any], configured: Mapping[str, Any]
) -> Configuration:
    unknown = sorted((set(overrides) | set(configured)) - set(SETTINGS))
    if unknown:
        from hub.suggestion import meant

        raise Invalid(
            f"There is no setting {', '.join(unknown)}.",
            hint=f"{meant(unknown, SETTINGS)}The settings are {', '.join(SETTINGS)}.",
        )
    places = _places(environment, overrides, configured)
    for place in places[:2]:
        key_pair.check_whole(place)
    if not any(key_pair.ACCESS in place for place in places):
        _check_profile(environment)
    keys, remarks = key_pair.chosen(places)
    found: Place = {}
    for place in reversed(places):
        found |= {name: one for name, one in place.items() if name not in _KEYS}
    found |= keys
    values = {name: _checked(name, value, source) for name, (value, source) in found.items()}
    sources = {name: found[name][1] if name in found else _DEFAULT for name in SETTINGS}
    values.setdefault("cache_folder", _default_cache(environment))
    return Configuration(**values, remarks=remarks, sources=sources)


def configuration_file(environment: Mapping[str, str] | None = None) -> Path:
    """Hub's own file, which `hub login` writes: `$XDG_CONFIG_HOME/hub/config.toml`."""
    environment = os.environ if environment is None else environment
    folder = environment.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(environment.get("HUB_CONFIG") or Path(folder) / "hub" / "config.toml").expanduser()


def _places(
    environment: Mapping[str, str], overrides: Mapping[str, Any], configured: Mapping[str, Any]
) -> list[Place]:
    """All places, the most important first."""
    return [
        {name: (value, _CALL) for name, value in overrides.items()},
        {name: (value, _CONFIGURE) for name, value in configured.items()},
        *_environment(environment),
        _own_file(environment),
        _aws_files(environment),
    ]


def _environment(environment: Mapping[str, str]) -> list[Place]:
    """The variables of the environment, `HUB_…` and `AWS_…` as two places."""
    ours: Place = {}
    theirs: Place = {}
    ignores_theirs = credentials.ignores_endpoints(environment)
    for name, variables in _VARIABLES.items():
        for variable in variables:
            if ignores_theirs and name == "endpoint" and variable.startswith("AWS_"):
                continue
            place = ours if variable.startswith("HUB_") else theirs
            if environment.get(variable) and name not in place:
                place[name] = (environment[variable], variable)
    return [ours, theirs]


def _own_file(environment: Mapping[str, str]) -> Place:
    path = configuration_file(environment)
    try:
        document = settings_file.read(path)
    except OSError:
        return {}
    return {name: (value, str(path)) for name, value in document.items() if name in SETTINGS}


def _check_profile(environment: Mapping[str, str]) -> None:
    """Refuses a profile that is not there, rather than to ask as nobody.

    Raises:
        Invalid: no file has the profile that the environment names.
    """
    missing = credentials.missing_profile(environment)
    if missing is not None:
        variable = "AWS_PROFILE" if environment.get("AWS_PROFILE") else "AWS_DEFAULT_PROFILE"
        raise Invalid(f"There is no profile {missing} (from {variable}) in the AWS files.",
                      hint="Add its keys there, or choose another profile.")


def _aws_files(environment: Mapping[str, str]) -> Place:
    found: Mapping[str, Sourced] = credentials.from_aws_files(environment)
    return {name: (one.value, one.source) for name, one in found.items()}


def _default_cache(environment: Mapping[str, str]) -> str:
    folder = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return str(Path(folder).expanduser() / "hub")


def _checked(name: str, value: Any, source: str) -> Any:
    check = _flag if source == _SWITCH else _CHECKS[name]
    try:
        return check(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise Invalid(f"{name} cannot be {_shown(name, value)} (from {source}): {error}.") from None


def _shown(name: str, value: Any) -> str:
    """A wrong value as it may be told, without the secrets in it."""
    if name == "secret_key":
        return "taken"
    return repr(without_secrets(value) if name == "endpoint" and isinstance(value, str) else value)


def _endpoint(value: Any) -> str:
    return endpoint(_text(value))


def _text(value: Any) -> str:
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError("it is not a text")
    return os.fspath(value)


def _folder(value: Any) -> str:
    return os.path.expanduser(_text(value))


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if str(value).lower() not in words:
        raise ValueError("it is neither true nor false")
    return words[str(value).lower()]


def _verify(value: Any) -> bool | str:
    """Whether certificates are checked, or with which file: a text is a file, whatever it says."""
    return value if isinstance(value, bool) else _folder(value)


def _positive(value: Any) -> float:
    number = float(value)
    if not 0 < number <= TIMEOUT_SECONDS_MAX:
        raise ValueError(f"it is not a positive number of at most {TIMEOUT_SECONDS_MAX:,}")
    return number


def _count(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, OverflowError):
        raise ValueError("it is no whole number") from None
    if number < 0:
        raise ValueError("it is negative")
    return number


_UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20,
          "gib": 2**30, "tib": 2**40, "b": 1, "": 1}


def byte_count(value: Any) -> int:
    """A number of bytes, also of a text such as `64MB` or `1.5 GiB`.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str):
        return _count(value)
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", value.lower())
    if match is None or match[2] not in _UNITS:
        raise ValueError("it is no number of bytes")
    number = float(match[1]) if "." in match[1] else int(match[1])
    return _count(number * _UNITS[match[2]])


_CHECKS: dict[str, Any] = {
    "endpoint": _endpoint,
    "access_key": _text,
    "secret_key": _text,
    "region": _text,
    "verify": _verify,
    "cache_folder": _folder,
    "cache_bytes_max": byte_count,
    "offline": _flag,
    "timeout_seconds": _positive,
    "retries": _count,
}

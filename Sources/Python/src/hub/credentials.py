"""Keys and endpoints as the AWS tools keep them: environment, files and profiles.

Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files" and
"Service-specific endpoints".
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sourced:
    """A value and where it came from, such as `AWS_ENDPOINT_URL` or `~/.aws/credentials [lab]`."""

    value: str
    source: str


def from_aws_files(environment: Mapping[str, str]) -> dict[str, Sourced]:
    """What the AWS files say for the profile in use.

    Returns:
        Some of `access_key`, `secret_key`, `session_token`, `endpoint`, `region`, `verify`; the
        keys of one section, which has an access key.
        Files that are missing, unreadable or damaged say nothing.
    """
    name = profile(environment)
    config, keys = _config_file(environment), _keys_file(environment)
    found: dict[str, Sourced] = {}
    for section in _config_sections(name):
        _take(found, config, section)
        _take_service(found, config, section)
    _take(found, keys, name)
    if ignores_endpoints(environment):
        found.pop("endpoint", None)
    return found


def missing_profile(environment: Mapping[str, str]) -> str | None:
    """The profile that the environment names, if no file has it."""
    name = profile(environment)
    if name == _DEFAULT:
        return None
    config, keys = _parsed(_config_file(environment)), _parsed(_keys_file(environment))
    is_there = keys.has_section(name) or any(map(config.has_section, _config_sections(name)))
    return None if is_there else name


def profile(environment: Mapping[str, str]) -> str:
    """The name of the profile in use."""
    return environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or _DEFAULT


def ignores_endpoints(environment: Mapping[str, str]) -> bool:
    """Whether AWS's variables and files shall not say where the server is.

    The variable says it, or else the profile.
    """
    variable = environment.get("AWS_" + _IGNORE)
    config = _config_file(environment)
    return _is_true(variable or _value(config, profile(environment), _IGNORE.lower()))


_DEFAULT = "default"
_IGNORE = "IGNORE_CONFIGURED_ENDPOINT_URLS"
_KEYS = {
    "aws_access_key_id": "access_key",
    "aws_secret_access_key": "secret_key",
    "aws_session_token": "session_token",
    "aws_security_token": "session_token",
}
_OTHERS = {
    "endpoint_url": "endpoint",
    "region": "region",
    "ca_bundle": "verify",
}


def _config_file(environment: Mapping[str, str]) -> Path:
    return _file(environment, "AWS_CONFIG_FILE", "config")


def _keys_file(environment: Mapping[str, str]) -> Path:
    return _file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials")


def _config_sections(name: str) -> list[str]:
    """What a profile is called in the config file, the most important last."""
    return [name, f"profile {name}"] if name == _DEFAULT else [f"profile {name}"]


def _value(path: Path, name: str, member: str) -> str:
    parser = _parsed(path)
    found = [parser.get(section, member, fallback="") for section in _config_sections(name)]
    return next(filter(None, reversed(found)), "")


def _is_true(text: str) -> bool:
    return text.strip().lower() == "true"


def _file(environment: Mapping[str, str], variable: str, name: str) -> Path:
    named = environment.get(variable)
    return Path(named).expanduser() if named else Path("~/.aws").expanduser() / name


def _parsed(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(path.read_text())
    except (OSError, UnicodeDecodeError, configparser.Error):
        return configparser.RawConfigParser()
    return parser


def _take(found: dict[str, Sourced], path: Path, section: str) -> None:
    parser = _parsed(path)
    if not parser.has_section(section):
        return
    values = dict(parser.items(section))
    members = _OTHERS
    if values.get("aws_access_key_id", "").strip():
        # The halves of a pair stand in one section.
        members = _OTHERS | _KEYS
        for ours in _KEYS.values():
            found.pop(ours, None)
    for theirs, ours in members.items():
        if value := values.get(theirs, "").strip():
            found[ours] = Sourced(value, f"{_shown(path)} [{section}]")


def _take_service(found: dict[str, Sourced], path: Path, section: str) -> None:
    """Takes the endpoint that a `[services …]` section has for S3, which is nested one level."""
    parser = _parsed(path)
    services = parser.get(section, "services", fallback="") if parser.has_section(section) else ""
    for line in parser.get(f"services {services}", "s3", fallback="").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "endpoint_url" and value.strip():
            found["endpoint"] = Sourced(value.strip(), f"{_shown(path)} [services {services}]")


def _shown(path: Path) -> str:
    home = os.path.expanduser("~")
    text = str(path)
    return "~" + text.removeprefix(home) if text.startswith(home + os.sep) else text

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
        Some of `access_key`, `secret_key`, `session_token`, `endpoint`, `region`, `verify`.
        Files that are missing, unreadable or damaged say nothing.
    """
    profile = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"
    found: dict[str, Sourced] = {}
    config = _file(environment, "AWS_CONFIG_FILE", "config")
    section = "default" if profile == "default" else f"profile {profile}"
    _take(found, config, section)
    _take_service(found, config, section)
    _take(found, _file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials"), profile)
    return found


_MEMBERS = {
    "aws_access_key_id": "access_key",
    "aws_secret_access_key": "secret_key",
    "aws_session_token": "session_token",
    "endpoint_url": "endpoint",
    "region": "region",
    "ca_bundle": "verify",
}


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
    for theirs, ours in _MEMBERS.items():
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

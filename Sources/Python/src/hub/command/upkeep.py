"""Commands about this machine: `cache`, `doctor`, `login`."""

from __future__ import annotations

import argparse
import dataclasses
import getpass
import os
import sys
from collections.abc import Sequence
from typing import Any

import hub.cache
from hub import settings_file
from hub.cache.pins import Pin
from hub.client import client_for
from hub.command.output import print_json, print_members, say
from hub.configuration import byte_count, configuration_file, current_configuration
from hub.diagnosis import doctor
from hub.display import bytes_text
from hub.errors import Invalid

_KEPT = ("endpoint", "access_key", "secret_key", "verify")
"""What `hub login` keeps."""


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Adds the commands to the grammar."""
    verb = verbs.add_parser(
        "cache", parents=[common], help="look at or empty the local cache",
        description="info tells what is kept; verify reads all of it and removes what is damaged, "
                    "or holds what is kept of one array against the server; evict makes it "
                    "smaller, down to what is pinned; clear removes everything, pinned arrays too.")
    verb.add_argument("action", nargs="?", default="info",
                      choices=("info", "verify", "evict", "clear"))
    verb.add_argument("size", nargs="?", type=_size, help="for evict: what may stay, such as 10GB")
    verb.add_argument("--array", metavar="REFERENCE",
                      help="for verify: what is to be held against what the server has")
    verb.set_defaults(run=run_cache)

    verb = verbs.add_parser(
        "doctor", parents=[common], help="look why it does not work, or how fast it is")
    verb.set_defaults(run=run_doctor)

    verb = verbs.add_parser(
        "login", parents=[common], help="keep the endpoint and keys in hub's own file",
        description="Asks for the keys, tries them, and keeps them in hub's own file, which nobody "
                    "else can read; other settings in it stay. --forget takes them out again.")
    verb.add_argument("server", nargs="?", metavar="ENDPOINT", help="such as https://host:9000")
    verb.add_argument("--access-key", metavar="KEY")
    verb.add_argument("--secret-stdin", action="store_true",
                      help="read the secret from standard input")
    verb.add_argument("--forget", action="store_true", help="take out endpoint and keys")
    verb.set_defaults(run=run_login)


def _size(text: str) -> int:
    try:
        return byte_count(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no size such as 10GB") from None


def run_cache(options: argparse.Namespace) -> None:
    """Looks at the cache or makes it smaller."""
    if (options.size is None) == (options.action == "evict"):
        raise Invalid("evict needs a size, and nothing else takes one.",
                      hint="Say how much may stay, as in hub cache evict 10GB.")
    if options.array and options.action != "verify":
        raise Invalid("Nothing but verify takes an array.", hint="hub cache verify --array …")
    unpinned: Sequence[Pin] = ()
    if options.action == "clear":
        unpinned = hub.cache.clear()
    elif options.action == "evict":
        hub.cache.evict(options.size)
    elif options.action == "verify":
        found = hub.cache.verify(options.array)
        kind = "wrong" if options.array else "damaged"
        if options.json:
            print_json(dataclasses.asdict(found))
        else:
            print(f"{found.read:,} files were read, {found.removed:,} {kind} ones removed.")
        return
    _print_cache(options, [pin.reference for pin in unpinned])


def _print_cache(options: argparse.Namespace, unpinned: list[str]) -> None:
    info = hub.cache.info()
    pins = [pin.reference for pin in info.pins]
    if options.json:
        print_json({"folder": info.folder, "bytes": info.bytes, "bytes_max": info.bytes_max,
                    "chunks": info.chunks, "pins": pins, "unpinned": unpinned})
        return
    print_members({
        "folder": info.folder,
        "kept": f"{bytes_text(info.bytes)} of at most {bytes_text(info.bytes_max)}",
        "chunks": f"{info.chunks:,}", "pinned": ", ".join(pins),
        "pinned until now": ", ".join(unpinned)})


def run_doctor(options: argparse.Namespace) -> int:
    """Prints the diagnosis; the exit code is 1 if something is bad."""
    found = doctor()
    if options.json:
        print_json({"well": found.is_well,
                    "checks": [dataclasses.asdict(check) for check in found.checks]})
    else:
        print(found)
    return 0 if found.is_well else 1


def run_login(options: argparse.Namespace) -> None:
    """Keeps endpoint and keys, after trying them."""
    path = configuration_file()
    if options.forget:
        settings_file.change(path, dict.fromkeys(_KEPT))
        return
    settings = _asked(options)
    configuration = current_configuration(**settings)
    # One request that needs the keys: wrong ones are refused here, and nothing is kept.
    client = client_for(dataclasses.replace(configuration, retries=0))
    list(client.list_namespaces(limit=1))
    settings_file.change(path, settings)
    say(f"Kept in {path}.", options.quiet)
    for name in ("endpoint", "access_key"):
        source = current_configuration().sources[name]
        if source != str(path):
            print(f"hub: {source} comes before this file: it sets the {name.replace('_', ' ')}.",
                  file=sys.stderr)


def _asked(options: argparse.Namespace) -> dict[str, Any]:
    """Endpoint and keys, from the options or the person."""
    settings: dict[str, Any] = {
        "endpoint": options.server or getattr(options, "endpoint", None)
        or _answer("Endpoint", current_configuration().endpoint)}
    settings["access_key"] = options.access_key or _answer("Access key", "")
    if options.secret_stdin:
        settings["secret_key"] = sys.stdin.readline().strip()
    elif sys.stdin.isatty():
        settings["secret_key"] = getpass.getpass("Secret key: ").strip()
    if not settings["access_key"] or not settings.get("secret_key"):
        raise Invalid("Both keys are needed.",
                      hint="Without a terminal: --access-key KEY --secret-stdin.")
    if bundle := getattr(options, "ca_bundle", None):
        settings["verify"] = os.path.abspath(bundle)
    return settings


def _answer(question: str, default: str) -> str:
    if not sys.stdin.isatty():
        return default
    shown = f" [{default}]" if default else ""
    return input(f"{question}{shown}: ").strip() or default

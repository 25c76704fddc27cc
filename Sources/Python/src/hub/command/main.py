"""The entry of the command line: the grammar, the configuration, and how failures are told."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import hub
from hub.command import elements, listing, moving, upkeep, versions
from hub.command.profile import profile_settings
from hub.configuration import configured
from hub.errors import HubError
from hub.printable import one_line

EPILOG = """\
An array is named namespace/name:tag, or namespace/name@sha256:… for a commit; a part of one by
brackets behind it, in quotes: 'test/heart:v0[98, :, ::2]'. The server and the keys come from
`hub login`, HUB_ENDPOINT, AWS_ENDPOINT_URL and the AWS variables and files.

Exit codes: 0, 1 for a failure that standard error tells in a line, 2 for wrong usage."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    _open_missing_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        options = make_parser().parse_args(arguments)
        with configured(**_settings(options)):
            code: int | None = options.run(options)
        sys.stdout.flush()
        return code or 0
    except HubError as error:
        return _told(str(error))
    except BrokenPipeError:
        # Whoever read the output has enough. Nothing can be flushed at the end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        return _told(f"{name}{error.strerror or error}.")
    except MemoryError:
        return _told("There is not enough memory for it: take a smaller part.")
    except (KeyboardInterrupt, EOFError):
        print(file=sys.stderr)
        return 130
    except Exception as error:
        # Nobody foresaw it, so where it happened must be told to whoever looks for it.
        if _shows_tracebacks():
            raise
        return _told(f"{type(error).__name__}: {error}. This is a mistake of hub's, or something "
                     "answers that is no Nave server (hub doctor). PYTHONDEVMODE=1 tells where.")


def _shows_tracebacks() -> bool:
    """Whether Python runs for whoever looks for mistakes. Source: "Python Development Mode"."""
    return sys.flags.dev_mode


def _open_missing_streams() -> None:
    """Gives what was closed by whoever started this (`>&-`) the place of nothing to read or write.

    Without it Python has no such streams at all, and what is printed to one ends up in another.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")


def _told(text: str) -> int:
    print(f"hub: {one_line(text)}", file=sys.stderr)
    return 1


def make_parser() -> argparse.ArgumentParser:
    """The grammar of all commands."""
    parser = argparse.ArgumentParser(
        prog="hub", description="Arrays on a Nave server.", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"hub {hub.__version__}")
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("where and how")
    group.add_argument("--endpoint", metavar="URL", default=argparse.SUPPRESS,
                       help="the server, such as http://127.0.0.1:9000")
    group.add_argument("--profile", metavar="NAME", default=argparse.SUPPRESS,
                       help="keys and endpoint of a profile of the AWS files")
    group.add_argument("--ca-bundle", metavar="FILE", default=argparse.SUPPRESS,
                       help="the authorities that TLS certificates are checked with")
    group.add_argument("--json", action="store_true", help="print JSON, for programs")
    group.add_argument("-q", "--quiet", action="store_true", help="no progress and no remarks")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (listing, moving, elements, versions, upkeep):
        module.add_verbs(verbs, common)
    return parser


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """What the options say of the server and the keys."""
    settings: dict[str, Any] = {}
    if profile := getattr(options, "profile", None):
        settings |= profile_settings(profile)
    if endpoint := getattr(options, "endpoint", None):
        settings["endpoint"] = endpoint
    if bundle := getattr(options, "ca_bundle", None):
        settings["verify"] = bundle
    return settings

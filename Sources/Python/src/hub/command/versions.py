"""Commands about versions: `fork`, `commit`, `seal`, `unseal`, `rollback`, `history`, `diff`."""

from __future__ import annotations

import argparse
from typing import Any

from hub.client import Client, current_client
from hub.command import words
from hub.command.listing import short_digest
from hub.command.output import print_json, print_lines, print_table, say
from hub.errors import Invalid, NotFound
from hub.reference import Reference


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Adds the commands to the grammar."""
    verb = verbs.add_parser(
        "fork", parents=[common], help="make a version of another one",
        description="Makes a version of another one, of a commit, or of a folder of plain keys "
                    "(with a slash at the end). It takes a moment, however large the array.")
    verb.add_argument("source", help="a version, namespace/name@sha256:…, or a folder/ of keys")
    verb.add_argument("target", help="a tag, or namespace/name:tag")
    verb.set_defaults(run=run_fork)

    verb = verbs.add_parser("commit", parents=[common], help="keep what a version is now")
    verb.add_argument("name")
    verb.add_argument("-m", "--message", default="")
    verb.set_defaults(run=run_commit)

    verb = verbs.add_parser("seal", parents=[common], help="commit a version and let nobody write")
    verb.add_argument("name")
    verb.add_argument("-m", "--message", default="")
    verb.set_defaults(run=run_seal)

    verb = verbs.add_parser(
        "unseal", parents=[common], help="let a sealed version be written again")
    verb.add_argument("name")
    verb.set_defaults(run=run_unseal)

    verb = verbs.add_parser(
        "rollback", parents=[common], help="make a version what a commit was",
        description="Makes a version what a commit was. What was not committed is lost.")
    verb.add_argument("name")
    verb.add_argument("digest", help="the commit's digest, or its first digits")
    verb.set_defaults(run=run_rollback)

    verb = verbs.add_parser("history", parents=[common], help="the commits of a version")
    verb.add_argument("name")
    verb.add_argument("--limit", type=words.count, metavar="N", help="the newest alone")
    verb.set_defaults(run=run_history)

    verb = verbs.add_parser(
        "diff", parents=[common], help="what differs between two versions or commits")
    verb.add_argument("name")
    verb.add_argument("other", help="a tag, sha256:…, or another name")
    verb.add_argument("--limit", type=words.count, metavar="N", help="the first changes alone")
    verb.set_defaults(run=run_diff)


def run_fork(options: argparse.Namespace) -> None:
    """Forks a version."""
    is_folder = options.source.endswith("/")
    if is_folder:
        namespace, _, folder = options.source.partition("/")
        target = Reference.parse(options.target)
        if target.namespace != namespace:
            raise Invalid("A fork of a folder lies in its namespace.")
        answer = current_client().fork(folder, target)
    else:
        source = Reference.parse(options.source)
        answer = current_client().fork(source, _beside(source, options.target))
    _print_version(answer, options)


def run_commit(options: argparse.Namespace) -> None:
    """Commits a version and prints the digest."""
    answer = current_client().commit(Reference.parse(options.name), options.message)
    if answer["message"] != options.message:
        say("Nothing has changed since this commit.", options.quiet)
    print_json(answer) if options.json else print_lines(answer["digest"])


def run_seal(options: argparse.Namespace) -> None:
    """Seals a version."""
    reference = Reference.parse(options.name)
    change = {"message": options.message} if options.message else {}
    _print_version(current_client().change_version(reference, sealed=True, **change), options)


def run_unseal(options: argparse.Namespace) -> None:
    """Opens a sealed version."""
    reference = Reference.parse(options.name)
    _print_version(current_client().change_version(reference, sealed=False), options)


def run_rollback(options: argparse.Namespace) -> None:
    """Makes a version what a commit was."""
    client = current_client()
    reference = Reference.parse(options.name)
    digest = _whole_digest(client, reference, options.digest)
    answer = client.rollback(reference, digest)
    print_json(answer) if options.json else say(f"{reference} is {digest} again.", options.quiet)


def run_history(options: argparse.Namespace) -> None:
    """Prints commits, the newest first."""
    found = current_client().history(Reference.parse(options.name), options.limit)
    if options.json:
        print_json({"commits": list(found)})
    else:
        print_table(
            ((short_digest(one["digest"]), one["time"][:19].replace("T", " "),
              one["author"] or "", one["message"]) for one in found),
            ("COMMIT", "TIME", "AUTHOR", "MESSAGE"))


def run_diff(options: argparse.Namespace) -> None:
    """Prints what differs from the first towards the second."""
    client = current_client()
    reference = Reference.parse(options.name)
    other = _beside(reference, options.other)
    found = client.diff(reference, other, options.limit)
    if options.json:
        print_json({"changes": list(found)})
    elif not print_table(map(_change_row, found), ("CHANGE", "KEY", "ELEMENTS")):
        say(f"{reference} and {other} are equal.", options.quiet)


def _change_row(change: dict[str, Any]) -> tuple[str, ...]:
    box = ", ".join(f"{start}:{stop}" for start, stop in change.get("box", ()))
    return change["change"], change["key"], f"[{box}]" if box else ""


def _beside(reference: Reference, text: str) -> Reference:
    """Another version: by its tag or digest alone beside the first, or by a whole name."""
    if text.startswith("sha256:"):
        return reference.at(text)
    if "/" in text or ":" in text:
        return Reference.parse(text)
    return reference.tagged(text)


def _whole_digest(client: Client, reference: Reference, text: str) -> str:
    """The digest of the version's history that begins so."""
    digits = text.removeprefix("sha256:")
    if len(digits) == 64:
        return f"sha256:{digits}"
    found = [one["digest"] for one in client.history(reference)
             if one["digest"].removeprefix("sha256:").startswith(digits)]
    if not digits or not found:
        raise NotFound(f"{reference} has no commit that begins with {text}.",
                       hint="hub history lists them.")
    if len(found) > 1:
        raise Invalid(f"{len(found)} commits of {reference} begin with {text}.",
                      hint="Give more digits.")
    return str(found[0])


def _print_version(answer: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        print_json(answer)
    elif not options.quiet:
        print_lines(answer["reference"])

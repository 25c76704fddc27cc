"""Commands that list, describe, create and delete: `ls`, `info`, `create`, `rm`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import hub
from hub.client import current_client
from hub.command import words
from hub.command.output import print_json, print_lines, print_members, print_table, say
from hub.display import bytes_text
from hub.errors import Invalid
from hub.printable import printable
from hub.reference import Reference


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Adds the commands to the grammar."""
    verb = verbs.add_parser(
        "ls", parents=[common], help="list arrays, versions or namespaces",
        description="Lists arrays: all that may be listed, or those of a namespace, or those whose "
                    "names begin with what follows it.")
    verb.add_argument("where", nargs="?", default="", metavar="NAMESPACE[/PREFIX]")
    kind = verb.add_mutually_exclusive_group()
    kind.add_argument("--namespaces", action="store_true", help="list namespaces")
    kind.add_argument("--versions", action="store_true", help="list the versions of an array")
    verb.add_argument("--limit", type=words.count, metavar="N", help="at most so many")
    verb.set_defaults(run=run_ls)

    verb = verbs.add_parser("info", parents=[common], help="what the server knows of an array")
    verb.add_argument("name")
    verb.set_defaults(run=run_info)

    verb = verbs.add_parser(
        "create", parents=[common], help="create an array",
        description="Creates an array, and its namespace if that is missing. One of the same shape "
                    "and type that is there already is left as it is.")
    verb.add_argument("name")
    verb.add_argument("shape", type=words.shape, help="such as 100x512x512")
    verb.add_argument("--dtype", default="float64", help="NumPy's name of the type (float64)")
    verb.add_argument("--chunks", type=words.shape, help="extents of a chunk")
    verb.add_argument("--shards", type=words.shape, help="extents of an object of many chunks")
    verb.add_argument("--fill", type=words.number, metavar="VALUE",
                      help="what was not written yet (0)")
    verb.add_argument("--dimensions", type=lambda text: text.split(","), metavar="NAME,…",
                      help="names of the axes")
    verb.add_argument("--attribute", type=words.attribute, action="append", default=[],
                      metavar="NAME=VALUE", help="may be given several times")
    verb.set_defaults(run=run_create)

    verb = verbs.add_parser(
        "rm", parents=[common], help="delete an array or a version",
        description="Deletes an array, a group or a version, with the commits that nothing else "
                    "goes on from.")
    verb.add_argument("name")
    verb.add_argument("-y", "--yes", action="store_true", help="do not ask")
    verb.set_defaults(run=run_rm)


def run_ls(options: argparse.Namespace) -> None:
    """Lists arrays, versions or namespaces."""
    if options.versions:
        _list_versions(options)
    elif options.namespaces:
        found = current_client().list_namespaces(options.where, options.limit)
        if options.json:
            print_json({"namespaces": list(found)})
        else:
            print_table(((one["name"], one["owner"], one["access"]) for one in found),
                        ("NAMESPACE", "OWNER", "ACCESS"))
    else:
        namespace, _, prefix = options.where.partition("/")
        found = current_client().list_arrays(namespace or None, prefix, options.limit)
        if options.json:
            print_json({"arrays": list(found)})
        elif not print_table(map(_array_row, found),
                             ("ARRAY", "TYPE", "SHAPE", "STORED", "CHANGED"), right=(3,)):
            say("There are no arrays.", options.quiet)


def _array_row(one: dict[str, Any]) -> tuple[str, ...]:
    shape = "x".join(map(str, one.get("shape", ())))
    kind = one.get("dtype") or one["kind"]
    stored = bytes_text(one["bytes_stored"]) if "bytes_stored" in one else ""
    return one["reference"], kind, shape, stored, _moment(one.get("changed"))


def _list_versions(options: argparse.Namespace) -> None:
    if not options.where:
        raise Invalid("ls --versions needs the name of an array.")
    reference = Reference.parse(options.where)
    found = current_client().versions(reference)[: options.limit]
    if options.json:
        print_json({"versions": found})
        return
    print_table(map(_version_row, found), ("VERSION", "STATE", "COMMIT", "BYTES"), right=(3,))


def _version_row(one: dict[str, Any]) -> tuple[str, ...]:
    state = "sealed" if one["sealed"] else "changed" if one["changed_since"] else "committed"
    return one["reference"], state, short_digest(one["digest"]), bytes_text(one["bytes"])


def run_info(options: argparse.Namespace) -> None:
    """Prints what the server says of an array or group."""
    reference = Reference.parse(options.name)
    found = current_client().describe(reference)
    if options.json:
        print_json(found.document)
        return
    members: dict[str, Any] = {"name": reference, "kind": found.kind, "layout": found.dialect}
    if found.kind == "array":
        percent = 100 * found.chunks_stored / max(1, found.chunks_total)
        members |= {
            "shape": " x ".join(map(str, found.shape)) or "one element",
            "axes": ", ".join(name or "–" for name in found.dimension_names or ()),
            "type": found.data_type,
            "fill value": found.fill_value,
            "chunks": " x ".join(map(str, found.inner_chunk_shape or found.chunk_shape)),
            "shards": " x ".join(map(str, found.chunk_shape if found.inner_chunk_shape else ())),
            "codecs": ", ".join(found.codecs),
            "stored": f"{found.chunks_stored:,} of {found.chunks_total:,} chunks ({percent:.3g} %),"
                      f" {bytes_text(found.bytes_stored)}",
        }
    members |= {"note": found.note, "changed": _moment(found.changed),
                "members": ", ".join(found.members)}
    attributes = found.attributes or {}
    print_members(members | {f"  {name}": value for name, value in attributes.items()})


def run_create(options: argparse.Namespace) -> None:
    """Creates an array."""
    array = hub.array(
        options.shape, options.name, options.dtype, options.chunks, shards=options.shards,
        fill_value=options.fill, dimension_names=options.dimensions,
        attributes=dict(options.attribute) or None)
    if options.json:
        print_json(array.description.document)
    else:
        print_lines(
            f"{array.reference}: {array.dtype} of {'x'.join(map(str, array.shape)) or '1'}, "
            f"chunks {'x'.join(map(str, array.chunks)) or '1'}")


def run_rm(options: argparse.Namespace) -> None:
    """Deletes an array, after asking."""
    client = current_client()
    reference = Reference.parse(options.name)
    found = client.describe(reference)
    if not options.yes:
        if not sys.stdin.isatty():
            raise Invalid(f"{reference} is deleted only after a question.",
                          hint="Without a terminal to ask in, give --yes.")
        stored = f" with {bytes_text(found.bytes_stored)} stored" if found.kind == "array" else ""
        if input(printable(f"Delete {reference}{stored}? [y/N] ")).strip().lower() not in ("y", "yes"):
            say("Nothing was deleted.", options.quiet)
            return
    client.delete(reference)
    if options.json:
        print_json({"deleted": str(reference)})


def short_digest(digest: str | None) -> str:
    """The first digits of a digest, enough to find it again."""
    return (digest or "").removeprefix("sha256:")[:12]


def _moment(text: str | None) -> str:
    """A moment without its fractions of a second."""
    return (text or "")[:19].replace("T", " ")



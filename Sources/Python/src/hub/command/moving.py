"""Commands that move arrays: `push`, `pull`, `mirror`."""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
from typing import Any

from hub.client import Client, client_for, current_client
from hub.command import words
from hub.command.output import print_json, print_lines
from hub.command.profile import profile_settings
from hub.configuration import current_configuration
from hub.display import bytes_text
from hub.errors import Invalid
from hub.files.hub0_folder import open_hub0
from hub.files.reader import Reader
from hub.reference import Reference
from hub.transfer.array_reader import ArrayReader
from hub.transfer.mirror import mirror
from hub.transfer.pull import pull
from hub.transfer.push import Pushed, push


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Adds the commands to the grammar."""
    _add_push(verbs, common)
    verb = verbs.add_parser(
        "pull", parents=[common], help="write an array into a file or folder",
        description="Writes an array, or the part in brackets, into a file: .npy, .npz, .h5, "
                    ".zarr, .nii, .nii.gz, .tif, or into a folder of pictures (with a slash at the "
                    "end).")
    verb.add_argument("array", type=words.sliced, metavar="NAME[SLICE]")
    verb.add_argument("target")
    verb.add_argument("--overwrite", action="store_true", 
                      help="replace a file that is there, or a folder of nothing but an array")
    verb.set_defaults(run=run_pull)

    verb = verbs.add_parser(
        "mirror", parents=[common], help="copy a version to or from another server",
        description="Makes a version on one server what it is on another, byte for byte, and "
                    "commits it there. Only what differs travels. The server that is not named is "
                    "the configured one; keys are the same unless a profile has others.")
    verb.add_argument("name", help="the version on the source")
    verb.add_argument("target_name", nargs="?", metavar="NEW_NAME")
    for side, place in (("from", "source"), ("to", "target")):
        verb.add_argument(f"--{side}", dest=f"{place}_endpoint", metavar="URL",
                          help=f"the {place}'s endpoint")
        verb.add_argument(f"--{side}-profile", dest=f"{place}_profile", metavar="NAME",
                          help=f"a profile of the AWS files with the {place}'s keys and endpoint")
    verb.add_argument("-m", "--message", help="the commit's message")
    verb.set_defaults(run=run_mirror)


def _add_push(verbs: Any, common: argparse.ArgumentParser) -> None:
    verb = verbs.add_parser(
        "push", parents=[common], help="make an array of a file or folder",
        description="Makes an array of a .npy, .npz, .h5, .zarr, .nii, .nii.gz or .tif, or of a "
                    "folder of pictures, and commits it. Interrupted, it goes on where it stopped "
                    "when it is called again.")
    verb.add_argument("source")
    verb.add_argument("name")
    verb.add_argument("--member", help="which array, if the file holds several")
    verb.add_argument("--dtype", help="the type to convert to")
    verb.add_argument("--chunks", type=words.shape, help="extents of a chunk")
    verb.add_argument("--size", type=words.picture_size, metavar="HxW",
                      help="bring all pictures to a size")
    verb.add_argument("--mode", choices=("L", "RGB", "RGBA"), help="bring all pictures to a mode")
    verb.add_argument("--labels", metavar="NAME",
                      help="an array for the classes: the folders that pictures are in")
    verb.add_argument("--replace", action="store_true",
                      help="write over an array from another source, at one moment at the end")
    verb.add_argument("-m", "--message", help="the commit's message")
    verb.add_argument(
        "--from-hub0", action="store_true",
        help="the source is an array of the original Hub: a folder, s3://bucket/user/name/tag, or "
             "the reference of one on the server")
    verb.add_argument("--source-endpoint", metavar="URL",
                      help="with --from-hub0 s3://…: the endpoint of that bucket")
    verb.set_defaults(run=run_push)


def run_push(options: argparse.Namespace) -> None:
    """Pushes a file, a folder or an array of the original Hub."""
    source: str | Reader = options.source
    if options.from_hub0:
        source = _hub0_reader(options.source, options.source_endpoint)
    pushed = push(
        source, options.name, member=options.member, dtype=options.dtype, chunks=options.chunks,
        size=options.size, mode=options.mode, labels=options.labels, replace=options.replace,
        message=options.message, show_progress=_progress(options))
    if options.json:
        print_json(dataclasses.asdict(pushed))
        return
    for one in (pushed, pushed.labels):
        if one is not None and not options.quiet:
            print_lines(*_pushed_lines(one))


def _pushed_lines(pushed: Pushed) -> tuple[str, str]:
    shape = "x".join(map(str, pushed.shape)) or "1"
    sent = bytes_text(pushed.bytes_sent)
    if pushed.bytes_sent < pushed.bytes_total:
        sent += f" of {bytes_text(pushed.bytes_total)}, the rest was there"
    return f"{pushed.reference}: {pushed.dtype} of {shape}, {sent}", f"commit {pushed.digest}"


def _hub0_reader(source: str, endpoint: str | None) -> Reader:
    if source.startswith("s3://") or pathlib.Path(source).is_dir():
        return open_hub0(source, endpoint)
    return ArrayReader(current_client(), Reference.parse(source))


def run_pull(options: argparse.Namespace) -> None:
    """Pulls an array into a file or folder."""
    name, index = options.array
    pulled = pull(name, options.target, index=index or None, overwrite=options.overwrite,
                  show_progress=_progress(options))
    if options.json:
        print_json(dataclasses.asdict(pulled))
    elif not options.quiet:
        shape = "x".join(map(str, pulled.shape)) or "1"
        print_lines(f"{pulled.target}: {pulled.dtype} of {shape}, {bytes_text(pulled.bytes_total)}")


def run_mirror(options: argparse.Namespace) -> None:
    """Mirrors a version between two servers."""
    source = _side(options.source_endpoint, options.source_profile)
    target = _side(options.target_endpoint, options.target_profile)
    if source is target:
        raise Invalid("A mirror needs two servers.", hint="Name the other one: --to or --from.")
    done = mirror(options.name, options.target_name, source=source, target=target,
                  message=options.message, show_progress=_progress(options))
    if options.json:
        print_json(dataclasses.asdict(done))
    elif not options.quiet:
        print_lines(
            f"{done.reference}: {done.keys_copied} keys of {bytes_text(done.bytes_copied)} "
            f"copied, {done.keys_kept} were equal, {done.keys_removed} removed",
            f"commit {done.digest}")


def _side(endpoint: str | None, profile: str | None) -> Client:
    settings: dict[str, Any] = profile_settings(profile) if profile else {}
    if endpoint:
        settings["endpoint"] = endpoint
    return client_for(current_configuration(**settings))


def _progress(options: argparse.Namespace) -> bool | None:
    """Whether progress is shown: on a terminal, unless it is unwanted."""
    return False if options.quiet or options.json else None

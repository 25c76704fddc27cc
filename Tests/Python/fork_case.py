"""One case of the fork matrix, in an interpreter of its own.

    python fork_case.py METHOD USE REFERENCE

The parent reads the array, one chunk by obstore and all in one answer, or does not (`used`, `unused`;
`threads`: it reads while it starts the child; `opening`: it opens it again and again while it starts 50 of them), and then
starts a process by METHOD, which reads it too. Prints one JSON document about the last child. Ends
with an error if a child does not answer within 10 seconds.
"""

import json
import multiprocessing
import os
import sys
import threading

import numpy as np

import hub
from hub import bulk
from hub.chunks import open_source, read_all

WATCHDOG_SECONDS = 10
CHILDREN = {"opening": 50}


def read_both(source):
    """All elements, of which those of the first chunk are asked for alone, by obstore."""
    first = source._decode((0,), source._keys.get(source.metadata.key((0,))))
    found = read_all(source)
    assert (found[:2] == first).all()
    return found


def read(source, answers):
    """What the child does: it reads all chunks, and tells what it found and by what means."""
    found = read_both(source)
    fresh = read_both(open_source(hub.current_client(), source.state.reference))
    answers.put({
        "sum": int(found.sum()), "fresh": int(fresh.sum()), "chunks": len(found) // 2,
        "used_obstore": bulk._loaded_by == os.getpid(),
    })


def read_until(source, stopped):
    while not stopped.is_set():
        read_both(source)


def open_until(reference, stopped):
    """Everything that is computed when it is first used is computed anew, in each round."""
    while not stopped.is_set():
        hub.load(reference)[10:30]
        read_all(open_source(hub.current_client(), reference))


def started(method, source):
    """Starts a child, and what it told."""
    context = multiprocessing.get_context(method)
    answers = context.SimpleQueue()
    child = context.Process(target=read, args=(source, answers))
    child.start()
    child.join(WATCHDOG_SECONDS)
    if child.exitcode is None:
        child.kill()
        sys.exit("the child hangs")
    if child.exitcode != 0:
        sys.exit(f"the child ended with {child.exitcode}")
    return answers.get()


def main(method, use, reference):
    source = open_source(hub.current_client(), reference)
    stopped = threading.Event()
    threads = []
    if use != "unused":
        assert read_both(source).sum() == np.arange(64).sum()
        assert bulk._loaded_by == os.getpid(), "the parent should have used obstore"
    if use in ("threads", "opening"):
        busy, what = (read_until, source) if use == "threads" else (open_until, reference)
        # Daemons, so that a child that hangs is told even if a thread does not end.
        threads = [threading.Thread(target=busy, args=(what, stopped), daemon=True)
                   for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(CHILDREN.get(use, 1)):
        told = started(method, source)
    stopped.set()
    for thread in threads:
        thread.join(WATCHDOG_SECONDS)
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""One case of the fork matrix, in an interpreter of its own.

    python fork_case.py METHOD USE REFERENCE

The parent reads the array by obstore, or does not (`used`, `unused`, or `threads`: it reads while
it starts the child), and then starts a process by METHOD, which reads it too. Prints one JSON
document about the child. Ends with an error if the child does not answer within 10 seconds.
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


def read(source, answers):
    """What the child does: it reads all chunks, and tells what it found and by what means."""
    found = read_all(source)
    fresh = read_all(open_source(hub.current_client(), source.state.reference))
    answers.put({
        "sum": int(found.sum()), "fresh": int(fresh.sum()), "chunks": len(found) // 2,
        "used_obstore": bulk._loaded_by == os.getpid(),
    })


def read_until(source, stopped):
    while not stopped.is_set():
        read_all(source)


def main(method, use, reference):
    source = open_source(hub.current_client(), reference)
    stopped = threading.Event()
    threads = []
    if use != "unused":
        assert read_all(source).sum() == np.arange(64).sum()
        assert bulk._loaded_by == os.getpid(), "the parent should have used obstore"
    if use == "threads":
        threads = [threading.Thread(target=read_until, args=(source, stopped)) for _ in range(4)]
    for thread in threads:
        thread.start()
    context = multiprocessing.get_context(method)
    answers = context.SimpleQueue()
    child = context.Process(target=read, args=(source, answers))
    child.start()
    child.join(WATCHDOG_SECONDS)
    stopped.set()
    for thread in threads:
        thread.join(WATCHDOG_SECONDS)
    if child.exitcode is None:
        child.kill()
        sys.exit("the child hangs")
    if child.exitcode != 0:
        sys.exit(f"the child ended with {child.exitcode}")
    print(json.dumps(answers.get()))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The server is killed under load, again and again; what it acknowledged is there and whole.

Method: writers note each step in a journal of their own before they send it and after the answer.
After the restart a key must hold the last acknowledged step, or a later one that was begun; anything
else is lost, torn or brought back from the dead.
"""

import random
import shutil
import subprocess
import sys
import time

import crash_writer
import pytest
from botocore.exceptions import ClientError
from s3_clients import s3_client
from server_process import ServerProcess

SEED = 20
ROUNDS = 5
WRITERS = 3


def stored(s3, key):
    """The object's bytes, or None."""
    try:
        return s3.get_object(Bucket="crash", Key=key)["Body"].read()
    except ClientError as error:
        assert error.response["Error"]["Code"] == "NoSuchKey", error.response
        return None


def allowed_steps(journals):
    """For each key the steps that may be what it holds: the last acknowledged and those begun since.

    Writers own their keys, so the steps of one key are in one journal and in order.
    """
    allowed = {}
    for journal in journals:
        for line in journal.read_text().splitlines(keepends=True):
            words = line.split()
            if not line.endswith("\n") or len(words) != 4:
                continue
            kind, key, generation, size = words
            step = (generation, int(size))
            if kind == "done":
                allowed[key] = [step]
            else:
                allowed.setdefault(key, [None]).append(step)
    return allowed


def check(s3, journals, context):
    allowed = allowed_steps(journals)
    keys = set()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="crash"):
        keys |= {item["Key"] for item in page.get("Contents", [])}
    assert keys <= set(allowed), f"{context}: keys that nobody wrote: {keys - set(allowed)}"
    for key, steps in allowed.items():
        content = stored(s3, key)
        candidates = [
            None if step is None else crash_writer.body(key, *step) for step in steps]
        assert content in candidates, (
            f"{context}: {key} holds {None if content is None else len(content)} bytes, "
            f"not one of {steps}")
        assert (key in keys) == (content is not None), f"{context}: {key} is listed wrongly"
    return allowed


def settle(journals, s3):
    """Notes what each unanswered step turned out to be, so that the next round knows."""
    for key, steps in allowed_steps(journals).items():
        if len(steps) == 1:
            continue
        content = stored(s3, key)
        journal = journals[int(key[1: key.index("/")])]
        for step in steps:
            found = None if step is None else crash_writer.body(key, *step)
            if found == content:
                generation, size = step or ("none", -1)
                with journal.open("a") as notes:
                    notes.write(f"done {key} {generation} {size}\n")
                break


@pytest.mark.parametrize("folders", [1, 2])
def test_what_was_acknowledged_outlives_a_kill_at_any_moment(tmp_path, folders):
    options = [] if folders == 1 else [str(tmp_path / "second"), "--copies", "2"]
    source = random.Random(SEED)
    journals = [tmp_path / f"journal-{number}" for number in range(WRITERS)]
    for journal in journals:
        journal.touch()
    acknowledged = 0
    for attempt in range(ROUNDS):
        server = ServerProcess(tmp_path / "data", options=options).start()
        s3 = s3_client(server)
        if attempt == 0:
            s3.create_bucket(Bucket="crash")
        check(s3, journals, f"seed {SEED}, after kill {attempt}")
        settle(journals, s3)
        writers = [
            subprocess.Popen(
                [sys.executable, crash_writer.__file__, server.endpoint, "crash",
                 *server.root_keys, str(number), f"{SEED}-{attempt}", str(journals[number])],
                stderr=subprocess.DEVNULL)
            for number in range(WRITERS)
        ]
        try:
            wait_for_progress(journals, acknowledged)
            time.sleep(source.uniform(0, 2))
        finally:
            server.kill()
            for writer in writers:
                writer.kill()
                writer.wait()
        acknowledged = sum(journal.read_text().count("done ") for journal in journals)
    with ServerProcess(tmp_path / "data", options=options) as server:
        s3 = s3_client(server)
        allowed = check(s3, journals, f"seed {SEED}, at the end")
        settle(journals, s3)
    if folders == 2:
        shutil.rmtree(tmp_path / "data")
        with ServerProcess(tmp_path / "second") as server:
            check(s3_client(server), journals, f"seed {SEED}, the second folder alone")
    assert len(allowed) >= 3 and acknowledged >= 20 * ROUNDS


def wait_for_progress(journals, before):
    """Waits until the writers have got at least 20 answers in this round."""
    deadline = time.monotonic() + 60
    while sum(journal.read_text().count("done ") for journal in journals) < before + 20:
        assert time.monotonic() < deadline, "the writers make no progress"
        time.sleep(0.02)

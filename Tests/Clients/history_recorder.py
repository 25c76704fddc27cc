"""Threads of S3 clients that work on a few keys at once and record what they asked and were told."""

import hashlib
import random
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError
from linearizability import DELETE, GET, LOST, NEVER, PUT, PUT_NEW, SWAP, Operation
from s3_clients import s3_client

BUCKET = "linear"
KEYS = ["a", "b", "c"]
# Short objects travel in the log; the last of these gets a file of its own.
SIZES = [40, 3000, 150_000]
REFUSED = {"PreconditionFailed", "NoSuchKey", "ConditionalRequestConflict"}


def body(value):
    """The bytes of a value, which they begin with: unlike those of any other value."""
    size = SIZES[int(value.rsplit("-", 1)[1]) % len(SIZES)]
    head = f"{value} ".encode()
    return (head + hashlib.sha256(head).hexdigest().encode() * (size // 64 + 1))[:max(size, 40)]


def value_of(content):
    """The value of some bytes, which must be all of it."""
    value = content.split(b" ", 1)[0].decode()
    assert content == body(value), f"the bytes of {value} are torn"
    return value


def tag(value):
    return f'"{hashlib.md5(body(value)).hexdigest()}"'


class Recorder:
    """Clients, each a thread that goes on after the server was killed and is up again."""

    def __init__(self, server, seed, threads):
        self.server = server
        self.seed = seed
        self.is_up = threading.Event()
        self.is_over = threading.Event()
        self.histories = [{key: [] for key in KEYS} for _ in range(threads)]
        self.failures = []
        self.threads = [
            threading.Thread(target=self._run, args=(number,)) for number in range(threads)]
        self.is_up.set()
        for thread in self.threads:
            thread.start()

    def count(self):
        """How many operations were recorded."""
        return sum(len(each[key]) for each in self.histories for key in KEYS)

    def wait_for(self, count):
        """Waits until so many operations more were recorded."""
        goal = self.count() + count
        deadline = time.monotonic() + 120
        while self.count() < goal and not self.failures:
            assert time.monotonic() < deadline, "the clients make no progress"
            time.sleep(0.005)
        assert not self.failures, self.failures

    def end(self):
        """Ends the clients, and gives the history of each key."""
        self.is_over.set()
        self.is_up.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs"
        assert not self.failures, self.failures
        return {key: [each for one in self.histories for each in one[key]] for key in KEYS}

    def _run(self, number):
        source = random.Random(f"{self.seed} {number}")
        s3 = s3_client(self.server, read_timeout=20)
        seen = {}
        step = 0
        try:
            while not self.is_over.is_set():
                self.is_up.wait()
                key = source.choice(KEYS)
                step += 1
                operation = self._ask(s3, source, key, f"{number}-{step}", seen)
                self.histories[number][key].append(operation)
                if operation.kind == GET and not operation.is_lost:
                    seen[key] = operation.answer
                if operation.is_lost:
                    # Nothing is asked of a server that is gone: what is lost makes the check dear.
                    self._await_restart()
        except BaseException as error:
            self.failures.append(repr(error))

    def _await_restart(self):
        while self.is_up.is_set() and not self.is_over.is_set():
            time.sleep(0.002)

    def _ask(self, s3, source, key, value, seen):
        kind = source.choices([PUT, PUT_NEW, SWAP, DELETE, GET], [4, 2, 3, 2, 6])[0]
        expected = seen.get(key) or "none-0" if kind == SWAP else None
        called = time.monotonic_ns()
        try:
            answer = self._send(s3, kind, {"Bucket": BUCKET, "Key": key}, value, expected)
        except BotoCoreError:
            # An answer may be lost before or after the server did what it was asked.
            return Operation(called, NEVER, kind, value, LOST, expected)
        return Operation(called, time.monotonic_ns(), kind, value, answer, expected)

    @staticmethod
    def _send(s3, kind, where, value, expected):
        try:
            if kind == GET:
                return value_of(s3.get_object(**where)["Body"].read())
            if kind == DELETE:
                s3.delete_object(**where)
                return True
            condition = {PUT: {}, PUT_NEW: {"IfNoneMatch": "*"}}.get(kind)
            if condition is None:
                condition = {"IfMatch": tag(expected)}
            s3.put_object(**where, Body=body(value), **condition)
            return True
        except ClientError as error:
            code = error.response["Error"]["Code"]
            assert code in REFUSED, error.response
            return None if kind == GET else False

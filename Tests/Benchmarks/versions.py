"""Times versions: forks, commits and drafts of an array of a thousand chunks and of one of a million."""

import concurrent.futures
import statistics
import time

import requests

from filling import BATCH, Pipe, Signer
from servers import KEYS

SIZES = {"10^3": 1_000, "10^6": 1_000_000}
CALLS = 20
WRITERS = 32
CONNECTIONS = 8


class Array:
    """An array `bench/many-{count}:v0` whose chunks are four bytes each."""

    def __init__(self, server, count):
        self.server, self.count, self.name = server, count, f"many-{count}"
        self.session = new_session()
        self.send("PUT", f"arrays/bench/{self.name}:v0", json={
            "shape": [count, 4], "chunks": [1, 4], "dtype": "uint8", "codecs": [{"name": "bytes"}]})
        signer = Signer(server)

        def work(part):
            pipe = Pipe(server)
            for start in range(part * BATCH, count, CONNECTIONS * BATCH):
                pipe.send([
                    signer.request("PUT", self.path("v0", number), b"\1\2\3\4")
                    for number in range(start, min(start + BATCH, count))])

        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(work, range(CONNECTIONS)))
        described = self.send("GET", f"arrays/bench/{self.name}:v0")
        assert described["chunks_stored"] == count, described

    def path(self, tag, number):
        return f"/bench/{self.name}%3A{tag}/c/{number}/0"

    def send(self, method, path, session=None, **body):
        answer = (session or self.session).request(
            method, f"{self.server.endpoint}/v1/{path}", **body)
        answer.raise_for_status()
        return answer.json()

    def write(self, tag, number, value, session=None):
        answer = (session or self.session).put(
            f"{self.server.endpoint}/v1/data/bench/{self.name}:{tag}", data=bytes([value] * 4),
            params={"slice": str(number), "format": "raw"})
        answer.raise_for_status()

    def forks(self):
        """Milliseconds of each fork."""
        return [
            timed(lambda tag=f"f{number}": self.send(
                "PUT", f"versions/bench/{self.name}:{tag}", json={"from": "v0"}))
            for number in range(CALLS)]

    def commits(self):
        """Milliseconds of each commit of one changed chunk."""
        found = []
        for number in range(CALLS):
            self.write("v0", number, 100 + number)
            found.append(timed(lambda: self.send(
                "POST", f"commits/bench/{self.name}:v0", json={"message": "one"})))
        return found

    def drafts(self):
        """Milliseconds of each commit of a draft, by writers of disjoint chunks at once."""
        def work(writer):
            session, found = new_session(), []
            for number in range(5):
                chunk = writer * 5 + number
                draft = self.send("POST", f"drafts/bench/{self.name}:v0", session)["tag"]
                self.write(draft, chunk, 7, session)
                found.append(timed(lambda draft=draft: self.send(
                    "POST", f"commits/bench/{self.name}:{draft}", session, json={})))
            return found

        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            found = [value for part in pool.map(work, range(WRITERS)) for value in part]
        read = self.session.get(
            f"{self.server.endpoint}/v1/data/bench/{self.name}:v0",
            params={"slice": f"0:{WRITERS * 5}", "format": "raw"})
        assert read.content == b"\7" * 4 * WRITERS * 5, "a commit was lost"
        return found


def new_session():
    session = requests.Session()
    session.auth, session.trust_env = KEYS, False
    return session


def timed(work):
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def measure(server):
    """Median milliseconds of each work, and of drafts the greatest as well."""
    rows = {}
    for label, count in SIZES.items():
        array = Array(server, count)
        rows[f"fork of {label} chunks, ms"] = statistics.median(array.forks())
        rows[f"commit of one changed chunk of {label}, ms"] = statistics.median(array.commits())
        drafts = array.drafts()
        rows[f"commit of a draft, {WRITERS} writers, {label} chunks, ms"] = statistics.median(drafts)
        rows[f"the same, greatest, {label} chunks, ms"] = max(drafts)
    return rows

"""Fills a store with many small objects, and asks for some: pipelined requests over presigned URLs.

Signed here, since a million presigned URLs take botocore minutes. Rules: AWS, "Authenticating requests:
using query parameters (AWS Signature Version 4)".
"""

import concurrent.futures
import datetime
import hashlib
import hmac
import socket
import statistics
import time
import urllib.parse

from servers import KEYS

REGION = "us-east-1"
BATCH = 64


class Signer:
    """Presigns URLs of one server; the key is derived once."""

    def __init__(self, server):
        self.host = f"127.0.0.1:{server.port}"
        now = datetime.datetime.now(datetime.UTC)
        self.time, self.scope = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}/{REGION}/s3/aws4_request"
        key = f"AWS4{KEYS[1]}".encode()
        for word in self.scope.split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        self.key = key
        credential = urllib.parse.quote(f"{KEYS[0]}/{self.scope}", safe="")
        self.query = (
            f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}"
            f"&X-Amz-Date={self.time}&X-Amz-Expires=86400&X-Amz-SignedHeaders=host")

    def target(self, method, path, extra=""):
        """`path` and `extra` are percent-encoded; `extra` sorts after X-Amz-*."""
        query = self.query + (f"&{extra}" if extra else "")
        canonical = f"{method}\n{path}\n{query}\nhost:{self.host}\n\nhost\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{self.time}\n{self.scope}\n{digest}"
        signature = hmac.digest(self.key, text.encode(), "sha256").hex()
        return f"{path}?{query}&X-Amz-Signature={signature}"

    def request(self, method, path, body=b"", extra=""):
        head = f"{method} {self.target(method, path, extra)} HTTP/1.1\r\nHost: {self.host}\r\n"
        if method == "PUT":
            head += f"Content-Length: {len(body)}\r\n"
        return head.encode() + b"\r\n" + body


class Pipe:
    """One connection on which requests are sent in batches."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, requests):
        """Sends requests whose answers have no body, and waits until all succeeded."""
        self.socket.sendall(b"".join(requests))
        received = b""
        while received.count(b"\r\n\r\n") < len(requests):
            piece = self.socket.recv(1 << 18)
            if not piece:
                raise SystemExit("the server closed a connection")
            received += piece
        if received.count(b"HTTP/1.1 200 ") != len(requests):
            raise SystemExit(f"a request failed: {received[:2000].decode(errors='replace')}")

    def ask(self, request):
        """One request; returns seconds until its answer was there, head and body."""
        begun = time.perf_counter()
        self.socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.socket.recv(1 << 18)
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"a request failed: {received[:2000].decode(errors='replace')}")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n")
             if line.lower().startswith(b"content-length:")), 0)
        got = len(body)
        while got < length:
            got += len(self.socket.recv(1 << 18))
        return time.perf_counter() - begun


def name(number):
    return f"/bench/objects/{number // 1000:06}/{number % 1000:03}"


def fill(server, first, end, body, connections=8):
    """Stores objects `first` to `end`, each with `body`; returns seconds."""
    signer = Signer(server)

    def work(part):
        pipe = Pipe(server)
        for start in range(first + part * BATCH, end, connections * BATCH):
            pipe.send([
                signer.request("PUT", name(number), body)
                for number in range(start, min(start + BATCH, end))])

    begun = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        list(pool.map(work, range(connections)))
    return time.perf_counter() - begun


def latencies(server, count, numbers, body):
    """Median milliseconds of a PUT, a GET and a listing of 1000, one after another on one connection.

    `count` objects are there; `numbers` of them are asked for, spread over all.
    """
    signer, pipe = Signer(server), Pipe(server)
    step = count // numbers
    found = {"PUT": [], "GET": [], "list 1000": []}
    for index in range(numbers):
        at = (index * 7919 % numbers) * step
        found["PUT"].append(pipe.ask(signer.request("PUT", name(at), body)))
        found["GET"].append(pipe.ask(signer.request("GET", name(at + step // 2))))
        if index % 10 == 0:
            after = urllib.parse.quote(name(at).removeprefix("/bench/"), safe="")
            found["list 1000"].append(pipe.ask(
                signer.request("GET", "/bench", extra=f"list-type=2&max-keys=1000&start-after={after}")))
    return {work: statistics.median(values) * 1000 for work, values in found.items()}

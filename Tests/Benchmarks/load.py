"""Objects, signed targets, and the load that wrk makes of them."""

import concurrent.futures
import dataclasses
import http.client
import json
import pathlib
import subprocess
import time

import boto3
from botocore.config import Config
from servers import KEYS, Nginx

# One thread makes the load: two of them would take both cores of a small machine for themselves.
THREADS = 1
CONNECTIONS = 16
HERE = pathlib.Path(__file__).resolve().parent
BUCKET = "bench"


@dataclasses.dataclass(frozen=True)
class Size:
    """A size of objects, and how many distinct ones are read and written."""

    label: str
    byte_count: int
    objects: int


SIZES = [
    Size("4 KiB", 4 << 10, 2000), Size("64 KiB", 64 << 10, 500), Size("12 MiB", 12 << 20, 24),
]


def client(server):
    return boto3.client(
        "s3", endpoint_url=server.endpoint, region_name="us-east-1",
        aws_access_key_id=KEYS[0], aws_secret_access_key=KEYS[1],
        config=Config(
            signature_version="s3v4", max_pool_connections=16,
            connect_timeout=5, read_timeout=30,
            s3={"addressing_style": "path"}, request_checksum_calculation="when_required"))


def pattern(byte_count):
    block = bytes((index * 131 + (index // 256) * 17) % 256 for index in range(4096))
    return (block * -(-byte_count // 4096))[:byte_count]


def key(size, number):
    return f"get-{size.byte_count}/{number:06}"


class Load:
    """What is asked of one server: files of signed targets in `folder`."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = pathlib.Path(folder) / server.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.s3 = None if isinstance(server, Nginx) else client(server)

    def prepare(self, sizes):
        """Stores the objects that are read and signs the targets for reading and writing."""
        if self.s3:
            self.s3.create_bucket(Bucket=BUCKET)
        for size in sizes:
            body = pattern(size.byte_count)
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(
                    lambda number, size=size, body=body: self.store(key(size, number), body),
                    range(size.objects)))
        self.sign(sizes)

    def store(self, name, body):
        if self.s3:
            self.s3.put_object(Bucket=BUCKET, Key=name, Body=body)
        else:
            path = self.server.folder / "files" / BUCKET / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    def sign(self, sizes):
        """Signs anew, as a restarted server listens on another port, which is signed too."""
        self.s3 = client(self.server) if self.s3 else None
        for size in sizes:
            numbers = range(size.objects)
            self.write("GET", size, [self.target("get_object", key(size, n)) for n in numbers])
            if self.s3:
                names = [f"put-{size.byte_count}/{number:06}" for number in numbers]
                self.write("PUT", size, [self.target("put_object", name) for name in names])

    def target(self, operation, name):
        if not self.s3:
            return f"/{BUCKET}/{name}"
        url = self.s3.generate_presigned_url(
            operation, {"Bucket": BUCKET, "Key": name}, ExpiresIn=86400)
        return url.removeprefix(self.server.endpoint)

    def path(self, method, size):
        return self.folder / f"{method}-{size.byte_count}"

    def write(self, method, size, targets):
        self.path(method, size).write_text("\n".join(targets) + "\n")

    def run(self, method, size, seconds, connections=CONNECTIONS, targets=None, at_least=1):
        """One round of wrk; returns rates, and the server's CPU time per request.

        Fewer than `at_least` answers, or any that is an error, end the benchmark.
        """
        body = size.byte_count if method == "PUT" else 0
        command = [
            "wrk", "--threads", THREADS, "--connections", connections, "--duration",
            f"{seconds}s", "--timeout", "60s", "--script", HERE / "requests.lua",
            self.server.endpoint, "--", targets or self.path(method, size), method, body]
        before = self.server.cpu_seconds()
        result = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=seconds + 120)
        used = self.server.cpu_seconds() - before
        lines = [line for line in result.stdout.splitlines() if line.startswith("RESULT ")]
        if not lines:
            raise SystemExit(f"wrk failed on {self.server.name}:\n{result.stdout}{result.stderr}")
        values = json.loads(lines[0].removeprefix("RESULT "))
        elapsed = values["microseconds"] / 1e6
        if values["failed"] or values["requests"] < at_least:
            raise SystemExit(f"{method} {size.label} failed on {self.server.name}: {values}")
        return {
            "requests per second": values["requests"] / elapsed,
            "bytes per second": values["requests"] * size.byte_count / elapsed,
            "cpu seconds per request": used / max(values["requests"], 1),
            "p99 milliseconds": values["p99"] / 1000,
        }


LISTED_KEYS = 100_000
LISTED = Size("list 1000 of 100,000", 0, 0)


def prepare_listing(load):
    """Stores 100,000 small objects over presigned PUTs and signs listings of 1000 among them."""
    s3, folder = load.s3, load.folder
    s3.create_bucket(Bucket="listed")
    names = [f"c/{number // 1000}/{number % 1000:03}" for number in range(LISTED_KEYS)]
    clients = [client(load.server) for _ in range(8)]

    def fill(part):
        for name in names[part::8]:
            clients[part].put_object(Bucket="listed", Key=name, Body=b"x")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(fill, range(8)))
    sign_listing(load)


def sign_listing(load):
    targets = []
    for number in range(100):
        url = load.s3.generate_presigned_url(
            "list_objects_v2", {"Bucket": "listed", "StartAfter": f"c/{number}", "MaxKeys": 1000},
            ExpiresIn=86400)
        targets.append(url.removeprefix(load.server.endpoint))
    (load.folder / "listing").write_text("\n".join(targets) + "\n")


def start_to_first_put(server):
    """Seconds from the start of the process to the answer to a first PUT."""
    # Signed beforehand, so that only the server's time counts.
    url = client(server).generate_presigned_url(
        "put_object", {"Bucket": BUCKET, "Key": "first"}, ExpiresIn=600)
    begun = time.monotonic()
    server.start()
    while time.monotonic() - begun < 60:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        try:
            connection.request("PUT", url.removeprefix(server.endpoint), body=b"x")
            if connection.getresponse().status == 200:
                return time.monotonic() - begun
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.002)
    raise SystemExit(f"{server.name} takes no PUT after it started")

"""`POST /v1/chunks`: frames in the order of the request are what single keys of the Zarr view answer."""

import base64
import json
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import google_crc32c
import numcodecs
import numpy as np
import pytest

from array_api import ArrayAPI
from s3_clients import new_bucket_name
from test_array_data import sample, write
from zarr_view import ZarrView

FIELDS = struct.Struct("<HHHHQ")
LARGE = (4, 500, 301)


@pytest.fixture(scope="module")
def stored(http_server, http_s3):
    """Chunks of 602 kB, of which one is not stored."""
    http_s3.create_bucket(Bucket="many-chunks")
    data = sample("<i4", LARGE)
    data[2] = 0
    write(http_server, "many-chunks", "x:v0", data, chunks=(1, 500, 301), compressors=None)
    return "many-chunks/x:v0", data


CHECKED = "application/vnd.nave.checked-chunks"


def post(api, reference, keys, accept="*/*", **members):
    body = json.dumps({"keys": keys} | members).encode()
    return api.session.post(
        f"{api.server.endpoint}/v1/chunks/{reference}", data=body, timeout=60,
        headers={"Accept": accept})


def frames(answer):
    """Status, entity tag and payload of each frame."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/vnd.nave.chunks"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    found, at = [], 0
    while at < len(answer.content):
        status, tag, coding, zero, payload = FIELDS.unpack_from(answer.content, at)
        assert zero == 0 and coding == 0
        at += FIELDS.size
        etag = answer.content[at:at + tag].decode()
        at += tag
        found.append((status, etag, answer.content[at:at + payload]))
        at += payload
    assert at == len(answer.content)
    return found


def single(view, reference, key):
    answer = view.get(f"{reference}/{key}")
    if answer.status_code == 404:
        assert answer.json()["code"] == "chunk_missing"
        return 404, "", b""
    return answer.status_code, answer.headers["ETag"], answer.content


def test_frames_are_single_keys(http_server, http_api, stored):
    reference, data = stored
    keys = ["c/3/0/0", "c/0/0/0", "c/2/0/0", "c/0/0/0", "c/1/0/0", "c/9/0/0"]
    found = frames(post(http_api, reference, keys))
    view = ZarrView(http_server)
    assert found == [single(view, reference, key) for key in keys]
    assert [status for status, *_ in found] == [200, 200, 404, 200, 200, 404]
    np.testing.assert_array_equal(np.frombuffer(found[0][2], "<i4").reshape(LARGE[1:]), data[3])
    tags = [tag for _, tag, _ in found]
    again = frames(post(http_api, reference, keys, entity_tags=['"other"', *tags[1:5], None]))
    assert [status for status, *_ in again] == [200, 304, 404, 304, 304, 404]
    assert again[0] == found[0] and all(not payload for *_, payload in again[1:])


def test_checked_frames_say_what_they_are(http_api, stored):
    """The checksums are google-crc32c's, put behind the frames that have none."""
    reference, _ = stored
    keys = ["c/3/0/0", "c/0/0/0", "c/2/0/0", "c/0/0/0", "c/9/0/0"]
    tags = [None, None, None, frames(post(http_api, reference, keys[:2]))[1][1], None]
    answer = post(http_api, reference, keys, f"{CHECKED}, application/vnd.nave.chunks;q=0.5",
                  entity_tags=tags)
    assert answer.headers["Content-Type"] == CHECKED and answer.headers["Vary"] == "Accept"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    expected = b""
    for key, (status, tag, payload) in zip(
        keys, frames(post(http_api, reference, keys, entity_tags=tags)), strict=True
    ):
        head = FIELDS.pack(status, len(tag), 0, 0, len(payload)) + tag.encode()
        checksum = google_crc32c.value(payload + head + f"{reference}/{key}".encode())
        expected += head + payload + checksum.to_bytes(4, "little")
    assert answer.content == expected


@pytest.mark.parametrize("options", [
    {"zarr_format": 2}, {"zarr_format": 2, "compressors": numcodecs.Zlib(1)},
    {"zarr_format": 2, "order": "F"}, {"shards": (10, 20)},
    {"chunk_key_encoding": {"name": "v2", "separator": "."}},
], ids=str)
def test_every_layout(http_server, http_bucket, options):
    data = sample("<f4", (20, 20))
    array = write(http_server, http_bucket, "x:v0", data, chunks=(5, 10), **options)
    view, reference = ZarrView(http_server), f"{http_bucket}/x:v0"
    encoding = view.document(reference)["chunk_key_encoding"]
    separator = encoding["configuration"]["separator"]
    first = "c" + separator if encoding["name"] == "default" else ""
    rows, columns = (2, 1) if array.shards else (4, 2)
    keys = [f"{first}{row}{separator}{column}" for row in range(rows) for column in range(columns)]
    found = frames(post(ArrayAPI(http_server), reference, keys))
    assert found == [single(view, reference, key) for key in keys]
    assert all(status == 200 for status, *_ in found)


def test_a_commit_stays_what_it_was(http_server, http_bucket):
    data = sample("<u2", (4, 100))
    write(http_server, http_bucket, "x:v0", data, chunks=(1, 100), compressors=None)
    api, reference = ArrayAPI(http_server), f"{http_bucket}/x:v0"
    digest = api.sent("POST", f"commits/{reference}", "{}", status=201)["digest"]
    keys = [f"c/{row}/0" for row in range(4)]
    before = frames(post(api, reference, keys))
    api.write(reference, "1", np.zeros(100, "<u2"))
    draft = api.sent("POST", f"drafts/{reference}", status=201)["reference"]
    api.write(draft, "2", np.ones(100, "<u2"))
    assert frames(post(api, f"{http_bucket}/x@{digest}", keys)) == before
    now = frames(post(api, reference, keys))
    assert [now[row] == before[row] for row in range(4)] == [True, False, True, True]
    drafted = frames(post(api, draft, keys))
    assert drafted[2][2] == np.ones(100, "<u2").tobytes() and drafted[1] == now[1]


def test_a_change_of_several_chunks_is_seen_whole(http_server, http_bucket):
    """All chunks of an answer are of one state, while a writer changes them together."""
    data = np.zeros((8, 50_000), "<u4")
    write(http_server, http_bucket, "x:v0", data, chunks=(1, 50_000), compressors=None)
    api, reference = ArrayAPI(http_server), f"{http_bucket}/x:v0"
    api.write(reference, "", data)
    keys = [f"c/{row}/0" for row in range(8)]

    def read(_):
        return [np.frombuffer(payload, "<u4") for *_, payload in frames(
            post(ArrayAPI(http_server), reference, keys))]

    with ThreadPoolExecutor(3) as pool:
        reads = pool.map(read, range(40))
        for value in range(1, 20):
            api.write(reference, "", np.full_like(data, value))
        for rows in reads:
            assert len({int(value) for row in rows for value in (row[0], row[-1])}) == 1


def test_keys_that_are_none_are_named(http_api, stored):
    for key in ("zarr.json", "x", "", "c/0/0/x", "../c/0/0/0"):
        answer = post(http_api, stored[0], ["c/0/0/0", key])
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (400, "member_invalid")
        assert problem["member"] == "keys[1]" and json.dumps(key).strip('"') in problem["detail"]
    answer = post(http_api, stored[0], ["0"] * 1025)
    assert answer.json()["code"] == "member_invalid" and "1024" in answer.json()["detail"]
    answer = post(http_api, "many-chunks/none", ["c/0"])
    assert (answer.status_code, answer.json()["code"]) == (404, "array_missing")
    answer = http_api.get(f"chunks/{stored[0]}")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_strangers_read_nothing_and_everybody_what_is_public(
    http_server, http_s3, second_keys, stored
):
    assert post(ArrayAPI(http_server, second_keys), stored[0], ["c/0/0/0"]).status_code == 403
    assert post(ArrayAPI(http_server, ()), stored[0], ["c/0/0/0"]).status_code == 401
    name = new_bucket_name("public")
    http_s3.create_bucket(Bucket=name)
    write(http_server, name, "x", sample("<i4", (4,)), chunks=(4,))
    api = ArrayAPI(http_server)
    api.sent("PATCH", f"namespaces/{name}", json.dumps({"access": "public-read"}))
    for keys in ((), second_keys):
        found = frames(post(ArrayAPI(http_server, keys), f"{name}/x", ["c/0"]))
        assert [status for status, *_ in found] == [200]


def test_a_slow_reader_hinders_nobody(http_server, http_api, stored):
    """Readers that take nothing hold no thread: others are answered meanwhile."""
    body = json.dumps({"keys": ["c/0/0/0"] * 1024}).encode()
    keys = base64.b64encode(":".join(http_server.root_keys).encode()).decode()
    head = (
        f"POST /v1/chunks/{stored[0]} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: Basic {keys}\r\n\r\n").encode()
    host, port = http_server.endpoint.removeprefix("http://").split(":")
    slow = []
    try:
        for _ in range(40):
            one = socket.create_connection((host, int(port)))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.sendall(head + body)
            slow.append(one)
        time.sleep(0.5)
        assert all(one.recv(12) == b"HTTP/1.1 200" for one in slow)
        begun = time.monotonic()
        assert [status for status, *_ in frames(post(http_api, stored[0], ["c/1/0/0"]))] == [200]
        assert time.monotonic() - begun < 5
    finally:
        for one in slow:
            one.close()

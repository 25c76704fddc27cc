"""Many writers at once: nothing is lost, nothing is half seen.

64 processes write random overlapping regions of one array. Every region adds one to a counter of each
writer in a channel of its own, so the array says at the end how many writes of whom it holds; and regions
that are written whole with one number are read back whole.
"""

import concurrent.futures
import json
import io
import multiprocessing
import random

import numpy as np
import pytest

from array_api import ArrayAPI, npy
from s3_clients import s3_client

WRITERS = 64
EXTENT = 48


class Server:
    """What a process needs to know of the server."""

    def __init__(self, server):
        self.endpoint, self.root_keys, self.bundle = (
            server.endpoint, server.root_keys, server.bundle)


def write_boxes(server, reference, number, writes):
    """Writes random boxes into the writer's own plane of chunks that all planes share.

    Returns what the plane must hold if none of the writes was lost.
    """
    source = random.Random(number)
    api = ArrayAPI(server)
    plane = np.zeros((EXTENT, EXTENT), "i4")
    for count in range(1, writes + 1):
        top, bottom = sorted(source.sample(range(EXTENT + 1), 2))
        left, right = sorted(source.sample(range(EXTENT + 1), 2))
        text = f"{number},{top}:{bottom},{left}:{right}"
        answer = api.send("PUT", f"data/{reference}", npy(np.int32(count)), slice=text)
        assert answer.status_code == 200, answer.text
        plane[top:bottom, left:right] = count
    return plane


@pytest.mark.slow
@pytest.mark.parametrize("members", [
    {"chunks": [16, 20, 20]},
    {"chunks": [16, 10, 10], "shards": [64, 20, 20]},
    {"chunks": [16, 20, 20], "dialect": "zarr2"},
], ids=lambda members: str(sorted(members)))
def test_64_processes_lose_no_part_of_a_chunk(http_server, http_api, http_bucket, members):
    reference = f"{http_bucket}/many:v0"
    http_api.create(reference, shape=[WRITERS, EXTENT, EXTENT], dtype="i4", **members)
    server = Server(http_server)
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(WRITERS, mp_context=context) as pool:
        futures = [
            pool.submit(write_boxes, server, reference, number, 12) for number in range(WRITERS)
        ]
        want = np.stack([future.result() for future in futures])
    np.testing.assert_array_equal(http_api.data(reference), want)


def write_whole(server, reference, number, writes):
    """Writes one number over a region of many chunks, and reads it back; gives what was torn."""
    api = ArrayAPI(server)
    torn = 0
    for count in range(writes):
        value = np.int32(number * 1000 + count)
        text = "3:37,5:41"
        assert api.send(
            "PUT", f"data/{reference}", npy(value), slice=text).status_code == 200
        torn += len(np.unique(api.data(reference, text))) != 1
    return torn


@pytest.mark.slow
def test_the_last_of_many_writers_of_one_region_wins_everywhere(
    http_server, http_api, http_bucket
):
    reference = f"{http_bucket}/whole:v0"
    http_api.create(reference, shape=[EXTENT, EXTENT], dtype="i4", chunks=[10, 10])
    server = Server(http_server)
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(16, mp_context=context) as pool:
        futures = [pool.submit(write_whole, server, reference, number, 15) for number in range(16)]
        torn = [future.result() for future in futures]
    assert not any(torn), torn
    assert len(np.unique(http_api.data(reference, "3:37,5:41"))) == 1
    rest = http_api.data(reference)
    rest[3:37, 5:41] = 0
    assert not rest.any()


def append_rows(server, reference, number, writes):
    api = ArrayAPI(server)
    ranges = []
    for count in range(writes):
        block = np.full((1 + (number + count) % 5, 3), number * 1000 + count, "i4")
        answer = api.send("POST", f"append/{reference}", npy(block))
        assert answer.status_code == 200, answer.text
        ranges.append((answer.json()["start"], answer.json()["stop"], int(block[0, 0])))
    return ranges


@pytest.mark.slow
def test_appenders_each_get_a_range_of_their_own(http_server, http_api, http_bucket):
    reference = f"{http_bucket}/rows:v0"
    http_api.create(reference, shape=[0, 3], dtype="i4", chunks=[7, 2])
    server = Server(http_server)
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(16, mp_context=context) as pool:
        futures = [pool.submit(append_rows, server, reference, number, 10) for number in range(16)]
        ranges = sorted(entry for future in futures for entry in future.result())
    data = http_api.data(reference)
    end = 0
    for start, stop, value in ranges:
        assert start == end
        assert (data[start:stop] == value).all()
        end = stop
    assert end == len(data)


def change_attributes(server, reference, number):
    api = ArrayAPI(server)
    for count in range(10):
        body = json.dumps({"attributes": {f"writer {number}": count}})
        assert api.send("PATCH", f"arrays/{reference}", body).status_code == 200


@pytest.mark.slow
def test_attributes_and_regions_change_at_once(http_server, http_api, http_bucket):
    reference = f"{http_bucket}/both:v0"
    http_api.create(reference, shape=[8, EXTENT, EXTENT], dtype="i4", chunks=[4, 20, 20])
    server = Server(http_server)
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(12, mp_context=context) as pool:
        boxes = [pool.submit(write_boxes, server, reference, number, 10) for number in range(8)]
        others = [pool.submit(change_attributes, server, reference, number) for number in range(4)]
        want = np.stack([future.result() for future in boxes])
        for future in others:
            future.result()
    np.testing.assert_array_equal(http_api.data(reference), want)
    attributes = http_api.document(f"arrays/{reference}")["attributes"]
    assert attributes == {f"writer {number}": 9 for number in range(4)}


def rewrite_chunk(server, bucket, stop):
    """An S3 client that takes no locks puts one chunk again and again."""
    s3 = s3_client(server)
    count = 0
    while not stop.is_set():
        count += 1
        body = np.full((10, 10), count, "<i4")
        s3.put_object(Bucket=bucket, Key="mixed:v0/c/0/0", Body=body.tobytes())
    return count


@pytest.mark.slow
def test_an_s3_client_is_never_half_overwritten(http_server, http_api, http_bucket):
    import threading

    reference = f"{http_bucket}/mixed:v0"
    http_api.create(
        reference, shape=[20, 20], dtype="i4", chunks=[10, 10],
        codecs=[{"name": "bytes", "configuration": {"endian": "little"}}])
    stop = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        counted = pool.submit(rewrite_chunk, http_server, http_bucket, stop)
        for count in range(60):
            answer = http_api.send(
                "PUT", f"data/{reference}", npy(np.int32(-count - 1)), slice="9:11,9:11")
            assert answer.status_code in (200, 503), answer.text
            corner = http_api.data(reference, "0:10,0:10")
            # The rest of the chunk is of one state, whatever the last element is.
            assert len(np.unique(corner.ravel()[:-1])) == 1
        stop.set()
        assert counted.result() > 0


def test_a_region_and_an_append_that_share_a_chunk_are_both_kept(http_api, http_bucket):
    """The region is the whole of the chunk within the array until the append grows it."""
    size = 400_000
    for number in range(25):
        reference = f"{http_bucket}/shared{number}:v0"
        http_api.create(
            reference, shape=[size], chunks=[2 * size], dtype="u1", codecs=[{"name": "bytes"}])

        def region():
            http_api.write(reference, f"0:{size}", np.full(size, 1, "u1"))

        def append():
            body = io.BytesIO()
            np.save(body, np.full(size, 7, "u1"))
            http_api.sent("POST", f"append/{reference}", body.getvalue())

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(region), pool.submit(append)]:
                future.result()
        data = http_api.data(reference)
        assert (data[:size] == 1).all() and (data[size:] == 7).all(), number


def test_what_a_shrink_cuts_off_never_shows_again(http_server, http_api, http_bucket):
    """A chunk at the edge is written for the first time while the array is made smaller."""
    outcomes = set()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for count in range(60):
            reference = f"{http_bucket}/edge-{count}:v0"
            # Many chunks are there before, so that the walk takes a while.
            http_api.create(reference, shape=[20, 400], dtype="u1", chunks=[8, 1])
            http_api.sent("PUT", f"data/{reference}", npy(np.ones((20, 200), "u1")), slice=":,:200")
            write = pool.submit(
                ArrayAPI(http_server).send, "PUT", f"data/{reference}",
                npy(np.full((4, 200), 7, "u1")), slice="16:20,200:")
            shrink = pool.submit(
                ArrayAPI(http_server).send, "PATCH", f"arrays/{reference}",
                json.dumps({"shape": [18, 400]}))
            assert shrink.result().status_code == 200, shrink.result().text
            outcomes.add(write.result().status_code)
            http_api.sent("PATCH", f"arrays/{reference}", json.dumps({"shape": [20, 400]}))
            assert not http_api.data(reference, "18:").any()
    assert outcomes <= {200, 409}


@pytest.mark.parametrize("deleted", ["group", "group/member"])
def test_what_a_deletion_takes_away_never_shows_again(http_server, http_api, http_bucket, deleted):
    """Chunks are written for the first time while their array, or its group, is deleted."""
    member = f"{http_bucket}/tree:v0/group/member"
    group = json.dumps({"kind": "group"})
    http_api.sent("PUT", f"arrays/{http_bucket}/tree:v0", group, 201)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for count in range(40):
            if count == 0 or deleted == "group":
                http_api.sent("PUT", f"arrays/{http_bucket}/tree:v0/group", group, 201)
            http_api.create(member, shape=[400], dtype="u1", chunks=[1])
            http_api.sent("PUT", f"data/{member}", npy(np.ones(200, "u1")), slice="200:")
            write = pool.submit(
                ArrayAPI(http_server).send, "PUT", f"data/{member}",
                npy(np.full(200, 7, "u1")), slice=":200")
            delete = pool.submit(
                ArrayAPI(http_server).send, "DELETE", f"arrays/{http_bucket}/tree:v0/{deleted}")
            assert delete.result().status_code in (200, 204), delete.result().text
            assert write.result().status_code in (200, 404, 409), write.result().text
            http_api.create(member, shape=[400], dtype="u1", chunks=[1])
            assert not http_api.data(member).any()
            http_api.send("DELETE", f"arrays/{member}")

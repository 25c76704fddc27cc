"""Changes of arrays that are refused, broken off or in the way of others lose nothing and stop nobody."""

import json
import math
import select
import socket

import numpy as np
import pytest
import requests
import zarr

from array_api import ArrayAPI, npy
from server_process import ServerProcess
from test_array_creation import opened
from test_zarr import obstore_store
from zarr_view import ZarrView


def test_a_shrink_that_is_refused_loses_nothing(http_api, http_bucket):
    """It would cut 16,100 chunks and delete twice as many."""
    reference = f"{http_bucket}/r:v0"
    http_api.create(reference, shape=[16_100, 6], dtype="u1", chunks=[1, 2])
    for start in range(0, 16_100, 5000):
        http_api.write(reference, f"{start}:{start + 5000}", np.uint8(7))
    assert http_api.refusal(
        "PATCH", f"arrays/{reference}", b'{"shape": [16100, 1]}') == (413, "region_too_large")
    assert http_api.document(f"arrays/{reference}")["shape"] == [16_100, 6]
    assert (http_api.data(reference) == 7).all()


def test_a_shrink_that_cuts_thousands_of_chunks_keeps_the_rest(http_api, http_bucket):
    reference = f"{http_bucket}/c:v0"
    http_api.create(reference, shape=[8100, 4], dtype="u1", chunks=[1, 2])
    for start in range(0, 8100, 4050):
        http_api.write(reference, f"{start}:{start + 4050}", np.uint8(7))
    changed = http_api.sent("PATCH", f"arrays/{reference}", b'{"shape": [8100, 1]}')
    assert changed["shape"] == [8100, 1] and changed["chunks_stored"] == 8100
    assert (http_api.data(reference) == 7).all()
    http_api.sent("PATCH", f"arrays/{reference}", b'{"shape": [8100, 4]}')
    data = http_api.data(reference)
    assert (data[:, :1] == 7).all() and not data[:, 1:].any()


@pytest.mark.parametrize("patience", [0.02, 0.1, 0.4, 1.5])
def test_a_client_that_leaves_a_shrink_loses_nothing_inside(http_server, http_api, http_bucket, patience):
    reference = f"{http_bucket}/l:v0"
    size = 40_000
    http_api.create(reference, shape=[size], dtype="u1", chunks=[1])
    for start in range(0, size, 16_000):
        http_api.write(reference, f"{start}:{start + 16_000}", np.uint8(7))
    try:
        http_api.session.patch(
            f"{http_server.endpoint}/v1/arrays/{reference}", data=b'{"shape": [16]}', timeout=patience)
    except requests.exceptions.Timeout:
        pass
    def shape():
        return http_api.document(f"arrays/{reference}")["shape"]

    (kept,), data = shape(), None
    while data is None or shape() != [kept]:
        # It may be made smaller while it is looked at.
        (kept,) = shape()
        data = http_api.data(reference, f":{kept}")
    assert kept in (16, size) and (data == 7).all()
    http_api.sent("PATCH", f"arrays/{reference}", json.dumps({"shape": [size]}))
    data = http_api.data(reference)
    # It may have been made smaller after it was looked at.
    assert (data[:16] == 7).all() and ((data[16:] == 7).all() or not data[16:].any())


def begun_write(server, reference, size, body, **parameters):
    """A connection that announces so many bytes of elements, and sends some."""
    token = requests.auth._basic_auth_str(*server.root_keys)
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    head = (
        f"PUT /v1/data/{reference}?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
        f"Content-Length: {size}\r\n\r\n")
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(head.encode() + body)
    return connection


def test_idle_bodies_stop_no_writes_of_others(http_server, http_api, http_bucket):
    size = 256 << 20
    for name, length in (("large", size), ("middle", 16 << 20), ("small", 8)):
        http_api.create(f"{http_bucket}/{name}:v0", shape=[length], dtype="u1")
    idle = [
        begun_write(
            http_server, f"{http_bucket}/{name}:v0", length, b"abc", format="raw")
        for name, length in (("large", size), ("small", 8)) for _ in range(40)]
    try:
        for name, length in (("small", 8), ("middle", 16 << 20)):
            http_api.write(f"{http_bucket}/{name}:v0", "", np.ones(length, "u1"))
        # None of them was ended to make room.
        assert select.select(idle, [], [], 0)[0] == []
    finally:
        for connection in idle:
            connection.close()
    assert http_api.data(f"{http_bucket}/middle:v0").all()


def test_writes_of_many_chunks_that_wait_take_no_memory(tmp_path):
    """Each is of 129 bytes, and changes 16,000 chunks of one array."""
    with ServerProcess(tmp_path / "data") as server:
        api = ArrayAPI(server)
        assert api.send("PUT", "namespaces/waiting").status_code == 201
        reference = "waiting/w:v0"
        api.create(reference, shape=[16_000], dtype="u1", chunks=[1])
        api.write(reference, "", np.uint8(1))
        before = server.resident_bytes()
        body = npy(np.uint8(2))
        writers = [
            begun_write(server, reference, len(body), body, slice=":") for _ in range(150)]
        try:
            # They go one after the other; the others wait when some were answered.
            answered = []
            while len(answered) < 3:
                answered = select.select(writers, [], [], 60)[0]
                assert answered
            assert all(writer.recv(12) == b"HTTP/1.1 200" for writer in answered)
            assert server.resident_bytes() - before < 250 << 20
        finally:
            for writer in writers:
                writer.close()
        server.kill()


def test_zarr_opens_complex_fill_values(http_server, http_api, http_bucket):
    for number, (dtype, fill, want) in enumerate([
        ("c8", 5, 5 + 0j), ("c16", [1, -2], 1 - 2j), ("c8", ["NaN", 0], complex(math.nan, 0)),
    ]):
        for dialect in ("zarr3", "zarr2"):
            name = f"c{number}{dialect}:v0"
            http_api.create(
                f"{http_bucket}/{name}", shape=[2], dtype=dtype, fill_value=fill, dialect=dialect)
            array = opened(http_server, http_bucket, name)
            np.testing.assert_array_equal(array[...], np.full(2, want, dtype))
            np.testing.assert_array_equal(
                http_api.data(f"{http_bucket}/{name}"), np.full(2, want, dtype))


@pytest.mark.parametrize("zarr_format", [3, 2])
def test_numbers_without_a_word_in_json_stay_numbers(http_server, http_api, http_bucket, zarr_format):
    """zarr-python writes NaN as Python's json does."""
    store = obstore_store(http_server, http_bucket, "n:v0")
    attributes = {"a": 1, "missing": math.nan, "range": [-math.inf, math.inf]}
    zarr.create_array(
        store, shape=(4,), dtype="u1", zarr_format=zarr_format, attributes=attributes)
    for body in ({"shape": [6]}, {"attributes": {"b": 2}}):
        http_api.sent("PATCH", f"arrays/{http_bucket}/n:v0", json.dumps(body))
    after = dict(opened(http_server, http_bucket, "n:v0").attrs)
    assert math.isnan(after.pop("missing"))
    assert after == {"a": 1, "range": [-math.inf, math.inf], "b": 2}


@pytest.mark.parametrize("zarr_format", [3, 2])
def test_attributes_of_groups_that_zarr_made(http_server, http_api, http_bucket, zarr_format):
    store = obstore_store(http_server, http_bucket, "g:v0")
    root = zarr.open_group(store, mode="w", zarr_format=zarr_format, attributes={"a": 1})
    root.create_group("inner", attributes={"c": {"d": 1}})
    http_api.sent("PATCH", f"arrays/{http_bucket}/g:v0", b'{"attributes": {"b": [2]}}')
    http_api.sent(
        "PATCH", f"arrays/{http_bucket}/g:v0/inner", b'{"attributes": {"c": {"d": null, "e": 2}}}')
    root = zarr.open_group(store, mode="r", zarr_format=zarr_format)
    assert dict(root.attrs) == {"a": 1, "b": [2]}
    assert dict(root["inner"].attrs) == {"c": {"e": 2}}


def test_a_group_with_something_inside_an_array_is_listed(http_server, http_api, http_bucket, http_s3):
    http_api.create(f"{http_bucket}/g:v0/x", shape=[4], dtype="u1")
    # Nothing keeps an S3 client from it.
    http_s3.copy_object(
        Bucket=http_bucket, Key="g:v0/x/y/zarr.json",
        CopySource={"Bucket": http_bucket, "Key": "g:v0/x/zarr.json"})
    store = ZarrView(http_server).store(f"{http_bucket}/g:v0")
    group = zarr.open_group(store, mode="r", use_consolidated=True)
    assert list(group.keys()) == ["x"]

"""Answers with a content coding become what they are of, and no more than is sensible.

Method: a scripted server sends bodies that Python's own libraries coded; Python's account of memory is
looked at where little was coded to become much.
"""

import gzip
import hashlib
import json
import tracemalloc
import zlib

import numcodecs
import pytest
from scripted_server import ScriptedServer, answer

import hub
from hub.bulk import BulkReader
from hub.configuration import Configuration
from hub.object_keys import ObjectKeys
from hub.content_coding import CONTENT_BYTES_MAX
from hub.transport import Transport

BODY = json.dumps({"code": "other", "detail": "no " * 100}).encode()
BOMB_BYTES = 3 * CONTENT_BYTES_MAX


def raw_deflated(data):
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


CODED = {
    "gzip": gzip.compress, "x-gzip": gzip.compress, "GZIP": gzip.compress,
    "deflate": zlib.compress, "deflate, identity": raw_deflated,
    "zstd": lambda data: bytes(numcodecs.zstd.compress(data)),
    "gzip, deflate": lambda data: zlib.compress(gzip.compress(data)),
    "identity": bytes, "of-ours": bytes, "": bytes,
}


def transport(server):
    return Transport(Configuration(endpoint=server.endpoint, retries=0, timeout_seconds=60))


def coded(name, data, status=200):
    etag = ("ETag", f'"{hashlib.md5(data).hexdigest()}"')
    return answer(status, data, [("Content-Encoding", name), etag] if name else [etag])


@pytest.mark.parametrize("name", CODED)
def test_an_answer_is_given_without_its_coding(name):
    with ScriptedServer(coded(name, CODED[name](BODY))) as server:
        assert transport(server).request("GET", "/v1/x").data == BODY
        assert transport(server).request("GET", "/v1/x").headers["Content-Length"]


@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
def test_what_is_not_coded_so_is_told(name):
    for data in (b"<html>", CODED[name](BODY)[:-9]):
        with ScriptedServer(coded(name, data)) as server:
            with pytest.raises(hub.Unavailable, match="content coding"):
                transport(server).request("GET", "/v1/x")


@pytest.mark.parametrize("name", ["gzip", "deflate", "deflate, identity", "zstd", "gzip, gzip"])
@pytest.mark.parametrize("status", [200, 400])
def test_little_that_becomes_much_is_refused_before_it_has(name, status):
    code = CODED.get(name) or (lambda data: gzip.compress(gzip.compress(data, 1)))
    with ScriptedServer(coded(name, code(bytes(BOMB_BYTES)), status)) as server:
        tracemalloc.start()
        try:
            with pytest.raises(hub.Unavailable, match="more than|longer than"):
                transport(server).request("GET", "/v1/x")
            # What was decoded up to the limit, and the buffers that it grew in.
            assert tracemalloc.get_traced_memory()[1] < 5 * CONTENT_BYTES_MAX // 2
        finally:
            tracemalloc.stop()


def test_chunks_and_objects_may_be_longer_than_documents():
    body = bytes(CONTENT_BYTES_MAX + 1)
    with ScriptedServer(coded("gzip", gzip.compress(body, 1))) as server:
        reader = BulkReader(transport(server), len(body))
        assert reader.get_by_transport("a/b:v1/c/0").data == body
        assert ObjectKeys(transport(server), "a").get("b:v1/c/0") == body
        with pytest.raises(hub.Unavailable, match="more than"):
            BulkReader(transport(server), 1000).get_by_transport("a/b:v1/c/0")


def test_a_coded_refusal_is_read():
    with ScriptedServer(coded("gzip", gzip.compress(BODY), 409)) as server:
        with pytest.raises(hub.Conflict, match="no no no") as raised:
            transport(server).request("GET", "/v1/x")
    assert raised.value.code == "other"


def test_of_a_long_refusal_the_beginning_is_read_and_a_connection_is_not_used_again():
    with ScriptedServer(answer(409, bytes(5 << 20)), answer(200, b"x"), keep=True) as server:
        asked = transport(server)
        with pytest.raises(hub.Conflict):
            asked.request("GET", "/v1/x")
        assert asked.request("GET", "/v1/x").data == b"x"
        assert server.connections == 2


def test_refusals_leave_their_connection_to_others():
    with ScriptedServer(answer(409, BODY), answer(409, b""), answer(200, b"x"), keep=True) as server:
        asked = transport(server)
        for _ in range(2):
            with pytest.raises(hub.Conflict):
                asked.request("GET", "/v1/x")
        assert asked.request("GET", "/v1/x").data == b"x"
        assert server.connections == 1


def test_a_length_beyond_memory_is_told():
    for length in (10**15, 10**30):
        with ScriptedServer(answer(200, b"x", length=length)) as server:
            with pytest.raises(hub.Unavailable):
                transport(server).request("GET", "/v1/x")

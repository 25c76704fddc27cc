"""An answer that comes a byte at a time ends as one that does not come; one that is slow does not.

Method: a scripted server sends bytes with pauses much shorter than the timeout, for much longer.
"""

import time

import numpy as np
import pytest
from certificates import make_certificate
from scripted_server import ScriptedServer, answer, dripping
from server_process import ServerProcess

import hub
from hub.configuration import Configuration
from hub.paced_response import PacedResponse
from hub.transport import Transport

BODY = bytes(2000)


def transport(server, **settings):
    options = {"timeout_seconds": 0.3, "retries": 0} | settings
    return Transport(Configuration(endpoint=server.endpoint, **options))


def drip_of_body(head_bytes=0):
    data = answer(200, BODY)
    head = len(data) - len(BODY)

    def pieces():
        yield data[:head]
        yield from dripping(data[head:])()

    return pieces


def received(asked):
    return asked.receive("GET", "/v1/x", [], lambda headers: memoryview(bytearray(len(BODY))))


def streamed(asked):
    with asked.stream("GET", "/v1/x") as stream:
        stream.fill(memoryview(bytearray(len(BODY))))


@pytest.mark.parametrize("read", [
    lambda asked: asked.request("GET", "/v1/x"), received, streamed,
], ids=["request", "receive", "stream"])
@pytest.mark.parametrize("reply", [
    dripping(answer(200, b"", [("X-Long", "x" * 2000)])), drip_of_body(),
    dripping(answer(404, BODY)),
], ids=["head", "body", "refusal"])
def test_a_drip_is_waited_for_no_longer_than_nothing(read, reply):
    with ScriptedServer(reply) as server:
        with pytest.raises(hub.Unavailable, match="in time"):
            read(transport(server))


def test_a_slow_line_is_read_to_its_end():
    """Pieces as a packet has them, for longer than the timeout together."""
    body = np.random.default_rng(0).bytes(40_000)

    def pieces():
        data = answer(200, body)
        for start in range(0, len(data), 1400):
            time.sleep(0.05)
            yield data[start : start + 1400]

    with ScriptedServer(pieces) as server:
        assert transport(server).request("GET", "/v1/x").data == body


def test_a_few_waits_are_none_too_many():
    """Head, and each of some small pieces, may take nearly the timeout."""
    def pieces():
        data = answer(200, b"0123456789")
        for piece in (data[:20], data[20:-10], data[-10:-5], data[-5:]):
            time.sleep(0.2)
            yield piece

    with ScriptedServer(pieces) as server:
        assert transport(server).request("GET", "/v1/x").data == b"0123456789"


def test_who_reads_slowly_is_not_taken_for_a_slow_server():
    with ScriptedServer(answer(200, BODY)) as server:
        with transport(server).stream("GET", "/v1/x") as stream:
            for _ in range(25):
                time.sleep(0.02)
                stream.fill(memoryview(bytearray(len(BODY) // 25)))


def test_connections_are_paced_with_and_without_encryption(settings, tmp_path):
    certificate = make_certificate(tmp_path)
    with ServerProcess(tmp_path / "data", certificate=certificate) as server:
        encrypted = Configuration(endpoint=server.endpoint, verify=server.bundle)
        for one in (encrypted, Configuration(endpoint=settings["endpoint"])):
            with Transport(one).stream("GET", "/-/metrics") as stream:
                assert isinstance(stream._response._fp, PacedResponse)
                assert list(stream.chunks())


def test_connections_are_used_again():
    with ScriptedServer(answer(200, b"ab"), keep=True) as server:
        asked = transport(server)
        assert [asked.request("GET", "/v1/x").data for _ in range(5)] == [b"ab"] * 5
        assert server.connections == 1

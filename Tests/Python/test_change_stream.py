"""Events are read however they are cut, and a broken stream goes on behind the last one.

Method: a scripted server sends events as the array API's page has them, and breaks off.
"""

import json
import threading
import time
from datetime import UTC, datetime

import hub
import pytest
from hub.change_stream import ChangeStream
from hub.configuration import Configuration
from hub.transport import Transport
from scripted_server import ScriptedServer, again_and_again, answer

HEARTBEAT = b": nothing new\n\n"


def event(number, kind="written", name="x", tag="v1", **members):
    data = {"namespace": "n", "name": name, "tag": tag, "time": "2026-11-26T07:00:00.5Z",
            "actor": "ada"} | members
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def told(text):
    return answer(200, text, [("Content-Type", "text/event-stream")])


def stream(server, **options):
    client = hub.Client(Transport(Configuration(endpoint=server.endpoint, retries=0)))
    return ChangeStream(client, "n", "x", "v1", **options)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr("hub.change_stream._PAUSE_SECONDS", 0.001)


def test_a_broken_stream_goes_on_behind_the_last_event():
    first = HEARTBEAT + event(5, key="c/0", member="m") + event(6, name="xy") + event(7, tag="v2")
    second = event(8, "committed", digest="sha256:0") + event(9, "renamed", before="old")[:30]
    with ScriptedServer(told(first), told(second), told(HEARTBEAT),
                        told(event(9, "renamed", before="old"))) as server:
        with stream(server, timeout_seconds=10) as events:
            found = [next(events) for _ in range(3)]
    assert [(one.number, one.kind) for one in found] == [
        (5, "written"), (8, "committed"), (9, "renamed")]
    assert (found[0].key, found[0].member, found[0].actor) == ("c/0", "m", "ada")
    assert found[0].time == datetime(2026, 11, 26, 7, 0, 0, 500_000, UTC)
    assert (found[1].digest, found[2].before) == ("sha256:0", "old")
    queries = [request.split()[1].partition(b"?")[2] for request in server.requests]
    assert queries == [b"prefix=x", b"after=7&prefix=x", b"after=8&prefix=x", b"after=8&prefix=x"]


def test_a_stream_that_breaks_before_its_first_event_goes_on_from_where_it_began():
    with ScriptedServer(told(b"id: 4\n\n" + HEARTBEAT), told(event(5))) as server:
        with stream(server, timeout_seconds=10) as events:
            assert next(events).number == 5
    assert b"after=4" in server.requests[1]


def test_events_that_are_no_longer_known_are_told():
    reset = b'id: 40\nevent: reset\ndata: {"oldest": 41}\n\n'
    with ScriptedServer(told(reset)) as server:
        with stream(server, after=3, timeout_seconds=10) as events:
            found = next(events)
    assert (found.kind, found.number, found.time) == ("reset", 40, None)
    assert b"after=3" in server.requests[0]


def test_a_server_that_stays_away_is_told():
    with ScriptedServer(told(event(1))) as server:
        events = stream(server, timeout_seconds=30)
        assert next(events).number == 1
    with pytest.raises(hub.Unavailable, match="No connection"):
        next(events)


def test_a_namespace_that_may_not_be_read_is_refused(connected, server, namespace):
    with pytest.raises(hub.Denied):
        ChangeStream(hub.current_client(access_key=""), namespace)
    with pytest.raises(hub.NotFound):
        ChangeStream(hub.current_client(), namespace + "-not")


LIVE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def http_chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize("word", [HEARTBEAT, event(7, name="other"), event(7, tag="v2"), b": "],
                         ids=["heartbeat", "another name", "another tag", "half a line"])
def test_a_wait_ends_whatever_else_comes_meanwhile(word):
    with ScriptedServer(again_and_again(LIVE, http_chunk(word))) as server:
        with stream(server, timeout_seconds=0.5) as events:
            assert ended(events)


def test_what_says_nothing_but_that_it_lives_is_followed_for_as_long_as_wanted(monkeypatch):
    """The pace of an answer is not that of what happens: these are more reads than a pace allows."""
    def pieces():
        yield LIVE
        for _ in range(40):
            time.sleep(0.05)
            yield http_chunk(HEARTBEAT)
        yield http_chunk(event(5))

    with ScriptedServer(pieces) as server:
        monkeypatch.setattr("hub.change_stream._SILENCE_SECONDS_MAX", 1.0)
        with stream(server, timeout_seconds=20) as events:
            assert next(events).number == 5
    assert len(server.requests) == 1


def test_a_wait_on_a_server_ends_in_time_though_others_write(connected, namespace):
    ours, others = (hub.array((4,), name=f"{namespace}/{name}:v1", dtype="u1") for name in "ab")
    with ours.changes(timeout_seconds=1) as events:
        stop = threading.Event()

        def write():
            while not stop.wait(0.1):
                others[0] = 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            assert ended(events)
        finally:
            stop.set()
            writer.join()


def ended(events):
    """Whether an iteration ends; one that does not is given up after a while."""
    found = []
    thread = threading.Thread(target=lambda: found.extend(events), daemon=True)
    thread.start()
    thread.join(15)
    events.close()
    return not thread.is_alive() and not found


@pytest.mark.parametrize("block", [
    b"id: x\nevent: written\ndata: {}", b"id: 5\nevent: written\ndata: [", b"id: 5\ndata: {}",
    b'id: 5\nevent: a\ndata: {"time": "zz"}', b"id: 5\nevent: a\ndata: []", b"\xff\xfe",
    b"id: 5\nevent: a\ndata: " + b"[" * 100_000], ids=lambda block: repr(block[:40]))
def test_what_is_no_event_is_told(block):
    with ScriptedServer(answer(200, block + b"\n\n")) as server:
        with pytest.raises(hub.Invalid, match="no stream of events"):
            next(stream(server, timeout_seconds=10))


def test_a_line_without_an_end_is_not_kept():
    head, piece = LIVE, http_chunk(b"x" * 65_536)
    with ScriptedServer(again_and_again(head, piece, pause=0)) as server:
        with pytest.raises(hub.Invalid, match="no stream of events"):
            next(stream(server, timeout_seconds=30))

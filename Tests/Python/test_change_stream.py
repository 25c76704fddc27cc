"""Events are read however they are cut, and a broken stream goes on behind the last one.

Method: a scripted server sends events as the array API's page has them, and breaks off.
"""

import json
from datetime import UTC, datetime

import hub
import pytest
from hub.change_stream import ChangeStream
from hub.configuration import Configuration
from hub.transport import Transport
from scripted_server import ScriptedServer, answer

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

"""Requests are repeated where that is safe, and nothing but a whole answer is given out.

Method: a scripted server breaks off, stalls and refuses; it counts what it is asked. Waits have a
watchdog of 10 seconds: the time limits of sockets, and `join`.
"""

import multiprocessing
import pickle
import signal
import socket
import threading

import numpy as np
import pytest
from certificates import make_certificate
from meddling_proxy import MeddlingProxy
from scripted_server import BROKEN_TLS, STALL, BelowTLS, ScriptedServer, answer
from server_process import ServerProcess
from urllib3.exceptions import InsecureRequestWarning

import hub
from hub.configuration import Configuration
from hub.transport import Transport

WHOLE = answer(200, b"0123456789")
HALF = answer(200, b"01234", length=10)
BUSY = answer(503, b'{"code": "overloaded", "detail": "Too much at once."}',
              [("x-amz-request-id", "R1")])


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr("hub.transport._PAUSE_SECONDS", 0.001)


def transport(server, **settings):
    return Transport(Configuration(endpoint=server.endpoint, **{"timeout_seconds": 5, "retries": 2}
                                   | settings))


@pytest.mark.parametrize("broken", [
    HALF, b"", b"HTTP/1.1 200", BUSY,
    *(answer(status) for status in (408, 429, 500, 502, 503, 504))])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_may_be_repeated_is_repeated_until_it_is_whole(broken, method):
    with ScriptedServer(broken, broken, WHOLE) as server, hub.trace() as trace:
        assert transport(server).request(method, "/v1/x", body=b"abc").data == b"0123456789"
    assert len(server.requests) == 3 and trace.requests == 3
    assert all(request.endswith(b"\r\n\r\nabc") for request in server.requests)
    assert [one.status for one in trace.log][-1] == 200


def test_it_gives_up_after_the_repetitions():
    with ScriptedServer(HALF) as server:
        with pytest.raises(hub.Unavailable, match="broke before the whole answer") as raised:
            transport(server).request("GET", "/v1/arrays/a/b%3Av1")
    assert len(server.requests) == 3
    assert raised.value.where == f"GET {server.endpoint}/v1/arrays/a/b:v1"
    assert "Try again." in str(raised.value)


def test_what_was_certainly_not_done_is_repeated():
    with ScriptedServer(BUSY, BUSY, WHOLE) as server:
        assert transport(server).request("POST", "/v1/append/a/b").data == b"0123456789"
    assert len(server.requests) == 3
    with ScriptedServer(BUSY) as server:
        with pytest.raises(hub.Unavailable, match="Too much at once. Try again later") as raised:
            transport(server).request("POST", "/v1/append/a/b")
    assert len(server.requests) == 3 and raised.value.request_id == "R1"


@pytest.mark.parametrize("broken", [
    HALF, b"", answer(503), answer(502), answer(504, b"{}"),
    answer(500, b'{"code": "internal_error"}')])
def test_what_may_not_be_repeated_is_sent_once(broken):
    with ScriptedServer(broken) as server:
        with pytest.raises(hub.Unavailable, match="may have been done all the same") as raised:
            transport(server).request("POST", "/v1/append/a/b")
    assert len(server.requests) == 1 and raised.value.is_uncertain


@pytest.mark.parametrize("refused", [
    BUSY, answer(507, b'{"code": "out_of_space"}'), answer(408), answer(429), answer(404)])
def test_what_was_certainly_not_done_is_told_as_such(refused):
    with ScriptedServer(refused) as server:
        with pytest.raises(hub.Unavailable) as raised:
            transport(server).request("POST", "/v1/append/a/b")
    assert not raised.value.is_uncertain and "may have been done" not in str(raised.value)


@pytest.mark.parametrize("broken", BROKEN_TLS.values(), ids=BROKEN_TLS)
def test_what_may_not_be_repeated_is_sent_once_over_tls(broken, certificate):
    settings = {"verify": str(certificate.authority)}
    with ScriptedServer(broken, certificate=certificate) as server:
        with pytest.raises(hub.Unavailable, match="may have been done all the same") as raised:
            transport(server, **settings).request("POST", "/v1/append/a/b", body=b"abc")
    assert len(server.requests) == 1 and raised.value.status is None
    with ScriptedServer(broken, WHOLE, certificate=certificate) as server:
        assert transport(server, **settings).request("GET", "/").data == b"0123456789"
    assert len(server.requests) == 2


def test_what_may_not_be_repeated_is_if_tls_was_not_begun(certificate):
    with ScriptedServer(WHOLE, certificate=certificate, broken_handshakes=2) as server:
        ours = transport(server, verify=str(certificate.authority))
        assert ours.request("POST", "/v1/append/a/b", body=b"abc").data == b"0123456789"
    assert server.connections == 3 and len(server.requests) == 1
    with ScriptedServer(WHOLE, certificate=certificate, broken_handshakes=9) as server:
        with pytest.raises(hub.Unavailable) as raised:
            transport(server, verify=str(certificate.authority)).request("POST", "/v1/append/a/b")
    assert server.connections == 3 and "may have been done" not in str(raised.value)


APPENDED = np.arange(3, dtype="i4").reshape(1, 3)
SENT_ONCE = {
    "append": ("/v1/append/", lambda array: array.append(APPENDED)),
    "fork": ("/v1/versions/", lambda array: array.fork("v2")),
    "delete": ("/v1/arrays/", lambda array: array.delete()),
    "retag": ("/v1/versions/", lambda array: array.retag("v2")),
    "rename": ("/v1/versions/", lambda array: array.client.rename_versions(array.reference, "b")),
    "delete a version": (
        "/v1/versions/", lambda array: array.client.delete_version(array.reference)),
}


@pytest.mark.parametrize("broken", BROKEN_TLS.values(), ids=BROKEN_TLS)
@pytest.mark.parametrize("verb", SENT_ONCE)
def test_a_change_whose_answer_breaks_tls_is_made_once(
        server, certificate, namespace, verb, broken):
    array = hub.array((0, 3), name=f"{namespace}/a:v1", dtype="i4")
    path, change = SENT_ONCE[verb]
    with MeddlingProxy(server.endpoint, certificate) as proxy:
        with hub.configured(endpoint=proxy.endpoint, verify=str(certificate.authority)):
            over_tls = hub.load(array.name)
            proxy.breaks = lambda method, asked: (
                broken if method != "GET" and asked.startswith(path) else None)
            with pytest.raises(hub.Unavailable, match="may have been done all the same"):
                change(over_tls)
    assert len([1 for method, asked in proxy.passed if method != "GET"]) == 1
    if verb == "append":
        assert hub.load(array.name).shape == (1, 3)


def test_what_may_not_be_repeated_is_if_no_connection_was_opened():
    with ScriptedServer(WHOLE) as server:
        endpoint = server.endpoint
    gone = Transport(Configuration(endpoint=endpoint, retries=3))
    with hub.trace() as trace, pytest.raises(hub.Unavailable, match="No connection") as raised:
        gone.request("POST", "/v1/append/a/b")
    assert trace.requests == 4
    assert "may have been done" not in str(raised.value)
    assert "Is it running" in raised.value.hint and raised.value.status is None


def test_a_silent_server_is_not_waited_for_for_ever():
    with ScriptedServer(STALL) as server:
        with pytest.raises(hub.Unavailable, match="did not answer in time") as raised:
            transport(server, timeout_seconds=0.05, retries=0).request("GET", "/")
    assert "longer timeout_seconds" in raised.value.hint


def test_an_answer_stalls_in_its_middle():
    with ScriptedServer(answer(200, b"01234", length=10), keep=True) as server:
        with pytest.raises(hub.Unavailable, match="did not answer in time"):
            transport(server, timeout_seconds=0.05, retries=1).request("GET", "/")
    assert len(server.requests) == 2


@pytest.mark.parametrize("body", [b"0123", b"0123456789ab"])
def test_an_answer_of_another_length_is_no_answer(body):
    buffer = bytearray(10)
    with ScriptedServer(answer(200, body), WHOLE) as server:
        transport(server).receive("GET", "/", (), lambda headers: memoryview(buffer))
        assert bytes(buffer) == b"0123456789"
    with ScriptedServer(answer(200, body)) as server:
        with pytest.raises(hub.Unavailable, match="another length than 10 bytes"):
            transport(server).receive("GET", "/", (), lambda headers: memoryview(buffer))


def test_connections_are_used_again():
    with ScriptedServer(WHOLE, keep=True) as server:
        ours = transport(server)
        for _ in range(5):
            ours.request("GET", "/")
        with ours.stream("GET", "/") as stream:
            assert b"".join(stream.chunks(3)) == b"0123456789"
        ours.request("GET", "/")
    assert (server.connections, len(server.requests)) == (1, 7)


CLOSED = BelowTLS(b"")


@pytest.mark.parametrize("is_encrypted", [False, True])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_connection_that_was_closed_meanwhile_costs_no_repetition(
    certificate, method, is_encrypted
):
    """Source: RFC 9112, section 9.3.1."""
    settings = {"verify": str(certificate.authority)} if is_encrypted else {}
    with ScriptedServer(WHOLE, CLOSED, WHOLE, CLOSED, WHOLE, keep=True,
                        certificate=certificate if is_encrypted else None) as server:
        ours = transport(server, retries=0, **settings)
        for _ in range(3):
            assert ours.request(method, "/", body=b"abc").data == b"0123456789"
    assert (server.connections, len(server.requests)) == (3, 5)


@pytest.mark.parametrize("script", [
    # A new connection, an answer that had begun, and what came to its end.
    [CLOSED], [WHOLE, BelowTLS(b"HTTP/1.")], [WHOLE, CLOSED, CLOSED]])
def test_other_ends_of_a_connection_count(script):
    with ScriptedServer(*script, WHOLE, keep=True) as server:
        ours = transport(server, retries=0)
        if script[0] is WHOLE:
            ours.request("GET", "/")
        with pytest.raises(hub.Unavailable, match="broke before") as raised:
            ours.request("GET", "/")
    assert len(server.requests) == len(script) and type(raised.value) is hub.Unavailable


def test_what_may_not_be_repeated_is_sent_once_on_a_connection_that_was_used():
    with ScriptedServer(WHOLE, CLOSED, WHOLE, keep=True) as server:
        ours = transport(server)
        ours.request("GET", "/")
        with pytest.raises(hub.Unavailable, match="may have been done all the same") as raised:
            ours.request("POST", "/v1/append/a/b", body=b"abc")
    assert len(server.requests) == 2 and raised.value.is_uncertain
    assert type(raised.value) is hub.Unavailable


def refuse_unread(listener, accepted):
    """Answers one request, and refuses the next on the same connection without reading its body."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(1 << 16)
        connection.sendall(WHOLE)
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(1 << 16)
        connection.sendall(answer(403, b'{"code": "access_denied", "detail": "Not yours."}',
                                  [("Connection", "close")]))
        connection.shutdown(socket.SHUT_WR)
        # What is sent fills the buffers, and then ends in a reset.
        accepted.wait(10)


def test_a_refusal_that_comes_before_all_was_sent_is_the_answer():
    """Source: RFC 9112, section 9.5: a client that sends looks for what ends it."""
    accepted = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=refuse_unread, args=(listener, accepted))
        server.start()
        port = listener.getsockname()[1]
        ours = Transport(Configuration(endpoint=f"http://127.0.0.1:{port}", timeout_seconds=5))
        ours.request("GET", "/")
        timer = threading.Timer(0.2, accepted.set)
        timer.start()
        with pytest.raises(hub.Denied, match="Not yours"):
            ours.request("POST", "/v1/append/a/b", body=bytes(64 << 20))
        timer.join()
        server.join(10)


def test_half_read_connections_are_not_used_again():
    with ScriptedServer(WHOLE, keep=True) as server:
        ours = transport(server)
        with ours.stream("GET", "/") as stream:
            assert next(stream.chunks(3)) == b"012"
        assert ours.request("GET", "/").data == b"0123456789"
    assert server.connections == 2


def test_an_interrupt_in_an_answer_spoils_no_later_one():
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with ScriptedServer(HALF, WHOLE, keep=True) as server:
            ours = transport(server)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(KeyboardInterrupt):
                ours.request("GET", "/")
            assert ours.request("GET", "/").data == b"0123456789"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert server.connections == 2


def test_refusals_are_not_repeated():
    problem = answer(409, b'{"code": "array_exists", "detail": "Taken.", "conflicts": ["c/0"]}',
                     [("x-amz-request-id", "R2")])
    with ScriptedServer(problem) as server:
        with pytest.raises(hub.Conflict) as raised:
            transport(server).request("GET", "/v1/x")
    error = raised.value
    assert len(server.requests) == 1
    assert (error.what, error.code, error.status) == ("Taken.", "array_exists", 409)
    assert (error.request_id, list(error.conflicts)) == ("R2", ["c/0"])
    assert str(error) == (f"Taken. Changed by both: c/0. [GET {server.endpoint}/v1/x;"
                          " 409 array_exists; request R2]")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is hub.Conflict and str(again) == str(error)
    assert again.conflicts == error.conflicts


@pytest.mark.parametrize(("status", "body", "kind"), [
    (403, b"<Error><Code>AccessDenied</Code><Message>Not you.</Message></Error>", hub.Denied),
    (401, b'{"code": "unauthenticated", "detail": "Who?"}', hub.Denied),
    (403, b"", hub.Denied), (404, b"[]", hub.Unavailable), (404, b"<html>", hub.Unavailable),
    (404, b'{"code": "array_missing"}', hub.NotFound), (412, b"", hub.Conflict),
    (400, b'{"code": "index_out_of_range", "detail": "Outside."}', hub.OutOfRange),
    (400, b"", hub.Invalid), (413, b"", hub.Invalid), (422, b"", hub.Invalid),
    (422, b'{"code": "chunk_corrupt", "detail": "Damaged."}', hub.IntegrityError),
    (500, b'{"code": "storage_corrupt", "detail": "Damaged."}', hub.IntegrityError),
    (507, b'{"code": "out_of_space", "detail": "Full."}', hub.Unavailable),
    (503, b"", hub.Unavailable), (502, b"<html>", hub.Unavailable), (408, b"", hub.Unavailable),
])
def test_every_refusal_has_its_exception(status, body, kind):
    with ScriptedServer(answer(status, body)) as server:
        with pytest.raises(hub.HubError) as raised:
            transport(server, retries=0).request("GET", "/v1/x")
    assert type(raised.value) is kind
    text = raised.value.what
    assert text in (f"The server answered {status}.", "Not you.", "Who?", "Outside.", "Damaged.",
                    "Full.")
    assert raised.value.status == status and str(status) in str(raised.value)


def test_a_server_without_tls_is_told(settings):
    endpoint = settings["endpoint"].replace("http:", "https:")
    ours = Transport(Configuration(endpoint=endpoint, access_key="A", secret_key="a", retries=0))
    with pytest.raises(hub.Unavailable, match="is not TLS. If it speaks plain HTTP"):
        ours.request("GET", "/v1/x")


def test_the_endpoint_may_have_a_path():
    with ScriptedServer(WHOLE) as server:
        ours = Transport(Configuration(endpoint=server.endpoint + "/nave", access_key="A",
                                       secret_key="a"))
        ours.request("GET", "/v1/x", [("b", "1 2"), ("a", "ü")])
    assert server.requests[0].startswith(b"GET /nave/v1/x?a=%C3%BC&b=1%202 HTTP/1.1\r\n")


def test_bytes_are_counted(client, namespace):
    array = hub.array((1000,), name=f"{namespace}/a:v1", dtype="i4")
    with hub.trace() as outer, hub.trace() as trace:
        array[...] = np.arange(1000)
        assert trace.bytes_sent == 4000 + 128
        array[...]
    assert trace.bytes_received >= 4000 and outer.requests == trace.requests == 2
    assert "2 requests" in repr(trace)
    before = trace.requests
    array[0]
    assert trace.requests == before


def test_threads_share_a_transport(connected, namespace):
    array = hub.array((64, 100), name=f"{namespace}/a:v1", dtype="i4", chunks=(1, 100))
    failures = []

    def work(number):
        try:
            for step in range(5):
                array[number] = number * 10 + step
                assert (array[number] == number * 10 + step).all()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not failures and not any(thread.is_alive() for thread in threads)


def _read(array, answers):
    answers.put(int(array[...].sum()))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_children_have_connections_of_their_own(server, tls_server, method, scheme, tmp_path):
    chosen = server if scheme == "http" else tls_server
    keys = chosen.root_keys
    with hub.configured(endpoint=chosen.endpoint, access_key=keys[0], secret_key=keys[1],
                        verify=chosen.bundle, cache_folder=str(tmp_path), timeout_seconds=10):
        array = hub.array((10,), name=f"children/a:{method}", dtype="i8")
        array[...] = np.arange(10)
        context = multiprocessing.get_context(method)
        answers = context.Queue()
        children = [context.Process(target=_read, args=(array, answers)) for _ in range(3)]
        for child in children:
            child.start()
            assert array[3] == 3
        assert [answers.get(timeout=30) for _ in children] == [45, 45, 45]
        for child in children:
            child.join(10)
            assert child.exitcode == 0
        assert array[...].sum() == 45


def test_forks_while_threads_are_busy_do_not_hang(connected, namespace):
    array = hub.array((10,), name=f"{namespace}/a:v1", dtype="i8")
    array[...] = np.arange(10)
    stopped = threading.Event()

    def busy():
        while not stopped.is_set():
            array[3]
            with hub.configured(retries=3):
                hub.load(array.name)

    context = multiprocessing.get_context("fork")
    threads = [threading.Thread(target=busy) for _ in range(4)]
    with hub.trace():
        for thread in threads:
            thread.start()
        try:
            for _ in range(12):
                answers = context.SimpleQueue()
                child = context.Process(target=_read, args=(array, answers))
                child.start()
                child.join(10)
                hangs = child.is_alive()
                child.kill()
                assert not hangs and answers.get() == 45
        finally:
            stopped.set()
            for thread in threads:
                thread.join(10)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory, certificate):
    data = tmp_path_factory.mktemp("tls") / "data"
    with ServerProcess(data, certificate=certificate) as server:
        yield server


def test_certificates_are_checked(tls_server):
    keys = {"access_key": tls_server.root_keys[0], "secret_key": tls_server.root_keys[1]}
    told = "TLS certificate is not accepted: certificate verify failed"
    with pytest.raises(hub.Unavailable, match=told) as raised:
        hub.current_client(endpoint=tls_server.endpoint, retries=1, **keys).create_namespace("tls")
    assert "AWS_CA_BUNDLE" in raised.value.hint
    with hub.configured(endpoint=tls_server.endpoint, verify=tls_server.bundle, **keys):
        array = hub.array((3,), name="certified/a:v1")
        array[...] = [1, 2, 3]
        assert array[...].tolist() == [1, 2, 3]
    with hub.configured(endpoint=tls_server.endpoint, verify=False, **keys), \
            pytest.warns(InsecureRequestWarning):
        assert hub.load("certified/a:v1")[1] == 2


def test_a_missing_file_of_authorities_is_told(tls_server):
    with pytest.raises(hub.Invalid, match="no file of authorities /nowhere.pem"):
        hub.current_client(
            endpoint=tls_server.endpoint, verify="/nowhere.pem", retries=0).create_namespace("tls")


def test_a_file_that_holds_no_authorities_is_told(tls_server, tmp_path):
    (tmp_path / "none.pem").write_text("none")
    with pytest.raises(hub.Unavailable, match="TLS certificate is not accepted") as raised:
        hub.current_client(endpoint=tls_server.endpoint, verify=str(tmp_path / "none.pem"),
                           retries=0).create_namespace("tls")
    assert "file of its authority" in raised.value.hint


def test_a_server_that_is_no_nave_is_told():
    page = answer(200, b"<html>", [("X-Nave-Shape", "[1]")])
    for ask in (lambda client: client.version(hub.Reference.parse("a/b")),
                lambda client: client.append(hub.Reference.parse("a/b"), np.zeros(1)),
                lambda client: client.read_region(hub.Reference.parse("a/b"))):
        with ScriptedServer(page) as server, pytest.raises(hub.Invalid) as raised:
            ask(hub.Client(transport(server)))
        assert f"What {server.endpoint} answers is no" in raised.value.what
        assert "Is it a Nave server?" in raised.value.hint


def test_redirections_are_not_followed():
    elsewhere = answer(301, headers=[("Location", "https://elsewhere/v1/x")])
    with ScriptedServer(elsewhere) as server:
        with pytest.raises(hub.Invalid, match="sends to another place: https://elsewhere/v1/x"):
            transport(server).request("GET", "/v1/x")
    assert len(server.requests) == 1

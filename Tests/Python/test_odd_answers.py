"""What a server says and no Nave server would is refused in a sentence, whichever member is odd.

Method: the server's own answers pass through a proxy that puts something else in the place of each
of their members, one after the other; what is done then goes well or raises `HubError`.
"""

import json
import urllib.parse

import hub
import numpy as np
import pytest
import urllib3
from scripted_server import ScriptedServer, answer

from hub.cache.pins import Pin, Pins
from hub.description import dtype_of
from hub.refusal import refusal
from hub.state import is_document

ODD = [None, 5, -1, 1.5, "", "odd", [None], [-5], [[]], {"a": 1}, 10**30]
DEEP = b"[" * 200_000


@pytest.fixture
def array(connected, proxy, namespace):
    """An array with two versions and a commit, which `hub` reaches by the proxy."""
    with hub.configured(endpoint=proxy.endpoint, retries=0):
        array = hub.array((4, 4), name=f"{namespace}/x:v1", dtype="f4", chunks=(2, 2),
                          dimension_names=["y", "x"], attributes={"a": 1})
        array[...] = 1
        array.commit("first")
        array.fork("v2")[0, 0] = 2
        yield array


QUESTIONS = {
    "describe": lambda array: hub.load(array.name).attrs.get("a"),
    "version": lambda array: array.version.opened,
    "versions": lambda array: hub.versions(array.name),
    "history": lambda array: array.history(),
    "diff": lambda array: array.diff("v2"),
    "mean": lambda array: array.mean(axis=0),
    "min": lambda array: array.min(),
    "percentile": lambda array: array.percentile([1, 50], axis=1),
    "histogram": lambda array: array.histogram(bins=3),
}


def variants(document):
    """The document with each member, of its entries too, replaced by each of what is odd, or gone."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield {other: document[other] for other in document if other != name}
            for odd in [*ODD, *([] if name in ("attributes", "next") else variants(value))]:
                yield document | {name: odd}
    elif isinstance(document, list) and document and isinstance(document[0], dict):
        for odd in [*ODD, *variants(document[0])]:
            yield [odd, *document[1:]]


@pytest.mark.parametrize("question", QUESTIONS)
def test_members(array, proxy, settings, question):
    asked = {}

    def note(method, path):
        asked[method, path] = None

    proxy.instead = note
    QUESTIONS[question](array)
    refused = 0
    for (method, path) in asked:
        found = urllib3.request(
            method, settings["endpoint"] + path, headers=signed(array, method, path))
        told = None if found.status != 200 else json.loads(found.data)
        for variant in variants(told):
            body = json.dumps(variant).encode()
            proxy.instead = lambda *one: (200, body) if one == (method, path) else None
            try:
                QUESTIONS[question](array)
            except hub.HubError:
                refused += 1
    assert refused > 10


def signed(array, method, path):
    """The head of a request as the client signs it, for the server behind the proxy."""
    from datetime import UTC, datetime

    from hub import signing
    ours = array.client.transport.configuration
    parts = urllib.parse.urlsplit(path)
    host = urllib.parse.urlsplit(ours.endpoint).netloc
    return {"Host": host} | signing.signed_headers(
        method, host, parts.path, parts.query, {}, signing.EMPTY_PAYLOAD,
        access_key=ours.access_key, secret_key=ours.secret_key, region=ours.region,
        time=datetime.now(UTC))


@pytest.mark.parametrize("body", [DEEP, b'{"kind":' * 100_000, b"[1e400]", b"9" * 5000, b"\xff\xfe"])
@pytest.mark.parametrize("status", [200, 400, 404, 409, 500])
def test_documents_that_are_none(body, status):
    with ScriptedServer(answer(status, body)) as server, hub.configured(
            endpoint=server.endpoint, retries=0):
        for ask in (lambda: hub.load("a/b:v1"), lambda: hub.load(f"a/b@sha256:{'0' * 64}"),
                    lambda: hub.versions("a/b"), lambda: list(hub.current_client().list_arrays())):
            with pytest.raises(hub.HubError):
                ask()


@pytest.mark.parametrize("odd", ODD)
def test_problem_documents(odd):
    for status in (400, 404, 409, 503):
        for name in ("code", "detail", "tags", "conflicts"):
            body = json.dumps({"code": "array_missing", "detail": "x"} | {name: odd}).encode()
            error = refusal("GET x", status, {}, body)
            assert str(error).isprintable() and isinstance(error, hub.HubError)
    assert refusal("", 409, {}, b'{"conflicts": ["a", "b"]}').conflicts == ("a", "b")


@pytest.mark.parametrize("odd", ["{}", "7", "null", '{"reference":null,"name":5,"tag":{}}',
                                 '{"reference":"%s","name":"%s"}' % (("x" * 100_000,) * 2)])
@pytest.mark.parametrize("code", ["array_missing", "namespace_missing"])
def test_what_may_have_been_meant(connected, proxy, odd, code):
    lists = {"arrays": f"[{odd}]", "namespaces": f"[{odd}]", "versions": f"[{odd}]"}
    body = ("{%s}" % ",".join(f'"{name}":{value}' for name, value in lists.items())).encode()

    def instead(method, path):
        if path.partition("?")[0] in ("/v1/arrays/tests", "/v1/arrays/library", "/v1/namespaces"):
            return 200, body, {"Content-Type": "application/json"}
        return 404, json.dumps({"code": code, "detail": "x"}).encode()

    proxy.instead = instead
    with pytest.raises(hub.NotFound) as raised:
        hub.load("tests")
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize(("name", "value"), [
    ("X-Nave-Shape", "hello"), ("X-Nave-Shape", "5"), ("X-Nave-Shape", "[-5,3]"),
    ("X-Nave-Shape", '["a"]'), ("X-Nave-Shape", "[1.5]"), ("X-Nave-Shape", "[" * 10_000),
    ("X-Nave-Dtype", "object"), ("X-Nave-Dtype", "O,O"), ("X-Nave-Dtype", "r" + "9" * 20),
    ("X-Nave-Dtype", ""), ("X-Nave-Dtype", "U3"), ("X-Nave-Dtype", "f4,f4"),
])
def test_heads(array, proxy, name, value):
    head = {"X-Nave-Shape": "[2, 2]", "X-Nave-Dtype": "float32"} | {name: value}
    proxy.instead = lambda *_: (200, bytes(16), head)
    with pytest.raises(hub.Invalid):
        array.client.read_region(array.reference)
    with pytest.raises(hub.Invalid):
        array.client.gather(array.reference, [0])


def test_types():
    for name in ("object", "O", "O,O", "U5", "S3", "r7", "r0", "r99999999999999999999", "f4,f4"):
        with pytest.raises(hub.Invalid, match="NumPy has no type"):
            dtype_of(name)
    for name in ("bool", "int8", "uint64", "float16", "complex128", "datetime64[s]"):
        assert dtype_of(name) == np.dtype(name)


@pytest.mark.parametrize("content", [
    DEEP.decode(), "[]", '{"version": 1}', "7",
    *(json.dumps({"version": 1, "reference": "a/b@sha256:0", "origin": "o", "map": "m",
                  "documents": [], "chunks": None} | {name: odd})
      for name in ("reference", "origin", "map", "documents", "chunks")
      for odd in (5.5, {"a": 1}, [5])),
])
def test_pins_that_are_none(tmp_path, content):
    pins = Pins(tmp_path)
    pins.put(Pin("a/b@sha256:0", "o", "good", [], None))
    (tmp_path / "pins/other.json").write_text(content)
    assert [pin.map for pin in pins.list()] == ["good"]


def test_a_listing_that_does_not_move(array, proxy):
    page = {"commits": list(array.client.history(array.reference)),
            "next": "same"}
    proxy.instead = lambda *_: (200, json.dumps(page).encode())
    with pytest.raises(hub.Unavailable, match="begin anew, and never end"):
        list(array.client.history(array.reference))


def test_what_is_kept_and_no_document():
    assert not is_document("description", DEEP)
